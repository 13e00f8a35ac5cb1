"""Normalisation: weights and states of other channels."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Channels(sw.Dim):
    size = 4


class Width(sw.Dim):
    size = 6


class Other(sw.Dim):
    size = 5


class Stats(sw.Pack):
    mean: sw.Tensor[Channels]
    variance: sw.Tensor[Channels]


@sw.typed
def rows(x: sw.Tensor[Batch, Width], w: sw.Tensor[Other], b: sw.Tensor[Width]) -> sw.Tensor[Batch, Width]:
    return sw.layer_norm(x, w, b)  # E


@sw.typed
def mean_square(x: sw.Tensor[Batch, Width], w: sw.Tensor[Other]) -> sw.Tensor[Batch, Width]:
    return sw.rms_norm(x, w)  # E


@sw.typed
def last_axis(
    x: sw.Tensor[Batch, Channels, Width], w: sw.Tensor[Width], b: sw.Tensor[Width]
) -> sw.Tensor[Batch, Channels, Width]:
    return sw.group_norm(x, 2, w, b)  # E


@sw.typed
def two_lengths(
    x: sw.Tensor[Batch, Channels, Width], w: sw.Tensor[Channels], b: sw.Tensor[Width]
) -> sw.Tensor[Batch, Channels, Width]:
    return sw.instance_norm(x, w, b)  # E


@sw.typed
def of_a_batch(
    x: sw.Tensor[Batch, Width], w: sw.Tensor[Channels], b: sw.Tensor[Channels], s: Stats
) -> tuple[sw.Tensor[Batch, Width], Stats]:
    return sw.batch_norm(x, w, b, s, train=True)  # E


@sw.typed
def state_dropped(x: sw.Tensor[Batch, Channels], w: sw.Tensor[Channels], s: Stats) -> sw.Tensor[Batch, Channels]:
    return sw.batch_norm(x, w, w, s, train=True)  # E
