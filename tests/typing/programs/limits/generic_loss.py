"""Limits: the inputs of a generic loss and of a functools.partial are open."""

from __future__ import annotations

from functools import partial
from typing import TypeVar

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 3


I = TypeVar("I")


class Linear(sw.Pack):
    w: sw.Tensor[In, Out]


@sw.typed
def generic(p: Linear, x: sw.Tensor[I, In], y: sw.Tensor[I, Out]) -> sw.Scalar:
    return sw.mse_loss(x @ p.w, y)


@sw.typed
def weighted(p: Linear, x: sw.Tensor[Batch, In], y: sw.Tensor[Batch, Out], *, weight: float) -> sw.Scalar:
    return sw.mse_loss(x @ p.w, y) * weight


init = Linear(sw.Tensor[In, Out].normal(std=0.1, key=1))
x = sw.Tensor[Batch, In].normal(key=2, shape=(8, 4))
y = sw.Tensor[Batch, Out].normal(key=3, shape=(8, 3))
eager = sw.Options(backend="eager")
first = sw.ScalarTrainer(init, generic, eager)  # E: mypy, mypy+plugin
second = sw.ScalarTrainer(init, partial(weighted, weight=0.5), eager)
first.step(x, y, lr=0.1)
second.step(x, y, lr=0.1)
