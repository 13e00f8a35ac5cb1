"""Contractions as library products: which axes are loops, rows, columns and the sum, and with what strides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from ..sizes import Size
from .ir import View, strides

MAX_LOOPS = 2  # batch axes of the gemm builtin


@final
@dataclass(frozen=True, slots=True)
class Axis:
    """Merged axes: size and stride (elements) in a, b and the result; `lead` is the letter of the outermost."""

    lead: str
    size: Size
    a: Size
    b: Size
    c: Size


@final
@dataclass(frozen=True, slots=True)
class DotLayout:
    """`c[m, n] = op(a)[m, k] op(b)[k, n]` for every index of `loops`; with `swap`, a and b have changed places."""

    loops: tuple[Axis, ...]
    m: Axis
    n: Axis
    k: Axis
    swap: bool
    trans_a: bool
    trans_b: bool


def dot_layout(a: View, b: View, spec: tuple[str, str, str], tile: str | None = None) -> DotLayout | None:
    """The layout of a contraction, None if an operand must be copied first. Axes are never merged into the inside of
    another one if they are of run-time size or the slab's (`tile`), since a tile has only a part of them."""
    la, lb, out = spec
    sa, sb = (dict(zip(letters, v.offsets()[1], strict=True)) for letters, v in ((la, a), (lb, b)))
    sizes = dict(zip(la + lb, a.shape + b.shape, strict=True))
    sc = dict(zip(out, strides(tuple(sizes[x] for x in out)), strict=True))
    unit = Axis("", 1, 0, 0, 0)

    def merged(letters: list[str], whole: bool = False) -> list[Axis]:
        axes: list[Axis] = []
        for x in letters:
            if sizes[x] == 1 and x != tile:
                continue
            new = Axis(x, sizes[x], sa.get(x, 0), sb.get(x, 0), sc.get(x, 0))
            if axes and x != tile and (whole or isinstance(new.size, int)):
                o = axes[-1]
                if (o.a, o.b, o.c) == (new.a * new.size, new.b * new.size, new.c * new.size):
                    axes[-1] = Axis(o.lead, o.size * new.size, new.a, new.b, new.c)
                    continue
            axes.append(new)
        return axes

    loops = merged([x for x in out if x in sa and x in sb])
    rows = merged([x for x in out if x in sa and x not in sb])
    cols = merged([x for x in out if x in sb and x not in sa])
    order = sorted([x for x in la if x in sb and x not in sc], key=lambda x: la.index(x))
    sums = merged(order, whole=True)
    if len(sums) > 1:
        return None
    k = sums[0] if sums else unit
    m, n = rows[-1] if rows else unit, cols[-1] if cols else unit
    loops += rows[:-1] + cols[:-1]
    if len(loops) > MAX_LOOPS:
        return None
    swap = n.c not in (0, 1) and m.c in (0, 1)
    if swap:
        m, n, k = (Axis(x.lead, x.size, x.b, x.a, x.c) for x in (n, m, k))
        loops = [Axis(x.lead, x.size, x.b, x.a, x.c) for x in loops]
    if n.c not in (0, 1):
        return None
    ta = _transposed(m, m.a, k, k.a)
    tb = _transposed(k, k.b, n, n.b)
    return None if ta is None or tb is None else DotLayout(tuple(loops), m, n, k, swap, ta, tb)


def leading(lay: DotLayout, n: Callable[[Size], int]) -> tuple[int, int, int]:
    """Elements from row to row of a, b and the result as they are stored; `n` gives sizes as numbers."""
    cols_a, cols_b = (lay.m if lay.trans_a else lay.k), (lay.k if lay.trans_b else lay.n)
    return (
        max(n(lay.k.a if lay.trans_a else lay.m.a), n(cols_a.size), 1),
        max(n(lay.n.b if lay.trans_b else lay.k.b), n(cols_b.size), 1),
        max(n(lay.m.c), n(lay.n.size), 1),
    )


def _transposed(row: Axis, row_stride: Size, col: Axis, col_stride: Size) -> bool | None:
    """Whether a matrix [row, col] is stored transposed; None if neither axis is dense."""
    if col.size == 1 or col_stride == 1:
        return False if row.size == 1 or row_stride != 0 else None
    if row.size == 1 or row_stride == 1:
        return True if col_stride != 0 else None
    return None
