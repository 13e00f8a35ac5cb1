"""Sizes that are reshaped: the number of elements changes."""

from __future__ import annotations

from typing import Literal

import shapewright as sw

L2 = Literal[2]
L3 = Literal[3]
L4 = Literal[4]
L5 = Literal[5]
L6 = Literal[6]


@sw.typed
def fewer(x: sw.Tensor[L2, L6]) -> sw.Tensor[L3, L5]:
    return sw.reshape(x, (3, 5))  # E: pyrefly, check, mypy+plugin


@sw.typed
def method(x: sw.Tensor[L2, L6]) -> sw.Tensor[L4, L4]:
    return x.reshape(4, 4)  # E: pyrefly, check, mypy+plugin


@sw.typed
def together(x: sw.Tensor[L2, L6]) -> sw.Tensor[L3, L3]:
    return x.reshape((3, 3))  # E: pyrefly, check, mypy+plugin


@sw.typed
def three(x: sw.Tensor[L2, L3, L4]) -> sw.Tensor[L4, L5]:
    return x.reshape(4, 5)  # E: pyrefly, check, mypy+plugin


@sw.typed
def integers(x: sw.IntTensor[L2, L6]) -> sw.IntTensor[L3, L5]:
    return x.reshape(3, 5)  # E: pyrefly, check, mypy+plugin
