"""Sizes that are cut: slices and items."""

from __future__ import annotations

from typing import Literal, reveal_type

import shapewright as sw

L2 = Literal[2]
L3 = Literal[3]
L4 = Literal[4]
L5 = Literal[5]
L6 = Literal[6]


class Batch(sw.Dim): ...


class Hidden(sw.Dim): ...


class Seq(sw.Dim): ...


@sw.typed
def numbers(x: sw.Tensor[L5, L3]) -> sw.Tensor[L3, L3]:
    return x[1:4] + x[-3:] + x[:3] + x[::2] + x[2:9]


@sw.typed
def axes(x: sw.Tensor[Batch, L6]) -> sw.Tensor[Batch, L3]:
    return x[:, 3:] + x[..., :3] + x[:, 1:4]


@sw.typed
def bounds(x: sw.Tensor[L6, L3], n: int = 2) -> sw.Tensor[Batch, L3]:
    out: sw.Tensor[Batch, L3] = x[0:n]
    for i in range(n, 6, n):
        out = out + x[i : i + n]
    return out


@sw.typed
def items(x: sw.Tensor[L5, Hidden]) -> sw.Tensor[Hidden]:
    return x[0] + x[-1] + x[4]


@sw.typed
def named(x: sw.Tensor[Batch, Hidden]) -> sw.Tensor[Seq, Hidden]:
    return x[1:]


@sw.typed
def function(x: sw.Tensor[L5, L4]) -> sw.Tensor[L2, L3]:
    return sw.slice(x, (0, 1), (2, 4))


x = sw.Tensor[L5, L3].ones()
reveal_type(x[1:])  # Tensor[Any, Literal[3]]; pyrefly: Tensor[Int[4], Literal[3]]
reveal_type(x[0])  # Tensor[Literal[3]]; pyrefly: Tensor[*IntTuple[3]]
reveal_type(items(sw.Tensor[L5, Hidden].ones(shape=(5, 2))))  # Tensor[Hidden]
