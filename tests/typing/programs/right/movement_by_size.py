"""Sizes: what is cut, joined, reshaped or padded, with the result written."""

from __future__ import annotations

from typing import Literal, reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class Seq(sw.Dim): ...


class Pixels(sw.Dim):
    size = 6


class Half(sw.Dim):
    size = 3


@sw.typed
def halves(x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Half]:
    cut: sw.Tensor[Batch, Half] = x[:, :3]
    sliced: sw.Tensor[Batch, Half] = sw.slice(x, (0, 0), (x.shape[0], 3))
    return cut + sliced


@sw.typed
def joined(x: sw.Tensor[Batch, Half]) -> sw.Tensor[Batch, Pixels]:
    both: sw.Tensor[Batch, Pixels] = sw.concat((x, x), axis=-1)
    padded: sw.Tensor[Batch, Pixels] = sw.pad(x, ((0, 0), (1, 2)))
    again: sw.Tensor[Batch, Pixels] = sw.repeat(x, 2, axis=1)
    return both + padded + again


@sw.typed
def grid(x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Half]:
    pairs: sw.Tensor[Batch, Half, Literal[2]] = x.reshape(x.shape[0], 3, 2)
    same: sw.Tensor[Batch, Half, Literal[2]] = sw.reshape(x, (x.shape[0], 3, 2))
    back: sw.Tensor[Batch, Pixels] = sw.flatten(same, 1)
    stacked: sw.Tensor[Literal[2], Batch, Pixels] = sw.stack((x, back))
    wide: sw.Tensor[Literal[2], Batch, Pixels] = sw.broadcast_to(x, (2, x.shape[0], 6))
    total: sw.Tensor[()] = sw.einsum("nbp,nbp->", stacked, wide)
    indexed: sw.Tensor[Batch] = sw.index(x, (slice(None), 0))
    return pairs.sum(-1) + total + indexed.unsqueeze(-1)


def ranks(x: sw.Tensor[Batch, Pixels], kept: sw.BoolTensor[Batch], n: int, sizes: tuple[int, ...]) -> None:
    reveal_type(x.reshape(n, 2, 3))  # Tensor[Any, Any, Any]; pyrefly: Any
    reveal_type(x.reshape((n, 2, 3)))  # Tensor[Any, Any, Any]; pyrefly: Any
    reveal_type(x.reshape(n, n, n, n, n))  # Tensor[Any, Any, Any, Any, Any]; pyrefly: Any
    reveal_type(kept.reshape(n, n))  # BoolTensor[Any, Any]; pyrefly: Any
    reveal_type(x.argmax(-1).reshape((n, n)))  # IntTensor[Any, Any]; pyrefly: Any
    reveal_type(x.broadcast_to(n, n, 6))  # Tensor[Any, Any, Any]; pyrefly: Any
    reveal_type(kept.broadcast_to((n, n)))  # BoolTensor[Any, Any]; pyrefly: Any
    reveal_type(x.reshape(*sizes))  # Tensor[*tuple[Any, ...]]; pyrefly: Any
    reveal_type(x.broadcast_to(sizes))  # Tensor[*tuple[Any, ...]]; pyrefly: Any


x = sw.Tensor[Batch, Pixels].ones(shape=(2, 6))
reveal_type(halves(x))  # Tensor[Batch, Half]
reveal_type(joined(halves(x)))  # Tensor[Batch, Pixels]
reveal_type(grid(x))  # Tensor[Batch, Half]
