"""Movement: index maps. References of reshape, transpose, broadcast_to and slice may return views of their operand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from ..errors import ShapeError
from ..ir.attrs import Attrs, AttrValue
from ..sizes import Poly, Shape, Size, product
from ..types import TensorType
from .opdef import Movement, OpDef, Pullback, Sample, Special
from .refs import Float, with_attrs
from .shapes import (
    Names,
    Types,
    arity,
    axes_text,
    check_axes,
    check_broadcast_to,
    clash,
    never_below,
    same_dtype,
    same_size,
    shape_text,
    size_text,
    words,
)

V = TypeVar("V")


# ---- shape rules
def _infer_reshape(types: Types, attrs: Attrs) -> TensorType:
    arity("reshape", types, 1)
    x, shape = types[0], attrs.sizes("shape")
    have, want = product(x.shape), product(shape)
    if have != want:
        raise clash(
            f"reshape: {words(x)} has {have} elements, the shape {shape_text(shape)} has {want}",
            have,
            want,
            ["the number of elements must stay"],
        )
    return TensorType(x.dtype, shape, _reshaped_names(x, shape))


def _reshaped_names(x: TensorType, shape: Shape) -> Names:
    """Axes that a reshape leaves alone at the front and at the back keep their names; sizes of 1 may come and go."""
    names: list[str | None] = [None] * len(shape)
    for old, new in ((_kept(range(x.ndim), x.shape), _kept(range(len(shape)), shape)),):
        for a, b in zip(old, new, strict=False):
            if x.shape[a] != shape[b]:
                break
            names[b] = x.names[a]
        for a, b in zip(reversed(old), reversed(new), strict=False):
            if x.shape[a] != shape[b]:
                break
            names[b] = names[b] or x.names[a]
    return tuple(names)


def _kept(axes: range, shape: Shape) -> list[int]:
    return [i for i in axes if shape[i] != 1]


def _infer_transpose(types: Types, attrs: Attrs) -> TensorType:
    arity("transpose", types, 1)
    x, axes = types[0], attrs.ints("axes")
    check_axes("transpose", x, axes)
    if len(axes) != x.ndim:
        raise ShapeError(f"transpose: {axes} names {axes_text(len(axes))} of {words(x)}", code="SW104")
    return TensorType(x.dtype, tuple(x.shape[a] for a in axes), tuple(x.names[a] for a in axes))


def _infer_broadcast_to(types: Types, attrs: Attrs) -> TensorType:
    arity("broadcast_to", types, 1)
    shape = attrs.sizes("shape")
    return TensorType(types[0].dtype, shape, check_broadcast_to("broadcast_to", types[0], shape))


def _check_window(op: str, whole: TensorType, part: Shape, attrs: Attrs) -> None:
    """start + step * i must lie inside its axis of `whole` for every i < the size in `part`.

    An "assumed" window of run-time sizes lies inside whenever the program runs: who runs it asks `windows.outside`.
    """
    starts, steps = attrs.sizes("starts"), attrs.ints("steps")
    if not len(starts) == len(steps) == len(part) == whole.ndim:
        raise ShapeError(f"{op}: {words(whole)} needs a start, a step and a size for each axis", code="SW103")
    for axis, (start, step, size) in enumerate(zip(starts, steps, part, strict=True)):
        have = whole.shape[axis]
        last = start + step * (size - 1)
        low, high = (start, last) if step > 0 else (last, start)
        if "assumed" in attrs and any(isinstance(s, Poly) for s in (have, start, size)):
            continue
        if size != 0 and not (never_below(size, 0) and never_below(low, 0) and never_below(have - high - 1, 0)):
            raise _outside(op, whole, axis, (start, step, size), high if never_below(low, 0) else low)


def _outside(op: str, whole: TensorType, axis: int, window: tuple[Size, int, Size], index: Size) -> ShapeError:
    start, step, size = window
    have = whole.shape[axis]
    known = all(isinstance(s, int) for s in (have, start, size))
    index = index if isinstance(index, Poly) or isinstance(have, Poly) else size  # it is the size that is not known
    return ShapeError(
        f"{op}: {size} elements from {start} in steps of {step} do not fit axis {axis} ({size_text(whole, axis)})",
        details=["every index must lie inside the axis"],
        code="SW106",
        sizes=None if known else (have, index),
    )


def _infer_slice(types: Types, attrs: Attrs) -> TensorType:
    arity("slice", types, 1)
    x, shape = types[0], attrs.sizes("shape")
    _check_window("slice", x, shape, attrs)
    return TensorType(
        x.dtype, shape, tuple(n if s == t else None for n, s, t in zip(x.names, x.shape, shape, strict=True))
    )


def _infer_unslice(types: Types, attrs: Attrs) -> TensorType:
    arity("unslice", types, 1)
    x, shape = types[0], attrs.sizes("shape")
    whole = TensorType(x.dtype, shape)
    _check_window("unslice", whole, x.shape, attrs)
    return TensorType(
        x.dtype, shape, tuple(n if s == t else None for n, s, t in zip(x.names, x.shape, shape, strict=True))
    )


def _infer_concat(types: Types, attrs: Attrs) -> TensorType:
    if not types:
        raise ShapeError("concat takes at least one operand", code="SW103")
    axis, first = attrs.int("axis"), types[0]
    same_dtype("concat", types)
    check_axes("concat", first, (axis,))
    total: Size = first.shape[axis]
    names = list(first.names)
    for k, t in enumerate(types[1:], 1):
        if t.ndim != first.ndim:
            raise ShapeError(
                f"concat: the ranks differ, {first.ndim} and {t.ndim}",
                details=[f"operand {k + 1} must have as many axes as operand 1"],
                code="SW103",
            )
        for a in range(first.ndim):
            if a != axis:
                same_size("concat", types, (0, a), (k, a), f"only axis {axis} may differ")
                names[a] = names[a] or t.names[a]
        total = total + t.shape[axis]
    names[axis] = names[axis] if len(types) == 1 else None
    return TensorType(first.dtype, (*first.shape[:axis], total, *first.shape[axis + 1 :]), tuple(names))


# ---- derivatives
def _reshape_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    return (p.b.reshape(g, p.b.shape(p.args[0])),)


def _transpose_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    axes = p.attrs.ints("axes")
    return (p.b.transpose(g, tuple(axes.index(i) for i in range(len(axes)))),)


def _broadcast_to_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    return (g,)  # the driver sums it back


def _slice_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    at: dict[str, AttrValue] = {**p.attrs, "shape": p.b.shape(p.args[0])}
    return (p.b.apply("unslice", (g,), Attrs(at)),)


def _unslice_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    at: dict[str, AttrValue] = {**p.attrs, "shape": p.b.shape(p.args[0])}
    return (p.b.apply("slice", (g,), Attrs(at)),)


def _concat_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    b, axis = p.b, p.attrs.int("axis")
    out: list[V | None] = []
    start: Size = 0
    for x, need in zip(p.args, p.needs, strict=True):
        shape = b.shape(x)
        starts = tuple(start if a == axis else 0 for a in range(len(shape)))
        out.append(b.op("slice", g, starts=starts, steps=(1,) * len(shape), shape=shape) if need else None)
        start = start + shape[axis]
    return out


# ---- references
def _reshape_ref(attrs: Attrs, x: Float) -> object:
    return np.reshape(x, attrs.ints("shape"))


def _transpose_ref(attrs: Attrs, x: Float) -> object:
    return np.transpose(x, attrs.ints("axes"))


def _broadcast_to_ref(attrs: Attrs, x: Float) -> object:
    return np.broadcast_to(x, attrs.ints("shape"))


def _window(attrs: Attrs, part: tuple[int, ...]) -> tuple[slice, ...]:
    """NumPy slices for start + step * i, i < size; a negative step may run past index 0."""
    out: list[slice] = []
    for start, step, size in zip(attrs.ints("starts"), attrs.ints("steps"), part, strict=True):
        stop = start + step * size
        out.append(slice(0, 0) if size == 0 else slice(start, stop if stop >= 0 else None, step))
    return tuple(out)


def _slice_ref(attrs: Attrs, x: Float) -> object:
    return x[_window(attrs, attrs.ints("shape"))]


def _unslice_ref(attrs: Attrs, x: Float) -> object:
    out = np.zeros(attrs.ints("shape"), dtype=x.dtype)
    out[_window(attrs, x.shape)] = x
    return out


def _concat_ref(attrs: Attrs, *xs: Float) -> object:
    return np.concatenate(xs, axis=attrs.int("axis"))


# ---- the family
def _f(dims: tuple[int, ...], dtype: str = "float32", /, **attrs: AttrValue) -> Sample:
    return Sample(((dims, dtype, -2.0, 2.0),), Attrs(attrs))


def _cat(axis: int, *shapes: tuple[int, ...], dtype: str = "float32") -> Sample:
    return Sample(tuple((s, dtype, -2.0, 2.0) for s in shapes), Attrs({"axis": axis}))


MOVEMENT: tuple[OpDef, ...] = (
    OpDef(
        "reshape",
        _infer_reshape,
        _reshape_vjp,
        None,
        Movement("reshape"),
        with_attrs(_reshape_ref),
        (
            _f((3, 4), shape=(2, 6)),
            _f((3, 4, 2), shape=(3, 8)),
            _f((2, 3, 4), "float64", shape=(6, 4)),
            _f((6,), shape=(2, 1, 3)),
            _f((1, 1), shape=()),
        ),
        "The same elements in row-major order under another shape.",
    ),
    OpDef(
        "transpose",
        _infer_transpose,
        _transpose_vjp,
        None,
        Movement("transpose"),
        with_attrs(_transpose_ref),
        (
            _f((3, 4), axes=(1, 0)),
            _f((2, 3, 4), "float64", axes=(2, 0, 1)),
            _f((2, 3, 4), axes=(0, 2, 1)),
            _f((), axes=()),
        ),
        "Axes in another order: axis i of the result is axis axes[i] of the operand.",
    ),
    OpDef(
        "broadcast_to",
        _infer_broadcast_to,
        _broadcast_to_vjp,
        None,
        Movement("broadcast_to"),
        with_attrs(_broadcast_to_ref),
        (
            _f((4,), shape=(3, 4)),
            _f((3, 1), "float64", shape=(2, 3, 4)),
            _f((), shape=(2, 3)),
            _f((1, 4), shape=(1, 4)),
        ),
        "Copies along new leading axes and along axes of size 1.",
    ),
    OpDef(
        "slice",
        _infer_slice,
        _slice_vjp,
        None,
        Movement("slice"),
        with_attrs(_slice_ref),
        (
            _f((5, 4), starts=(1, 0), steps=(1, 1), shape=(3, 4)),
            _f((6, 4), starts=(0, 1), steps=(1, 1), shape=(6, 2)),
            _f((5, 4), "float64", starts=(4, 3), steps=(-2, -1), shape=(3, 4)),
            _f((2, 3, 7), starts=(1, 2, 1), steps=(1, -1, 2), shape=(1, 2, 3)),
            _f((5,), starts=(0,), steps=(1,), shape=(0,)),
        ),
        "out[i] = x[start + step * i] on every axis; a step may be negative.",
    ),
    OpDef(
        "unslice",
        _infer_unslice,
        _unslice_vjp,
        None,
        Special("pad"),
        with_attrs(_unslice_ref),
        (
            _f((3, 4), starts=(1, 0), steps=(1, 1), shape=(5, 4)),
            _f((6, 2), starts=(0, 1), steps=(1, 1), shape=(6, 4)),
            _f((3, 4), "float64", starts=(4, 3), steps=(-2, -1), shape=(5, 4)),
            _f((3,), starts=(2,), steps=(1,), shape=(6,)),
            _f((0,), starts=(0,), steps=(1,), shape=(5,)),
        ),
        "Zeros of `shape` with the operand at start + step * i: the transpose of slice, and zero padding.",
    ),
    OpDef(
        "concat",
        _infer_concat,
        _concat_vjp,
        None,
        Special("concat"),
        with_attrs(_concat_ref),
        (
            _cat(0, (2, 3), (4, 3)),
            _cat(1, (2, 3), (2, 1), (2, 2), dtype="float64"),
            _cat(0, (3,)),
            _cat(2, (2, 3, 1), (2, 3, 4)),
        ),
        "Operands one after the other along an axis.",
    ),
)
