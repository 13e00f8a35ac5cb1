"""Optimizers: gradients, states and numbers of another type."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 3


class Linear(sw.Pack):
    w: sw.Tensor[In, Out]
    b: sw.Tensor[Out]


class Other(sw.Pack):
    w: sw.Tensor[Out, In]


@sw.typed
def predict(p: Linear, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    return x @ p.w + p.b


@sw.typed
def loss(p: Linear, x: sw.Tensor[Batch, In], y: sw.Tensor[Batch, Out]) -> sw.Scalar:
    return sw.mse_loss(predict(p, x), y)


def stand_alone(p: Linear, other: Other, x: sw.Tensor[Batch, In], y: sw.Tensor[Batch, Out]) -> None:
    params = sw.ParamList.from_tensors(p)
    grads = sw.grad(loss)(p, x, y)
    adam = sw.optim.Adam()
    state = adam.init(params)
    adam.init(p)  # E: -check
    adam.step(params, other, state, lr=0.1)  # E: -check
    adam.step(p, grads, state, lr=0.1)  # E: -check
    adam.step(params, grads, lr=0.1)  # E: -check
    adam.step(params, grads, grads, lr=0.1)  # E: -check
    adam.step(params, grads, state, 0.1)  # E: -check
    sw.sgd_step(params, other, lr=0.1)  # E: -check
    sw.sgd_step_fused(grads, params, lr=0.1)  # E: -check
    params.set_values(other)  # E: -check
    q: Other = params.values()  # E: -check
    print(q)


def numbers() -> list[sw.Optimizer]:
    sw.optim.Adam(betas=0.9)  # E: -check
    sw.optim.Adam(beta=(0.9, 0.999))  # E: -check
    sw.optim.SGD(0.1)  # E: -check
    sw.optim.SGD(nesterov="yes")  # E: -check
    sw.optim.warmup_cosine(0.1, 10, 100)  # E: -check
    return [sw.optim.step(0.1, every=2)]  # E: -check


def cells(p: Linear) -> sw.Tensor[In, Out]:
    params = sw.ParamList.from_tensors(p, [True, "no"])  # E: -check
    return params["w"]  # E: -check
