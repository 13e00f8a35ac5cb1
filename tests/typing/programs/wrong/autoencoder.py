"""Matrix products: an autoencoder whose halves are exchanged."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Pixels(sw.Dim):
    size = 8


class Code(sw.Dim):
    size = 2


class Autoencoder(sw.Pack):
    encoder: sw.Tensor[Pixels, Code]
    decoder: sw.Tensor[Code, Pixels]


@sw.typed
def encode(p: Autoencoder, x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Code]:
    return sw.tanh(x @ p.encoder)


@sw.typed
def decoder_first(p: Autoencoder, x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Pixels]:
    return sw.tanh(x @ p.decoder) @ p.encoder  # E


@sw.typed
def code_for_an_image(p: Autoencoder, x: sw.Tensor[Batch, Pixels]) -> sw.Scalar:
    return sw.mse_loss(encode(p, x), x)  # E


@sw.typed
def encoded_twice(p: Autoencoder, x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Code]:
    return encode(p, encode(p, x))  # E


@sw.typed
def tied(p: Autoencoder, x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Pixels]:
    return encode(p, x) @ p.encoder  # E
