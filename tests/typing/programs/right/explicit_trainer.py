"""Trainers: with their types written, and with a loss given as a value."""

from __future__ import annotations

from collections.abc import Callable
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

Loss = Callable[[Linear, sw.Tensor[Batch, In], sw.Tensor[Batch, Out]], sw.Scalar]


def make(chosen: Loss) -> sw.ScalarTrainer[Linear, sw.Tensor[Batch, In], sw.Tensor[Batch, Out]]:
    return sw.ScalarTrainer(init, chosen, eager)


def scaled(factor: float) -> Loss:
    @sw.typed
    def inner(p: Linear, x: sw.Tensor[Batch, In], y: sw.Tensor[Batch, Out]) -> sw.Scalar:
        return loss(p, x, y) * factor

    return inner


reveal_type(make(loss).backward(x, y))  # Linear
reveal_type(make(scaled(2.0)).step(x, y, lr=0.1))  # Tensor[()]
