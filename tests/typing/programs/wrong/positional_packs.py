"""Positional packs: elements in another order, too few or too many."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 3


Layers: TypeAlias = "sw.TList[sw.Tensor[In, Out], sw.Tensor[Out]]"


class Named(NamedTuple):
    w: sw.Tensor[In, Out]
    b: sw.Tensor[Out]


@sw.typed
def forward(p: Layers, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    w, b = p
    return x @ w + b


@sw.typed
def swapped_elements(p: Layers, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    b, w = p
    return x @ w + b  # E


@sw.typed
def by_place(p: Layers, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    return x @ p[1]  # E


def order(w: sw.Tensor[In, Out], b: sw.Tensor[Out], x: sw.Tensor[Batch, In]) -> object:
    return forward(sw.TList(b, w), x)  # E: -check


def too_few(w: sw.Tensor[In, Out], x: sw.Tensor[Batch, In]) -> object:
    return forward(sw.TList(w), x)  # E: -check


def too_many(w: sw.Tensor[In, Out], b: sw.Tensor[Out], x: sw.Tensor[Batch, In]) -> object:
    return forward(sw.cons(w, sw.TList(w, b)), x)  # E: -check


def head_last(w: sw.Tensor[In, Out], b: sw.Tensor[Out]) -> Layers:
    return sw.cons(b, sw.TList(w))  # E: -check


def a_tuple(w: sw.Tensor[In, Out], b: sw.Tensor[Out], x: sw.Tensor[Batch, In]) -> object:
    return forward((w, b), x)  # E: -check


def unpacked(p: Layers) -> sw.Tensor[Out]:
    return p.unpack()[0]  # E: -check


def three_of_two(p: Layers) -> None:
    _, _, _ = p  # E: -check


def named(w: sw.Tensor[In, Out], b: sw.Tensor[Out]) -> Named:
    return Named(b, w)  # E: -check


def outside(p: Layers) -> object:
    return p[2]  # E: -check
