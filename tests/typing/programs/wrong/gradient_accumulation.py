"""Optimizers: gradients that are added up wrongly."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 3


class Linear(sw.Pack):
    w: sw.Tensor[In, Out]
    b: sw.Tensor[Out]


@sw.typed
def added(a: Linear, b: Linear) -> Linear:
    return a + b  # E


@sw.typed
def exchanged(a: Linear, b: Linear) -> Linear:
    return Linear(a.b + b.b, a.w + b.w)  # E


@sw.typed
def across(a: Linear, b: Linear) -> Linear:
    return Linear(a.w + b.w.T, a.b + b.b)  # E


@sw.typed
def norm(g: Linear) -> sw.Scalar:
    return sw.sum(g.w) + sw.sum(g.b, axis=-1, keepdims=True)  # E


@sw.typed
def scaled(g: Linear, factor: sw.Tensor[In]) -> Linear:
    return Linear(g.w * factor, g.b)  # E
