"""Limits: a computed size that is returned at once is Any."""

from __future__ import annotations

from typing import Literal

import shapewright as sw


class Batch(sw.Dim): ...


class Pixels(sw.Dim):
    size = 6


@sw.typed
def images(x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Literal[2], Literal[3]]:
    return x.reshape(x.shape[0], 2, 3)  # E: mypy


images(sw.Tensor[Batch, Pixels].ones(shape=(4, 6)))
