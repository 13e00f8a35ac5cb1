"""Lookup: embeddings, rows by index, one-hot rows, scattered sums."""

from __future__ import annotations

from typing import Literal, reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim): ...


class Model(sw.Dim):
    size = 4


class Vocab(sw.Dim):
    size = 7


class Picked(sw.Dim): ...


ids = sw.IntTensor[Batch, Seq]([[1, 2, 3], [4, 5, 6]])
table = sw.Tensor[Vocab, Model].normal(key=1)
rows = sw.IntTensor[Picked]([0, 2])
x = sw.Tensor[Batch, Vocab].ones(shape=(2, 7))
column = sw.IntTensor[Batch]([3, 4])

reveal_type(sw.embedding(ids, table))  # Tensor[Batch, Seq, Model]
reveal_type(sw.take(table, rows))  # Tensor[Picked, Model]
reveal_type(sw.take(table, rows, axis=0))  # Tensor[Picked, Model]
reveal_type(sw.take(table, rows, axis=-1))  # Tensor[Vocab, Picked]
reveal_type(sw.take(table, ids))  # Tensor[Batch, Seq, Model]
reveal_type(table[rows])  # Tensor[Picked, Model]
reveal_type(table[2])  # Tensor[Model]
reveal_type(sw.one_hot(column, 7))  # Tensor[Batch, Any]
reveal_type(sw.take_along_axis(x, column.unsqueeze(-1), axis=-1))  # Tensor[Batch, Literal[1]]
reveal_type(sw.gather(x, column.unsqueeze(-1), axis=-1))  # Tensor[Batch, Literal[1]]
reveal_type(sw.take_along_axis(x, column.unsqueeze(-1), axis=-1).squeeze(-1))  # Tensor[Batch]
added = sw.Tensor[Batch, Literal[1]].ones(shape=(2, 1))
reveal_type(sw.scatter_add(x, column.unsqueeze(-1), added, axis=1))  # Tensor[Batch, Vocab]


@sw.typed
def picked(x: sw.Tensor[Batch, Vocab], y: sw.IntTensor[Batch]) -> sw.Tensor[Batch]:
    return sw.take_along_axis(sw.log_softmax(x), y.unsqueeze(-1), axis=-1).squeeze(-1)


picked(x, column)
for row in x:
    reveal_type(row)  # Tensor[Vocab]
