"""Trainers: an autoencoder, whose target is its input."""

from __future__ import annotations

from typing import reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class Pixels(sw.Dim):
    size = 8


class Code(sw.Dim):
    size = 2


class Autoencoder(sw.Pack):
    encoder: sw.Tensor[Pixels, Code]
    decoder: sw.Tensor[Code, Pixels]
    bias: sw.Tensor[Pixels]


@sw.typed
def encode(p: Autoencoder, x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Code]:
    return sw.tanh(x @ p.encoder)


@sw.typed
def loss(p: Autoencoder, x: sw.Tensor[Batch, Pixels]) -> sw.Scalar:
    return sw.mse_loss(sw.sigmoid(encode(p, x) @ p.decoder + p.bias), x)


x = sw.Tensor[Batch, Pixels].uniform(key=1, shape=(16, 8))
init = Autoencoder(
    encoder=sw.Tensor[Pixels, Code].normal(std=0.1, key=2),
    decoder=sw.Tensor[Code, Pixels].normal(std=0.1, key=3),
    bias=sw.Tensor[Pixels].zeros(),
)
trainer = sw.ScalarTrainer(init, loss, sw.Options(backend="eager"))
for (rows,) in sw.batches(x, size=8):
    reveal_type(rows)  # Tensor[Batch, Pixels]
    reveal_type(trainer.adam_step(rows, lr=0.01))  # Tensor[()]
reveal_type(encode(trainer.get_params(), x))  # Tensor[Batch, Code]
