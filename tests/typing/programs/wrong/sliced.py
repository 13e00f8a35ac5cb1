"""Sizes: what a slice gives."""

from __future__ import annotations

from typing import Literal

import shapewright as sw


class Batch(sw.Dim): ...


class Width(sw.Dim):
    size = 4


Two = Literal[2]
Three = Literal[3]
Five = Literal[5]


@sw.typed
def first(x: sw.Tensor[Five, Width]) -> sw.Tensor[Three, Width]:
    return x[:2]  # E: pyrefly, check, mypy+plugin


@sw.typed
def last(x: sw.Tensor[Five, Width]) -> sw.Tensor[Two, Width]:
    return x[2:]  # E: pyrefly, check, mypy+plugin


@sw.typed
def second_axis(x: sw.Tensor[Batch, Five], y: sw.Tensor[Batch, Five]) -> sw.Scalar:
    return sw.mse_loss(x[:, :3], y)  # E: pyrefly, check, mypy+plugin


@sw.typed
def right(x: sw.Tensor[Batch, Five], y: sw.Tensor[Batch, Three]) -> sw.Scalar:
    return sw.mse_loss(x[:, :3], y)
