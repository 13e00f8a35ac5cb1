"""Sizes that are joined: another axis has another name."""

from __future__ import annotations

from typing import Any, Literal

import shapewright as sw

L2 = Literal[2]
L3 = Literal[3]
L5 = Literal[5]


class Batch(sw.Dim): ...


class Hidden(sw.Dim): ...


class Seq(sw.Dim): ...


class Channels(sw.Dim): ...


@sw.typed
def rows(x: sw.Tensor[L2, Hidden], y: sw.Tensor[L3, Channels]) -> sw.Tensor[L5, Hidden]:
    out: sw.Tensor[L5, Hidden] = sw.concat((x, y))  # E: pyrefly, check
    return out


@sw.typed
def features(x: sw.Tensor[Batch, L2], y: sw.Tensor[Seq, L3]) -> sw.Tensor[Batch, L5]:
    out: sw.Tensor[Batch, L5] = sw.concat((x, y), axis=-1)  # E: pyrefly, check
    return out


@sw.typed
def numbers(x: sw.Tensor[Batch, L3], y: sw.Tensor[Batch, Hidden]) -> sw.Tensor[Any, L3]:
    out: sw.Tensor[Any, L3] = sw.concat((x, y))  # E: pyrefly, check
    return out
