"""Movement: a tensor is an iterable of what lies along its first axis."""

from __future__ import annotations

from typing import reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim):
    size = 3


class In(sw.Dim):
    size = 2


@sw.typed
def together(q: sw.Tensor[Seq, In], k: sw.Tensor[Seq, In]) -> sw.Scalar:
    total = sw.zeros(())
    for a, b in zip(q, k, strict=True):
        total = total + sw.dot(a, b)
    for i, row in enumerate(q):
        total = total + row.sum() * float(i)
    return total


@sw.typed
def each(q: sw.Tensor[Seq, In], ids: sw.IntTensor[Seq, In]) -> sw.Tensor[In]:
    for row in q:
        reveal_type(row)  # Tensor[In]
    for numbers in ids:
        reveal_type(numbers)  # IntTensor[In]
    first, _, _ = list(q)
    return first + q[0]


q = sw.Tensor[Seq, In].ones()
together(q, q)
each(q, sw.IntTensor[Seq, In]([[0, 1], [1, 0], [2, 2]]))
