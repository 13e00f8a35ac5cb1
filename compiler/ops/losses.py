"""Losses: stable formulas, with `reduction` "none", "sum" or "mean"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar, cast

import numpy as np

from ..errors import OptionError, ShapeError
from ..ir.attrs import Attrs, AttrValue
from ..ir.build import Build
from ..sizes import Shape, product
from ..types import TensorType
from .opdef import Decompose, OpDef, Pullback, Sample
from .reductions import over_count
from .refs import Bool, Float, Int, in_range, with_attrs
from .rows import exp_shifted
from .shapes import FLOATS, INTEGERS, Types, arity, axes_text, of_kind, rank_at_least, same_dtype, same_size, words

V = TypeVar("V")


# ---- reduction
def _reduced(op: str, full: TensorType, attrs: Attrs) -> TensorType:
    if attrs["reduction"] not in ("none", "sum", "mean"):
        raise OptionError(
            f"{op}: reduction={attrs['reduction']!r} is unknown", help='use "mean", "sum" or "none"', code="SW801"
        )
    return full if attrs["reduction"] == "none" else TensorType(full.dtype, ())


def _reduce(b: Build[V], x: V, attrs: Attrs) -> V:
    if attrs["reduction"] == "none":
        return x
    total = b.sum(x, tuple(range(b.ndim(x))))
    return total if attrs["reduction"] == "sum" else over_count(b, total, product(b.shape(x)))


def _reduce_ref(x: Float, attrs: Attrs) -> object:
    if attrs["reduction"] == "none":
        return x
    total = np.sum(x, dtype=x.dtype)
    return total if attrs["reduction"] == "sum" else np.divide(total, np.asarray(x.size, dtype=x.dtype))


def _weight(b: Build[V], g: V, shape: Shape, attrs: Attrs) -> V:
    """The gradient of one element's loss: `g`, over their number for a mean."""
    return over_count(b, g, product(shape)) if attrs["reduction"] == "mean" else g


def _infer_pair(op: str, types: Types, attrs: Attrs) -> TensorType:
    """Two floating operands of one shape: a silent broadcast of predictions against targets is refused."""
    arity(op, types, 2)
    for i in (0, 1):
        of_kind(op, types, i, FLOATS)
    same_dtype(op, types)
    x, y = types
    if x.ndim != y.ndim:
        raise ShapeError(
            f"{op}: the ranks differ, {x.ndim} and {y.ndim}",
            details=["a loss does not broadcast"],
            code="SW103",
        )
    for a in range(x.ndim):
        same_size(op, types, (0, a), (1, a), "a loss does not broadcast")
    names = tuple(m or n for m, n in zip(x.names, y.names, strict=True))
    return _reduced(op, TensorType(x.dtype, x.shape, names), attrs)


# ---- mean squared error
def _infer_mse(types: Types, attrs: Attrs) -> TensorType:
    return _infer_pair("mse_loss", types, attrs)


def _mse(b: Build[V], args: tuple[V, ...], attrs: Attrs) -> V:
    return _reduce(b, b.square(b.sub(args[0], args[1])), attrs)


def _mse_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    b, (x, y) = p.b, p.args
    gx = b.mul(b.sub(x, y), b.scale(_weight(b, g, b.shape(x), p.attrs), 2.0))
    return gx, b.neg(gx) if p.needs[1] else None


def _mse_ref(attrs: Attrs, x: Float, y: Float) -> object:
    return _reduce_ref(np.square(x - y), attrs)


# ---- binary cross-entropy
def _infer_bce(types: Types, attrs: Attrs) -> TensorType:
    return _infer_pair("bce_with_logits", types, attrs)


def _bce(b: Build[V], args: tuple[V, ...], attrs: Attrs) -> V:
    """max(x, 0) - x y + log1p(exp(-|x|))"""
    x, y = args
    tail = b.op("log1p", b.exp(b.neg(b.abs(x))))
    return _reduce(b, b.add(b.sub(b.op("relu", x), b.mul(x, y)), tail), attrs)


def _bce_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    b, (x, y) = p.b, p.args
    w = _weight(b, g, b.shape(x), p.attrs)
    return b.mul(b.sub(b.sigmoid(x), y), w), b.neg(b.mul(x, w)) if p.needs[1] else None


def _bce_ref(attrs: Attrs, x: Float, y: Float) -> object:
    return _reduce_ref(np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x))), attrs)


# ---- cross-entropy of class indices
def _infer_cross_entropy(types: Types, attrs: Attrs) -> TensorType:
    op = "cross_entropy"
    arity(op, types, 2)
    of_kind(op, types, 0, FLOATS)
    of_kind(op, types, 1, INTEGERS)
    rank_at_least(op, types, 0, 1)
    x, t = types
    if t.ndim != x.ndim - 1:
        raise ShapeError(
            f"{op}: logits of {axes_text(x.ndim)} need targets of {x.ndim - 1}, not {t.ndim}",
            details=["logits are [*batch, classes], targets [*batch]"],
            code="SW103",
        )
    for a in range(t.ndim):
        same_size(op, types, (0, a), (1, a), "one target for each row of logits")
    if x.shape[-1] == 0:
        raise ShapeError(
            f"{op}: {words(x)} has no classes", details=["the last axis of the logits holds the classes"], code="SW107"
        )
    if not 0.0 <= attrs.float("label_smoothing") <= 1.0:
        raise OptionError(f"{op}: label_smoothing={attrs['label_smoothing']} is outside [0, 1]", code="SW801")
    return _reduced(
        op, TensorType(x.dtype, t.shape, tuple(m or n for m, n in zip(t.names, x.names, strict=False))), attrs
    )


def _ignored(attrs: Attrs) -> int | None:
    return cast("int | None", attrs["ignore_index"])


def _targets(b: Build[V], t: V, attrs: Attrs) -> tuple[V, V | None]:
    """Targets [.., 1] with ignored ones replaced by class 0, and which are not ignored ([.., 1]; None: all count)."""
    t = b.unsqueeze(t, b.ndim(t))
    ignore = _ignored(attrs)
    if ignore is None:
        return t, None
    valid = b.op("not_equal", t, b.like(ignore, t))
    return b.where(valid, t, b.like(0, t)), valid


def _over_valid(b: Build[V], x: V, rows: V, valid: V | None, attrs: Attrs) -> V:
    """x over the number of rows that count, for a mean."""
    if attrs["reduction"] != "mean":
        return x
    if valid is None:
        return over_count(b, x, product(b.shape(rows)))
    return b.div(x, b.sum(b.cast(valid, b.dtype(x)), tuple(range(b.ndim(valid)))))


def _cross_entropy(b: Build[V], args: tuple[V, ...], attrs: Attrs) -> V:
    """log sum exp(z) - z[target], with z the logits less their largest one; smoothing mixes in the mean of z."""
    x, t = args
    last, smoothing = b.ndim(x) - 1, attrs.float("label_smoothing")
    index, valid = _targets(b, t, attrs)
    z, _, s = exp_shifted(b, x, last)
    at = b.op("take_along_axis", z, index, axis=last)
    if smoothing:
        at = b.add(b.scale(at, 1.0 - smoothing), b.scale(b.mean(z, (last,), keepdims=True), smoothing))
    rows = b.sub(b.log(s), at)
    rows = rows if valid is None else b.where(valid, rows, b.like(0.0, rows))
    if attrs["reduction"] == "none":
        return b.reshape(rows, b.shape(t))
    return _over_valid(b, b.sum(rows, tuple(range(last + 1))), rows, valid, attrs)


def _cross_entropy_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    """(softmax - target distribution) times the weight of the row; the target by comparison, so nothing is scattered."""
    b, (x, t) = p.b, p.args
    last, smoothing = b.ndim(x) - 1, p.attrs.float("label_smoothing")
    index, valid = _targets(b, t, p.attrs)
    _, e, s = exp_shifted(b, x, last)
    wanted = b.cast(b.eq(b.iota(b.shape(x), last, b.dtype(t)), index), b.dtype(x))
    if smoothing:
        wanted = b.add(b.scale(wanted, 1.0 - smoothing), over_count(b, b.like(smoothing, x), b.shape(x)[last]))
    w = b.unsqueeze(g, last) if p.attrs["reduction"] == "none" else _over_valid(b, g, index, valid, p.attrs)
    w = w if valid is None else b.where(valid, w, b.like(0.0, w))
    return b.mul(b.sub(b.div(e, s), wanted), w), None


def _cross_entropy_ref(attrs: Attrs, x: Float, t: Int) -> object:
    smoothing, ignore = attrs.float("label_smoothing"), _ignored(attrs)
    valid: Bool = np.ones(t.shape, dtype=bool) if ignore is None else np.asarray(t != ignore)
    index = np.where(valid, t, 0)
    in_range("cross_entropy", index, x.shape[-1], x.ndim - 1)
    z = x - np.max(x, axis=-1, keepdims=True)
    log_p = z - np.log(np.sum(np.exp(z), axis=-1, keepdims=True))
    rows = -(1 - smoothing) * np.take_along_axis(log_p, index[..., None], axis=-1)[..., 0]
    if smoothing:
        rows = rows - smoothing * np.mean(log_p, axis=-1, dtype=x.dtype)
    rows = np.where(valid, rows, np.zeros((), dtype=x.dtype))
    if attrs["reduction"] == "none":
        return rows
    total = np.sum(rows, dtype=x.dtype)
    return (
        total if attrs["reduction"] == "sum" else np.divide(total, np.asarray(np.count_nonzero(valid), dtype=x.dtype))
    )


# ---- the family
def _pair(*shape: int, dtype: str = "float32", high: float = 2.0, low: float = -2.0) -> tuple[Sample, ...]:
    operands = (shape, dtype, -2.0, 2.0), (shape, dtype, low, high)
    return tuple(Sample(operands, Attrs({"reduction": r})) for r in ("mean", "sum", "none"))


def _classes(
    *shape: int, dtype: str = "float32", reduction: str = "mean", smoothing: float = 0.0, ignore: int | None = None
) -> Sample:
    at: dict[str, AttrValue] = {"reduction": reduction, "label_smoothing": smoothing, "ignore_index": ignore}
    return Sample(((shape, dtype, -3.0, 3.0), (shape[:-1], "int64", 0, shape[-1])), Attrs(at))


LOSSES: tuple[OpDef, ...] = (
    OpDef(
        "mse_loss",
        _infer_mse,
        _mse_vjp,
        None,
        Decompose(_mse),
        with_attrs(_mse_ref),
        _pair(3, 4) + _pair(5, dtype="float64") + _pair(2, 3, 4),
        "(x - y) squared.",
    ),
    OpDef(
        "bce_with_logits",
        _infer_bce,
        _bce_vjp,
        None,
        Decompose(_bce),
        with_attrs(_bce_ref),
        _pair(3, 4, low=0.0, high=1.0) + _pair(5, dtype="float64", low=0.0, high=1.0),
        "Binary cross-entropy of sigmoid(x) with targets y in [0, 1], without overflow.",
    ),
    OpDef(
        "cross_entropy",
        _infer_cross_entropy,
        _cross_entropy_vjp,
        None,
        Decompose(_cross_entropy),
        with_attrs(_cross_entropy_ref),
        (
            _classes(6, 4),
            _classes(6, 4, dtype="float64", reduction="sum"),
            _classes(2, 3, 4, reduction="none"),
            _classes(5, 4, smoothing=0.1),
            _classes(6, 3, ignore=1),
            _classes(6, 3, reduction="none", smoothing=0.2, ignore=0),
            _classes(4),
        ),
        "-log softmax(logits)[target] for logits [*batch, classes] and class indices [*batch]; rows whose target is "
        "ignore_index count for nothing.",
    ),
)
