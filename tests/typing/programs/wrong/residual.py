"""Residual sums: the branch has other axes than the trunk."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim): ...


class Width(sw.Dim):
    size = 4


class Wide(sw.Dim):
    size = 8


class Layer(sw.Pack):
    up: sw.Tensor[Width, Wide]
    down: sw.Tensor[Wide, Width]


@sw.typed
def no_way_down(p: Layer, x: sw.Tensor[Batch, Width]) -> sw.Tensor[Batch, Width]:
    return x + sw.relu(x @ p.up)  # E


@sw.typed
def skipped_inner(p: Layer, x: sw.Tensor[Batch, Width]) -> sw.Tensor[Batch, Wide]:
    return x @ p.up + x  # E


@sw.typed
def wrong_sum(
    p: Layer, x: sw.Tensor[Batch, Seq, Width], y: sw.Tensor[Seq, Batch, Width]
) -> sw.Tensor[Batch, Seq, Width]:
    return x + y  # E


@sw.typed
def lost_axis(p: Layer, x: sw.Tensor[Batch, Seq, Width]) -> sw.Tensor[Batch, Seq, Width]:
    return x + x.sum(1)  # E


@sw.typed
def in_a_loop(p: tuple[Layer, ...], x: sw.Tensor[Batch, Width]) -> sw.Tensor[Batch, Width]:
    total = x
    for layer in p:
        total = total + sw.tanh(x @ layer.up)  # E
    return x
