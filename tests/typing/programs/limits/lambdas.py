"""Limits: the parameters of a lambda have no types."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 3


class Linear(sw.Pack):
    w: sw.Tensor[In, Out]


@sw.typed
def loss(p: Linear, x: sw.Tensor[Batch, In], y: sw.Tensor[Batch, Out]) -> sw.Scalar:
    return sw.mse_loss(x @ p.w, y)


init = Linear(sw.Tensor[In, Out].normal(std=0.1, key=1))
x = sw.Tensor[Batch, In].normal(key=2, shape=(8, 4))
y = sw.Tensor[Batch, Out].normal(key=3, shape=(8, 3))
eager = sw.Options(backend="eager")
sw.ScalarTrainer(init, lambda p, x, y: loss(p, x, y), eager).step(x, y, lr=0.1)  # E: pyright, basedpyright
