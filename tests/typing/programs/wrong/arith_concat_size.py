"""Sizes that are joined: the sum is not the declared size."""

from __future__ import annotations

from typing import Literal

import shapewright as sw

L2 = Literal[2]
L3 = Literal[3]
L4 = Literal[4]
L6 = Literal[6]
L8 = Literal[8]


@sw.typed
def first(x: sw.Tensor[L2, L3], y: sw.Tensor[L3, L3]) -> sw.Tensor[L6, L3]:
    return sw.concat((x, y))  # E: pyrefly, check, mypy+plugin


@sw.typed
def last(x: sw.Tensor[L2, L3], y: sw.Tensor[L2, L4]) -> sw.Tensor[L2, L8]:
    return sw.concat((x, y), axis=-1)  # E: pyrefly, check, mypy+plugin


@sw.typed
def second(x: sw.Tensor[L2, L3], y: sw.Tensor[L2, L4]) -> sw.Tensor[L2, L6]:
    return sw.concat((x, y), axis=1)  # E: pyrefly, check, mypy+plugin
