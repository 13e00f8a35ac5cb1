"""Movement: rows, elements and slices by iteration and index."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim): ...


class Width(sw.Dim):
    size = 4


@sw.typed
def first_row(x: sw.Tensor[Batch, Width]) -> sw.Tensor[Batch]:
    return x[0]  # E


@sw.typed
def whole(x: sw.Tensor[Batch, Width]) -> sw.Tensor[Width]:
    return x[...]  # E


@sw.typed
def new_axis(x: sw.Tensor[Batch, Width]) -> sw.Tensor[Batch, Width]:
    return x[None]  # E


@sw.typed
def by_labels(x: sw.Tensor[Batch, Width], ids: sw.IntTensor[Seq]) -> sw.Tensor[Batch, Width]:
    return x[ids]  # E


def rows(x: sw.Tensor[Batch, Width]) -> list[sw.Tensor[Batch]]:
    return list(x)  # E: -check, -ty


def paired(x: sw.Tensor[Batch, Width], y: sw.Tensor[Batch, Seq]) -> list[sw.Tensor[Width]]:
    return [b for _, b in zip(x, y, strict=True)]  # E: -check, -ty
