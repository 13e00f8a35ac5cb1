"""Sizes that are joined: numbers beside a named axis."""

from __future__ import annotations

from typing import Literal

import shapewright as sw

L2 = Literal[2]
L3 = Literal[3]
L4 = Literal[4]
L5 = Literal[5]
L6 = Literal[6]
L8 = Literal[8]
L10 = Literal[10]


class Batch(sw.Dim): ...


class Hidden(sw.Dim): ...


@sw.typed
def features(x: sw.Tensor[Batch, L3], y: sw.Tensor[Batch, L4]) -> sw.Tensor[Batch, L8]:
    return sw.concat((x, y), axis=1)  # E: pyrefly, check, mypy+plugin


@sw.typed
def steps(x: sw.Tensor[Batch, L3, Hidden], y: sw.Tensor[Batch, L4, Hidden]) -> sw.Tensor[Batch, L6, Hidden]:
    return sw.concat((x, y), axis=1)  # E: pyrefly, check, mypy+plugin


@sw.typed
def rows(x: sw.Tensor[L2, Hidden], y: sw.Tensor[L5, Hidden]) -> sw.Tensor[L10, Hidden]:
    return sw.concat((x, y))  # E: pyrefly, check, mypy+plugin
