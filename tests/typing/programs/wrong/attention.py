"""Attention: queries, keys, values and masks that do not fit."""

from __future__ import annotations

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
def no_transpose(q: sw.Tensor[Batch, Seq, Depth], k: sw.Tensor[Batch, Keys, Depth]) -> sw.Tensor[Batch, Seq, Keys]:
    return sw.softmax(q @ k)  # E


@sw.typed
def values_first(
    q: sw.Tensor[Batch, Seq, Depth], k: sw.Tensor[Batch, Keys, Depth], v: sw.Tensor[Batch, Keys, Value]
) -> sw.Tensor[Batch, Seq, Value]:
    return sw.scaled_dot_product_attention(q, v, k)  # E


@sw.typed
def other_length(
    q: sw.Tensor[Batch, Seq, Depth], k: sw.Tensor[Batch, Keys, Depth], v: sw.Tensor[Batch, Seq, Value]
) -> sw.Tensor[Batch, Seq, Value]:
    return sw.scaled_dot_product_attention(q, k, v)  # E


@sw.typed
def other_result(
    q: sw.Tensor[Batch, Heads, Seq, Depth],
    k: sw.Tensor[Batch, Heads, Keys, Depth],
    v: sw.Tensor[Batch, Heads, Keys, Value],
) -> sw.Tensor[Batch, Heads, Keys, Value]:
    return sw.scaled_dot_product_attention(q, k, v)  # E


@sw.typed
def integer_mask(q: sw.Tensor[Batch, Seq, Depth], mask: sw.IntTensor[Seq, Seq]) -> sw.Tensor[Batch, Seq, Depth]:
    return sw.scaled_dot_product_attention(q, q, q, mask)  # E


@sw.typed
def masked(scores: sw.Tensor[Batch, Seq, Keys], mask: sw.BoolTensor[Keys, Seq]) -> sw.Tensor[Batch, Seq, Keys]:
    return sw.where(mask, scores, -1e9)  # E


@sw.typed
def lost_heads(x: sw.Tensor[Batch, Heads, Seq, Depth]) -> sw.Tensor[Batch, Seq, Heads, Depth]:
    return x.transpose(0, 1, 3, 2)  # E
