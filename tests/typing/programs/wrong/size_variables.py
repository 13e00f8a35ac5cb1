"""Sizes: sums and products of sizes in signatures."""

from __future__ import annotations

from typing import Literal, TypeVar

import shapewright as sw


class Batch(sw.Dim): ...


K = TypeVar("K")
N = sw.IntVar("N")
M = sw.IntVar("M")
Two = Literal[2]
Three = Literal[3]
Five = Literal[5]
Six = Literal[6]


@sw.typed
def joined(x: sw.Tensor[sw.D[N], K], y: sw.Tensor[sw.D[M], K]) -> sw.Tensor[sw.Add[N, M], K]:
    return sw.concat((x, y))


@sw.typed
def flat(x: sw.Tensor[sw.D[N], sw.D[M]]) -> sw.Tensor[sw.Mul[N, M]]:
    out: sw.Tensor[sw.Mul[N, M]] = sw.flatten(x)
    return out


@sw.typed
def sum_of_sizes(x: sw.Tensor[Two, Batch], y: sw.Tensor[Three, Batch]) -> sw.Tensor[Six, Batch]:
    return joined(x, y)  # E: pyrefly, check, mypy+plugin


@sw.typed
def product_of_sizes(x: sw.Tensor[Two, Three]) -> sw.Tensor[Five]:
    return flat(x)  # E: pyrefly, check, mypy+plugin


@sw.typed
def right(x: sw.Tensor[Two, Three]) -> sw.Tensor[Six]:
    return flat(x)
