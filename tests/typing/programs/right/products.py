"""Matrix products: vectors, matrices, batches of both."""

from __future__ import annotations

from typing import reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 3


class Heads(sw.Dim):
    size = 2


x = sw.Tensor[Batch, In].ones(shape=(5, 4))
w = sw.Tensor[In, Out].ones()
v = sw.Tensor[In].ones()
z = sw.Tensor[Batch, Seq, In].ones(shape=(5, 6, 4))
zt = sw.Tensor[Batch, In, Seq].ones(shape=(5, 4, 6))
b = sw.Tensor[Out].zeros()

reveal_type(x @ w)  # Tensor[Batch, Out]
reveal_type(v @ v)  # Tensor[()]
reveal_type(x @ v)  # Tensor[Batch]
reveal_type(v @ w)  # Tensor[Out]
reveal_type(z @ w)  # Tensor[Batch, Seq, Out]
reveal_type(z @ zt)  # Tensor[Batch, Seq, Seq]
reveal_type(z @ v)  # Tensor[Batch, Seq]
reveal_type(z @ z.mT)  # Tensor[Batch, Seq, Seq]
reveal_type(w.T @ w)  # Tensor[Out, Out]
reveal_type(sw.matmul(x, w))  # Tensor[Batch, Out]
reveal_type(sw.matmul(z, zt))  # Tensor[Batch, Seq, Seq]
reveal_type(sw.dot(v, v))  # Tensor[()]
reveal_type(sw.outer(v, b))  # Tensor[In, Out]
reveal_type(sw.linear(z, w, b))  # Tensor[Batch, Seq, Out]
reveal_type(sw.linear(x, w))  # Tensor[Batch, Out]
