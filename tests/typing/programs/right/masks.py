"""Attention: padding and causal masks."""

from __future__ import annotations

from typing import reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim):
    size = 5


class Model(sw.Dim):
    size = 4


@sw.typed
def causal(x: sw.Tensor[Batch, Seq, Model]) -> sw.BoolTensor[Seq, Seq]:
    places: sw.IntTensor[Seq] = sw.arange(x.shape[1])
    kept = sw.less_equal(places.unsqueeze(0), places.unsqueeze(1))
    reveal_type(kept)  # BoolTensor[Seq, Seq]
    return kept


@sw.typed
def by_operators(x: sw.Tensor[Batch, Seq, Model], n: sw.IntTensor[Seq]) -> sw.BoolTensor[Seq, Seq]:
    reveal_type(n.unsqueeze(1) >= n.unsqueeze(0))  # BoolTensor[Seq, Seq]
    reveal_type(n.unsqueeze(1) - n.unsqueeze(0))  # IntTensor[Seq, Seq]
    places = sw.arange(x.shape[1])
    keep: sw.BoolTensor[Seq, Seq] = places.unsqueeze(1) >= places.unsqueeze(0)
    away: sw.IntTensor[Seq, Seq] = places.unsqueeze(1) - places.unsqueeze(0)
    score: sw.Tensor[Seq, Seq] = away.astype("float32") - x[0].mean(-1)
    return keep & (away < 3) & (score < 2.0)


@sw.typed
def above_mean(x: sw.Tensor[Batch, Seq, Model], y: sw.Tensor[Batch, Seq]) -> sw.BoolTensor[Batch, Seq]:
    mean, row = y.mean(-1, keepdims=True), y.mean(0, keepdims=True)
    reveal_type(mean < y)  # BoolTensor[Batch, Seq]
    reveal_type(row <= y)  # BoolTensor[Batch, Seq]
    reveal_type(y > row)  # BoolTensor[Batch, Seq]
    reveal_type(mean > row)  # BoolTensor[Batch, Seq]
    reveal_type(x.mean((0, 1)) < x)  # BoolTensor[Batch, Seq, Model]
    return (y > mean) & (row <= y)


@sw.typed
def pooled(x: sw.Tensor[Batch, Seq, Model], used: sw.BoolTensor[Batch, Seq]) -> sw.Tensor[Batch, Model]:
    weights = used.astype("float32").unsqueeze(-1)
    reveal_type(weights)  # Tensor[Batch, Seq, Literal[1]]
    reveal_type(weights.sum(1))  # Tensor[Batch, Literal[1]]
    return (x * weights).sum(1) / sw.maximum(weights.sum(1), 1.0)


@sw.typed
def masked(x: sw.Tensor[Batch, Seq, Model], used: sw.BoolTensor[Batch, Seq]) -> sw.Tensor[Batch, Seq, Model]:
    scores = sw.where(causal(x), x @ x.mT, -1e9)
    reveal_type(scores)  # Tensor[Batch, Seq, Seq]
    return sw.where(used.unsqueeze(-1), sw.softmax(scores) @ x, 0.0)


x = sw.Tensor[Batch, Seq, Model].normal(key=1, shape=(2, 5, 4))
used = sw.BoolTensor[Batch, Seq]([[True, True, True, False, False], [True, True, True, True, True]])
reveal_type(by_operators(x, sw.IntTensor[Seq]([0, 1, 2, 3, 4])))  # BoolTensor[Seq, Seq]
reveal_type(above_mean(x, x.sum(-1)))  # BoolTensor[Batch, Seq]
reveal_type(causal(x))  # BoolTensor[Seq, Seq]
reveal_type(pooled(x, used))  # Tensor[Batch, Model]
reveal_type(masked(x, used))  # Tensor[Batch, Seq, Model]
