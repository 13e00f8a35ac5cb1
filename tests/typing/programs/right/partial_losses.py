"""Trainers: a generic loss and a functools.partial, whose trainer needs a written type."""

from __future__ import annotations

from functools import partial
from typing import TypeAlias, TypeVar, reveal_type

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


Trainer: TypeAlias = "sw.ScalarTrainer[Linear, sw.Tensor[Batch, In], sw.Tensor[Batch, Out]]"
init = Linear(sw.Tensor[In, Out].normal(std=0.1, key=1))
x = sw.Tensor[Batch, In].normal(key=2, shape=(8, 4))
y = sw.Tensor[Batch, Out].normal(key=3, shape=(8, 3))
eager = sw.Options(backend="eager")
first: Trainer = sw.ScalarTrainer(init, generic, eager)
second: Trainer = sw.ScalarTrainer(init, partial(weighted, weight=0.5), eager)
reveal_type(first.step(x, y, lr=0.1))  # Tensor[()]
reveal_type(second.backward(x, y))  # Linear
