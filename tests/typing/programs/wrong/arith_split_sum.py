"""Sizes that are cut: the sizes of the pieces do not sum to the axis."""

from __future__ import annotations

from typing import Literal

import shapewright as sw

L2 = Literal[2]
L3 = Literal[3]
L5 = Literal[5]
L6 = Literal[6]
L8 = Literal[8]


class Batch(sw.Dim): ...


@sw.typed
def rows(x: sw.Tensor[L5, L3]) -> sw.Tensor[L2, L3]:
    a, b = sw.split(x, (2, 2))  # E: pyrefly, check, mypy+plugin
    return a + b


@sw.typed
def columns(x: sw.Tensor[Batch, L6]) -> sw.Tensor[Batch, L3]:
    pieces = sw.split(x, (3, 4), axis=1)  # E: pyrefly, check, mypy+plugin
    return pieces[0]


@sw.typed
def three(x: sw.Tensor[Batch, L6]) -> sw.Tensor[Batch, L2]:
    pieces = sw.split(x, (2, 2, 3), axis=-1)  # E: pyrefly, check, mypy+plugin
    return pieces[0] + pieces[1]


@sw.typed
def four(x: sw.Tensor[L8, L3]) -> int:
    return len(sw.split(x, (2, 2, 2, 1)))  # E: pyrefly, check, mypy+plugin
