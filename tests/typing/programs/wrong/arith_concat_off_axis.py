"""Sizes that are joined: another axis differs."""

from __future__ import annotations

from typing import Literal

import shapewright as sw

L2 = Literal[2]
L3 = Literal[3]
L4 = Literal[4]
L5 = Literal[5]
L6 = Literal[6]
L8 = Literal[8]


@sw.typed
def columns(x: sw.Tensor[L2, L3], y: sw.Tensor[L2, L4]) -> sw.Tensor[L4, L3]:
    out: sw.Tensor[L4, L3] = sw.concat((x, y))  # E: pyrefly, check, mypy+plugin
    return out


@sw.typed
def rows(x: sw.Tensor[L2, L3], y: sw.Tensor[L3, L3]) -> sw.Tensor[L2, L6]:
    out: sw.Tensor[L2, L6] = sw.concat((x, y), axis=1)  # E: pyrefly, check, mypy+plugin
    return out


@sw.typed
def depth(x: sw.Tensor[L2, L3, L4], y: sw.Tensor[L2, L5, L4]) -> sw.Tensor[L2, L3, L8]:
    out: sw.Tensor[L2, L3, L8] = sw.concat((x, y), axis=2)  # E: pyrefly, check, mypy+plugin
    return out
