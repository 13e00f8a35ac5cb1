"""Attention: masks of other axes, or that are no masks."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim):
    size = 5


class Model(sw.Dim):
    size = 4


@sw.typed
def padding(x: sw.Tensor[Batch, Seq, Model], used: sw.BoolTensor[Batch, Seq]) -> sw.Tensor[Batch, Seq, Model]:
    return sw.where(used, x, 0.0)  # E


@sw.typed
def not_cast(x: sw.Tensor[Batch, Seq, Model], used: sw.BoolTensor[Batch, Seq]) -> sw.Tensor[Batch, Seq]:
    return used * 1.0  # E


@sw.typed
def counted(used: sw.BoolTensor[Batch, Seq]) -> sw.Tensor[Batch]:
    return used.astype("float32").sum(0)  # E


@sw.typed
def weights(x: sw.Tensor[Batch, Seq, Model], used: sw.Tensor[Batch, Seq]) -> sw.Tensor[Batch, Seq, Model]:
    return x * used  # E


@sw.typed
def numbers(x: sw.Tensor[Batch, Seq, Seq]) -> sw.Tensor[Batch, Seq, Seq]:
    return sw.where(sw.tril(x), x, 0.0)  # E
