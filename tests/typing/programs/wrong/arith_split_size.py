"""Sizes that are cut: pieces of other sizes than declared."""

from __future__ import annotations

from typing import Literal

import shapewright as sw

L3 = Literal[3]
L5 = Literal[5]
L6 = Literal[6]
L7 = Literal[7]


class Batch(sw.Dim): ...


@sw.typed
def first(x: sw.Tensor[L5, L3]) -> sw.Tensor[L3, L3]:
    return sw.split(x, (2, 3))[0]  # E: pyrefly, check, mypy+plugin


@sw.typed
def named(x: sw.Tensor[Batch, L6]) -> sw.Tensor[Batch, L3]:
    return sw.split(x, (2, 4), axis=1)[1]  # E: pyrefly, check, mypy+plugin


@sw.typed
def equal(x: sw.Tensor[L6, L3]) -> sw.Tensor[L3, L3]:
    a, b, c = sw.split(x, 2)
    return a + b + c  # E: pyrefly, check, mypy+plugin


@sw.typed
def rest(x: sw.Tensor[L7, L3]) -> sw.Tensor[L3, L3]:
    return sw.split(x, 3)[2]  # E: pyrefly, check, mypy+plugin
