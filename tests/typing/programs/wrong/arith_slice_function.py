"""Sizes that are cut: bounds for several axes."""

from __future__ import annotations

from typing import Literal

import shapewright as sw

L2 = Literal[2]
L4 = Literal[4]
L5 = Literal[5]


@sw.typed
def both(x: sw.Tensor[L5, L4]) -> sw.Tensor[L2, L2]:
    return sw.slice(x, (0, 1), (2, 4))  # E: pyrefly, check, mypy+plugin


@sw.typed
def first(x: sw.Tensor[L5, L4]) -> sw.Tensor[L4, L4]:
    return sw.slice(x, (2,), (5,))  # E: pyrefly, check, mypy+plugin


@sw.typed
def many(x: sw.Tensor[L5]) -> sw.Tensor[L2]:
    return sw.slice(x, (0, 0), (2, 2))  # E: pyrefly, check, mypy+plugin
