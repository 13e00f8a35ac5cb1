"""Attention: heads in the wrong place."""

from __future__ import annotations

from typing import Literal

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim): ...


class Model(sw.Dim):
    size = 8


Heads = Literal[2]
Depth = Literal[4]


@sw.typed
def not_moved(
    x: sw.Tensor[Batch, Seq, Heads, Depth],
) -> sw.Tensor[Batch, Heads, Seq, Depth]:
    return x  # E


@sw.typed
def moved_twice(x: sw.Tensor[Batch, Heads, Seq, Depth]) -> sw.Tensor[Batch, Heads, Seq, Depth]:
    return x.transpose(0, 2, 1, 3)  # E


@sw.typed
def heads_as_keys(
    q: sw.Tensor[Batch, Heads, Seq, Depth], k: sw.Tensor[Batch, Seq, Heads, Depth]
) -> sw.Tensor[Batch, Heads, Seq, Seq]:
    return q @ k.mT  # E


@sw.typed
def not_joined(
    x: sw.Tensor[Batch, Heads, Seq, Depth], out: sw.Tensor[Model, Model]
) -> sw.Tensor[Batch, Heads, Seq, Model]:
    return x @ out  # E


@sw.typed
def whole_model(
    x: sw.Tensor[Batch, Seq, Model], k: sw.Tensor[Batch, Heads, Seq, Depth]
) -> sw.Tensor[Batch, Heads, Seq, Depth]:
    return sw.scaled_dot_product_attention(x, k, k)  # E
