"""Arithmetic: NumPy arrays, NumPy numbers and lists at the right of an operator."""

from __future__ import annotations

from typing import reveal_type

import numpy as np

import shapewright as sw


class Batch(sw.Dim): ...


class Out(sw.Dim):
    size = 3


WEIGHTS = np.ones(3, np.float32)


@sw.typed
def weighted(x: sw.Tensor[Batch, Out]) -> sw.Tensor[Batch, Out]:
    out: sw.Tensor[Batch, Out] = x * WEIGHTS + np.ones(3, np.float32)
    return out


@sw.typed
def scaled(x: sw.Tensor[Batch, Out]) -> sw.Tensor[Batch, Out]:
    y = x / np.float32(0.5) - np.int64(1)
    reveal_type(y)  # Tensor[Batch, Out]
    return y


@sw.typed
def listed(x: sw.Tensor[Batch, Out]) -> sw.Tensor[Batch, Out]:
    out: sw.Tensor[Batch, Out] = x - [1.0, 2.0, 3.0]
    return out


@sw.typed
def turned(x: sw.Tensor[Batch, Out]) -> sw.Tensor[Batch, Out]:
    out: sw.Tensor[Batch, Out] = x @ np.eye(3, dtype=np.float32)
    return out


@sw.typed
def above(x: sw.Tensor[Batch, Out]) -> sw.BoolTensor[Batch, Out]:
    out: sw.BoolTensor[Batch, Out] = x > WEIGHTS
    return out


x = sw.Tensor[Batch, Out].ones(shape=(2, 3))
for f in (weighted, scaled, listed, turned):
    f(x)
above(x)
