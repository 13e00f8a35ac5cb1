"""Trainers: a StateTrainer with running statistics."""

from __future__ import annotations

from typing import reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 3


class Net(sw.Pack):
    w: sw.Tensor[In, Out]
    scale: sw.Tensor[Out]
    shift: sw.Tensor[Out]


class Stats(sw.Pack):
    mean: sw.Tensor[Out]
    variance: sw.Tensor[Out]


@sw.typed
def loss(p: Net, s: Stats, x: sw.Tensor[Batch, In], y: sw.IntTensor[Batch]) -> tuple[sw.Scalar, Stats]:
    h, after = sw.batch_norm(x @ p.w, p.scale, p.shift, s, train=True)
    reveal_type(h)  # Tensor[Batch, Out]
    return sw.cross_entropy(h, y), after


net = Net(sw.Tensor[In, Out].normal(key=1), sw.Tensor[Out].ones(), sw.Tensor[Out].zeros())
stats = Stats(sw.Tensor[Out].zeros(), sw.Tensor[Out].ones())
x = sw.Tensor[Batch, In].normal(key=2, shape=(8, 4))
y = sw.IntTensor[Batch](sw.randint(0, 3, 8, key=3))
trainer = sw.StateTrainer(net, stats, loss, sw.Options(backend="eager"))
reveal_type(trainer)  # StateTrainer[Net, Stats, Tensor[Batch, In], IntTensor[Batch]]
reveal_type(trainer.step(x, y, lr=0.1))  # Tensor[()]
reveal_type(trainer.state)  # Stats
reveal_type(trainer.state.mean)  # Tensor[Out]
reveal_type(trainer.backward(x, y))  # Net
reveal_type(trainer.value_and_grad(x, y)[1].w)  # Tensor[In, Out]
