"""Movement: axes in another order than the program says."""

from __future__ import annotations

from typing import Literal

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim): ...


class Depth(sw.Dim):
    size = 3


@sw.typed
def transposed(x: sw.Tensor[Batch, Seq]) -> sw.Tensor[Batch, Seq]:
    return x.T  # E


@sw.typed
def not_a_matrix(x: sw.Tensor[Batch, Seq, Depth]) -> sw.Tensor[Depth, Seq, Batch]:
    return x.T  # E: -check


@sw.typed
def permuted(x: sw.Tensor[Batch, Seq, Depth]) -> sw.Tensor[Seq, Batch, Depth]:
    return sw.permute(x, (2, 0, 1))  # E


@sw.typed
def by_method(x: sw.Tensor[Batch, Seq, Depth]) -> sw.Tensor[Batch, Seq, Depth]:
    return x.transpose(1, 0, 2)  # E


@sw.typed
def by_tuple(x: sw.Tensor[Batch, Seq, Depth]) -> sw.Tensor[Batch, Seq, Depth]:
    return x.transpose((1, 0, 2))  # E


@sw.typed
def of_integers(x: sw.IntTensor[Batch, Seq, Depth]) -> sw.IntTensor[Batch, Seq, Depth]:
    return x.transpose((0, 2, 1))  # E


@sw.typed
def of_conditions(x: sw.BoolTensor[Batch, Seq]) -> sw.BoolTensor[Batch, Seq]:
    return x.transpose(1, 0)  # E


@sw.typed
def rank(x: sw.Tensor[Batch, Seq, Depth]) -> sw.Tensor[Batch, Seq]:
    return x.reshape(x.shape[0], x.shape[1], 3, 1)  # E: -mypy, -pyrefly


@sw.typed
def new_axis(x: sw.Tensor[Batch, Seq]) -> sw.Tensor[Batch, Seq, Depth]:
    return x.unsqueeze(-1)  # E


@sw.typed
def first_axis(x: sw.Tensor[Batch, Seq]) -> sw.Tensor[Batch, Seq, Literal[1]]:
    return sw.unsqueeze(x, 0)  # E


@sw.typed
def squeezed(x: sw.Tensor[Batch, Literal[1], Seq]) -> sw.Tensor[Batch, Literal[1]]:
    return x.squeeze(1)  # E


@sw.typed
def flipped(x: sw.Tensor[Batch, Seq]) -> sw.Tensor[Seq, Batch]:
    return sw.flip(x, 0)  # E
