"""Optimizers: gradients that are added up and clipped before they are applied."""

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
def loss(p: Linear, x: sw.Tensor[Batch, In], y: sw.Tensor[Batch, Out]) -> sw.Scalar:
    return sw.mse_loss(x @ p.w + p.b, y)


def added(a: Linear, b: Linear) -> Linear:
    return Linear(a.w + b.w, a.b + b.b)


def clipped(g: Linear, bound: float) -> Linear:
    size = sw.sqrt(sw.sum(sw.square(g.w)) + sw.sum(sw.square(g.b)))
    reveal_type(size)  # Tensor[()]
    factor = sw.minimum(bound / (size + 1e-6), 1.0)
    reveal_type(factor)  # Tensor[()]
    return Linear(g.w * factor, g.b * factor)


x = sw.Tensor[Batch, In].normal(key=1, shape=(8, 4))
y = sw.Tensor[Batch, Out].normal(key=2, shape=(8, 3))
init = Linear(sw.Tensor[In, Out].normal(key=3), sw.Tensor[Out].zeros())
trainer = sw.ScalarTrainer(init, loss, sw.Options(backend="eager"), optimizer=sw.optim.SGD(momentum=0.9))
total = sw.ParamList.from_tensors(init).values()
for xb, yb in sw.batches(x, y, size=4):
    total = added(total, trainer.backward(xb, yb))
trainer.apply_grads(clipped(total, 1.0), lr=0.1)
reveal_type(total)  # Linear
