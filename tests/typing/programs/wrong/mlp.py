"""Matrix products: the layers of an MLP do not fit."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Pixels(sw.Dim):
    size = 4


class Hidden(sw.Dim): ...


class Digits(sw.Dim):
    size = 3


class MLP(sw.Pack):
    w1: sw.Tensor[Pixels, Hidden]
    b1: sw.Tensor[Hidden]
    w2: sw.Tensor[Hidden, Digits]
    b2: sw.Tensor[Digits]


@sw.typed
def skipped_layer(p: MLP, x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Digits]:
    return x @ p.w2  # E


@sw.typed
def transposed(p: MLP, x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Hidden]:
    return x @ p.w1.T  # E


@sw.typed
def wrong_order(p: MLP, x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Hidden]:
    return p.w1 @ x  # E


@sw.typed
def wrong_bias(p: MLP, x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Hidden]:
    return x @ p.w1 + p.b2  # E


@sw.typed
def last_layer_missing(p: MLP, x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Digits]:
    return sw.relu(x @ p.w1 + p.b1)  # E


@sw.typed
def linear_bias(p: MLP, x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Hidden]:
    return sw.linear(x, p.w1, p.b2)  # E


@sw.typed
def right(p: MLP, x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Digits]:
    return sw.linear(sw.relu(x @ p.w1 + p.b1), p.w2, p.b2)
