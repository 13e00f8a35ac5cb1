"""Trainers: a generic loss and a functools.partial with a wrong written type."""

from __future__ import annotations

from functools import partial
from typing import TypeAlias, TypeVar

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


Swapped: TypeAlias = "sw.ScalarTrainer[Linear, sw.Tensor[Batch, Out], sw.Tensor[Batch, In]]"


def build(p: Linear) -> None:
    first: Swapped = sw.ScalarTrainer(p, generic)  # E: -check
    second: Swapped = sw.ScalarTrainer(p, partial(weighted, weight=0.5))  # E: -check, -mypy, -mypy+plugin, -pyrefly
    third: Swapped = sw.ScalarTrainer(p, weighted)  # E: -check
    print(first, second, third)
