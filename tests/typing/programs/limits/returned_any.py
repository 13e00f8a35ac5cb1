"""Limits: what no signature computes is Any, also when it is returned."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim): ...


class Heads(sw.Dim):
    size = 2


class Depth(sw.Dim):
    size = 3


@sw.typed
def summed(x: sw.Tensor[Batch, Seq, Heads, Depth]) -> sw.Tensor[Batch, Seq, Depth]:
    return x.sum(2)  # E: mypy


@sw.typed
def written(x: sw.Tensor[Batch, Seq, Heads, Depth]) -> sw.Tensor[Batch, Seq, Depth]:
    out: sw.Tensor[Batch, Seq, Depth] = x.sum(2)
    return out


x = sw.Tensor[Batch, Seq, Heads, Depth].ones(shape=(4, 5, 2, 3))
summed(x)
written(x)
