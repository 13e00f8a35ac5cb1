"""Matrix products: vectors in the wrong place."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 3


@sw.typed
def dot(x: sw.Tensor[In], y: sw.Tensor[Out]) -> sw.Scalar:
    return sw.dot(x, y)  # E


@sw.typed
def inner(x: sw.Tensor[In], y: sw.Tensor[Out]) -> sw.Scalar:
    return x @ y  # E


@sw.typed
def row(x: sw.Tensor[Out], w: sw.Tensor[In, Out]) -> sw.Tensor[Out]:
    return x @ w  # E


@sw.typed
def column(x: sw.Tensor[Batch, In], v: sw.Tensor[Out]) -> sw.Tensor[Batch]:
    return x @ v  # E


@sw.typed
def outer(x: sw.Tensor[In], y: sw.Tensor[Out]) -> sw.Tensor[Out, In]:
    return sw.outer(x, y)  # E


@sw.typed
def rank(x: sw.Tensor[Batch, In], v: sw.Tensor[In]) -> sw.Tensor[Batch, In]:
    return x @ v  # E
