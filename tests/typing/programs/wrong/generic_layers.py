"""Layers: generic layers that do not fit each other."""

from __future__ import annotations

from typing import Generic, TypeVar

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Hidden(sw.Dim):
    size = 6


class Out(sw.Dim):
    size = 3


I = TypeVar("I")
O = TypeVar("O")
B = TypeVar("B")


class Dense(sw.Pack, Generic[I, O]):
    w: sw.Tensor[I, O]
    b: sw.Tensor[O]

    @sw.typed
    def __call__(self, x: sw.Tensor[B, I]) -> sw.Tensor[B, O]:
        return sw.relu(x @ self.w + self.b)


class Net(sw.Pack):
    first: Dense[In, Hidden]
    blocks: tuple[Dense[Hidden, Hidden], ...]
    last: Dense[Hidden, Out]


@sw.typed
def skipped(p: Net, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    return p.last(x)  # E


@sw.typed
def twice(p: Net, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Hidden]:
    return p.first(p.first(x))  # E


@sw.typed
def not_finished(p: Net, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    return p.blocks[0](p.first(x))  # E


@sw.typed
def residual(p: Net, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Hidden]:
    return x + p.first(x)  # E


@sw.typed
def rank(p: Net, x: sw.Tensor[Batch, Seq, In]) -> sw.Tensor[Batch, Seq, Hidden]:
    return p.first(x)  # E


def exchanged(a: Dense[In, Hidden], b: Dense[Hidden, Out]) -> Net:
    return Net(b, (), a)  # E: -check


def wrong_block(a: Dense[In, Hidden], b: Dense[Hidden, Out]) -> Net:
    return Net(a, (a, a), b)  # E: -check


def bias(w: sw.Tensor[In, Hidden], b: sw.Tensor[In]) -> Dense[In, Hidden]:
    return Dense(w, b)  # E: -check


def transposed(w: sw.Tensor[Hidden, In], b: sw.Tensor[Hidden]) -> Dense[In, Hidden]:
    return Dense[In, Hidden](w, b)  # E: -check
