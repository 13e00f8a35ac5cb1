"""Trainers: losses, parameters and inputs that do not belong together."""

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


@sw.typed
def no_scalar(p: Linear, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    return predict(p, x)


def build(p: Linear, other: Other, x: sw.Tensor[Batch, In]) -> None:
    sw.ScalarTrainer(p, no_scalar)  # E: -check
    sw.ScalarTrainer(other, loss)  # E: -check
    sw.ScalarTrainer(x, loss)  # E: -check
    sw.ScalarTrainer(loss, p)  # E: -check
    sw.ScalarTrainer(p, loss, optimizer=sw.optim.SGD)  # E: -check
    sw.ScalarTrainer(p, loss, requires_grad=True)  # E: -check
    sw.ScalarTrainer(p, loss, sw.Options(backend="fast"))  # E: -check
    sw.ScalarTrainer(p)  # E: -check


def use(p: Linear, other: Other, x: sw.Tensor[Batch, In], y: sw.Tensor[Batch, Out]) -> None:
    trainer = sw.ScalarTrainer(p, loss)
    trainer.step(y, x, lr=0.1)  # E: -check
    trainer.step(x, lr=0.1)  # E: -check
    trainer.step(x, y)  # E: -check
    trainer.step(x, y, 0.1)  # E: -check
    trainer.forward(x, x)  # E: -check
    trainer.backward(p, x, y)  # E: -check
    trainer.value_and_grad(y, y)  # E: -check
    trainer.adam_step(x, y, lr=0.1, betas=0.9)  # E: -check
    trainer.adamw_step(x.T, y, lr=0.1)  # E: -check
    trainer.apply_grads(other, lr=0.1)  # E: -check
    trainer.apply_grads(trainer.forward(x, y), lr=0.1)  # E: -check
    trainer.step_many([(y, x)], lr=0.1)  # E: -check


def results(p: Linear, x: sw.Tensor[Batch, In], y: sw.Tensor[Batch, Out]) -> Other:
    trainer = sw.ScalarTrainer(p, loss)
    value: float = trainer.step(x, y, lr=0.1)  # E: -check
    grads: sw.Tensor[In, Out] = trainer.backward(x, y).b  # E: -check
    print(value, grads)
    return trainer.get_params()  # E: -check
