"""Indexing with integer operands. Indices outside their axis are an error everywhere; negative ones do not wrap around.

In derivatives duplicates add: `index_add` is the transpose of `take`, `scatter_along_axis` that of `take_along_axis`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from ..errors import ShapeError
from ..ir.attrs import Attrs, AttrValue
from ..ir.build import Build
from ..sizes import Size
from ..types import DType, TensorType
from .opdef import Decompose, OpDef, Pullback, Sample, Special
from .refs import Float, Int, in_range, plain, with_attrs
from .shapes import INTEGERS, Types, arity, check_axes, of_kind, rank_at_least, same_size, words

V = TypeVar("V")


# ---- shape rules
def _infer_take(types: Types, attrs: Attrs) -> TensorType:
    arity("take", types, 2)
    of_kind("take", types, 1, INTEGERS)
    (x, index), axis = types, attrs.int("axis")
    check_axes("take", x, (axis,))
    shape = (*x.shape[:axis], *index.shape, *x.shape[axis + 1 :])
    return TensorType(x.dtype, shape, (*x.names[:axis], *index.names, *x.names[axis + 1 :]))


def _infer_index_add(types: Types, attrs: Attrs) -> TensorType:
    arity("index_add", types, 2)
    of_kind("index_add", types, 0, INTEGERS)
    (index, u), axis = types, attrs.int("axis")
    rank_at_least("index_add", types, 1, axis + index.ndim)
    for a in range(index.ndim):
        same_size(
            "index_add", types, (0, a), (1, axis + a), "the updates have the axes of the index in place of the axis"
        )
    end = axis + index.ndim
    return TensorType(
        u.dtype, (*u.shape[:axis], attrs.size("size"), *u.shape[end:]), (*u.names[:axis], None, *u.names[end:])
    )


def _check_aligned(op: str, types: Types, a: int, b: int, axis: int | None) -> None:
    """Operands `a` and `b` have equal ranks, and equal sizes but along `axis`."""
    if types[a].ndim != types[b].ndim:
        raise ShapeError(
            f"{op}: the ranks differ, {types[a].ndim} and {types[b].ndim}",
            code="SW103",
        )
    for i in range(types[a].ndim):
        if i != axis:
            same_size(
                op,
                types,
                (a, i),
                (b, i),
                "both have one shape" if axis is None else f"only axis {axis} may differ",
            )


def _infer_take_along_axis(types: Types, attrs: Attrs) -> TensorType:
    arity("take_along_axis", types, 2)
    of_kind("take_along_axis", types, 1, INTEGERS)
    (x, index), axis = types, attrs.int("axis")
    check_axes("take_along_axis", x, (axis,))
    _check_aligned("take_along_axis", types, 0, 1, axis)
    names = tuple(index.names[i] or (None if i == axis else n) for i, n in enumerate(x.names))
    return TensorType(x.dtype, index.shape, names)


def _infer_scatter_along_axis(types: Types, attrs: Attrs) -> TensorType:
    arity("scatter_along_axis", types, 2)
    of_kind("scatter_along_axis", types, 0, INTEGERS)
    u, axis = types[1], attrs.int("axis")
    check_axes("scatter_along_axis", u, (axis,))
    _check_aligned("scatter_along_axis", types, 0, 1, None)
    shape = (*u.shape[:axis], attrs.size("size"), *u.shape[axis + 1 :])
    return TensorType(u.dtype, shape, (*u.names[:axis], None, *u.names[axis + 1 :]))


def _infer_one_hot(types: Types, attrs: Attrs) -> TensorType:
    arity("one_hot", types, 1)
    of_kind("one_hot", types, 0, INTEGERS)
    return TensorType(DType(attrs.str("dtype")), (*types[0].shape, attrs.size("n")), (*types[0].names, None))


def _infer_embedding(types: Types, attrs: Attrs) -> TensorType:
    arity("embedding", types, 2)
    of_kind("embedding", types, 0, INTEGERS)
    ids, table = types
    if table.ndim != 2:
        raise ShapeError(
            "embedding: a table has 2 axes, [entries, features]",
            details=[f"operand 2 is {words(table)}", "embedding(ids, table)"],
            code="SW103",
        )
    return TensorType(table.dtype, (*ids.shape, table.shape[1]), (*ids.names, table.names[1]))


# ---- derivatives and decompositions
def _index_add(b: Build[V], index: V, updates: V, axis: int, size: Size) -> V:
    return b.op("index_add", index, updates, axis=axis, size=size)


def _take_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    (x, index), axis = p.args, p.attrs.int("axis")
    return (_index_add(p.b, index, g, axis, p.b.shape(x)[axis]) if p.needs[0] else None), None


def _index_add_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    return None, p.b.op("take", g, p.args[0], axis=p.attrs.int("axis"))


def _take_along_axis_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    (x, index), axis = p.args, p.attrs.int("axis")
    return p.b.op("scatter_along_axis", index, g, axis=axis, size=p.b.shape(x)[axis]), None


def _scatter_along_axis_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    return None, p.b.op("take_along_axis", g, p.args[0], axis=p.attrs.int("axis"))


def _one_hot(b: Build[V], args: tuple[V, ...], attrs: Attrs) -> V:
    """Compare with an iota; the take of an iota is the index itself, and checks its range."""
    ids, n = args[0], attrs.size("n")
    kind, shape = b.dtype(ids), b.shape(ids)
    checked = b.op("take", b.iota((n,), 0, kind), ids, axis=0)
    hit = b.eq(b.iota((*shape, n), len(shape), kind), b.unsqueeze(checked, len(shape)))
    return b.cast(hit, DType(attrs.str("dtype")))


def _embedding(b: Build[V], args: tuple[V, ...], attrs: Attrs) -> V:
    return b.op("take", args[1], args[0], axis=0)


def _embedding_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    ids, table = p.args
    return None, _index_add(p.b, ids, g, 0, p.b.shape(table)[0]) if p.needs[1] else None


# ---- references
def _take_ref(attrs: Attrs, x: Float, index: Int) -> object:
    axis = attrs.int("axis")
    in_range("take", index, x.shape[axis], axis)
    return np.take(x, index, axis=axis)


def _index_add_ref(attrs: Attrs, index: Int, updates: Float) -> object:
    axis, size = attrs.int("axis"), attrs.int("size")
    in_range("index_add", index, size, axis)
    end = axis + index.ndim
    lead, tail = updates.shape[:axis], updates.shape[end:]
    rows = np.moveaxis(updates.reshape(*lead, index.size, *tail), axis, 0)
    out = np.zeros((size, *lead, *tail), dtype=updates.dtype)
    np.add.at(out, index.ravel(), rows)
    return np.ascontiguousarray(np.moveaxis(out, 0, axis))


def _take_along_axis_ref(attrs: Attrs, x: Float, index: Int) -> object:
    axis = attrs.int("axis")
    in_range("take_along_axis", index, x.shape[axis], axis)
    return np.take_along_axis(x, index, axis=axis)


def _scatter_along_axis_ref(attrs: Attrs, index: Int, updates: Float) -> object:
    axis, size = attrs.int("axis"), attrs.int("size")
    in_range("scatter_along_axis", index, size, axis)
    out = np.zeros((*updates.shape[:axis], size, *updates.shape[axis + 1 :]), dtype=updates.dtype)
    grid: tuple[Int, ...] = np.indices(index.shape, sparse=True)
    places = [index if a == axis else along for a, along in enumerate(grid)]
    flat = np.ravel_multi_index(tuple(np.broadcast_arrays(*places)), out.shape)
    np.add.at(out.reshape(-1), flat.ravel(), updates.ravel())
    return out


def _one_hot_ref(attrs: Attrs, ids: Int) -> object:
    n = attrs.int("n")
    in_range("one_hot", ids, n, ids.ndim)
    return (ids[..., None] == np.arange(n)).astype(attrs.str("dtype"))


def _embedding_ref(ids: Int, table: Float) -> object:
    in_range("embedding", ids, table.shape[0], 0)
    return np.take(table, ids, axis=0)


# ---- the family
def _x(*shape: int, dtype: str = "float32") -> tuple[tuple[int, ...], str, float, float]:
    return shape, dtype, -2.0, 2.0


def _i(n: int, *shape: int, dtype: str = "int64") -> tuple[tuple[int, ...], str, float, float]:
    return shape, dtype, 0, n


def _case(*operands: tuple[tuple[int, ...], str, float, float], **attrs: AttrValue) -> Sample:
    return Sample(operands, Attrs(attrs))


INDEXING: tuple[OpDef, ...] = (
    OpDef(
        "take",
        _infer_take,
        _take_vjp,
        None,
        Special("take"),
        with_attrs(_take_ref),
        (
            _case(_x(5, 3), _i(5, 4), axis=0),
            _case(_x(3, 5, dtype="float64"), _i(5, 2, 4), axis=1),
            _case(_x(2, 5, 3), _i(5), axis=1),
            _case(_x(5), _i(5, 6, dtype="int32"), axis=0),
        ),
        "The entries of one axis at the indices; the axes of the index take the place of that axis.",
    ),
    OpDef(
        "index_add",
        _infer_index_add,
        _index_add_vjp,
        None,
        Special("index_add"),
        with_attrs(_index_add_ref),
        (
            _case(_i(5, 4), _x(4, 3), axis=0, size=5),
            _case(_i(5, 2, 4), _x(3, 2, 4, dtype="float64"), axis=1, size=5),
            _case(_i(2, 6), _x(6), axis=0, size=2),
            _case(_i(5), _x(2, 3), axis=1, size=5),
        ),
        "Zeros of `size` along the axis, with the updates added at the indices (duplicates add): the transpose of take.",
    ),
    OpDef(
        "take_along_axis",
        _infer_take_along_axis,
        _take_along_axis_vjp,
        None,
        Special("take_along_axis"),
        with_attrs(_take_along_axis_ref),
        (
            _case(_x(3, 5), _i(5, 3, 1), axis=1),
            _case(_x(5, 4, dtype="float64"), _i(5, 2, 4), axis=0),
            _case(_x(5), _i(5, 7), axis=0),
        ),
        "One index for each place along the axis: out[i, j] = x[i, index[i, j]].",
    ),
    OpDef(
        "scatter_along_axis",
        _infer_scatter_along_axis,
        _scatter_along_axis_vjp,
        None,
        Special("scatter_along_axis"),
        with_attrs(_scatter_along_axis_ref),
        (
            _case(_i(5, 3, 1), _x(3, 1), axis=1, size=5),
            _case(_i(3, 4, 2), _x(4, 2, dtype="float64"), axis=0, size=3),
            _case(_i(2, 7), _x(7), axis=0, size=2),
        ),
        "Zeros of `size` along the axis, with the updates added at the indices: the transpose of take_along_axis.",
    ),
    OpDef(
        "one_hot",
        _infer_one_hot,
        None,
        None,
        Decompose(_one_hot),
        with_attrs(_one_hot_ref),
        (
            _case(_i(5, 4), n=5, dtype="float32"),
            _case(_i(3, 2, 2), n=3, dtype="float64"),
            _case(_i(3), n=3, dtype="bool"),
        ),
        "1 at the index along a new last axis of size n, else 0.",
    ),
    OpDef(
        "embedding",
        _infer_embedding,
        _embedding_vjp,
        None,
        Decompose(_embedding),
        plain(_embedding_ref),
        (_case(_i(6, 4), _x(6, 3)), _case(_i(6, 2, 4), _x(6, 3, dtype="float64")), _case(_i(6), _x(6, 3))),
        "The rows of a table [entries, features] at the ids.",
    ),
)
