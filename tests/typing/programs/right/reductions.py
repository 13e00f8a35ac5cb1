"""Reductions: over one axis, several and all, with the axes kept."""

from __future__ import annotations

from typing import reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim): ...


class Model(sw.Dim):
    size = 4


x = sw.Tensor[Batch, Seq, Model].ones(shape=(2, 3, 4))
ids = sw.IntTensor[Batch, Seq]([[1, 2, 3], [4, 5, 6]])
on = x > 0.5

reveal_type(x.sum())  # Tensor[()]
reveal_type(x.sum(-1))  # Tensor[Batch, Seq]
reveal_type(x.sum(axis=0))  # Tensor[Seq, Model]
reveal_type(x.sum(1))  # Tensor[Batch, Model]
reveal_type(x.sum(-2))  # Tensor[Batch, Model]
reveal_type(x.mean(-1, keepdims=True))  # Tensor[Batch, Seq, Literal[1]]
reveal_type(x.mean(0, keepdims=True))  # Tensor[Literal[1], Seq, Model]
reveal_type(x.mean(1, keepdims=True))  # Tensor[Batch, Literal[1], Model]
reveal_type(x.mean((0, 1)))  # Tensor[Model]
reveal_type(x.mean((-2, -1)))  # Tensor[Batch]
reveal_type(x.max())  # Tensor[()]
reveal_type(x.min(-1))  # Tensor[Batch, Seq]
reveal_type(x.argmax(-1))  # IntTensor[Batch, Seq]
reveal_type(sw.sum(x, axis=-1))  # Tensor[Batch, Seq]
reveal_type(sw.mean(x, axis=(0, 1)))  # Tensor[Model]
reveal_type(sw.max(x, 0))  # Tensor[Seq, Model]
reveal_type(sw.min(x, 1))  # Tensor[Batch, Model]
reveal_type(sw.logsumexp(x, axis=-1))  # Tensor[Batch, Seq]
reveal_type(sw.var(x, axis=-1, keepdims=True))  # Tensor[Batch, Seq, Literal[1]]
reveal_type(sw.std(x, axis=0))  # Tensor[Seq, Model]
reveal_type(sw.norm(x))  # Tensor[()]
reveal_type(sw.argmax(x, axis=0))  # IntTensor[Seq, Model]
reveal_type(sw.argmin(x, axis=-1))  # IntTensor[Batch, Seq]
reveal_type(ids.sum())  # IntTensor[()]
reveal_type(ids.max(-1))  # IntTensor[Batch]
reveal_type(sw.sum(ids, axis=-1))  # IntTensor[Batch]
reveal_type(sw.any(on))  # BoolTensor[()]
reveal_type(sw.all(on, axis=-1))  # BoolTensor[Batch, Seq]
reveal_type(on.any(axis=0))  # BoolTensor[Seq, Model]
reveal_type(x - x.mean(-1, keepdims=True))  # Tensor[Batch, Seq, Model]
reveal_type(x - x.mean(0, keepdims=True))  # Tensor[Batch, Seq, Model]


@sw.typed
def standardized(x: sw.Tensor[Batch, Model]) -> sw.Tensor[Batch, Model]:
    return (x - x.mean(0, keepdims=True)) / (sw.std(x, axis=0) + 1e-5)


standardized(sw.Tensor[Batch, Model].normal(key=1, shape=(5, 4)))
