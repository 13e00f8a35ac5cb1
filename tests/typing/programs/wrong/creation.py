"""Creation: constructors that do not give what is promised."""

from __future__ import annotations

from typing import Any

import shapewright as sw


class Batch(sw.Dim): ...


class Width(sw.Dim):
    size = 4


class Other(sw.Dim):
    size = 5


def axes() -> sw.Tensor[Width]:
    return sw.Tensor[Other].zeros()  # E: -check


def kind() -> sw.Tensor[Width]:
    return sw.IntTensor[Width]([1, 2, 3, 4])  # E: -check


def order() -> sw.Tensor[Batch, Width]:
    return sw.Tensor[Width, Batch].normal(key=1, shape=(4, 2))  # E: -check


def rank() -> sw.Tensor[Batch, Width]:
    return sw.zeros(4)  # E: -check, -mypy


def like(x: sw.Tensor[Batch, Width]) -> sw.Tensor[Width, Batch]:
    return sw.zeros_like(x)  # E: -check


def conditions() -> sw.Tensor[Any, Any]:
    return sw.bernoulli(0.5, (2, 3), key=1)  # E: -check


def counted() -> sw.Tensor[Any]:
    return sw.arange(5)  # E: -check


def dropped(x: sw.Tensor[Batch, Width]) -> sw.Tensor[Batch, Other]:
    return sw.dropout(x, 0.5, key=1)  # E: -check


def options() -> None:
    sw.Tensor[Width].normal(1.0)  # E: -check
    sw.Tensor[Width].normal(key="one")  # E: -check
    sw.Tensor[Width].zeros(shape="4")  # E: -check
    sw.uniform((2, 3), 0.0, 1.0)  # E: -check
    sw.Key("seed")  # E: -check


@sw.typed
def in_a_function(x: sw.Tensor[Batch, Width]) -> sw.Tensor[Batch, Width]:
    return x + sw.Tensor[Other].ones()  # E
