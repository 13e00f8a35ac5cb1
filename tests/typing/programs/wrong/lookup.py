"""Lookup: tables and indices in the wrong place."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim): ...


class Vocab(sw.Dim):
    size = 7


class Model(sw.Dim):
    size = 4


class Picked(sw.Dim): ...


@sw.typed
def swapped(ids: sw.IntTensor[Batch, Seq], table: sw.Tensor[Vocab, Model]) -> sw.Tensor[Batch, Seq, Model]:
    return sw.embedding(table, ids)  # E


@sw.typed
def floating(ids: sw.Tensor[Batch, Seq], table: sw.Tensor[Vocab, Model]) -> sw.Tensor[Batch, Seq, Model]:
    return sw.embedding(ids, table)  # E


@sw.typed
def result(ids: sw.IntTensor[Batch, Seq], table: sw.Tensor[Vocab, Model]) -> sw.Tensor[Batch, Model]:
    return sw.embedding(ids, table)  # E


@sw.typed
def rows(table: sw.Tensor[Vocab, Model], ids: sw.IntTensor[Picked]) -> sw.Tensor[Vocab, Picked]:
    return sw.take(table, ids)  # E


@sw.typed
def columns(table: sw.Tensor[Vocab, Model], ids: sw.IntTensor[Picked]) -> sw.Tensor[Picked, Model]:
    return sw.take(table, ids, axis=-1)  # E


@sw.typed
def one_of_each(x: sw.Tensor[Batch, Vocab], y: sw.IntTensor[Batch]) -> sw.Tensor[Batch]:
    return sw.take_along_axis(x, y.unsqueeze(-1), axis=-1)  # E


@sw.typed
def scattered(
    x: sw.Tensor[Batch, Vocab], y: sw.IntTensor[Batch, Seq], u: sw.Tensor[Batch, Picked]
) -> sw.Tensor[Batch, Vocab]:
    return sw.scatter_add(x, y, u, axis=1)  # E


@sw.typed
def picked_row(table: sw.Tensor[Vocab, Model]) -> sw.Tensor[Vocab]:
    return table[0]  # E
