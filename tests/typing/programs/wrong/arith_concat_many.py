"""Sizes that are joined: more than two tensors."""

from __future__ import annotations

from typing import Literal

import shapewright as sw

L2 = Literal[2]
L3 = Literal[3]
L4 = Literal[4]
L6 = Literal[6]
L8 = Literal[8]
L12 = Literal[12]
L13 = Literal[13]


@sw.typed
def three(x: sw.Tensor[L2, L3], y: sw.Tensor[L3, L3], z: sw.Tensor[L4, L3]) -> sw.Tensor[L8, L3]:
    return sw.concat((x, y, z))  # E: pyrefly, check, mypy+plugin


@sw.typed
def four(x: sw.Tensor[L2, L3], y: sw.Tensor[L2, L4]) -> sw.Tensor[L2, L12]:
    return sw.concat((x, y, x, y), axis=-1)  # E: pyrefly, check, mypy+plugin


@sw.typed
def five(x: sw.Tensor[L2, L3], y: sw.Tensor[L3, L3]) -> sw.Tensor[L13, L3]:
    return sw.concat((x, y, x, y, x))  # E: pyrefly, check, mypy+plugin


@sw.typed
def odd(x: sw.Tensor[L2, L3], y: sw.Tensor[L2, L4]) -> sw.Tensor[L6, L3]:
    out: sw.Tensor[L6, L3] = sw.concat((x, x, y))  # E: pyrefly, check, mypy+plugin
    return out
