"""Elementwise operations that are written with others, with a derivative of their own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar, cast

import numpy as np

from ..errors import OptionError
from ..ir.attrs import Attrs
from ..ir.build import Build
from ..types import TensorType
from .elementwise import infer_elementwise, unary_samples
from .opdef import Decompose, OpDef, Pullback, Sample
from .refs import Float, plain, with_attrs
from .shapes import FLOATS, NUMBERS, Types

V = TypeVar("V")
_SQRT_HALF = math.sqrt(0.5)
_PDF_SCALE = 1.0 / math.sqrt(2.0 * math.pi)
_TANH_SCALE = math.sqrt(2.0 / math.pi)
_CUBIC = 0.044715


# ---- gelu
def _infer_gelu(types: Types, attrs: Attrs) -> TensorType:
    if attrs["approximate"] not in ("none", "tanh"):
        raise OptionError(
            f"gelu: approximate={attrs['approximate']!r} is unknown", help='use "none" or "tanh"', code="SW801"
        )
    return infer_elementwise("gelu", 1, FLOATS, None)(types, attrs)


def _gelu_gate(b: Build[V], x: V, attrs: Attrs) -> V:
    """The factor of x: the normal distribution function, or its tanh approximation."""
    if attrs["approximate"] == "tanh":
        inner = b.mul(x, b.shift(b.scale(b.square(x), _TANH_SCALE * _CUBIC), _TANH_SCALE))
        return b.shift(b.scale(b.tanh(inner), 0.5), 0.5)
    return b.shift(b.scale(b.op("erf", b.scale(x, _SQRT_HALF)), 0.5), 0.5)


def _gelu(b: Build[V], args: tuple[V, ...], attrs: Attrs) -> V:
    return b.mul(args[0], _gelu_gate(b, args[0], attrs))


def _gelu_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    """gate + x gate'. With tanh, gate = (1 + t) / 2 = sigmoid(2 u), so gate' = 2 gate (1 - gate) u'."""
    b, x = p.b, p.args[0]
    gate = _gelu_gate(b, x, p.attrs)
    if p.attrs["approximate"] == "tanh":
        du = b.shift(b.scale(b.square(x), 3.0 * _TANH_SCALE * _CUBIC), _TANH_SCALE)
        slope = b.mul(b.scale(b.mul(gate, b.sub(b.like(1.0, x), gate)), 2.0), du)
    else:
        slope = b.scale(b.exp(b.scale(b.square(x), -0.5)), _PDF_SCALE)
    return (b.mul(g, b.add(gate, b.mul(x, slope))),)


def _gelu_ref(attrs: Attrs, x: Float) -> object:
    if attrs["approximate"] == "tanh":
        return 0.5 * x * (1 + np.tanh(_TANH_SCALE * (x + _CUBIC * x**3)))
    from scipy.special import erf  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs] - SciPy has no types

    return np.asarray(0.5 * x * (1 + erf(x * _SQRT_HALF)))


# ---- silu
def _silu(b: Build[V], args: tuple[V, ...], attrs: Attrs) -> V:
    return b.mul(args[0], b.sigmoid(args[0]))


def _silu_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    """s (1 + x (1 - s)) with s = sigmoid(x)."""
    b, x = p.b, p.args[0]
    s, one = b.sigmoid(x), b.like(1.0, x)
    return (b.mul(g, b.mul(s, b.add(one, b.mul(x, b.sub(one, s))))),)


def _silu_ref(x: Float) -> object:
    e = np.exp(-np.abs(x))
    return x * (np.where(x >= 0, 1, e) / (1 + e))


# ---- clip
def _bounds(attrs: Attrs) -> tuple[float | None, float | None]:
    return cast("float | None", attrs["low"]), cast("float | None", attrs["high"])


def _infer_clip(types: Types, attrs: Attrs) -> TensorType:
    low, high = _bounds(attrs)
    if low is not None and high is not None and not low <= high:
        raise OptionError(
            "clip: the lower bound is above the upper bound", details=["clip(x, low, high)"], code="SW801"
        )
    out = infer_elementwise("clip", 1, NUMBERS, None)(types, attrs)
    if not out.dtype.is_float and any(v is not None and v % 1 != 0 for v in (low, high)):
        raise OptionError(f"clip: a bound of {out} is not a whole number", code="SW801")
    return out


def _clip(b: Build[V], args: tuple[V, ...], attrs: Attrs) -> V:
    x = args[0]
    low, high = _bounds(attrs)
    x = x if low is None else b.maximum(x, b.like(low, x))
    return x if high is None else b.minimum(x, b.like(high, x))


def _clip_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    """1 inside and at the bounds, 0 outside."""
    b, x, zero = p.b, p.args[0], p.b.like(0.0, g)
    low, high = _bounds(p.attrs)
    g = g if low is None else b.where(b.ge(x, b.like(low, x)), g, zero)
    return (g if high is None else b.where(b.le(x, b.like(high, x)), g, zero),)


def _clip_ref(attrs: Attrs, x: Float) -> object:
    low, high = (None if v is None else np.asarray(v, dtype=x.dtype) for v in _bounds(attrs))
    x = x if low is None else np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


# ---- the family
def _floats(op: str) -> Callable[[Types, Attrs], TensorType]:
    return infer_elementwise(op, 1, FLOATS, None)


ACTIVATIONS: tuple[OpDef, ...] = (
    OpDef(
        "gelu",
        _infer_gelu,
        _gelu_vjp,
        None,
        Decompose(_gelu),
        with_attrs(_gelu_ref),
        unary_samples(-3, 3, approximate="none") + unary_samples(-3, 3, approximate="tanh"),
        'x times the normal distribution function of x; approximate="tanh" is the usual approximation (arXiv 1606.08415).',
    ),
    OpDef(
        "silu",
        _floats("silu"),
        _silu_vjp,
        None,
        Decompose(_silu),
        plain(_silu_ref),
        unary_samples(-4, 4),
        "x sigmoid(x)",
    ),
    OpDef(
        "clip",
        _infer_clip,
        _clip_vjp,
        None,
        Decompose(_clip),
        with_attrs(_clip_ref),
        (
            *unary_samples(-2, 2, low=-0.7, high=1.1),
            *unary_samples(-2, 2, low=0.3, high=None),
            *unary_samples(-2, 2, low=None, high=0.3),
            *unary_samples(-2, 2, low=None, high=None),
            Sample((((3, 4), "int64", -5, 6),), Attrs({"low": -2, "high": 3})),
        ),
        "x held between two bounds, each of which may be None; the slope at a bound is 1.",
    ),
)
