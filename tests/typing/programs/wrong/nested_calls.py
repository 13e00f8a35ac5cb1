"""Calls: a mistake inside of a longer expression."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Hidden(sw.Dim):
    size = 5


class Out(sw.Dim):
    size = 3


class Net(sw.Pack):
    w1: sw.Tensor[In, Hidden]
    w2: sw.Tensor[Hidden, Out]


@sw.typed
def hidden(p: Net, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Hidden]:
    return sw.relu(x @ p.w1)


@sw.typed
def in_an_argument(p: Net, x: sw.Tensor[Batch, In]) -> sw.Scalar:
    return sw.mean(hidden(p, x @ p.w1) @ p.w2)  # E


@sw.typed
def in_a_tuple(p: Net, x: sw.Tensor[Batch, In]) -> tuple[sw.Tensor[Batch, Out], sw.Scalar]:
    return (hidden(p, x) @ p.w2, sw.mse_loss(hidden(p, x), x))  # E


@sw.typed
def in_a_condition(p: Net, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Hidden]:
    return sw.where(x > 0.0, hidden(p, x), 0.0)  # E


@sw.typed
def by_keyword(p: Net, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Hidden]:
    return hidden(x=p.w1, p=p)  # E


@sw.typed
def of_a_default(p: Net, x: sw.Tensor[Batch, In], scale: float = 2.0) -> sw.Tensor[Batch, Out]:
    return sw.tanh(hidden(p, x) * scale)  # E
