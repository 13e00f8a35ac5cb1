"""Sizes: what a split gives."""

from __future__ import annotations

from typing import Literal

import shapewright as sw


class Batch(sw.Dim): ...


class Width(sw.Dim):
    size = 4


Two = Literal[2]
Three = Literal[3]
Six = Literal[6]


@sw.typed
def halves(x: sw.Tensor[Batch, Six]) -> sw.Tensor[Batch, Two]:
    first, _ = sw.split(x, (3, 3), axis=1)
    return first  # E: pyrefly, check, mypy+plugin


@sw.typed
def right(x: sw.Tensor[Batch, Six]) -> sw.Tensor[Batch, Three]:
    first, _ = sw.split(x, (3, 3), axis=1)
    return first
