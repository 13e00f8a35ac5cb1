"""Sizes that are cut: pieces."""

from __future__ import annotations

from typing import Any, Literal, reveal_type

import shapewright as sw

L1 = Literal[1]
L2 = Literal[2]
L3 = Literal[3]
L5 = Literal[5]
L6 = Literal[6]
L7 = Literal[7]


class Batch(sw.Dim): ...


class Hidden(sw.Dim): ...


@sw.typed
def sections(x: sw.Tensor[L5, L3]) -> sw.Tensor[L3, L3]:
    a, b = sw.split(x, (2, 3))
    out: sw.Tensor[L3, L3] = sw.concat((a, b))[2:]
    return out


@sw.typed
def equal(x: sw.Tensor[L7, L3]) -> sw.Tensor[L1, L3]:
    return sw.split(x, 3)[2]


@sw.typed
def columns(x: sw.Tensor[Batch, L6]) -> sw.Tensor[Batch, L2]:
    a, b, c = sw.split(x, 2, axis=1)
    return a + b + c


@sw.typed
def named(x: sw.Tensor[Batch, Hidden]) -> sw.Tensor[Batch, Any]:
    a, b = sw.split(x, (2, x.shape[1] - 2), axis=-1)
    out: sw.Tensor[Batch, Any] = sw.concat((b, a), axis=-1)
    return out


@sw.typed
def loop(x: sw.Tensor[L6, L3], n: int = 2) -> sw.Tensor[Hidden, L3]:
    parts: list[sw.Tensor[Hidden, L3]] = list(sw.split(x, n))
    return parts[0]


x = sw.Tensor[L5, L3].ones()
reveal_type(sections(x))  # Tensor[Literal[3], Literal[3]]
reveal_type(sw.split(x, (2, 3))[1])  # Tensor[Any, Literal[3]]; pyrefly: Tensor[Int[3], Literal[3]]
