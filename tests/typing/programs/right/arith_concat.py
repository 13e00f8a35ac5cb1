"""Sizes that are joined: numbers, names, and both."""

from __future__ import annotations

from typing import Any, Literal, reveal_type

import shapewright as sw

L2 = Literal[2]
L3 = Literal[3]
L4 = Literal[4]
L5 = Literal[5]
L7 = Literal[7]
L8 = Literal[8]
L12 = Literal[12]


class Batch(sw.Dim): ...


class Hidden(sw.Dim): ...


class Seq(sw.Dim): ...


@sw.typed
def first(x: sw.Tensor[L2, L3], y: sw.Tensor[L3, L3]) -> sw.Tensor[L5, L3]:
    return sw.concat((x, y))


@sw.typed
def last(x: sw.Tensor[L2, L3], y: sw.Tensor[L2, L4]) -> sw.Tensor[L2, L7]:
    return sw.concat((x, y), axis=-1)


@sw.typed
def five(x: sw.Tensor[L2, L3], y: sw.Tensor[L3, L3]) -> sw.Tensor[L12, L3]:
    return sw.concat((x, y, x, y, x))


@sw.typed
def features(x: sw.Tensor[Batch, L3], y: sw.Tensor[Batch, L4]) -> sw.Tensor[Batch, L7]:
    return sw.concat((x, y), axis=1)


@sw.typed
def steps(x: sw.Tensor[Batch, L3, Hidden], y: sw.Tensor[Batch, L4, Hidden]) -> sw.Tensor[Batch, L7, Hidden]:
    return sw.concat((x, y), axis=1)


@sw.typed
def named(x: sw.Tensor[Batch, Hidden], y: sw.Tensor[Seq, Hidden]) -> sw.Tensor[Any, Hidden]:
    return sw.concat((x, y))


@sw.typed
def loop(x: sw.Tensor[L2, L3], n: int = 4) -> sw.Tensor[L8, L3]:
    out: sw.Tensor[L8, L3] = sw.concat([x for _ in range(n)])
    return out


x = sw.Tensor[L2, L3].ones()
y = sw.Tensor[L3, L3].ones()
reveal_type(first(x, y))  # Tensor[Literal[5], Literal[3]]
reveal_type(sw.concat((x, y)))  # Tensor[Any, Literal[3]]; pyrefly: Tensor[Int[5], Literal[3]]
reveal_type(sw.concat((x, x), axis=-1))  # Tensor[Literal[2], Any]; pyrefly: Tensor[Literal[2], Int[6]]
reveal_type(sw.concat((x, y, x)))  # Tensor[Any, Literal[3]]; pyrefly: Tensor[Int[7], Literal[3]]
