"""Sizes: what a concat gives."""

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
def rows(x: sw.Tensor[Two, Width], y: sw.Tensor[Three, Width]) -> sw.Tensor[Six, Width]:
    return sw.concat((x, y))  # E: pyrefly, check, mypy+plugin


@sw.typed
def columns(x: sw.Tensor[Batch, Two], y: sw.Tensor[Batch, Three]) -> sw.Tensor[Batch, Six]:
    return sw.concat((x, y), axis=-1)  # E: pyrefly, check, mypy+plugin


@sw.typed
def three(x: sw.Tensor[Batch, Two], y: sw.Tensor[Batch, Five]) -> sw.Scalar:
    return sw.mse_loss(sw.concat((x, x, x), axis=1), y)  # E: pyrefly, check, mypy+plugin


@sw.typed
def multiplied(
    x: sw.Tensor[Batch, Two], y: sw.Tensor[Batch, Three], w: sw.Tensor[Six, Width]
) -> sw.Tensor[Batch, Width]:
    return sw.concat((x, y), axis=-1) @ w  # E: pyrefly, check, mypy+plugin


@sw.typed
def added(x: sw.Tensor[Batch, Two], y: sw.Tensor[Batch, Three], b: sw.Tensor[Six]) -> sw.Tensor[Batch, Six]:
    return sw.concat((x, y), axis=-1) + b  # E: pyrefly, check, mypy+plugin


@sw.typed
def right(x: sw.Tensor[Batch, Two], y: sw.Tensor[Batch, Three], w: sw.Tensor[Five, Width]) -> sw.Tensor[Batch, Width]:
    return sw.concat((x, y), axis=-1) @ w
