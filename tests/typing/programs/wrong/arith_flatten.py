"""Sizes that are reshaped: flattened axes."""

from __future__ import annotations

from typing import Literal

import shapewright as sw

L2 = Literal[2]
L3 = Literal[3]
L4 = Literal[4]
L5 = Literal[5]
L6 = Literal[6]
L7 = Literal[7]
L8 = Literal[8]
L16 = Literal[16]


class Batch(sw.Dim): ...


class Hidden(sw.Dim): ...


@sw.typed
def whole(x: sw.Tensor[L2, L3]) -> sw.Tensor[L5]:
    return x.flatten()  # E: pyrefly, check, mypy+plugin


@sw.typed
def images(x: sw.Tensor[Batch, L8, L8]) -> sw.Tensor[Batch, L16]:
    return x.flatten(1)  # E: pyrefly, check, mypy+plugin


@sw.typed
def function(x: sw.Tensor[Batch, L3, L4]) -> sw.Tensor[Batch, L7]:
    return sw.flatten(x, 1)  # E: pyrefly, check, mypy+plugin


@sw.typed
def front(x: sw.Tensor[L2, L3, Hidden]) -> sw.Tensor[L5, Hidden]:
    return x.flatten(0, 1)  # E: pyrefly, check, mypy+plugin


@sw.typed
def middle(x: sw.Tensor[L2, L3, L4, L5]) -> sw.Tensor[L2, L7, L5]:
    return x.flatten(1, 2)  # E: pyrefly, check, mypy+plugin


@sw.typed
def axes(x: sw.Tensor[L2, L3]) -> sw.Tensor[L6]:
    return x.flatten(0, 2)  # E: pyrefly, check, mypy+plugin
