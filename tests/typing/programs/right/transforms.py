"""Transforms: grad, value_and_grad, vjp and jit keep types."""

from __future__ import annotations

from typing import reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 3


class Linear(sw.Pack):
    w: sw.Tensor[In, Out]
    b: sw.Tensor[Out]


@sw.typed
def predict(p: Linear, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    return x @ p.w + p.b


@sw.typed
def loss(p: Linear, x: sw.Tensor[Batch, In], y: sw.Tensor[Batch, Out]) -> sw.Scalar:
    return sw.mse_loss(predict(p, x), y)


init = Linear(sw.Tensor[In, Out].normal(std=0.1, key=1), sw.Tensor[Out].zeros())
x = sw.Tensor[Batch, In].normal(key=2, shape=(8, 4))
y = sw.Tensor[Batch, Out].normal(key=3, shape=(8, 3))
eager = sw.Options(backend="eager")


def weight_decay(p: Linear, rate: float) -> sw.Scalar:
    return sw.sum(p.w * p.w) * rate


def energy(x: sw.Tensor[Batch, In]) -> sw.Scalar:
    return sw.sum(sw.square(x))


reveal_type(sw.grad(loss)(init, x, y))  # Linear
reveal_type(sw.grad(loss, 1)(init, x, y))  # Tensor[Batch, In]
reveal_type(sw.grad(loss, argnums=1)(init, x, y))  # Tensor[Batch, In]
reveal_type(sw.value_and_grad(loss)(init, x, y))  # tuple[Tensor[()], Linear]
reveal_type(sw.value_and_grad(loss, 1)(init, x, y)[1])  # Tensor[Batch, In]
reveal_type(sw.grad(weight_decay)(init, 0.1).w)  # Tensor[In, Out]
reveal_type(sw.grad(energy)(x))  # Tensor[Batch, In]
result, pull = sw.vjp(predict, init, x)
reveal_type(result)  # Tensor[Batch, Out]
reveal_type(pull(y))  # tuple[Linear, Tensor[Batch, In]]
reveal_type(sw.jit(predict)(init, x))  # Tensor[Batch, Out]
reveal_type(sw.jit(sw.grad(loss), eager)(init, x, y))  # Linear


@sw.typed
def penalised(p: Linear, x: sw.Tensor[Batch, In], y: sw.Tensor[Batch, Out]) -> sw.Scalar:
    slope = sw.grad(loss, 1)(p, x, y)
    reveal_type(slope)  # Tensor[Batch, In]
    return loss(p, x, y) + sw.mean(sw.square(slope))


reveal_type(sw.ScalarTrainer(init, penalised, eager).backward(x, y))  # Linear
