"""Sizes that are joined: a new axis."""

from __future__ import annotations

from typing import Literal, reveal_type

import shapewright as sw

L2 = Literal[2]
L3 = Literal[3]
L4 = Literal[4]


class Batch(sw.Dim): ...


class Hidden(sw.Dim): ...


class Channels(sw.Dim): ...


@sw.typed
def numbers(x: sw.Tensor[L2, L3], y: sw.Tensor[L2, L3]) -> sw.Tensor[L2, L2, L3]:
    return sw.stack((x, y))


@sw.typed
def middle(x: sw.Tensor[L2, L3], y: sw.Tensor[L2, L3]) -> sw.Tensor[L2, L4, L3]:
    return sw.stack((x, y, x, y), axis=1)


@sw.typed
def named(x: sw.Tensor[Batch, Hidden], y: sw.Tensor[Batch, Hidden]) -> sw.Tensor[L2, Batch, Hidden]:
    return sw.stack((x, y))


@sw.typed
def channels(x: sw.Tensor[Batch, L3], n: int = 3) -> sw.Tensor[Channels, Batch, L3]:
    return sw.stack([x for _ in range(n)])


x = sw.Tensor[L2, L3].ones()
reveal_type(numbers(x, x))  # Tensor[Literal[2], Literal[2], Literal[3]]
reveal_type(sw.stack((x, x)))  # Tensor[Any, Literal[2], Literal[3]]; pyrefly: Tensor[*IntTuple[2, 2, 3]]
