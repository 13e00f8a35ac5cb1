"""Packs: members of a tuple that do not fit."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 2


class Wide(sw.Dim):
    size = 6


class Net(sw.Pack):
    w: sw.Tensor[In, Out]


class Wider(sw.Pack):
    w: sw.Tensor[In, Wide]


@sw.typed
def both(p: tuple[Net, Wider], x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    return x @ p[0].w + x @ p[1].w  # E


@sw.typed
def average(p: tuple[Net, ...], x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    first, *_ = p
    return x @ first.w


@sw.typed
def of_others(p: tuple[Wider, ...], x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    return average(p, x)  # E


@sw.typed
def of_one(p: Net, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    return average(p, x)  # E


@sw.typed
def mixed(p: tuple[Net, Wider], x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    return average(p, x)  # E


@sw.typed
def as_a_tensor(p: tuple[Net, ...], x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    return x @ p[0]  # E
