"""Packs: axes of the same name that belong to different classes."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Encoder:
    class Hidden(sw.Dim):
        size = 6


class Decoder:
    class Hidden(sw.Dim):
        size = 5


class First(sw.Pack):
    w: sw.Tensor[In, Encoder.Hidden]


class Second(sw.Pack):
    w: sw.Tensor[Decoder.Hidden, In]


@sw.typed
def through(a: First, b: Second, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, In]:
    return x @ a.w @ b.w  # E


@sw.typed
def result(a: First, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Decoder.Hidden]:
    return x @ a.w  # E
