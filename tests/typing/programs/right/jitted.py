"""Transforms: a compiled function has its signature, and the program that it ran."""

from __future__ import annotations

from typing import TypeVar, reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 3


B = TypeVar("B")


class Linear(sw.Pack):
    w: sw.Tensor[In, Out]

    @sw.typed
    def __call__(self, x: sw.Tensor[B, In]) -> sw.Tensor[B, Out]:
        return x @ self.w


@sw.typed
def double(x: sw.Tensor[B, In]) -> sw.Tensor[B, In]:
    return x * 2.0


@sw.typed
def scaled(p: Linear, x: sw.Tensor[Batch, In], *, factor: float = 1.0) -> sw.Tensor[Batch, Out]:
    return p(x) * factor


def energy(x: sw.Tensor[Batch, In]) -> sw.Scalar:
    return sw.sum(sw.square(x))


@sw.jit
@sw.typed
def halved(x: sw.Tensor[B, In]) -> sw.Tensor[B, In]:
    return x * 0.5


@sw.jit
def norms(x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch]:
    return sw.sum(sw.square(x), axis=1)


p = Linear(sw.Tensor[In, Out].normal(key=1))
x = sw.Tensor[Batch, In].normal(key=2, shape=(8, 4))
z = sw.Tensor[Seq, In].normal(key=3, shape=(5, 4))

fast = sw.jit(scaled)
reveal_type(fast(p, x))  # Tensor[Batch, Out]
reveal_type(fast(p, x, factor=2.0))  # Tensor[Batch, Out]
reveal_type(fast.program)  # Program
reveal_type(fast.lower(p, x, factor=3.0))  # Program
reveal_type(fast.recompiles)  # list[str]
print(sw.inspect(fast))

twice = sw.jit(double)
reveal_type(twice(x))  # Tensor[Batch, In]
reveal_type(twice(z))  # Tensor[Seq, In]
reveal_type(sw.jit(p.__call__)(z))  # Tensor[Seq, Out]
reveal_type(sw.grad(sw.jit(energy))(x))  # Tensor[Batch, In]
reveal_type(sw.jit(sw.jit(scaled))(p, x))  # Tensor[Batch, Out]
reveal_type(halved(z))  # Tensor[Seq, In]; pyrefly: Tensor[Unknown, In]
reveal_type(norms(x))  # Tensor[Batch]
reveal_type(norms.recompiles)  # list[str]
