"""Element kinds: operations that integers and conditions do not have."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim): ...


@sw.typed
def places(ids: sw.IntTensor[Batch, Seq], p: sw.IntTensor[Batch]) -> sw.IntTensor[Batch, Seq]:
    return ids + p  # E


@sw.typed
def half(ids: sw.IntTensor[Batch]) -> sw.IntTensor[Batch]:
    return ids * 0.5  # E


@sw.typed
def power(ids: sw.IntTensor[Batch]) -> sw.IntTensor[Batch]:
    return sw.pow(ids, 2)  # E


@sw.typed
def order(a: sw.BoolTensor[Batch], b: sw.BoolTensor[Batch]) -> sw.BoolTensor[Batch]:
    return sw.less(a, b)  # E


@sw.typed
def sum_of_conditions(a: sw.BoolTensor[Batch], b: sw.BoolTensor[Batch]) -> sw.BoolTensor[Batch]:
    return a + b  # E


@sw.typed
def choice(on: sw.BoolTensor[Batch], x: sw.Tensor[Batch], ids: sw.IntTensor[Batch]) -> sw.Tensor[Batch]:
    return sw.where(on, x, ids)  # E


@sw.typed
def floating_index(x: sw.Tensor[Batch, Seq], i: sw.Tensor[Batch]) -> sw.Tensor[Batch, Seq]:
    return sw.take(x, i)  # E


@sw.typed
def exponent(ids: sw.IntTensor[Batch]) -> sw.Tensor[Batch]:
    return sw.exp(ids)  # E


@sw.typed
def negated(a: sw.BoolTensor[Batch]) -> sw.BoolTensor[Batch]:
    return -a  # E
