"""Sizes that are joined: ranks and axes that there are not."""

from __future__ import annotations

from typing import Literal

import shapewright as sw

L2 = Literal[2]
L3 = Literal[3]
L4 = Literal[4]
L5 = Literal[5]


@sw.typed
def ranks(x: sw.Tensor[L2, L3], y: sw.Tensor[L2, L3, L4]) -> sw.Tensor[L4, L3]:
    out: sw.Tensor[L4, L3] = sw.concat((x, y))  # E: pyrefly, check, mypy+plugin
    return out


@sw.typed
def axis(x: sw.Tensor[L2, L3], y: sw.Tensor[L3, L3]) -> sw.Tensor[L5, L3]:
    out: sw.Tensor[L5, L3] = sw.concat((x, y), axis=2)  # E: pyrefly, check, mypy+plugin
    return out
