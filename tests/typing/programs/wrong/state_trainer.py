"""Trainers: a state that is swapped, missing or of another type."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 3


class Net(sw.Pack):
    w: sw.Tensor[In, Out]


class Stats(sw.Pack):
    mean: sw.Tensor[Out]


@sw.typed
def loss(p: Net, s: Stats, x: sw.Tensor[Batch, In], y: sw.IntTensor[Batch]) -> tuple[sw.Scalar, Stats]:
    h = x @ p.w
    return sw.cross_entropy(h - s.mean, y), Stats(h.mean(0))


@sw.typed
def no_state(p: Net, x: sw.Tensor[Batch, In], y: sw.IntTensor[Batch]) -> sw.Scalar:
    return sw.cross_entropy(x @ p.w, y)


@sw.typed
def state_of_a_row(p: Net, s: Stats, x: sw.Tensor[Batch, In]) -> Stats:
    return Stats((x @ p.w).mean(-1))  # E


def build(p: Net, s: Stats) -> None:
    sw.StateTrainer(s, p, loss)  # E: -check
    sw.StateTrainer(p, p, loss)  # E: -check
    sw.StateTrainer(p, s, no_state)  # E: -check
    sw.StateTrainer(p, loss)  # E: -check
    sw.ScalarTrainer(p, loss)  # E: -check


def use(p: Net, s: Stats, x: sw.Tensor[Batch, In], y: sw.IntTensor[Batch]) -> sw.Tensor[In]:
    trainer = sw.StateTrainer(p, s, loss)
    trainer.step(s, x, y, lr=0.1)  # E: -check
    trainer.step(y, x, lr=0.1)  # E: -check
    trainer.apply_grads(s, lr=0.1)  # E: -check
    net: Net = trainer.state  # E: -check
    print(net)
    return trainer.state.mean  # E: -check
