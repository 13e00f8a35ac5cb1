"""Batches: tuples of rows of several arrays."""

from __future__ import annotations

from typing import reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 3


class Linear(sw.Pack):
    w: sw.Tensor[In, Out]
    b: sw.Tensor[Out]


@sw.typed
def predict(p: Linear, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    return x @ p.w + p.b


@sw.typed
def loss(p: Linear, x: sw.Tensor[Batch, In], y: sw.Tensor[Batch, Out]) -> sw.Scalar:
    return sw.mse_loss(predict(p, x), y)


init = Linear(sw.Tensor[In, Out].normal(std=0.1, key=1), sw.Tensor[Out].zeros())
x = sw.Tensor[Batch, In].normal(key=2, shape=(8, 4))
y = sw.Tensor[Batch, Out].normal(key=3, shape=(8, 3))
eager = sw.Options(backend="eager")

trainer = sw.ScalarTrainer(init, loss, eager)
for xb, yb in sw.batches(x, y, size=4, key=0):
    reveal_type(xb)  # Tensor[Batch, In]
    trainer.step(xb, yb, lr=0.1)
for (only,) in sw.batches(y, size=3, drop_last=True):
    reveal_type(only)  # Tensor[Batch, Out]
labels = sw.IntTensor[Batch]([0, 1, 2, 0, 1, 2, 0, 1])
for xb, _, label in sw.batches(x, y, labels, size=8, key=sw.Key(1)):
    reveal_type(label)  # IntTensor[Batch]
    reveal_type(sw.cross_entropy(predict(init, xb), label))  # Tensor[()]
reveal_type(trainer.step_many(sw.batches(x, y, size=4), lr=0.1))  # list[Tensor[()]]
reveal_type(len(sw.batches(x, size=3)))  # int
