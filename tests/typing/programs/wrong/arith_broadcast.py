"""Sizes that are repeated: broadcasts."""

from __future__ import annotations

from typing import Literal

import shapewright as sw

L1 = Literal[1]
L2 = Literal[2]
L3 = Literal[3]
L4 = Literal[4]
L5 = Literal[5]


@sw.typed
def rows(x: sw.Tensor[L2, L3]) -> sw.Tensor[L4, L3]:
    return sw.broadcast_to(x, (4, 3))  # E: pyrefly, check, mypy+plugin


@sw.typed
def method(x: sw.Tensor[L2, L3]) -> sw.Tensor[L5, L2, L4]:
    return x.broadcast_to(5, 2, 4)  # E: pyrefly, check, mypy+plugin


@sw.typed
def fewer(x: sw.Tensor[L2, L3]) -> sw.Tensor[L3]:
    return sw.broadcast_to(x, (3,))  # E: pyrefly, check, mypy+plugin


@sw.typed
def declared(x: sw.Tensor[L1, L3]) -> sw.Tensor[L5, L3]:
    return x.broadcast_to(4, 3)  # E: pyrefly, check, mypy+plugin


@sw.typed
def kept(x: sw.Tensor[L2, L1]) -> sw.Tensor[L2, L5]:
    return x.broadcast_to((-1, 4))  # E: pyrefly, check, mypy+plugin
