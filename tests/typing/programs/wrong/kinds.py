"""Element kinds: integer, boolean and floating tensors mixed up."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Width(sw.Dim):
    size = 4


@sw.typed
def sum_of_kinds(x: sw.Tensor[Batch, Width], ids: sw.IntTensor[Batch, Width]) -> sw.Tensor[Batch, Width]:
    return x + ids  # E


@sw.typed
def product_of_kinds(x: sw.Tensor[Batch, Width], on: sw.BoolTensor[Batch, Width]) -> sw.Tensor[Batch, Width]:
    return x * on  # E


@sw.typed
def quotient(ids: sw.IntTensor[Batch]) -> sw.Tensor[Batch]:
    return ids / 2  # E


@sw.typed
def by_name(ids: sw.IntTensor[Batch], n: sw.IntTensor[Batch]) -> sw.Tensor[Batch]:
    return sw.div(ids, n)  # E


@sw.typed
def activation(ids: sw.IntTensor[Batch]) -> sw.Tensor[Batch]:
    return sw.relu(ids)  # E


@sw.typed
def average(ids: sw.IntTensor[Batch]) -> sw.Scalar:
    return sw.mean(ids)  # E


@sw.typed
def summed_conditions(x: sw.Tensor[Batch, Width]) -> sw.Tensor[Batch]:
    return sw.sum(x > 0.0, axis=-1)  # E


@sw.typed
def cast_to_labels(x: sw.Tensor[Batch]) -> sw.Tensor[Batch]:
    return x.astype("int64")  # E


@sw.typed
def not_cast(x: sw.Tensor[Batch, Width], y: sw.IntTensor[Batch]) -> sw.Tensor[Batch]:
    return x.argmax(-1)  # E


@sw.typed
def logic(x: sw.Tensor[Batch]) -> sw.BoolTensor[Batch]:
    return sw.logical_not(x)  # E
