"""Sizes that are joined: integers and conditions."""

from __future__ import annotations

from typing import Literal

import shapewright as sw

L2 = Literal[2]
L3 = Literal[3]
L4 = Literal[4]
L6 = Literal[6]
L8 = Literal[8]


@sw.typed
def integers(x: sw.IntTensor[L2, L3], y: sw.IntTensor[L3, L3]) -> sw.IntTensor[L6, L3]:
    return sw.concat((x, y))  # E: pyrefly, check, mypy+plugin


@sw.typed
def conditions(x: sw.BoolTensor[L2, L3], y: sw.BoolTensor[L2, L4]) -> sw.BoolTensor[L2, L8]:
    return sw.concat((x, y), axis=-1)  # E: pyrefly, check, mypy+plugin


@sw.typed
def labels(x: sw.IntTensor[L2, L3], y: sw.IntTensor[L2, L4]) -> sw.IntTensor[L4, L3]:
    out: sw.IntTensor[L4, L3] = sw.concat((x, y))  # E: pyrefly, check, mypy+plugin
    return out
