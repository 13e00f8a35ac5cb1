"""Attention: heads, masks, a causal block."""

from __future__ import annotations

from typing import reveal_type

import numpy as np

import shapewright as sw


class Batch(sw.Dim): ...


class Heads(sw.Dim):
    size = 2


class Seq(sw.Dim): ...


class Keys(sw.Dim): ...


class Depth(sw.Dim):
    size = 4


class Value(sw.Dim):
    size = 3


@sw.typed
def attention(
    q: sw.Tensor[Batch, Heads, Seq, Depth],
    k: sw.Tensor[Batch, Heads, Keys, Depth],
    v: sw.Tensor[Batch, Heads, Keys, Value],
) -> sw.Tensor[Batch, Heads, Seq, Value]:
    scores = q @ k.mT / 2.0
    reveal_type(scores)  # Tensor[Batch, Heads, Seq, Keys]
    return sw.softmax(scores) @ v


@sw.typed
def masked(
    q: sw.Tensor[Batch, Seq, Depth], kv: sw.Tensor[Batch, Seq, Depth], mask: sw.BoolTensor[Seq, Seq]
) -> sw.Tensor[Batch, Seq, Depth]:
    scores = sw.where(mask, q @ kv.mT, -1e9)
    reveal_type(scores)  # Tensor[Batch, Seq, Seq]
    return sw.softmax(scores) @ kv


@sw.typed
def causal(x: sw.Tensor[Batch, Seq, Depth]) -> sw.Tensor[Batch, Seq, Depth]:
    return x + sw.scaled_dot_product_attention(x, x, x, is_causal=True)


q = sw.Tensor[Batch, Heads, Seq, Depth].normal(key=1, shape=(2, 2, 5, 4))
k = sw.Tensor[Batch, Heads, Keys, Depth].normal(key=2, shape=(2, 2, 6, 4))
v = sw.Tensor[Batch, Heads, Keys, Value].normal(key=3, shape=(2, 2, 6, 3))
x = sw.Tensor[Batch, Seq, Depth].normal(key=4, shape=(2, 5, 4))
mask = sw.BoolTensor[Seq, Seq](np.tril(np.ones((5, 5), bool)))
reveal_type(attention(q, k, v))  # Tensor[Batch, Heads, Seq, Value]
reveal_type(sw.scaled_dot_product_attention(q, k, v))  # Tensor[Batch, Heads, Seq, Value]
reveal_type(sw.scaled_dot_product_attention(x, x, x, mask, dropout=0.0))  # Tensor[Batch, Seq, Depth]
reveal_type(masked(x, x, mask))  # Tensor[Batch, Seq, Depth]
reveal_type(causal(x))  # Tensor[Batch, Seq, Depth]
