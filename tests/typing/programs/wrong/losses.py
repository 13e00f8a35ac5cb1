"""Losses: logits, targets and weights that do not belong together."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim): ...


class Classes(sw.Dim):
    size = 3


class Width(sw.Dim):
    size = 4


@sw.typed
def swapped(x: sw.Tensor[Batch, Classes], y: sw.IntTensor[Batch]) -> sw.Scalar:
    return sw.cross_entropy(y, x)  # E


@sw.typed
def transposed(x: sw.Tensor[Classes, Batch], y: sw.IntTensor[Batch]) -> sw.Scalar:
    return sw.cross_entropy(x, y)  # E


@sw.typed
def one_hot_rows(x: sw.Tensor[Batch, Classes], y: sw.IntTensor[Batch, Classes]) -> sw.Scalar:
    return sw.cross_entropy(x, y)  # E


@sw.typed
def weights(x: sw.Tensor[Batch, Classes], y: sw.IntTensor[Batch], w: sw.Tensor[Batch]) -> sw.Scalar:
    return sw.cross_entropy(x, y, w)  # E


@sw.typed
def not_reduced(x: sw.Tensor[Batch, Classes], y: sw.IntTensor[Batch]) -> sw.Scalar:
    return sw.cross_entropy(x, y, reduction="none")  # E


@sw.typed
def regression(x: sw.Tensor[Batch, Width], y: sw.Tensor[Batch]) -> sw.Scalar:
    return sw.mse_loss(x, y)  # E


@sw.typed
def magnitude(x: sw.Tensor[Batch, Width], y: sw.Tensor[Width, Batch]) -> sw.Scalar:
    return sw.l1_loss(x, y)  # E


@sw.typed
def rows(x: sw.Tensor[Batch, Width], y: sw.Tensor[Batch, Width]) -> sw.Tensor[Batch]:
    return sw.huber_loss(x, y, reduction="none")  # E


@sw.typed
def labels(x: sw.Tensor[Batch], y: sw.IntTensor[Batch]) -> sw.Scalar:
    return sw.bce_with_logits(x, y)  # E


@sw.typed
def likelihood(x: sw.Tensor[Batch, Seq, Classes], y: sw.IntTensor[Seq, Batch]) -> sw.Scalar:
    return sw.nll_loss(sw.log_softmax(x), y)  # E
