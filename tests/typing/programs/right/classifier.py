"""Trainers: a classifier with a weighted loss and its accuracy."""

from __future__ import annotations

from typing import reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class Pixels(sw.Dim):
    size = 6


class Classes(sw.Dim):
    size = 3


class Linear(sw.Pack):
    w: sw.Tensor[Pixels, Classes]
    b: sw.Tensor[Classes]


@sw.typed
def logits(p: Linear, x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Classes]:
    return sw.linear(x, p.w, p.b)


@sw.typed
def loss(p: Linear, x: sw.Tensor[Batch, Pixels], y: sw.IntTensor[Batch], weight: sw.Tensor[Classes]) -> sw.Scalar:
    return sw.cross_entropy(logits(p, x), y, weight) + 0.01 * sw.sum(sw.square(p.w))


@sw.typed
def accuracy(p: Linear, x: sw.Tensor[Batch, Pixels], y: sw.IntTensor[Batch]) -> sw.Scalar:
    right = logits(p, x).argmax(-1) == y
    reveal_type(right)  # BoolTensor[Batch]
    return right.astype("float32").mean()


x = sw.Tensor[Batch, Pixels].normal(key=1, shape=(12, 6))
y = sw.IntTensor[Batch](sw.randint(0, 3, 12, key=2))
weight = sw.Tensor[Classes]([1.0, 2.0, 1.0])
p = Linear(sw.Tensor[Pixels, Classes].normal(std=0.1, key=3), sw.Tensor[Classes].zeros())
trainer = sw.ScalarTrainer(p, loss, sw.Options(backend="eager", seed=1))
reveal_type(trainer.step(x, y, weight, lr=0.1))  # Tensor[()]
reveal_type(sw.jit(accuracy)(trainer.get_params(), x, y))  # Tensor[()]
reveal_type(sw.one_hot(y, 3))  # Tensor[Batch, Any]
