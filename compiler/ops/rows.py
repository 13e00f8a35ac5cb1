"""Operations on rows: softmax and its logarithm along one axis, layer normalisation over the last one.

Derivatives rebuild the parts of the decomposition with the same calls, so that a compiler finds them again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from ..errors import ShapeError
from ..ir.attrs import Attrs, AttrValue
from ..ir.build import Build
from ..types import TensorType
from .opdef import Decompose, OpDef, Pullback, Sample
from .refs import Float, with_attrs
from .shapes import FLOATS, Types, arity, check_axes, of_kind, rank_at_least, same_dtype, same_size, words

V = TypeVar("V")


# ---- shape rules
def _infer_row(op: str) -> Callable[[Types, Attrs], TensorType]:
    def infer(types: Types, attrs: Attrs) -> TensorType:
        arity(op, types, 1)
        of_kind(op, types, 0, FLOATS)
        check_axes(op, types[0], (attrs.int("axis"),))
        if types[0].shape[attrs.int("axis")] == 0:
            raise ShapeError(
                f"{op}: axis {attrs.int('axis')} of {words(types[0])} is empty",
                code="SW107",
            )
        return types[0]

    return infer


def _infer_layer_norm(types: Types, attrs: Attrs) -> TensorType:
    arity("layer_norm", types, 3)
    for i in range(3):
        of_kind("layer_norm", types, i, FLOATS)
    same_dtype("layer_norm", types)
    rank_at_least("layer_norm", types, 0, 1)
    x = types[0]
    for k, text in ((1, "weight"), (2, "bias")):
        if types[k].ndim != 1:
            raise ShapeError(
                f"layer_norm: a {text} has 1 axis",
                details=[f"operand {k + 1} is {words(types[k])}", "layer_norm(x, weight, bias)"],
                code="SW103",
            )
        same_size("layer_norm", types, (0, x.ndim - 1), (k, 0), f"the {text} has one element for each feature")
    return x


# ---- softmax
def exp_shifted(b: Build[V], x: V, axis: int) -> tuple[V, V, V]:
    """(z, e, s): x less its largest element along the axis, exp(z), and its sum (kept with size 1)."""
    z = b.sub(x, b.max(x, (axis,), keepdims=True))
    e = b.exp(z)
    return z, e, b.sum(e, (axis,), keepdims=True)


def _softmax(b: Build[V], args: tuple[V, ...], attrs: Attrs) -> V:
    _, e, s = exp_shifted(b, args[0], attrs.int("axis"))
    return b.div(e, s)


def _softmax_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    b = p.b
    inner = b.sum(b.mul(g, p.out), (p.attrs.int("axis"),), keepdims=True)
    return (b.mul(p.out, b.sub(g, inner)),)


def _log_softmax(b: Build[V], args: tuple[V, ...], attrs: Attrs) -> V:
    z, _, s = exp_shifted(b, args[0], attrs.int("axis"))
    return b.sub(z, b.log(s))


def _log_softmax_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    b = p.b
    return (b.sub(g, b.mul(b.exp(p.out), b.sum(g, (p.attrs.int("axis"),), keepdims=True))),)


def _softmax_ref(attrs: Attrs, x: Float) -> object:
    e = np.exp(x - np.max(x, axis=attrs.int("axis"), keepdims=True))
    return e / np.sum(e, axis=attrs.int("axis"), keepdims=True)


def _log_softmax_ref(attrs: Attrs, x: Float) -> object:
    z = x - np.max(x, axis=attrs.int("axis"), keepdims=True)
    return z - np.log(np.sum(np.exp(z), axis=attrs.int("axis"), keepdims=True))


# ---- layer norm
def _standardised(b: Build[V], x: V, eps: float) -> tuple[V, V]:
    """(xhat, rstd): rows with mean 0 and variance 1, and one over their standard deviation."""
    last = (b.ndim(x) - 1,)
    centered = b.sub(x, b.mean(x, last, keepdims=True))
    rstd = b.rsqrt(b.shift(b.mean(b.square(centered), last, keepdims=True), eps))
    return b.mul(centered, rstd), rstd


def _layer_norm(b: Build[V], args: tuple[V, ...], attrs: Attrs) -> V:
    x, w, bias = args
    return b.add(b.mul(_standardised(b, x, attrs.float("eps"))[0], w), bias)


def _layer_norm_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    """rstd (h - mean h - xhat mean(h xhat)) with h = g w; g xhat for the weight, g for the bias."""
    b, (x, w, _) = p.b, p.args
    last = (b.ndim(x) - 1,)
    xhat, rstd = _standardised(b, x, p.attrs.float("eps"))
    gx = None
    if p.needs[0]:
        h = b.mul(g, w)
        along = b.mul(xhat, b.mean(b.mul(h, xhat), last, keepdims=True))
        gx = b.mul(rstd, b.sub(b.sub(h, b.mean(h, last, keepdims=True)), along))
    return gx, b.mul(g, xhat) if p.needs[1] else None, g


def _layer_norm_ref(attrs: Attrs, x: Float, w: Float, bias: Float) -> Float:
    mean = np.mean(x, axis=-1, keepdims=True, dtype=x.dtype)
    variance = np.mean(np.square(x - mean), axis=-1, keepdims=True, dtype=x.dtype)
    return (x - mean) / np.sqrt(variance + attrs.float("eps")) * w + bias


# ---- the family
def _row(shape: tuple[int, ...], axis: int, dtype: str = "float32") -> Sample:
    return Sample(((shape, dtype, -4.0, 4.0),), Attrs({"axis": axis}))


def _norm(*shape: int, dtype: str = "float32") -> Sample:
    at: dict[str, AttrValue] = {"eps": 1e-5}
    d = shape[-1:]
    return Sample(((shape, dtype, -2.0, 2.0), (d, dtype, 0.5, 1.5), (d, dtype, -1.0, 1.0)), Attrs(at))


_ROWS = (_row((3, 4), 1), _row((3, 4), 0, "float64"), _row((2, 3, 4), 1), _row((2, 3, 4), 2, "float64"), _row((5,), 0))

ROWS: tuple[OpDef, ...] = (
    OpDef(
        "softmax",
        _infer_row("softmax"),
        _softmax_vjp,
        None,
        Decompose(_softmax),
        with_attrs(_softmax_ref),
        _ROWS,
        "exp(x) over its sum along one axis, shifted by the largest element; nan for a row of -inf.",
    ),
    OpDef(
        "log_softmax",
        _infer_row("log_softmax"),
        _log_softmax_vjp,
        None,
        Decompose(_log_softmax),
        with_attrs(_log_softmax_ref),
        _ROWS,
        "The logarithm of softmax, without cancellation.",
    ),
    OpDef(
        "layer_norm",
        _infer_layer_norm,
        _layer_norm_vjp,
        None,
        Decompose(_layer_norm),
        with_attrs(_layer_norm_ref),
        (_norm(3, 4), _norm(2, 3, 8, dtype="float64"), _norm(6)),
        "Rows of the last axis with mean 0 and (biased) variance 1, times weight, plus bias (arXiv 1607.06450).",
    ),
)
