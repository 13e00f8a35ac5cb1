"""Elementwise: operands that do not broadcast."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim): ...


class Width(sw.Dim):
    size = 4


class Wide(sw.Dim):
    size = 8


@sw.typed
def bias(x: sw.Tensor[Batch, Width], b: sw.Tensor[Batch]) -> sw.Tensor[Batch, Width]:
    return x + b  # E


@sw.typed
def scale(x: sw.Tensor[Batch, Seq, Width], s: sw.Tensor[Seq]) -> sw.Tensor[Batch, Seq, Width]:
    return x * s  # E


@sw.typed
def positions(x: sw.Tensor[Batch, Seq, Width], p: sw.Tensor[Width, Seq]) -> sw.Tensor[Batch, Seq, Width]:
    return x - p  # E


@sw.typed
def quotient(x: sw.Tensor[Batch, Width], y: sw.Tensor[Batch, Wide]) -> sw.Tensor[Batch, Width]:
    return x / y  # E


@sw.typed
def by_name(x: sw.Tensor[Batch, Width], y: sw.Tensor[Batch, Wide]) -> sw.Tensor[Batch, Width]:
    return sw.add(x, y)  # E


@sw.typed
def largest(x: sw.Tensor[Batch, Width], y: sw.Tensor[Wide]) -> sw.Tensor[Batch, Width]:
    return sw.maximum(x, y)  # E


@sw.typed
def power(x: sw.Tensor[Batch, Width], y: sw.Tensor[Batch]) -> sw.Tensor[Batch, Width]:
    return sw.pow(x, y)  # E
