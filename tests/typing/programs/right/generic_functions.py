"""Layers: functions and packs generic in one axis or all of them."""

from __future__ import annotations

from typing import Generic, TypeVar, TypeVarTuple, reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 3


I = TypeVar("I")
O = TypeVar("O")
B = TypeVar("B")
S = TypeVarTuple("S")


class Dense(sw.Pack, Generic[I, O]):
    w: sw.Tensor[I, O]
    b: sw.Tensor[O]

    @sw.typed
    def __call__(self, x: sw.Tensor[*S, I]) -> sw.Tensor[*S, O]:
        return sw.linear(x, self.w, self.b)


class Residual(sw.Pack, Generic[I]):
    inner: Dense[I, I]

    def __call__(self, x: sw.Tensor[B, I]) -> sw.Tensor[B, I]:
        return x + sw.relu(self.inner(x))


@sw.typed
def double(x: sw.Tensor[*S]) -> sw.Tensor[*S]:
    return x * 2.0


@sw.typed
def gram(x: sw.Tensor[B, I]) -> sw.Tensor[B, B]:
    return x @ x.T


def twice(f: Dense[I, I], x: sw.Tensor[B, I]) -> sw.Tensor[B, I]:
    return f(f(x))


dense = Dense(sw.Tensor[In, Out].normal(key=1), sw.Tensor[Out].zeros())
same = Dense[In, In](sw.Tensor[In, In].normal(key=2), sw.Tensor[In].zeros())
x = sw.Tensor[Batch, In].normal(key=3, shape=(5, 4))
z = sw.Tensor[Batch, Seq, In].normal(key=4, shape=(5, 6, 4))
reveal_type(dense)  # Dense[In, Out]
reveal_type(dense.w)  # Tensor[In, Out]
reveal_type(dense(x))  # Tensor[Batch, Out]
reveal_type(dense(z))  # Tensor[Batch, Seq, Out]
reveal_type(double(z))  # Tensor[Batch, Seq, In]
reveal_type(gram(x))  # Tensor[Batch, Batch]
reveal_type(twice(same, x))  # Tensor[Batch, In]
reveal_type(Residual(same)(x))  # Tensor[Batch, In]
