"""Matrix products: batches of matrices with other axes."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Heads(sw.Dim): ...


class Seq(sw.Dim): ...


class Depth(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 3


@sw.typed
def scores(q: sw.Tensor[Batch, Seq, Depth], k: sw.Tensor[Batch, Seq, Depth]) -> sw.Tensor[Batch, Seq, Seq]:
    return q @ k  # E


@sw.typed
def other_batch(q: sw.Tensor[Batch, Seq, Depth], k: sw.Tensor[Heads, Depth, Seq]) -> sw.Tensor[Batch, Seq, Seq]:
    return q @ k  # E


@sw.typed
def by_matmul(q: sw.Tensor[Batch, Seq, Depth], w: sw.Tensor[Out, Depth]) -> sw.Tensor[Batch, Seq, Out]:
    return sw.matmul(q, w)  # E


@sw.typed
def heads(
    q: sw.Tensor[Batch, Heads, Seq, Depth], k: sw.Tensor[Batch, Heads, Seq, Depth]
) -> sw.Tensor[Batch, Heads, Depth, Depth]:
    return q @ k.mT  # E


@sw.typed
def transposed(x: sw.Tensor[Batch, Seq, Depth]) -> sw.Tensor[Seq, Batch, Depth]:
    return x.mT  # E
