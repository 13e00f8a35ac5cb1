"""Calls: sw.example says what `shapewright check` may call a function with."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class Wide(sw.Dim):
    size = 6


class Out(sw.Dim):
    size = 2


I = TypeVar("I")
O = TypeVar("O")


class Dense(sw.Pack, Generic[I, O]):
    w: sw.Tensor[I, O]


@sw.example(n=3)
@sw.typed
def repeated(x: sw.Tensor[Batch, Wide], n: int) -> sw.Tensor[Batch, Wide]:
    for _ in range(n):
        x = sw.tanh(x)
    return x


@sw.example(Dense[Wide, Out], (32, 6))
@sw.typed
def head(p: Dense[Any, Out], x: sw.Tensor[Any, Any]) -> sw.Tensor[Any, Out]:
    return x @ p.w


x = sw.Tensor[Batch, Wide].ones(shape=(2, 6))
reveal_type(repeated(x, 2))  # Tensor[Batch, Wide]
reveal_type(head(Dense(sw.Tensor[Wide, Out].ones()), x))  # Tensor[Any, Out]
