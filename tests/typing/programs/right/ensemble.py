"""Packs: an ensemble of networks as a tuple, trained together."""

from __future__ import annotations

from typing import reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Hidden(sw.Dim):
    size = 5


class Out(sw.Dim):
    size = 2


class Net(sw.Pack):
    w1: sw.Tensor[In, Hidden]
    w2: sw.Tensor[Hidden, Out]


@sw.typed
def one(p: Net, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    return sw.relu(x @ p.w1) @ p.w2


@sw.typed
def loss(p: tuple[Net, Net], x: sw.Tensor[Batch, In], y: sw.Tensor[Batch, Out]) -> sw.Scalar:
    first, second = p
    return sw.mse_loss(one(first, x), y) + sw.mse_loss(one(second, x), y)


def net(key: int) -> Net:
    return Net(sw.Tensor[In, Hidden].normal(key=key), sw.Tensor[Hidden, Out].normal(key=key + 1))


x = sw.Tensor[Batch, In].normal(key=1, shape=(6, 4))
y = sw.Tensor[Batch, Out].normal(key=2, shape=(6, 2))
trainer = sw.ScalarTrainer((net(3), net(5)), loss, sw.Options(backend="eager"))
reveal_type(trainer.backward(x, y))  # tuple[Net, Net]
reveal_type(trainer.step(x, y, lr=0.1))  # Tensor[()]
reveal_type(trainer.get_params()[1].w2)  # Tensor[Hidden, Out]
