"""Optimizers: stand-alone, fused, of your own, with schedules."""

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

params = sw.ParamList.from_tensors(init)
grads = sw.grad(loss)(init, x, y)
adam = sw.optim.Adam(betas=(0.9, 0.99), clip_norm=1.0)
state = adam.init(params)
reveal_type(state)  # OptState
state = adam.step(params, grads, state, lr=0.1)
reveal_type(state.t)  # int
reveal_type(params.values())  # Linear
reveal_type(params.host_values().w)  # Tensor[In, Out]
params.set_values(init)
sw.sgd_step(params, grads, lr=0.1)
sw.sgd_step_fused(params, grads, lr=0.1)
reveal_type(params["w"].name)  # str
reveal_type(params.trainable()[0].requires_grad)  # bool

optimizers: list[sw.Optimizer] = [sw.optim.SGD(momentum=0.9, nesterov=True), sw.optim.AdamW(weight_decay=0.1), adam]
schedules = [
    sw.optim.warmup_cosine(0.1, warmup=2, total=10),
    sw.optim.one_cycle(0.1, total=10),
    sw.optim.step(0.1, every=3),
]
kept: sw.OptState = state
also: list[sw.optim.Optimizer] = [*optimizers]
last: sw.optim.OptState = kept
for optimizer in also:
    trainer = sw.ScalarTrainer(init, loss, eager, optimizer=optimizer)
    for step in range(2):
        trainer.step(x, y, lr=schedules[0](step))


def frozen(cell: sw.Param[In, Out]) -> bool:
    reveal_type(cell.value)  # Tensor[In, Out]
    return not cell.requires_grad
