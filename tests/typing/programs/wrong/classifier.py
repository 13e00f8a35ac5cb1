"""Losses: a classifier whose accuracy and loss mix up kinds."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Pixels(sw.Dim):
    size = 6


class Classes(sw.Dim):
    size = 3


class Linear(sw.Pack):
    w: sw.Tensor[Pixels, Classes]


@sw.typed
def logits(p: Linear, x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Classes]:
    return x @ p.w


@sw.typed
def not_cast(p: Linear, x: sw.Tensor[Batch, Pixels], y: sw.IntTensor[Batch]) -> sw.Scalar:
    return sw.mean(logits(p, x).argmax(-1) == y)  # E


@sw.typed
def labels_for_logits(p: Linear, x: sw.Tensor[Batch, Pixels], y: sw.IntTensor[Batch]) -> sw.Scalar:
    return sw.cross_entropy(logits(p, x).argmax(-1), y)  # E


@sw.typed
def images_for_labels(p: Linear, x: sw.Tensor[Batch, Pixels], y: sw.IntTensor[Batch]) -> sw.Scalar:
    return sw.cross_entropy(logits(p, x), x)  # E


@sw.typed
def by_class(p: Linear, x: sw.Tensor[Batch, Pixels]) -> sw.IntTensor[Batch]:
    return logits(p, x).argmax(0)  # E


@sw.typed
def probabilities(p: Linear, x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch]:
    return sw.softmax(logits(p, x))  # E
