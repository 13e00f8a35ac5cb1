"""Trainers: a typed MLP, its loss, and training."""

from __future__ import annotations

from typing import reveal_type

import numpy as np

import shapewright as sw


class Batch(sw.Dim): ...


class Pixels(sw.Dim):
    size = 64


class Hidden(sw.Dim):
    size = 32


class Digits(sw.Dim):
    size = 10


class MLP(sw.Pack):
    w1: sw.Tensor[Pixels, Hidden]
    b1: sw.Tensor[Hidden]
    w2: sw.Tensor[Hidden, Digits]
    b2: sw.Tensor[Digits]


@sw.typed
def logits(p: MLP, x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Digits]:
    return sw.relu(x @ p.w1 + p.b1) @ p.w2 + p.b2


@sw.typed
def loss(p: MLP, x: sw.Tensor[Batch, Pixels], y: sw.IntTensor[Batch]) -> sw.Scalar:
    return sw.cross_entropy(logits(p, x), y)


init = MLP(
    w1=sw.Tensor[Pixels, Hidden].normal(std=0.1, key=1),
    b1=sw.Tensor[Hidden].zeros(),
    w2=sw.Tensor[Hidden, Digits].normal(std=0.1, key=2),
    b2=sw.Tensor[Digits].zeros(),
)
rng = np.random.default_rng(0)
x = sw.Tensor[Batch, Pixels](rng.normal(size=(96, 64)).astype(np.float32))
y = sw.IntTensor[Batch](rng.integers(0, 10, 96))

trainer = sw.ScalarTrainer(init, loss, sw.Options(backend="eager"))
reveal_type(trainer)  # ScalarTrainer[MLP, Tensor[Batch, Pixels], IntTensor[Batch]]
for xb, yb in sw.batches(x, y, size=32, key=0):
    reveal_type(xb)  # Tensor[Batch, Pixels]
    reveal_type(yb)  # IntTensor[Batch]
    reveal_type(trainer.step(xb, yb, lr=0.1))  # Tensor[()]
reveal_type(trainer.backward(x, y))  # MLP
reveal_type(trainer.get_params().w1)  # Tensor[Pixels, Hidden]
reveal_type(logits(trainer.get_params(), x))  # Tensor[Batch, Digits]
reveal_type(sw.jit(logits)(init, x))  # Tensor[Batch, Digits]
reveal_type(sw.grad(loss)(init, x, y))  # MLP
reveal_type(init.replace(b1=init.b1 * 2.0))  # MLP
