"""Layers: a mistake in a loop over layers."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Width(sw.Dim):
    size = 4


class Wide(sw.Dim):
    size = 6


class Layer(sw.Pack):
    w: sw.Tensor[Width, Wide]
    back: sw.Tensor[Wide, Width]


@sw.typed
def not_back(p: tuple[Layer, ...], x: sw.Tensor[Batch, Width]) -> sw.Tensor[Batch, Width]:
    h: sw.Tensor[Batch, Width] = x
    for layer in p:
        h = sw.relu(h @ layer.w)  # E: -ty
    return h


@sw.typed
def two_steps(p: tuple[Layer, ...], x: sw.Tensor[Batch, Width]) -> sw.Tensor[Batch, Width]:
    total = x
    for layer in p:
        wide = x @ layer.w
        total = total + wide @ layer.w  # E
    return x


@sw.typed
def zipped(p: tuple[Layer, ...], q: tuple[Layer, ...], x: sw.Tensor[Batch, Width]) -> sw.Tensor[Batch, Width]:
    for first, second in zip(p, q, strict=True):
        x = x @ first.w @ second.back
    return x


@sw.typed
def zipped_wrongly(p: tuple[Layer, ...], q: tuple[Layer, ...], x: sw.Tensor[Batch, Width]) -> sw.Tensor[Batch, Width]:
    for first, second in zip(p, q, strict=True):
        print(x @ second.back @ first.w)  # E
    return x
