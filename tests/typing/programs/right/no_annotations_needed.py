"""Layers: what is inferred of functions without `typed`."""

from __future__ import annotations

from typing import reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Hidden(sw.Dim):
    size = 6


class Out(sw.Dim):
    size = 3


class Net(sw.Pack):
    w1: sw.Tensor[In, Hidden]
    w2: sw.Tensor[Hidden, Out]


def hidden(p: Net, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Hidden]:
    return sw.relu(x @ p.w1)


def run(p: Net, x: sw.Tensor[Batch, In]) -> None:
    h = hidden(p, x)
    z = h @ p.w2
    centred = z - z.mean(0, keepdims=True)
    rows = [centred, z]
    pairs = {"a": (h, z)}
    reveal_type(centred)  # Tensor[Batch, Out]
    reveal_type(rows)  # list[Tensor[Batch, Out]]
    reveal_type(pairs["a"])  # tuple[Tensor[Batch, Hidden], Tensor[Batch, Out]]
    reveal_type([row.sum() for row in rows])  # list[Tensor[()]]
    reveal_type(max(len(rows), 1))  # int
    reveal_type(z if len(rows) > 1 else centred)  # Tensor[Batch, Out]


run(Net(sw.Tensor[In, Hidden].ones(), sw.Tensor[Hidden, Out].ones()), sw.Tensor[Batch, In].ones(shape=(2, 4)))
