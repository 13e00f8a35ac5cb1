"""Limits: a result without a type that is returned at once is Any."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Pixels(sw.Dim):
    size = 6


@sw.typed
def totals(x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch]:
    return sw.einsum("bp->b", x)  # E: mypy


totals(sw.Tensor[Batch, Pixels].ones(shape=(4, 6)))
