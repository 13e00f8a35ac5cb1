"""Transformer blocks: parts that do not fit."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim): ...


class Model(sw.Dim):
    size = 8


class Wide(sw.Dim):
    size = 16


class Vocab(sw.Dim):
    size = 11


class Attention(sw.Pack):
    q: sw.Tensor[Model, Model]
    k: sw.Tensor[Model, Model]
    v: sw.Tensor[Model, Model]


class Block(sw.Pack):
    attention: Attention
    up: sw.Tensor[Model, Wide]
    down: sw.Tensor[Wide, Model]
    scale: sw.Tensor[Model]


class Transformer(sw.Pack):
    tokens: sw.Tensor[Vocab, Model]
    places: sw.Tensor[Seq, Model]
    blocks: tuple[Block, ...]


@sw.typed
def attend(p: Attention, x: sw.Tensor[Batch, Seq, Model]) -> sw.Tensor[Batch, Seq, Model]:
    return sw.scaled_dot_product_attention(x @ p.q, x @ p.k, x @ p.v, is_causal=True)


@sw.typed
def no_way_down(p: Block, x: sw.Tensor[Batch, Seq, Model]) -> sw.Tensor[Batch, Seq, Model]:
    return x + sw.gelu(x @ p.up)  # E


@sw.typed
def wrong_way(p: Block, x: sw.Tensor[Batch, Seq, Model]) -> sw.Tensor[Batch, Seq, Model]:
    return x + sw.gelu(x @ p.down) @ p.up  # E


@sw.typed
def block_for_attention(p: Block, x: sw.Tensor[Batch, Seq, Model]) -> sw.Tensor[Batch, Seq, Model]:
    return attend(p, x)  # E


@sw.typed
def wide_norm(p: Block, x: sw.Tensor[Batch, Seq, Model]) -> sw.Tensor[Batch, Seq, Wide]:
    return sw.rms_norm(x @ p.up, p.scale)  # E


@sw.typed
def tokens_as_data(p: Transformer, ids: sw.IntTensor[Batch, Seq]) -> sw.Tensor[Batch, Seq, Model]:
    return ids + p.places  # E


@sw.typed
def positions(p: Transformer, ids: sw.IntTensor[Batch, Seq]) -> sw.Tensor[Batch, Seq, Model]:
    return sw.embedding(ids, p.tokens) + p.places.T  # E


@sw.typed
def tied_head(p: Transformer, x: sw.Tensor[Batch, Seq, Model]) -> sw.Tensor[Batch, Seq, Vocab]:
    return x @ p.tokens  # E


@sw.typed
def labels(p: Transformer, x: sw.Tensor[Batch, Seq, Model], y: sw.IntTensor[Batch]) -> sw.Scalar:
    return sw.cross_entropy(x @ p.tokens.T, y)  # E
