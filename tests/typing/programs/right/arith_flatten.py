"""Sizes that are reshaped: flattened axes."""

from __future__ import annotations

from typing import Any, Literal, TypeVarTuple, reveal_type

import shapewright as sw

L1 = Literal[1]
L2 = Literal[2]
L3 = Literal[3]
L6 = Literal[6]
L8 = Literal[8]
L64 = Literal[64]
Bs = TypeVarTuple("Bs")


class Batch(sw.Dim): ...


class Hidden(sw.Dim): ...


class Seq(sw.Dim): ...


class Channels(sw.Dim): ...


@sw.typed
def whole(x: sw.Tensor[L2, L3]) -> sw.Tensor[L6]:
    return x.flatten() + sw.flatten(x)


@sw.typed
def images(x: sw.Tensor[Batch, L1, L8, L8]) -> sw.Tensor[Batch, L64]:
    return x.flatten(1)


@sw.typed
def front(x: sw.Tensor[L2, L3, Hidden]) -> sw.Tensor[L6, Hidden]:
    return x.flatten(0, 1)


@sw.typed
def named(x: sw.Tensor[Batch, Seq, Hidden]) -> sw.Tensor[Batch, Channels]:
    return x.flatten(1)


@sw.typed
def every(x: sw.Tensor[*Bs, L6]) -> sw.Tensor[Any]:
    return x.flatten()


x = sw.Tensor[L2, L3].ones()
reveal_type(whole(x))  # Tensor[Literal[6]]
reveal_type(sw.flatten(x))  # Tensor[Any]; pyrefly: Tensor[*IntTuple[6]]
