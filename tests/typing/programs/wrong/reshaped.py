"""Sizes: what a reshape gives, and needs."""

from __future__ import annotations

from typing import Literal

import shapewright as sw


class Batch(sw.Dim): ...


class Width(sw.Dim):
    size = 4


Two = Literal[2]
Three = Literal[3]
Six = Literal[6]
Seven = Literal[7]


@sw.typed
def count(x: sw.Tensor[Two, Three], y: sw.Tensor[Seven]) -> sw.Scalar:
    return sw.mse_loss(x.reshape(7), y)  # E: pyrefly, check, mypy+plugin


@sw.typed
def by_name(x: sw.Tensor[Two, Six]) -> sw.Tensor[Three, Three]:
    return sw.reshape(x, (3, 3))  # E: pyrefly, check, mypy+plugin


@sw.typed
def rest(x: sw.Tensor[Two, Six], y: sw.Tensor[Three, Three]) -> sw.Scalar:
    return sw.mse_loss(x.reshape(3, -1), y)  # E: pyrefly, check, mypy+plugin


@sw.typed
def no_multiple(x: sw.Tensor[Two, Three], y: sw.Tensor[Two, Two]) -> sw.Scalar:
    return sw.mse_loss(x.reshape(4, -1), y)  # E: pyrefly, check, mypy+plugin


@sw.typed
def result(x: sw.Tensor[Two, Six]) -> sw.Tensor[Six, Two]:
    return sw.reshape(x, (3, 4))  # E: pyrefly, check, mypy+plugin


@sw.typed
def right(x: sw.Tensor[Two, Six]) -> sw.Tensor[Three, Literal[4]]:
    return sw.reshape(x, (3, 4))
