"""Movement: transposes, new axes, other orders."""

from __future__ import annotations

from typing import reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim): ...


class Heads(sw.Dim):
    size = 2


class Depth(sw.Dim):
    size = 3


x = sw.Tensor[Batch, Seq].ones(shape=(4, 5))
z = sw.Tensor[Batch, Seq, Heads, Depth].ones(shape=(4, 5, 2, 3))
y = sw.Tensor[Batch, Seq, Depth].ones(shape=(4, 5, 3))
triples = sw.IntTensor[Batch, Seq, Depth]([[[1, 2, 3]]])
ids = sw.IntTensor[Batch, Seq]([[1, 2], [3, 4]])

reveal_type(x.T)  # Tensor[Seq, Batch]
reveal_type(x.mT)  # Tensor[Seq, Batch]
reveal_type(ids.T)  # IntTensor[Seq, Batch]
reveal_type(sw.transpose(x))  # Tensor[Seq, Batch]
reveal_type(y.mT)  # Tensor[Batch, Depth, Seq]
reveal_type(z.transpose(0, 2, 1, 3))  # Tensor[Batch, Heads, Seq, Depth]
reveal_type(z.transpose((0, 2, 1, 3)))  # Tensor[Batch, Heads, Seq, Depth]
reveal_type((z > 0.0).transpose(0, 2, 1, 3))  # BoolTensor[Batch, Heads, Seq, Depth]
reveal_type((z > 0.0).transpose((0, 2, 1, 3)))  # BoolTensor[Batch, Heads, Seq, Depth]
reveal_type(triples.transpose(2, 0, 1))  # IntTensor[Depth, Batch, Seq]
reveal_type(triples.transpose((2, 0, 1)))  # IntTensor[Depth, Batch, Seq]
reveal_type(triples.transpose())  # IntTensor[Depth, Seq, Batch]
reveal_type(x.transpose((1, 0)))  # Tensor[Seq, Batch]
reveal_type(sw.permute(z, (0, 2, 1, 3)))  # Tensor[Batch, Heads, Seq, Depth]
reveal_type(y.transpose(1, 0, 2))  # Tensor[Seq, Batch, Depth]
reveal_type(sw.permute(y, (2, 0, 1)))  # Tensor[Depth, Batch, Seq]
reveal_type(sw.transpose(y, (0, 2, 1)))  # Tensor[Batch, Depth, Seq]
reveal_type(x.unsqueeze(0))  # Tensor[Literal[1], Batch, Seq]
reveal_type(x.unsqueeze(-1))  # Tensor[Batch, Seq, Literal[1]]
reveal_type(x.unsqueeze(1))  # Tensor[Batch, Literal[1], Seq]
reveal_type(sw.unsqueeze(x, -1))  # Tensor[Batch, Seq, Literal[1]]
reveal_type(x.unsqueeze(-1).squeeze(-1))  # Tensor[Batch, Seq]
reveal_type(sw.squeeze(x.unsqueeze(0), 0))  # Tensor[Batch, Seq]
reveal_type(sw.flip(x, 0))  # Tensor[Batch, Seq]
reveal_type(sw.roll(x, 1, axis=-1))  # Tensor[Batch, Seq]
reveal_type(sw.tril(x))  # Tensor[Batch, Seq]
reveal_type(sw.triu(x, 1))  # Tensor[Batch, Seq]
reveal_type(x[0])  # Tensor[Seq]
reveal_type(x[...])  # Tensor[Batch, Seq]
reveal_type(x[None])  # Tensor[Literal[1], Batch, Seq]
reveal_type(x.to("cpu"))  # Tensor[Batch, Seq]
