"""Sizes that are repeated: broadcasts, pads, repeated elements."""

from __future__ import annotations

from typing import Literal, reveal_type

import shapewright as sw

L1 = Literal[1]
L2 = Literal[2]
L3 = Literal[3]
L4 = Literal[4]
L5 = Literal[5]
L6 = Literal[6]
L8 = Literal[8]
L10 = Literal[10]


class Batch(sw.Dim): ...


class Hidden(sw.Dim): ...


class Seq(sw.Dim): ...


class Channels(sw.Dim): ...


@sw.typed
def numbers(x: sw.Tensor[L1, L3]) -> sw.Tensor[L4, L3]:
    return x.broadcast_to(4, 3) + sw.broadcast_to(x, (4, -1))


@sw.typed
def named(x: sw.Tensor[Hidden]) -> sw.Tensor[Batch, Hidden]:
    return sw.broadcast_to(x, (4, x.shape[0]))


@sw.typed
def padded(x: sw.Tensor[Batch, Channels, L8, L8]) -> sw.Tensor[Batch, Channels, L10, L10]:
    return sw.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))


@sw.typed
def around(x: sw.Tensor[L2, L3], n: int = 1) -> sw.Tensor[L4, L5]:
    wide: sw.Tensor[Hidden, Channels] = sw.pad(x, n)
    return sw.pad(x, 1) + wide.sum()


@sw.typed
def repeated(x: sw.Tensor[Batch, L3]) -> sw.Tensor[Batch, L6]:
    return sw.repeat(x, 2, 1) + sw.repeat(x, 2, -1)


@sw.typed
def times(x: sw.Tensor[L3, Hidden], n: int = 2) -> sw.Tensor[Seq, Hidden]:
    return sw.repeat(x, n, 0)


x = sw.Tensor[L1, L3].ones()
reveal_type(numbers(x))  # Tensor[Literal[4], Literal[3]]
reveal_type(sw.repeat(x, 2, 0))  # Tensor[Any, Literal[3]]; pyrefly: Tensor[Int[2], Literal[3]]
reveal_type(sw.broadcast_to(x, (4, 3)))  # Tensor[Any, Any]; pyrefly: Tensor[*IntTuple[4, 3]]
