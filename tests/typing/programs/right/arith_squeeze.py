"""Sizes that are reshaped: axes of size 1."""

from __future__ import annotations

from typing import Any, Literal, reveal_type

import shapewright as sw

L1 = Literal[1]
L2 = Literal[2]
L3 = Literal[3]


class Batch(sw.Dim): ...


class Hidden(sw.Dim): ...


class Channels(sw.Dim): ...


@sw.typed
def numbers(x: sw.Tensor[L1, L3, L1]) -> sw.Tensor[L3]:
    out: sw.Tensor[L3] = x.squeeze() + x.squeeze(0).squeeze(-1)
    return out


@sw.typed
def named(x: sw.Tensor[Batch, L1, Hidden]) -> sw.Tensor[Batch, Hidden]:
    return x.squeeze(1)


@sw.typed
def unknown(x: sw.Tensor[Any, Any]) -> sw.Tensor[Hidden]:
    return x.squeeze(0)


@sw.typed
def places(x: sw.Tensor[L2, L3]) -> sw.Tensor[L2, L1, L3]:
    return x.unsqueeze(1) + x.unsqueeze(-2)


@sw.typed
def every(x: sw.Tensor[L2, L3], axis: int = 1) -> sw.Tensor[L2, Channels, L3]:
    out: sw.Tensor[L2, Channels, L3] = x.unsqueeze(axis)
    return out


x = sw.Tensor[L1, L3, L1].ones()
reveal_type(numbers(x))  # Tensor[Literal[3]]
reveal_type(x.unsqueeze(0).squeeze(0))  # Tensor[Literal[1], Literal[3], Literal[1]]
