"""The partial results of tiles folded in tile order: sums of integers, maxima and minima."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from . import builtins
from .intrinsics import maximum_f32, maximum_f64, minimum_f32, minimum_f64
from .jit import KW, I, address_of, njit, void
from .llvm import view

_f32, _f64, _i64 = view(np.float32), view(np.float64), view(np.int64)


@njit(void(I, I, I, I, I), defer=True, **KW)
def combine_sum_i64(part: int, out: int, n: int, tiles: int, stride: int) -> None:
    """out[j] = sum over the tiles of part[tile][j]; the tiles lie `stride` bytes apart."""
    o = _i64(out, n)
    for j in range(n):
        o[j] = 0
    for t in range(tiles):
        p = _i64(part + t * stride, n)
        for j in range(n):
            o[j] += p[j]


@njit(void(I, I, I, I, I), defer=True, **KW)
def combine_max_f32(part: int, out: int, n: int, tiles: int, stride: int) -> None:
    """out[j] = maximum over the tiles of part[tile][j]."""
    o, first = _f32(out, n), _f32(part, n)
    for j in range(n):
        o[j] = first[j]
    for t in range(1, tiles):
        p = _f32(part + t * stride, n)
        for j in range(n):
            o[j] = maximum_f32(o[j], p[j])


@njit(void(I, I, I, I, I), defer=True, **KW)
def combine_min_f32(part: int, out: int, n: int, tiles: int, stride: int) -> None:
    """out[j] = minimum over the tiles of part[tile][j]."""
    o, first = _f32(out, n), _f32(part, n)
    for j in range(n):
        o[j] = first[j]
    for t in range(1, tiles):
        p = _f32(part + t * stride, n)
        for j in range(n):
            o[j] = minimum_f32(o[j], p[j])


@njit(void(I, I, I, I, I), defer=True, **KW)
def combine_max_f64(part: int, out: int, n: int, tiles: int, stride: int) -> None:
    """out[j] = maximum over the tiles of part[tile][j]."""
    o, first = _f64(out, n), _f64(part, n)
    for j in range(n):
        o[j] = first[j]
    for t in range(1, tiles):
        p = _f64(part + t * stride, n)
        for j in range(n):
            o[j] = maximum_f64(o[j], p[j])


@njit(void(I, I, I, I, I), defer=True, **KW)
def combine_min_f64(part: int, out: int, n: int, tiles: int, stride: int) -> None:
    """out[j] = minimum over the tiles of part[tile][j]."""
    o, first = _f64(out, n), _f64(part, n)
    for j in range(n):
        o[j] = first[j]
    for t in range(1, tiles):
        p = _f64(part + t * stride, n)
        for j in range(n):
            o[j] = minimum_f64(o[j], p[j])


@njit(void(I, I, I, I, I), defer=True, **KW)
def combine_max_i64(part: int, out: int, n: int, tiles: int, stride: int) -> None:
    """out[j] = maximum over the tiles of part[tile][j]."""
    o, first = _i64(out, n), _i64(part, n)
    for j in range(n):
        o[j] = first[j]
    for t in range(1, tiles):
        p = _i64(part + t * stride, n)
        for j in range(n):
            o[j] = max(o[j], p[j])


@njit(void(I, I, I, I, I), defer=True, **KW)
def combine_min_i64(part: int, out: int, n: int, tiles: int, stride: int) -> None:
    """out[j] = minimum over the tiles of part[tile][j]."""
    o, first = _i64(out, n), _i64(part, n)
    for j in range(n):
        o[j] = first[j]
    for t in range(1, tiles):
        p = _i64(part + t * stride, n)
        for j in range(n):
            o[j] = min(o[j], p[j])


_FOLDS: Final[dict[str, Callable[..., None]]] = {
    f.__name__: f
    for f in (
        combine_sum_i64,
        combine_max_f32,
        combine_min_f32,
        combine_max_f64,
        combine_min_f64,
        combine_max_i64,
        combine_min_i64,
    )
}
_SUMS: Final = {"combine_sum_f32": "combine_f32", "combine_sum_f64": "combine_f64"}
NAMES: Final = frozenset(_FOLDS) | frozenset(_SUMS)


def address(name: str) -> int:
    """The address of a fold for the step table."""
    return builtins.address(_SUMS[name]) if name in _SUMS else address_of(_FOLDS[name])
