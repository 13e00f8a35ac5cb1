"""Limits: broadcasts that run and are not typed."""

from __future__ import annotations

from typing import Literal

import shapewright as sw


class Batch(sw.Dim): ...


class Heads(sw.Dim):
    size = 2


class Seq(sw.Dim):
    size = 3


@sw.typed
def masked(
    scores: sw.Tensor[Batch, Heads, Seq, Seq], bias: sw.Tensor[Batch, Literal[1], Literal[1], Seq]
) -> sw.Tensor[Batch, Heads, Seq, Seq]:
    return scores + bias  # E: -check, -mypy+plugin


@sw.typed
def written(
    scores: sw.Tensor[Batch, Heads, Seq, Seq], bias: sw.Tensor[Batch, Literal[1], Literal[1], Seq]
) -> sw.Tensor[Batch, Heads, Seq, Seq]:
    wide: sw.Tensor[Batch, Heads, Seq, Seq] = bias.broadcast_to(scores.shape)
    return scores + wide


scores = sw.Tensor[Batch, Heads, Seq, Seq].ones(shape=(2, 2, 3, 3))
bias = sw.Tensor[Batch, Literal[1], Literal[1], Seq].ones(shape=(2, 1, 1, 3))
masked(scores, bias)
written(scores, bias)
