"""Reductions: the result has other axes than the program says."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim): ...


class Width(sw.Dim):
    size = 4


@sw.typed
def kept(x: sw.Tensor[Batch, Width]) -> sw.Tensor[Batch]:
    return x.mean(-1, keepdims=True)  # E


@sw.typed
def not_kept(x: sw.Tensor[Batch, Width]) -> sw.Tensor[Batch, Width]:
    return x - x.mean(-1)  # E


@sw.typed
def wrong_axis(x: sw.Tensor[Batch, Seq, Width]) -> sw.Tensor[Batch, Width]:
    return x.sum(0)  # E


@sw.typed
def of_two(x: sw.Tensor[Batch, Seq, Width]) -> sw.Tensor[Batch]:
    return x.mean((0, 1))  # E


@sw.typed
def all_of_them(x: sw.Tensor[Batch, Width]) -> sw.Tensor[Batch]:
    return sw.max(x)  # E


@sw.typed
def by_name(x: sw.Tensor[Batch, Seq, Width]) -> sw.Tensor[Batch, Seq]:
    return sw.logsumexp(x, axis=1)  # E


@sw.typed
def spread(x: sw.Tensor[Batch, Width]) -> sw.Tensor[Batch]:
    return sw.std(x, axis=0)  # E


@sw.typed
def conditions(x: sw.Tensor[Batch, Width]) -> sw.BoolTensor[Width]:
    return sw.all(x > 0.0, axis=-1)  # E


@sw.typed
def places(x: sw.Tensor[Batch, Width]) -> sw.IntTensor[Width]:
    return sw.argmax(x, axis=-1)  # E
