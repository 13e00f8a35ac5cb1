"""Creation: element types are arguments, not types."""

from __future__ import annotations

from typing import reveal_type

import numpy as np

import shapewright as sw


class Batch(sw.Dim): ...


class Width(sw.Dim):
    size = 4


x = sw.Tensor[Batch, Width].ones(shape=(3, 4), dtype="float64")
y = sw.Tensor[Batch, Width](np.ones((3, 4)), dtype="float32")
reveal_type(x)  # Tensor[Batch, Width]
reveal_type(x.astype("float32") + y)  # Tensor[Batch, Width]
reveal_type(sw.cast(x, "float32"))  # Tensor[Batch, Width]
reveal_type(str(x.dtype))  # str
reveal_type(x.ndim + x.size + len(x.shape))  # int
reveal_type(x.names)  # tuple[str | None, ...]
reveal_type(sw.mean(x).item())  # float
