"""Batches: rows of the wrong arrays, or too many of them."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 3


class Linear(sw.Pack):
    w: sw.Tensor[In, Out]
    b: sw.Tensor[Out]


class Other(sw.Pack):
    w: sw.Tensor[Out, In]


@sw.typed
def predict(p: Linear, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    return x @ p.w + p.b


@sw.typed
def loss(p: Linear, x: sw.Tensor[Batch, In], y: sw.Tensor[Batch, Out]) -> sw.Scalar:
    return sw.mse_loss(predict(p, x), y)


def epochs(p: Linear, x: sw.Tensor[Batch, In], y: sw.Tensor[Batch, Out], labels: sw.IntTensor[Batch]) -> None:
    trainer = sw.ScalarTrainer(p, loss)
    for xb, yb in sw.batches(y, x, size=4):
        trainer.step(xb, yb, lr=0.1)  # E: -check
    for xb, label in sw.batches(y, labels, size=4):
        trainer.step(xb, label, lr=0.1)  # E: -check
    for whole in sw.batches(x, size=4):
        trainer.forward(whole, y)  # E: -check
    for first, second in sw.batches(x, y, labels, size=4):  # E: -check
        print(first, second)
    sw.batches(x, y)  # E: -check
    sw.batches(x, y, size="all")  # E: -check
    sw.batches(x, y, 4)  # E: -check
    trainer.step_many(sw.batches(x, size=4), lr=0.1)  # E: -check
    trainer.step_many(sw.batches(x, y, size=4))  # E: -check
