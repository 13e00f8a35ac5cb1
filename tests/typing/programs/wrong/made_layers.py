"""Layers: made from the classes of other axes."""

from __future__ import annotations

from typing import Generic, TypeVar

import shapewright as sw


class Batch(sw.Dim): ...


class Pixels(sw.Dim):
    size = 6


class Hidden(sw.Dim):
    size = 4


I = TypeVar("I", bound=sw.Dim)
O = TypeVar("O", bound=sw.Dim)
B = TypeVar("B")


class Dense(sw.Pack, Generic[I, O]):
    w: sw.Tensor[I, O]
    b: sw.Tensor[O]

    @sw.typed
    def __call__(self, x: sw.Tensor[B, I]) -> sw.Tensor[B, O]:
        return sw.relu(x @ self.w + self.b)


def dense(i: type[I], o: type[O], key: int) -> Dense[I, O]:
    assert i.size is not None and o.size is not None
    return Dense(sw.normal((i.size, o.size), std=0.1, key=key), sw.zeros((o.size,)))


class Net(sw.Pack):
    first: Dense[Pixels, Hidden]


def exchanged() -> Net:
    return Net(dense(Hidden, Pixels, key=1))  # E: -check


def no_axis() -> Dense[Pixels, Hidden]:
    return dense(Pixels, int, key=1)  # E: -check


@sw.typed
def twice(p: Net, x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Hidden]:
    return p.first(p.first(x))  # E
