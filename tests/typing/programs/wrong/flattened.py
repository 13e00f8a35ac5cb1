"""Sizes: what a flatten gives."""

from __future__ import annotations

from typing import Literal

import shapewright as sw


class Batch(sw.Dim): ...


class Width(sw.Dim):
    size = 4


Two = Literal[2]
Three = Literal[3]
Five = Literal[5]
Six = Literal[6]


@sw.typed
def whole(x: sw.Tensor[Two, Three]) -> sw.Tensor[Five]:
    return sw.flatten(x)  # E: pyrefly, check, mypy+plugin


@sw.typed
def images(x: sw.Tensor[Batch, Two, Three]) -> sw.Tensor[Batch, Five]:
    return sw.flatten(x, 1)  # E: pyrefly, check, mypy+plugin


@sw.typed
def head(x: sw.Tensor[Batch, Two, Three], w: sw.Tensor[Five, Width]) -> sw.Tensor[Batch, Width]:
    return sw.flatten(x, 1) @ w  # E: pyrefly, check, mypy+plugin


@sw.typed
def right(x: sw.Tensor[Batch, Two, Three], w: sw.Tensor[Six, Width]) -> sw.Tensor[Batch, Width]:
    return sw.flatten(x, 1) @ w
