"""Rows of the step table that are not generated: they differ between programs by their arguments only.

Like kernels they take addresses and counts. Each is compiled when a plan first asks for its address.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from .blas import V, gemm_f32, gemm_f64
from .jit import KW, I, address_of, njit, void
from .llvm import part as cut
from .llvm import stack, view

_BLOCK: Final = 512
_GROUP: Final = 16
_room4, _room8 = stack(4 * _BLOCK), stack(8 * _BLOCK)
_f32, _f64 = view(np.float32), view(np.float64)
_u8, _u32, _u64 = view(np.uint8), view(np.uint32), view(np.uint64)


@njit(nogil=True)
def _combine(part: V, out: V, room: V, n: int, tiles: int, stride: int) -> None:
    """Column sums, a block of columns at a time; in groups of tiles, so that rounding errors stay small."""
    for j0 in range(0, n, _BLOCK):
        width = min(_BLOCK, n - j0)
        o, group = cut(out, j0, width), cut(room, 0, width)
        for j in range(width):
            o[j] = 0
        for t0 in range(0, tiles, _GROUP):
            for j in range(width):
                group[j] = 0
            for t in range(t0, min(t0 + _GROUP, tiles)):
                p = cut(part, t * stride + j0, width)
                for j in range(width):
                    group[j] += p[j]
            for j in range(width):
                o[j] += group[j]


@njit(void(I, I, I, I, I), defer=True, **KW)
def combine_f32(part: int, out: int, n: int, tiles: int, stride: int) -> None:
    """out[j] = sum of part[tile][j] over the tiles in their order, j < n; the tiles lie `stride` bytes apart."""
    columns = (tiles - 1) * (stride // 4) + n if tiles > 0 else 0
    _combine(_f32(part, columns), _f32(out, n), _f32(_room4(), _BLOCK), n, tiles, stride // 4)


@njit(void(I, I, I, I, I), defer=True, **KW)
def combine_f64(part: int, out: int, n: int, tiles: int, stride: int) -> None:
    """out[j] = sum of part[tile][j] over the tiles in their order, j < n; the tiles lie `stride` bytes apart."""
    columns = (tiles - 1) * (stride // 8) + n if tiles > 0 else 0
    _combine(_f64(part, columns), _f64(out, n), _f64(_room8(), _BLOCK), n, tiles, stride // 8)


@njit(void(I, I, I), defer=True, **KW)
def fill_32(out: int, n: int, bits: int) -> None:
    """Set n 32-bit elements to the pattern in the low half of `bits`."""
    o = _u32(out, n)
    for j in range(n):
        o[j] = bits


@njit(void(I, I, I), defer=True, **KW)
def fill_64(out: int, n: int, bits: int) -> None:
    """Set n 64-bit elements to a pattern."""
    o = _u64(out, n)
    for j in range(n):
        o[j] = bits


@njit(void(I, I, I, I, I, I), defer=True, **KW)
def copy(source: int, target: int, rows: int, size: int, source_stride: int, target_stride: int) -> None:
    """Copy `rows` rows of `size` bytes each, `source_stride` and `target_stride` bytes apart."""
    for r in range(rows):
        s, t = _u8(source + r * source_stride, size), _u8(target + r * target_stride, size)
        for j in range(size):
            t[j] = s[j]


_BUILTINS: Final[dict[str, Callable[..., None]]] = {
    function.__name__: function for function in (gemm_f32, gemm_f64, combine_f32, combine_f64, fill_32, fill_64, copy)
}
ARITY: Final[dict[str, int]] = {
    "gemm_f32": 19, "gemm_f64": 19, "combine_f32": 5, "combine_f64": 5, "fill_32": 3, "fill_64": 3, "copy": 6,
}  # fmt: skip
"""Number of arguments of every built-in row."""


def address(name: str) -> int:
    """The address of a built-in row for the step table; KeyError if there is none of this name."""
    return address_of(_BUILTINS[name])
