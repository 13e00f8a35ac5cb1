"""Layers: a recurrent cell with its arguments exchanged."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Input(sw.Dim):
    size = 3


class State(sw.Dim):
    size = 4


class Cell(sw.Pack):
    w: sw.Tensor[Input, State]
    u: sw.Tensor[State, State]

    @sw.typed
    def __call__(self, h: sw.Tensor[Batch, State], x: sw.Tensor[Batch, Input]) -> sw.Tensor[Batch, State]:
        return sw.tanh(x @ self.w + h @ self.u)

    @sw.typed
    def wrong_inside(self, h: sw.Tensor[Batch, State], x: sw.Tensor[Batch, Input]) -> sw.Tensor[Batch, State]:
        return sw.tanh(x @ self.u)  # E


@sw.typed
def exchanged(cell: Cell, h: sw.Tensor[Batch, State], x: sw.Tensor[Batch, Input]) -> sw.Tensor[Batch, State]:
    return cell(x, h)  # E


@sw.typed
def state_only(cell: Cell, h: sw.Tensor[Batch, State], x: sw.Tensor[Batch, Input]) -> sw.Tensor[Batch, State]:
    return cell(h, h)  # E


@sw.typed
def readout(cell: Cell, h: sw.Tensor[Batch, State], x: sw.Tensor[Batch, Input]) -> sw.Tensor[Batch, Input]:
    return cell(h, x)  # E


@sw.typed
def missing(cell: Cell, h: sw.Tensor[Batch, State]) -> sw.Tensor[Batch, State]:
    return cell(h)  # E
