"""Layers: a generic layer made from the classes of its axes, from tensors, from numbers."""

from __future__ import annotations

from typing import Generic, TypeVar, reveal_type

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

    @classmethod
    def of_sizes(cls, n: int, m: int, key: int) -> Dense[I, O]:
        return cls(sw.normal((n, m), std=0.1, key=key), sw.zeros((m,)))

    @sw.typed
    def __call__(self, x: sw.Tensor[B, I]) -> sw.Tensor[B, O]:
        return sw.relu(x @ self.w + self.b)


def dense(i: type[I], o: type[O], key: int) -> Dense[I, O]:
    assert i.size is not None and o.size is not None
    return Dense(sw.normal((i.size, o.size), std=0.1, key=key), sw.zeros((o.size,)))


class Net(sw.Pack):
    first: Dense[Pixels, Hidden]
    second: Dense[Hidden, Hidden]


made: Dense[Pixels, Hidden] = Dense(sw.normal((6, 4), key=1), sw.zeros((4,)))
reveal_type(made)  # Dense[Pixels, Hidden]
reveal_type(dense(Pixels, Hidden, key=1))  # Dense[Pixels, Hidden]
reveal_type(Dense[Pixels, Hidden].of_sizes(6, 4, key=1))  # Dense[Pixels, Hidden]
reveal_type(Dense(sw.Tensor[Pixels, Hidden].normal(key=1), sw.Tensor[Hidden].zeros()))  # Dense[Pixels, Hidden]

net = Net(dense(Pixels, Hidden, key=1), dense(Hidden, Hidden, key=2))
x = sw.Tensor[Batch, Pixels].ones(shape=(2, 6))
reveal_type(net.second(net.first(x)))  # Tensor[Batch, Hidden]
