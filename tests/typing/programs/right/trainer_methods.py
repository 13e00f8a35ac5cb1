"""Trainers: every method of a ScalarTrainer."""

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
def predict(p: Linear, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    return x @ p.w + p.b


@sw.typed
def loss(p: Linear, x: sw.Tensor[Batch, In], y: sw.Tensor[Batch, Out]) -> sw.Scalar:
    return sw.mse_loss(predict(p, x), y)


init = Linear(sw.Tensor[In, Out].normal(std=0.1, key=1), sw.Tensor[Out].zeros())
x = sw.Tensor[Batch, In].normal(key=2, shape=(8, 4))
y = sw.Tensor[Batch, Out].normal(key=3, shape=(8, 3))
eager = sw.Options(backend="eager")

trainer = sw.ScalarTrainer(init, loss, eager, optimizer=sw.optim.Adam(), requires_grad=lambda name: name != "b")
reveal_type(trainer)  # ScalarTrainer[Linear, Tensor[Batch, In], Tensor[Batch, Out]]
reveal_type(trainer.forward(x, y))  # Tensor[()]
reveal_type(trainer.backward(x, y))  # Linear
value, grads = trainer.value_and_grad(x, y)
reveal_type(value)  # Tensor[()]
reveal_type(grads)  # Linear
reveal_type(grads.w)  # Tensor[In, Out]
reveal_type(trainer.step(x, y, lr=0.1))  # Tensor[()]
reveal_type(trainer.adam_step(x, y, lr=0.1, betas=(0.9, 0.99)))  # Tensor[()]
reveal_type(trainer.adamw_step(x, y, lr=0.1, weight_decay=0.1))  # Tensor[()]
trainer.apply_grads(grads, lr=0.1)
reveal_type(trainer.step_many([(x, y), (x, y)], lr=[0.1, 0.05]))  # list[Tensor[()]]
reveal_type(trainer.params)  # ParamList[Linear]
reveal_type(trainer.get_params().b)  # Tensor[Out]
reveal_type(trainer.steps)  # int
trainer.load_state_dict(trainer.state_dict())
print(float(trainer.forward(x, y)))
