"""Sizes that are joined: integers and conditions."""

from __future__ import annotations

from typing import Literal, reveal_type

import shapewright as sw

L1 = Literal[1]
L2 = Literal[2]
L3 = Literal[3]
L4 = Literal[4]
L5 = Literal[5]
L6 = Literal[6]
L12 = Literal[12]


class Batch(sw.Dim): ...


@sw.typed
def integers(x: sw.IntTensor[L2, L3], y: sw.IntTensor[L3, L3]) -> sw.IntTensor[L5, L3]:
    return sw.concat((x, y))


@sw.typed
def reshaped(x: sw.IntTensor[L2, L6]) -> sw.IntTensor[L12]:
    return x.reshape(-1) + x.flatten()


@sw.typed
def conditions(x: sw.BoolTensor[L2, L3]) -> sw.BoolTensor[L6, L1]:
    return x.reshape(6, 1)


@sw.typed
def labels(x: sw.IntTensor[Batch, L6]) -> sw.IntTensor[Batch, L2]:
    a, b, c = sw.split(x, 2, axis=1)
    out: sw.IntTensor[Batch, L2] = x[:, :2] + a + b + c
    return out


@sw.typed
def mixed(x: sw.Tensor[L2, L3], y: sw.IntTensor[L2, L3]) -> sw.Tensor[L4, L3]:
    return sw.concat((x, y.astype("float32")))


x = sw.IntTensor[L2, L3]([[1, 2, 3], [4, 5, 6]])
y = sw.concat((x, x))
reveal_type(y)  # IntTensor[Any, Literal[3]]; pyrefly: IntTensor[Int[4], Literal[3]]
reveal_type(x.flatten())  # IntTensor[*tuple[Any, ...]]; pyrefly: IntTensor[*IntTuple[6]]; mypy+plugin: IntTensor[Any]
