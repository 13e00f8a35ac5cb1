"""Elementwise: comparisons and choices of other axes."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim): ...


class Width(sw.Dim):
    size = 4


@sw.typed
def threshold(x: sw.Tensor[Batch, Width], t: sw.Tensor[Batch]) -> sw.BoolTensor[Batch, Width]:
    return x > t  # E


@sw.typed
def integers(n: sw.IntTensor[Batch, Seq], m: sw.IntTensor[Batch]) -> sw.BoolTensor[Batch, Seq]:
    return n >= m  # E


@sw.typed
def pairs(n: sw.IntTensor[Seq], m: sw.IntTensor[Batch]) -> sw.BoolTensor[Seq, Batch]:
    return n.unsqueeze(0) <= m.unsqueeze(1)  # E


@sw.typed
def distances(n: sw.IntTensor[Seq], m: sw.IntTensor[Batch]) -> sw.IntTensor[Seq, Batch]:
    return n.unsqueeze(0) - m.unsqueeze(1)  # E


@sw.typed
def by_name(x: sw.Tensor[Batch, Width], t: sw.Tensor[Seq, Width]) -> sw.BoolTensor[Batch, Width]:
    return sw.less(x, t)  # E


@sw.typed
def result(x: sw.Tensor[Batch, Width]) -> sw.Tensor[Batch, Width]:
    return x > 0.0  # E


@sw.typed
def chosen(on: sw.BoolTensor[Seq, Width], x: sw.Tensor[Batch, Width]) -> sw.Tensor[Batch, Width]:
    return sw.where(on, x, 0.0)  # E


@sw.typed
def other_choice(
    on: sw.BoolTensor[Batch, Width], x: sw.Tensor[Batch, Width], y: sw.Tensor[Batch]
) -> sw.Tensor[Batch, Width]:
    return sw.where(on, x, y)  # E


@sw.typed
def both(a: sw.BoolTensor[Batch, Width], b: sw.BoolTensor[Batch, Seq]) -> sw.BoolTensor[Batch, Width]:
    return a & b  # E


@sw.typed
def either(a: sw.BoolTensor[Batch, Width], b: sw.BoolTensor[Batch]) -> sw.BoolTensor[Batch, Width]:
    return sw.logical_or(a, b)  # E
