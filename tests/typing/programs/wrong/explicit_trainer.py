"""Trainers: a written type that is not the trainer's."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 3


class Linear(sw.Pack):
    w: sw.Tensor[In, Out]


class Other(sw.Pack):
    w: sw.Tensor[Out, In]


@sw.typed
def loss(p: Linear, x: sw.Tensor[Batch, In], y: sw.Tensor[Batch, Out]) -> sw.Scalar:
    return sw.mse_loss(x @ p.w, y)


def inputs(p: Linear) -> sw.ScalarTrainer[Linear, sw.Tensor[Batch, Out], sw.Tensor[Batch, In]]:
    return sw.ScalarTrainer(p, loss)  # E: -check


def parameters(p: Linear) -> sw.ScalarTrainer[Other, sw.Tensor[Batch, In], sw.Tensor[Batch, Out]]:
    return sw.ScalarTrainer(p, loss)  # E: -check


def too_few(p: Linear) -> sw.ScalarTrainer[Linear, sw.Tensor[Batch, In]]:
    return sw.ScalarTrainer(p, loss)  # E: -check


def other_trainer(p: Linear) -> sw.StateTrainer[Linear, Other, sw.Tensor[Batch, In]]:
    return sw.ScalarTrainer(p, loss)  # E: -check


def passed_on(trainer: sw.ScalarTrainer[Other, sw.Tensor[Batch, In]], p: Linear) -> None:
    trainer.apply_grads(p, lr=0.1)  # E: -check
    passed_on(sw.ScalarTrainer(p, loss), p)  # E: -check
