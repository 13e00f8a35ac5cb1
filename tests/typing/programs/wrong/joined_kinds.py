"""Sizes: tensors that cannot be joined."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Width(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 3


@sw.typed
def other_rows(x: sw.Tensor[Batch, Width], y: sw.Tensor[Batch, Out]) -> sw.Scalar:
    return sw.mean(sw.concat((x, y)))  # E: pyrefly, check, mypy+plugin


@sw.typed
def other_stack(x: sw.Tensor[Batch, Width], y: sw.Tensor[Batch, Out]) -> sw.Scalar:
    return sw.mean(sw.stack((x, y)))  # E: pyrefly, check, mypy+plugin


@sw.typed
def other_rank(x: sw.Tensor[Batch, Width], y: sw.Tensor[Width]) -> sw.Scalar:
    return sw.mean(sw.concat((x, y)))  # E: pyrefly, check, mypy+plugin
