"""Results: a function returns something else than it says."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Width(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 3


class Linear(sw.Pack):
    w: sw.Tensor[Width, Out]


class Pair(sw.Pack):
    first: sw.Tensor[Batch]
    second: sw.Tensor[Batch, Out]


@sw.typed
def matrix_for_a_scalar(p: Linear, x: sw.Tensor[Batch, Width]) -> sw.Scalar:
    return x @ p.w  # E


@sw.typed
def scalar_for_a_vector(x: sw.Tensor[Batch]) -> sw.Tensor[Batch]:
    return sw.mean(x)  # E


@sw.typed
def nothing(p: Linear, x: sw.Tensor[Batch, Width]) -> sw.Tensor[Batch, Out]:
    return None  # E


@sw.typed
def number(x: sw.Tensor[Batch, Width]) -> sw.Scalar:
    return 1.0  # E


@sw.typed
def tuple_for_one(x: sw.Tensor[Batch, Width]) -> sw.Tensor[Batch, Width]:
    return x, x  # E


@sw.typed
def in_a_tuple(p: Linear, x: sw.Tensor[Batch, Width]) -> tuple[sw.Tensor[Batch, Out], sw.Scalar]:
    return x @ p.w, x  # E


@sw.typed
def in_a_pack(p: Linear, x: sw.Tensor[Batch, Width]) -> Pair:
    return Pair(x @ p.w, x.sum(-1))  # E


@sw.typed
def other_pack(p: Linear, x: sw.Tensor[Batch, Width]) -> Pair:
    return p  # E
