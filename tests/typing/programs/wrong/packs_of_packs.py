"""Packs: blocks of blocks that do not fit their neighbours."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Wide(sw.Dim):
    size = 6


class Out(sw.Dim):
    size = 3


class First(sw.Pack):
    w: sw.Tensor[In, Wide]


class Second(sw.Pack):
    w: sw.Tensor[Wide, Out]


class Pair(sw.Pack):
    first: First
    second: Second


class Ensemble(sw.Pack):
    members: tuple[Pair, ...]
    scale: sw.Tensor[Out]


@sw.typed
def one(p: Pair, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    return x @ p.first.w @ p.second.w


@sw.typed
def exchanged(p: Pair, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    return x @ p.second.w @ p.first.w  # E


@sw.typed
def whole_for_a_member(p: Ensemble, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    return one(p, x)  # E


@sw.typed
def members_for_one(p: Ensemble, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    return one(p.members, x)  # E


@sw.typed
def part_for_a_member(p: Ensemble, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    return one(p.members[0].first, x)  # E


@sw.typed
def scaled(p: Ensemble, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, In]:
    return one(p.members[0], x) * p.scale  # E


def built(first: First, second: Second, scale: sw.Tensor[Out]) -> Ensemble:
    return Ensemble((Pair(first, second), first), scale)  # E: -check


def in_a_list(pair: Pair, scale: sw.Tensor[Out]) -> Ensemble:
    return Ensemble([pair, pair], scale)  # E: -check
