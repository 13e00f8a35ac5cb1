"""Packs: fields that are swapped, missing, too many or changed."""

from __future__ import annotations

import numpy as np

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Hidden(sw.Dim):
    size = 5


class Out(sw.Dim):
    size = 3


class Dense(sw.Pack):
    w: sw.Tensor[In, Hidden]
    b: sw.Tensor[Hidden]


class Net(sw.Pack):
    body: Dense
    head: sw.Tensor[Hidden, Out]
    steps: int = 3


def swapped(w: sw.Tensor[In, Hidden], b: sw.Tensor[Hidden]) -> Dense:
    return Dense(b, w)  # E: -check


def missing(w: sw.Tensor[In, Hidden]) -> Dense:
    return Dense(w)  # E: -check


def too_many(w: sw.Tensor[In, Hidden], b: sw.Tensor[Hidden]) -> Dense:
    return Dense(w, b, b)  # E: -check


def misspelled(w: sw.Tensor[In, Hidden], b: sw.Tensor[Hidden]) -> Dense:
    return Dense(weight=w, b=b)  # E: -check


def raw(b: sw.Tensor[Hidden]) -> Dense:
    return Dense(np.zeros((4, 5)), b)  # E: -check


def other_constant(body: Dense, head: sw.Tensor[Hidden, Out]) -> Net:
    return Net(body, head, steps="many")  # E: -check


def tensor_for_a_pack(w: sw.Tensor[In, Hidden], head: sw.Tensor[Hidden, Out]) -> Net:
    return Net(w, head)  # E: -check


def changed(net: Net, w: sw.Tensor[In, Hidden]) -> None:
    net.body.w = w  # E: -check


def no_such_field(net: Net) -> sw.Tensor[Hidden]:
    return net.body.bias  # E: -check


@sw.typed
def of_the_wrong_pack(net: Net, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    return x @ net.head  # E


@sw.typed
def pack_for_a_tensor(net: Net, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Hidden]:
    return x @ net.body  # E
