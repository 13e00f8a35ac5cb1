"""Sizes: what broadcast_to, repeat and pad give."""

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
def broadcast(x: sw.Tensor[Three]) -> sw.Tensor[Two, Five]:
    return sw.broadcast_to(x, (2, 5))  # E: pyrefly, check, mypy+plugin


@sw.typed
def other_result(x: sw.Tensor[Three], y: sw.Tensor[Five, Three]) -> sw.Scalar:
    return sw.mse_loss(x.broadcast_to(2, 3), y)  # E: pyrefly, check, mypy+plugin


@sw.typed
def repeated(x: sw.Tensor[Batch, Three]) -> sw.Tensor[Batch, Five]:
    return sw.repeat(x, 2, axis=1)  # E: pyrefly, check, mypy+plugin


@sw.typed
def padded(x: sw.Tensor[Two, Three], y: sw.Tensor[Two, Six]) -> sw.Scalar:
    return sw.mse_loss(sw.pad(x, ((0, 0), (1, 1))), y)  # E: pyrefly, check, mypy+plugin


@sw.typed
def right(x: sw.Tensor[Two, Three], y: sw.Tensor[Two, Five]) -> sw.Scalar:
    return sw.mse_loss(sw.pad(x, ((0, 0), (1, 1))), y)
