"""Elementwise: all pairs of rows, by axes of size 1."""

from __future__ import annotations

from typing import reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class Other(sw.Dim): ...


class Width(sw.Dim):
    size = 3


@sw.typed
def distances(x: sw.Tensor[Batch, Width], y: sw.Tensor[Other, Width]) -> sw.Tensor[Batch, Other]:
    xx, yy = sw.square(x).sum(-1, keepdims=True), sw.square(y).sum(-1).unsqueeze(0)
    reveal_type(xx)  # Tensor[Batch, Literal[1]]
    reveal_type(yy)  # Tensor[Literal[1], Other]
    reveal_type(xx + yy)  # Tensor[Batch, Other]
    return xx + yy - 2.0 * (x @ y.T)


@sw.typed
def kernel(x: sw.Tensor[Batch, Width], y: sw.Tensor[Other, Width], scale: float = 1.0) -> sw.Tensor[Batch, Other]:
    return sw.exp(-distances(x, y) / scale)


x = sw.Tensor[Batch, Width].normal(key=1, shape=(2, 3))
y = sw.Tensor[Other, Width].normal(key=2, shape=(4, 3))
reveal_type(kernel(x, y).argmax(-1))  # IntTensor[Batch]
reveal_type(kernel(x, y, scale=2.0))  # Tensor[Batch, Other]
reveal_type(sw.norm(x, axis=-1))  # Tensor[Batch]
