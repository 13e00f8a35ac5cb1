"""shapewright on the CPU, through its public API only."""

from __future__ import annotations

from typing import cast

import numpy as np

import shapewright as sw
from benchmarks.peers import Running, ready
from benchmarks.workloads import BETAS, EPS, LR, NORM_EPS, WEIGHT_DECAY, Array, Data, Workload


class Batch(sw.Dim): ...


class Features(sw.Dim): ...


class Hidden1(sw.Dim): ...


class Hidden2(sw.Dim): ...


class Outputs(sw.Dim): ...


class Rows(sw.Dim): ...


class Columns(sw.Dim): ...


class Width(sw.Dim):
    """The rows of W7. Its size is given, as it is to every peer: no parameters bind it, as they do in W1-W6."""

    size = 1024


class Regressor(sw.Pack):
    """Two layers: W1."""

    w1: sw.Tensor[Features, Hidden1]
    b1: sw.Tensor[Hidden1]
    w2: sw.Tensor[Hidden1, Outputs]
    b2: sw.Tensor[Outputs]


class Classifier(sw.Pack):
    """Three layers: W2 and W3, whose sizes come with the parameters."""

    w1: sw.Tensor[Features, Hidden1]
    b1: sw.Tensor[Hidden1]
    w2: sw.Tensor[Hidden1, Hidden2]
    b2: sw.Tensor[Hidden2]
    w3: sw.Tensor[Hidden2, Outputs]
    b3: sw.Tensor[Outputs]


class Matrices(sw.Pack):
    """What W6 updates."""

    matrices: tuple[sw.Tensor[Rows, Columns], ...]


@sw.typed
def regression_loss(p: Regressor, x: sw.Tensor[Batch, Features], y: sw.Tensor[Batch, Outputs]) -> sw.Scalar:
    return sw.mse_loss(sw.tanh(x @ p.w1 + p.b1) @ p.w2 + p.b2, y)


@sw.typed
def classification_loss(p: Classifier, x: sw.Tensor[Batch, Features], y: sw.IntTensor[Batch]) -> sw.Scalar:
    h1 = sw.relu(x @ p.w1 + p.b1)
    h2 = sw.relu(h1 @ p.w2 + p.b2)
    return sw.cross_entropy(h2 @ p.w3 + p.b3, y)


@sw.typed
def sum_of_squares(p: Matrices) -> sw.Scalar:
    """A loss for W6's trainer, which is never run: the gradients are given."""
    first, *rest = (sw.sum(sw.square(m)) for m in p.matrices)
    for square in rest:
        first = first + square
    return first


@sw.typed
def silu_norm(x: sw.Tensor[Rows, Width], weight: sw.Tensor[Width], bias: sw.Tensor[Width]) -> sw.Tensor[Rows, Width]:
    return sw.layer_norm(sw.silu(x), weight, bias, eps=NORM_EPS)


def forward_and_backward(
    x: sw.Tensor[Rows, Width],
    weight: sw.Tensor[Width],
    bias: sw.Tensor[Width],
    dy: sw.Tensor[Rows, Width],
) -> tuple[sw.Tensor[Rows, Width], sw.Tensor[Rows, Width], sw.Tensor[Width], sw.Tensor[Width]]:
    y, pull = sw.vjp(silu_norm, x, weight, bias)
    dx, dweight, dbias = pull(dy)
    return y, dx, dweight, dbias


def make(workload: Workload, data: Data, form: str) -> Running:
    """Set a workload up; `form` is the backend, "compiled" (what is measured) or "eager"."""
    options = sw.Options(backend="eager") if form == "eager" else sw.Options(backend="compiled")
    match workload.kind:
        case "mlp":
            return _regressor(data, options) if workload.activation == "tanh" else _classifier(data, options)
        case "adamw":
            return _adamw(data, options)
        case "norm":
            return _norm(data, options)


def _regressor(data: Data, options: sw.Options) -> Running:
    w1, b1, w2, b2 = data.params
    init = Regressor(
        w1=sw.Tensor[Features, Hidden1](w1),
        b1=sw.Tensor[Hidden1](b1),
        w2=sw.Tensor[Hidden1, Outputs](w2),
        b2=sw.Tensor[Outputs](b2),
    )
    trainer = sw.ScalarTrainer(init, regression_loss, options)
    x, y = sw.Tensor[Batch, Features](data.inputs[0]), sw.Tensor[Batch, Outputs](data.inputs[1])

    def step() -> sw.Scalar:
        return trainer.adamw_step(x, y, lr=LR, betas=BETAS, eps=EPS, weight_decay=WEIGHT_DECAY)

    return Running(step, ready, _value, lambda: _leaves(trainer.get_params()))


def _classifier(data: Data, options: sw.Options) -> Running:
    w1, b1, w2, b2, w3, b3 = data.params
    init = Classifier(
        w1=sw.Tensor[Features, Hidden1](w1),
        b1=sw.Tensor[Hidden1](b1),
        w2=sw.Tensor[Hidden1, Hidden2](w2),
        b2=sw.Tensor[Hidden2](b2),
        w3=sw.Tensor[Hidden2, Outputs](w3),
        b3=sw.Tensor[Outputs](b3),
    )
    trainer = sw.ScalarTrainer(init, classification_loss, options)
    x, y = sw.Tensor[Batch, Features](data.inputs[0]), sw.IntTensor[Batch](data.inputs[1])

    def step() -> sw.Scalar:
        return trainer.adamw_step(x, y, lr=LR, betas=BETAS, eps=EPS, weight_decay=WEIGHT_DECAY)

    return Running(step, ready, _value, lambda: _leaves(trainer.get_params()))


def _adamw(data: Data, options: sw.Options) -> Running:
    optimizer = sw.optim.AdamW(betas=BETAS, eps=EPS, weight_decay=WEIGHT_DECAY)
    trainer = sw.ScalarTrainer(Matrices(_matrices(data.params)), sum_of_squares, options, optimizer=optimizer)
    grads = Matrices(_matrices(data.inputs))

    def step() -> None:
        trainer.apply_grads(grads, lr=LR)

    return Running(step, ready, None, lambda: _leaves(trainer.get_params()))


def _norm(data: Data, options: sw.Options) -> Running:
    weight, bias = (sw.Tensor[Width](p) for p in data.params)
    x, dy = (sw.Tensor[Rows, Width](a) for a in data.inputs)
    run = sw.jit(forward_and_backward, options)
    last: tuple[sw.Tensor[Rows, Width] | sw.Tensor[Width], ...] = ()

    def step() -> None:
        nonlocal last
        last = run(x, weight, bias, dy)

    return Running(step, ready, None, lambda: [r.numpy() for r in last])


def _matrices(arrays: tuple[Array, ...]) -> tuple[sw.Tensor[Rows, Columns], ...]:
    return tuple(sw.Tensor[Rows, Columns](a) for a in arrays)


def _leaves(pack: sw.Pack) -> list[Array]:
    return [np.asarray(leaf.numpy()) for leaf in pack.leaves()]


def _value(loss: object) -> float:
    return cast("sw.Scalar", loss).item()
