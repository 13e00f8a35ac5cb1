"""Sizes that are joined: a network with computed sizes between its layers."""

from __future__ import annotations

from typing import Any, Literal, reveal_type

import shapewright as sw

L3 = Literal[3]
L8 = Literal[8]
L16 = Literal[16]
L64 = Literal[64]


class Batch(sw.Dim): ...


class Hidden(sw.Dim): ...


class Seq(sw.Dim): ...


@sw.typed
def residual(x: sw.Tensor[Batch, L8], y: sw.Tensor[Batch, L8], w: sw.Tensor[L16, L8]) -> sw.Tensor[Batch, L8]:
    return x + sw.concat((x, y), axis=-1) @ w


@sw.typed
def images(x: sw.Tensor[Batch, L8, L8], w: sw.Tensor[L64, Hidden]) -> sw.Tensor[Batch, Hidden]:
    return sw.relu(x.flatten(1) @ w)


@sw.typed
def heads(x: sw.Tensor[Batch, Seq, L8]) -> sw.Tensor[Batch, Seq, L8]:
    parts = sw.split(x, 4, axis=-1)
    out: sw.Tensor[Batch, Seq, L8] = sw.concat([sw.softmax(p) for p in parts], axis=-1)
    return out


@sw.typed
def unknown(x: sw.Tensor[Any, Any], y: sw.Tensor[Any, L3]) -> sw.Tensor[Batch, Hidden]:
    joined: sw.Tensor[Batch, Hidden] = sw.concat((x, y), axis=1)
    return joined[1:].reshape(x.shape) if x.ndim == 3 else x


x = sw.Tensor[Batch, L8].ones(shape=(2, 8))
reveal_type(residual(x, x, sw.Tensor[L16, L8].ones()))  # Tensor[Batch, Literal[8]]
