"""Results: scalars where vectors belong, and the other way round."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Width(sw.Dim):
    size = 4


class Net(sw.Pack):
    w: sw.Tensor[Width]
    gate: sw.Tensor[()]


@sw.typed
def vector_gate(p: Net, x: sw.Tensor[Batch, Width]) -> sw.Scalar:
    return p.w  # E


@sw.typed
def scalar_row(p: Net, x: sw.Tensor[Batch, Width]) -> sw.Tensor[Batch]:
    return x @ p.gate  # E


@sw.typed
def not_reduced(p: Net, x: sw.Tensor[Batch, Width]) -> sw.Scalar:
    return x @ p.w * p.gate  # E


@sw.typed
def rows(p: Net, x: sw.Tensor[Batch, Width]) -> sw.Tensor[Batch]:
    return sw.sum(x @ p.w) + p.gate  # E


def numbers(p: Net) -> float:
    print(float(p.w))  # E: -check, -mypy, -mypy+plugin, -pyrefly
    return p.gate  # E: -check
