"""The program that `shapewright demo` trains: a user's file, as you would write it (the demo loads it from its path)."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Pixels(sw.Dim):
    size = 64


class Hidden(sw.Dim):
    size = 64


class Digits(sw.Dim):
    size = 10


class MLP(sw.Pack):
    w1: sw.Tensor[Pixels, Hidden]
    b1: sw.Tensor[Hidden]
    w2: sw.Tensor[Hidden, Digits]
    b2: sw.Tensor[Digits]


@sw.typed
def logits(p: MLP, x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Digits]:
    h = sw.relu(x @ p.w1 + p.b1)
    return h @ p.w2 + p.b2


@sw.typed
def loss(p: MLP, x: sw.Tensor[Batch, Pixels], y: sw.IntTensor[Batch]) -> sw.Scalar:
    return sw.cross_entropy(logits(p, x), y)


def initial() -> MLP:
    return MLP(
        w1=sw.Tensor[Pixels, Hidden].normal(std=0.15, key=1),
        b1=sw.Tensor[Hidden].zeros(),
        w2=sw.Tensor[Hidden, Digits].normal(std=0.15, key=2),
        b2=sw.Tensor[Digits].zeros(),
    )
