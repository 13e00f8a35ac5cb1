"""Layers: functions generic in axes, called or written wrongly."""

from __future__ import annotations

from typing import TypeVar, TypeVarTuple

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 3


A = TypeVar("A")
B = TypeVar("B")
S = TypeVarTuple("S")


@sw.typed
def gram(x: sw.Tensor[A, B]) -> sw.Tensor[A, A]:
    return x @ x.T


@sw.typed
def scaled(x: sw.Tensor[*S, A], by: sw.Tensor[A]) -> sw.Tensor[*S, A]:
    return x * by


@sw.typed
def wrong_inside(x: sw.Tensor[A, B]) -> sw.Tensor[A, B]:
    return x.T  # E


@sw.typed
def wrong_product(x: sw.Tensor[A, B]) -> sw.Tensor[A, A]:
    return x @ x  # E


@sw.typed
def result(x: sw.Tensor[Batch, In]) -> sw.Tensor[In, In]:
    return gram(x)  # E


@sw.typed
def other_axis(x: sw.Tensor[Batch, Seq, In], by: sw.Tensor[Seq]) -> sw.Tensor[Batch, Seq, In]:
    return scaled(x, by)  # E


@sw.typed
def rank(x: sw.Tensor[Batch, Seq, In]) -> sw.Tensor[Batch, Batch]:
    return gram(x)  # E


@sw.typed
def kind(x: sw.IntTensor[Batch, In]) -> sw.Tensor[Batch, Batch]:
    return gram(x)  # E
