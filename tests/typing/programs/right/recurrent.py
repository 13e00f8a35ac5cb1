"""Layers: a recurrent cell, applied to every step of a sequence."""

from __future__ import annotations

from typing import reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class Input(sw.Dim):
    size = 3


class State(sw.Dim):
    size = 4


class Cell(sw.Pack):
    w: sw.Tensor[Input, State]
    u: sw.Tensor[State, State]
    b: sw.Tensor[State]

    @sw.typed
    def __call__(self, h: sw.Tensor[Batch, State], x: sw.Tensor[Batch, Input]) -> sw.Tensor[Batch, State]:
        return sw.tanh(x @ self.w + h @ self.u + self.b)


@sw.typed
def final(cell: Cell, steps: tuple[sw.Tensor[Batch, Input], ...]) -> sw.Tensor[Batch, State]:
    first, *others = steps
    reveal_type(first)  # Tensor[Batch, Input]
    h = cell(sw.zeros_like(first @ cell.w), first)
    for x in others:
        h = cell(h, x)
    reveal_type(h)  # Tensor[Batch, State]
    return h


cell = Cell(sw.Tensor[Input, State].normal(key=1), sw.Tensor[State, State].normal(key=2), sw.Tensor[State].zeros())
x = sw.Tensor[Batch, Input].normal(key=3, shape=(2, 3))
reveal_type(final(cell, (x, x, x)))  # Tensor[Batch, State]
