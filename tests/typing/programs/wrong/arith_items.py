"""Sizes that are cut: an index outside its axis."""

from __future__ import annotations

from typing import Literal

import shapewright as sw

L2 = Literal[2]
L3 = Literal[3]
L4 = Literal[4]


@sw.typed
def over(x: sw.Tensor[L2, L3]) -> sw.Tensor[L3]:
    return x[2]  # E: pyrefly, check, mypy+plugin


@sw.typed
def under(x: sw.Tensor[L2, L3]) -> sw.Tensor[L3]:
    return x[-3]  # E: pyrefly, check, mypy+plugin


@sw.typed
def integers(x: sw.IntTensor[L4]) -> sw.IntTensor[()]:
    return x[4]  # E: pyrefly, check, mypy+plugin
