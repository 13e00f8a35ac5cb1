"""Positional packs: dicts and named tuples of tensors."""

from __future__ import annotations

from typing import NamedTuple

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 3


class Named(NamedTuple):
    w: sw.Tensor[In, Out]
    b: sw.Tensor[Out]


@sw.typed
def keyed(p: dict[str, sw.Tensor[In, Out]], x: sw.Tensor[Batch, In]) -> sw.Scalar:
    return sw.mean(x @ p["w"])


@sw.typed
def named(p: Named, x: sw.Tensor[Batch, In]) -> sw.Scalar:
    return sw.mean(x @ p.w + p.b)


@sw.typed
def transposed(p: Named, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    return x @ p.w.T  # E


@sw.typed
def by_place(p: Named, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    return x @ p[1]  # E


def calls(w: sw.Tensor[In, Out], b: sw.Tensor[Out], x: sw.Tensor[Batch, In]) -> None:
    keyed({"w": b}, x)  # E: -check
    keyed({1: w}, x)  # E: -check
    keyed([w], x)  # E: -check
    named(Named(w, w), x)  # E: -check
    named((w, b), x)  # E: -check
    sw.ScalarTrainer(Named(w, b), keyed)  # E: -check
    print(Named(w, b).bias)  # E: -check
