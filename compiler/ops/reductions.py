"""Reductions over the axes of the attribute `axis` (a tuple); `keepdims` keeps them with size 1."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from ..errors import ShapeError
from ..ir.attrs import Attrs
from ..ir.build import Build
from ..sizes import Size, product
from ..types import DType, TensorType
from .opdef import Decompose, OpDef, Pullback, Reduction, Sample
from .refs import Float, with_attrs
from .shapes import FLOATS, NUMBERS, Types, arity, axes_of, axis_text, check_axes, of_kind, reduce_axes

V = TypeVar("V")


# ---- shape rules
def infer_reduction(
    op: str, accept: frozenset[DType], result: DType | None = None, empty: bool = True
) -> Callable[[Types, Attrs], TensorType]:
    """`empty`: whether the fold of no elements has a value."""

    def infer(types: Types, attrs: Attrs) -> TensorType:
        arity(op, types, 1)
        of_kind(op, types, 0, accept)
        axes = axes_of(attrs)
        check_axes(op, types[0], axes)
        for a in axes:
            if not empty and types[0].shape[a] == 0:
                raise ShapeError(
                    f"{op}: {axis_text(types, 0, a)} is empty, and {op} of no elements has no value",
                    code="SW107",
                )
        return TensorType(result or types[0].dtype, *reduce_axes(types[0], axes, attrs.bool("keepdims")))

    return infer


def _samples(low: float, high: float, number: str = "float32") -> tuple[Sample, ...]:
    """Last axis, first axis kept, several axes, all axes to rank 0."""
    cases: tuple[tuple[tuple[int, ...], str, tuple[int, ...], bool], ...] = (
        ((3, 4), number, (1,), False),
        ((3, 4), "float64", (0,), True),
        ((2, 3, 4), number, (0, 2), False),
        ((2, 3, 4), number, (1,), True),
        ((5,), "float64", (0,), False),
    )
    return tuple(Sample(((s, d, low, high),), Attrs({"axis": a, "keepdims": k})) for s, d, a, k in cases)


_INTEGERS = (Sample((((3, 4), "int64", -5, 6),), Attrs({"axis": (1,), "keepdims": False})),)


# ---- shared steps
def kept(b: Build[V], x: V, like: V, axes: tuple[int, ...]) -> V:
    """A reduced value with the folded axes put back as size 1 (whether or not they were kept)."""
    shape = b.shape(like)
    return b.reshape(x, tuple(1 if i in axes else s for i, s in enumerate(shape)))


def spread(b: Build[V], g: V, like: V, axes: tuple[int, ...]) -> V:
    """The gradient of a sum: `g` copied along the folded axes."""
    return b.broadcast_to(kept(b, g, like, axes), b.shape(like))


def count(b: Build[V], x: V, axes: tuple[int, ...]) -> Size:
    return product([b.shape(x)[a] for a in axes])


def over_count(b: Build[V], x: V, n: Size) -> V:
    """x / n; a multiplication where n is known."""
    return b.scale(x, 1.0 / n) if isinstance(n, int) and n else b.div(x, b.size(n, b.dtype(x)))


def shifted_exp(b: Build[V], x: V, axes: tuple[int, ...]) -> tuple[V, V, V]:
    """(m, e, s): the largest element where it is finite and else 0, exp(x - m), and the sum of that; axes are kept."""
    top = b.max(x, axes, keepdims=True)
    m = b.where(b.op("isfinite", top), top, b.like(0.0, top))
    e = b.exp(b.sub(x, m))
    return m, e, b.sum(e, axes, keepdims=True)


# ---- derivatives and decompositions
def _sum_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    return (spread(p.b, g, p.args[0], axes_of(p.attrs)),)


def _extreme_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    """`g` spread evenly over the elements that equal the result (PyTorch's amax and amin)."""
    b, x, axes = p.b, p.args[0], axes_of(p.attrs)
    hit = b.cast(b.eq(x, kept(b, p.out, x, axes)), b.dtype(x))
    share = b.div(kept(b, g, x, axes), b.sum(hit, axes, keepdims=True))
    return (b.mul(hit, share),)


def _mean(b: Build[V], args: tuple[V, ...], attrs: Attrs) -> V:
    axes = axes_of(attrs)
    return over_count(b, b.op("sum", args[0], axis=axes, keepdims=attrs.bool("keepdims")), count(b, args[0], axes))


def _mean_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    b, x, axes = p.b, p.args[0], axes_of(p.attrs)
    return (spread(b, over_count(b, g, count(b, x, axes)), x, axes),)


def _logsumexp(b: Build[V], args: tuple[V, ...], attrs: Attrs) -> V:
    axes = axes_of(attrs)
    m, _, s = shifted_exp(b, args[0], axes)
    out = b.add(b.log(s), m)
    return out if attrs.bool("keepdims") else b.reshape(out, reduce_axes(b.type_of(args[0]), axes, False)[0])


def _logsumexp_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    """g softmax(x); a row of -inf gets 0."""
    b, x, axes = p.b, p.args[0], axes_of(p.attrs)
    _, e, s = shifted_exp(b, x, axes)
    zero, one = b.like(0.0, s), b.like(1.0, s)
    return (b.mul(e, b.div(kept(b, g, x, axes), b.where(b.eq(s, zero), one, s))),)


# ---- references
def _sum_ref(attrs: Attrs, x: Float) -> object:
    return np.sum(x, axis=axes_of(attrs), keepdims=attrs.bool("keepdims"), dtype=x.dtype)


def _max_ref(attrs: Attrs, x: Float) -> object:
    return np.max(x, axis=axes_of(attrs), keepdims=attrs.bool("keepdims"))


def _min_ref(attrs: Attrs, x: Float) -> object:
    return np.min(x, axis=axes_of(attrs), keepdims=attrs.bool("keepdims"))


def _argmax_ref(attrs: Attrs, x: Float) -> object:
    axes = axes_of(attrs)
    if len(axes) == 1:
        return np.argmax(x, axis=axes[0], keepdims=attrs.bool("keepdims"))
    rest = [i for i in range(x.ndim) if i not in axes]
    flat = np.transpose(x, (*rest, *axes)).reshape(*(x.shape[i] for i in rest), -1)
    out = np.argmax(flat, axis=-1)
    return np.expand_dims(out, axes) if attrs.bool("keepdims") else out


def _mean_ref(attrs: Attrs, x: Float) -> object:
    total = np.sum(x, axis=axes_of(attrs), keepdims=attrs.bool("keepdims"), dtype=x.dtype)
    return np.divide(total, np.asarray(product([x.shape[a] for a in axes_of(attrs)]), dtype=x.dtype))


def _logsumexp_ref(attrs: Attrs, x: Float) -> object:
    axes = axes_of(attrs)
    top = np.max(x, axis=axes, keepdims=True)
    m = np.where(np.isfinite(top), top, 0)
    out = np.log(np.sum(np.exp(x - m), axis=axes, keepdims=True)) + m
    return out if attrs.bool("keepdims") else np.squeeze(out, axis=axes)


# ---- the family
REDUCTIONS: tuple[OpDef, ...] = (
    OpDef(
        "sum",
        infer_reduction("sum", NUMBERS),
        _sum_vjp,
        None,
        Reduction("sum"),
        with_attrs(_sum_ref),
        _samples(-2, 2) + _INTEGERS,
        "Sum over axes.",
    ),
    OpDef(
        "max",
        infer_reduction("max", NUMBERS, empty=False),
        _extreme_vjp,
        None,
        Reduction("max"),
        with_attrs(_max_ref),
        _samples(-2, 2) + _INTEGERS,
        "Largest element over axes (nan if there is one); ties share the gradient evenly.",
    ),
    OpDef(
        "min",
        infer_reduction("min", NUMBERS, empty=False),
        _extreme_vjp,
        None,
        Reduction("min"),
        with_attrs(_min_ref),
        _samples(-2, 2) + _INTEGERS,
        "Smallest element over axes (nan if there is one); ties share the gradient evenly.",
    ),
    OpDef(
        "argmax",
        infer_reduction("argmax", NUMBERS, DType.int64, empty=False),
        None,
        None,
        Reduction("argmax"),
        with_attrs(_argmax_ref),
        _samples(-2, 2) + _INTEGERS,
        "Index (int64) of the first largest element; over several axes, the row-major index among them.",
    ),
    OpDef(
        "mean",
        infer_reduction("mean", FLOATS),
        _mean_vjp,
        None,
        Decompose(_mean),
        with_attrs(_mean_ref),
        _samples(-2, 2),
        "Mean over axes; nan of no elements.",
    ),
    OpDef(
        "logsumexp",
        infer_reduction("logsumexp", FLOATS, empty=False),
        _logsumexp_vjp,
        None,
        Decompose(_logsumexp),
        with_attrs(_logsumexp_ref),
        _samples(-4, 4),
        "log(sum(exp(x))) over axes, shifted by the largest element; -inf for a row of -inf.",
    ),
)
