"""Sizes that are repeated: repeated elements."""

from __future__ import annotations

from typing import Literal

import shapewright as sw

L2 = Literal[2]
L3 = Literal[3]
L4 = Literal[4]
L5 = Literal[5]
L9 = Literal[9]


class Batch(sw.Dim): ...


class Hidden(sw.Dim): ...


@sw.typed
def rows(x: sw.Tensor[L2, L3]) -> sw.Tensor[L5, L3]:
    return sw.repeat(x, 3, 0)  # E: pyrefly, check, mypy+plugin


@sw.typed
def columns(x: sw.Tensor[Batch, L3]) -> sw.Tensor[Batch, L5]:
    return sw.repeat(x, 2, -1)  # E: pyrefly, check, mypy+plugin


@sw.typed
def second(x: sw.Tensor[Batch, L3, Hidden]) -> sw.Tensor[Batch, L9, Hidden]:
    return sw.repeat(x, 2, 1)  # E: pyrefly, check, mypy+plugin


@sw.typed
def axis(x: sw.Tensor[L2, L3]) -> sw.Tensor[L4, L3]:
    out: sw.Tensor[L4, L3] = sw.repeat(x, 2, 2)  # E: pyrefly, check, mypy+plugin
    return out
