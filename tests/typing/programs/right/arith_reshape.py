"""Sizes that are reshaped: numbers, and what is not known."""

from __future__ import annotations

from typing import Literal, TypeVar, TypeVarTuple, reveal_type

import shapewright as sw

L2 = Literal[2]
L3 = Literal[3]
L4 = Literal[4]
L6 = Literal[6]
I = TypeVar("I")
J = TypeVar("J")
Bs = TypeVarTuple("Bs")


class Batch(sw.Dim): ...


class Hidden(sw.Dim): ...


@sw.typed
def numbers(x: sw.Tensor[L2, L6]) -> sw.Tensor[L3, L4]:
    return x.reshape(3, 4) + sw.reshape(x, (3, 4)) + x.reshape((-1, 4))


@sw.typed
def rest(x: sw.Tensor[L2, L6]) -> sw.Tensor[L4, L3]:
    return x.reshape(-1, 3)


@sw.typed
def rows(x: sw.Tensor[Batch, L6]) -> sw.Tensor[Batch, L2, L3]:
    return x.reshape(x.shape[0], 2, 3) + x.reshape(-1, 2, 3)


@sw.typed
def leading(x: sw.Tensor[*Bs, L6]) -> sw.Tensor[*Bs, L2, L3]:
    return x.reshape((*x.shape[:-1], 2, 3))


@sw.typed
def variable(x: sw.Tensor[L2, L6], n: int = 4) -> sw.Tensor[Hidden, L3]:
    return x.reshape(n, 3)


@sw.typed
def shapes(x: sw.Tensor[L2, L6], y: sw.Tensor[Batch, Hidden]) -> sw.Tensor[Batch, Hidden]:
    return x.reshape(y.shape) if x.shape == y.shape else y


@sw.typed
def generic(x: sw.Tensor[I, J]) -> sw.Tensor[J, I]:
    return x.reshape(x.shape[1], x.shape[0])


x = sw.Tensor[L2, L6].ones()
reveal_type(numbers(x))  # Tensor[Literal[3], Literal[4]]
reveal_type(sw.reshape(x, (3, 4)))  # Tensor[Any, Any]; pyrefly: Tensor[*IntTuple[3, 4]]
# fmt: off
reveal_type(x.reshape(4, -1))  # Tensor[Any, Any]; pyrefly: Tensor[*IntTuple[4, 3]]; mypy+plugin: Tensor[Any, Any]
# fmt: on
