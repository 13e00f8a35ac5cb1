"""Three small programs with the names a user would choose."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import shapewright as sw
from shapewright.compiler.program import Program


class Batch(sw.Dim): ...


class Features(sw.Dim):
    size = 3


class Pixels(sw.Dim):
    size = 64


class Hidden(sw.Dim):
    size = 32


class Digits(sw.Dim):
    size = 10


class Line(sw.Pack):
    w: sw.Tensor[Features]
    b: sw.Scalar


class MLP(sw.Pack):
    w1: sw.Tensor[Pixels, Hidden]
    b1: sw.Tensor[Hidden]
    w2: sw.Tensor[Hidden, Digits]
    b2: sw.Tensor[Digits]


class Norm(sw.Pack):
    gain: sw.Tensor[Hidden]
    shift: sw.Tensor[Hidden]


@sw.typed
def line_loss(p: Line, x: sw.Tensor[Batch, Features], y: sw.Tensor[Batch]) -> sw.Scalar:
    prediction = x @ p.w + p.b
    return sw.mse_loss(prediction, y)


@sw.typed
def mlp_loss(p: MLP, x: sw.Tensor[Batch, Pixels], y: sw.IntTensor[Batch]) -> sw.Scalar:
    h = sw.relu(x @ p.w1 + p.b1)
    logits = h @ p.w2 + p.b2
    return sw.cross_entropy(logits, y)


@sw.typed
def norm_loss(p: Norm, x: sw.Tensor[Batch, Hidden], y: sw.Tensor[Batch, Hidden]) -> sw.Scalar:
    z = sw.layer_norm(sw.silu(x), p.gain, p.shift)
    return sw.mse_loss(sw.softmax(z), y)


def floats(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def linear() -> Program:
    init = Line(w=sw.Tensor[Features].zeros(), b=sw.Scalar(0.0))
    trainer = sw.ScalarTrainer(init, line_loss, sw.Options(backend="compiled"))
    return trainer.lower(sw.Tensor[Batch, Features](floats(8, 3)), sw.Tensor[Batch](floats(8)), method="step")


def mlp_init() -> MLP:
    return MLP(
        w1=sw.Tensor[Pixels, Hidden].normal(std=0.1, key=1),
        b1=sw.Tensor[Hidden].zeros(),
        w2=sw.Tensor[Hidden, Digits].normal(std=0.1, key=2),
        b2=sw.Tensor[Digits].zeros(),
    )


def mlp_trainer() -> sw.ScalarTrainer[MLP, sw.Tensor[Batch, Pixels], sw.IntTensor[Batch]]:
    return sw.ScalarTrainer(mlp_init(), mlp_loss, sw.Options(backend="compiled"), optimizer=sw.optim.AdamW())


def digits(n: int) -> tuple[sw.Tensor[Batch, Pixels], sw.IntTensor[Batch]]:
    labels = np.random.default_rng(1).integers(0, 10, n)
    return sw.Tensor[Batch, Pixels](floats(n, 64)), sw.IntTensor[Batch](labels)


def mlp() -> Program:
    return mlp_trainer().lower(*digits(64), method="step")


def norm() -> Program:
    init = Norm(gain=sw.Tensor[Hidden].ones(), shift=sw.Tensor[Hidden].zeros())
    trainer = sw.ScalarTrainer(init, norm_loss, sw.Options(backend="compiled"))
    x = sw.Tensor[Batch, Hidden](floats(16, 32))
    return trainer.lower(x, x, method="step")


PROGRAMS: dict[str, Callable[[], Program]] = {"linear": linear, "mlp": mlp, "norm": norm}
