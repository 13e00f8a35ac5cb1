"""Transforms: derivatives of the wrong function, argument or type."""

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


def derivatives(p: Linear, other: Other, x: sw.Tensor[Batch, In], y: sw.Tensor[Batch, Out]) -> None:
    sw.grad(predict)(p, x)  # E: -check
    sw.grad(loss)(p, y, x)  # E: -check
    sw.grad(loss)(p, x)  # E: -check
    sw.grad(loss)(other, x, y)  # E: -check
    sw.value_and_grad(predict)  # E: -check
    grads: Other = sw.grad(loss)(p, x, y)  # E: -check
    slope: sw.Tensor[Batch, Out] = sw.grad(loss, 1)(p, x, y)  # E: -check
    value: sw.Scalar = sw.value_and_grad(loss)(p, x, y)  # E: -check
    print(grads, slope, value)


def pulled(p: Linear, x: sw.Tensor[Batch, In], y: sw.Tensor[Batch, Out]) -> sw.Tensor[Batch, Out]:
    result, pull = sw.vjp(predict, p, x)
    pull(x)  # E: -check
    sw.vjp(predict, x, p)  # E: -check, -ty
    back: Linear = pull(result)  # E: -check
    print(back)
    return pull(y)[1]  # E: -check


def compiled(p: Linear, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, In]:
    fast = sw.jit(predict)
    fast(x, p)  # E: -check
    sw.jit(predict(p, x))  # E: -check
    return fast(p, x)  # E: -check


@sw.typed
def penalised(p: Linear, x: sw.Tensor[Batch, In], y: sw.Tensor[Batch, Out]) -> sw.Scalar:
    return sw.mse_loss(sw.grad(loss, 1)(p, x, y), y)  # E
