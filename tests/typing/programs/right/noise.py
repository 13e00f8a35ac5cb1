"""Creation: random numbers and dropout in a loss, with and without keys."""

from __future__ import annotations

from typing import reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class Width(sw.Dim):
    size = 4


class Net(sw.Pack):
    w: sw.Tensor[Width, Width]
    rate: float = 0.5


@sw.typed
def loss(p: Net, x: sw.Tensor[Batch, Width]) -> sw.Scalar:
    noisy = x + sw.normal(x.shape, std=0.1) if p.rate else x
    return sw.mse_loss(sw.dropout(noisy @ p.w, p.rate), x)


@sw.typed
def sampled(mean: sw.Tensor[Batch, Width], spread: sw.Tensor[Batch, Width], key: sw.Key) -> sw.Tensor[Batch, Width]:
    noise: sw.Tensor[Batch, Width] = sw.normal(mean.shape, key=key)
    return mean + sw.exp(spread) * noise


x = sw.Tensor[Batch, Width].normal(key=1, shape=(3, 4))
trainer = sw.ScalarTrainer(Net(sw.Tensor[Width, Width].normal(key=2)), loss, sw.Options(backend="eager", seed=3))
reveal_type(trainer.step(x, lr=0.1))  # Tensor[()]
first, second = sw.Key(1).split(2)
reveal_type(first)  # Key
reveal_type(sampled(x, x, second))  # Tensor[Batch, Width]
