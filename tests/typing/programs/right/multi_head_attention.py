"""Attention: several heads from one projection, by reshapes that are written out."""

from __future__ import annotations

from typing import Literal, reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim):
    size = 5


class Model(sw.Dim):
    size = 8


Heads = Literal[2]
Depth = Literal[4]


class Attention(sw.Pack):
    q: sw.Tensor[Model, Model]
    k: sw.Tensor[Model, Model]
    v: sw.Tensor[Model, Model]
    out: sw.Tensor[Model, Model]


@sw.typed
def split_heads(x: sw.Tensor[Batch, Seq, Model]) -> sw.Tensor[Batch, Heads, Seq, Depth]:
    apart: sw.Tensor[Batch, Seq, Heads, Depth] = x.reshape(x.shape[0], x.shape[1], 2, 4)
    return apart.transpose(0, 2, 1, 3)


@sw.typed
def attention(p: Attention, x: sw.Tensor[Batch, Seq, Model]) -> sw.Tensor[Batch, Seq, Model]:
    q, k, v = split_heads(x @ p.q), split_heads(x @ p.k), split_heads(x @ p.v)
    reveal_type(q)  # Tensor[Batch, Literal[2], Seq, Literal[4]]
    mixed = sw.scaled_dot_product_attention(q, k, v, is_causal=True)
    reveal_type(mixed.transpose(0, 2, 1, 3))  # Tensor[Batch, Seq, Literal[2], Literal[4]]
    joined: sw.Tensor[Batch, Seq, Model] = mixed.transpose(0, 2, 1, 3).reshape(x.shape)
    return joined @ p.out


def square(key: int) -> sw.Tensor[Model, Model]:
    return sw.Tensor[Model, Model].normal(std=0.1, key=key)


p = Attention(square(1), square(2), square(3), square(4))
x = sw.Tensor[Batch, Seq, Model].normal(key=5, shape=(2, 5, 8))
reveal_type(attention(p, x))  # Tensor[Batch, Seq, Model]
