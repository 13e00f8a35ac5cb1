"""Elementwise: pairs of rows that are lined up wrongly."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Other(sw.Dim): ...


class Width(sw.Dim):
    size = 3


@sw.typed
def no_new_axis(x: sw.Tensor[Batch, Width], y: sw.Tensor[Other, Width]) -> sw.Tensor[Batch, Other]:
    return x.sum(-1) + y.sum(-1)  # E


@sw.typed
def other_axis(x: sw.Tensor[Batch, Width], y: sw.Tensor[Other, Width]) -> sw.Tensor[Batch, Other]:
    return x.sum(-1).unsqueeze(0) + y.sum(-1).unsqueeze(1)  # E


@sw.typed
def differences(x: sw.Tensor[Batch, Width], y: sw.Tensor[Other, Width]) -> sw.Tensor[Batch, Other]:
    return x - y  # E


@sw.typed
def products(x: sw.Tensor[Batch, Width], y: sw.Tensor[Other, Width]) -> sw.Tensor[Batch, Other]:
    return x @ y  # E
