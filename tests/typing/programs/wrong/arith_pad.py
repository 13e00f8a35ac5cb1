"""Sizes that are repeated: padding."""

from __future__ import annotations

from typing import Literal

import shapewright as sw

L2 = Literal[2]
L3 = Literal[3]
L4 = Literal[4]
L5 = Literal[5]
L8 = Literal[8]
L9 = Literal[9]


class Batch(sw.Dim): ...


class Channels(sw.Dim): ...


@sw.typed
def one(x: sw.Tensor[L3]) -> sw.Tensor[L5]:
    return sw.pad(x, ((1, 2),))  # E: pyrefly, check, mypy+plugin


@sw.typed
def two(x: sw.Tensor[L2, L3]) -> sw.Tensor[L4, L4]:
    return sw.pad(x, 1)  # E: pyrefly, check, mypy+plugin


@sw.typed
def named(x: sw.Tensor[Batch, L3]) -> sw.Tensor[Batch, L4]:
    return sw.pad(x, ((0, 0), (1, 1)))  # E: pyrefly, check, mypy+plugin


@sw.typed
def images(x: sw.Tensor[Batch, Channels, L8, L8]) -> sw.Tensor[Batch, Channels, L9, L9]:
    return sw.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))  # E: pyrefly, check, mypy+plugin
