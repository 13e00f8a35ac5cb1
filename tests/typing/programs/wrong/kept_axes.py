"""Reductions: kept axes that meet other axes."""

from __future__ import annotations

from typing import Literal

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim): ...


class Width(sw.Dim):
    size = 4


@sw.typed
def rows_from_columns(x: sw.Tensor[Batch, Width], y: sw.Tensor[Seq, Width]) -> sw.Tensor[Batch, Width]:
    return x - y.mean(-1, keepdims=True)  # E


@sw.typed
def not_kept(x: sw.Tensor[Batch, Seq, Width]) -> sw.Tensor[Batch, Seq, Width]:
    return x / x.sum(0).sum(0).sum(-1, keepdims=True).unsqueeze(0).unsqueeze(0).unsqueeze(0)  # E


@sw.typed
def result(x: sw.Tensor[Batch, Width]) -> sw.Tensor[Batch, Literal[1]]:
    return x.mean(0, keepdims=True)  # E


@sw.typed
def two_axes(x: sw.Tensor[Batch, Seq, Width]) -> sw.Tensor[Batch, Width]:
    return x.max(1, keepdims=True)  # E


@sw.typed
def squeezed(x: sw.Tensor[Batch, Width]) -> sw.Tensor[Batch, Literal[1]]:
    return x.sum(-1, keepdims=True).squeeze(-1)  # E
