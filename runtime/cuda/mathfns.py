"""Scalar functions of kernels on a device, one set per float width.

They are libdevice's, which are accurate to a few units in the last place and know NaN, infinities and denormal
numbers; nothing here is a fast approximation. The simulator's are in `twins.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import random_words
from .api import capability
from .llvm import F32, I32, Builder, Value, array, assembly, call, constant, emit, pack

f4 = np.float32
f8 = np.float64
i4 = np.int32
i8 = np.int64
u4 = np.uint32

Unary32 = Callable[[np.float32], np.float32]
Unary64 = Callable[[np.float64], np.float64]


def _name(name: str, typ: object) -> str:
    """libdevice's name of a function: an `f` at the end is the float32 one."""
    return f"__nv_{name}f" if typ is F32 else f"__nv_{name}"


def _apply(b: Builder, name: str, *values: Value) -> Value:
    typ = values[0].type
    return call(b, _name(name, typ), typ, values)


def _pair(public: str, write: Callable[..., Value], arity: int = 1) -> tuple[Any, Any]:
    """The float32 and the float64 function that `write(builder, *values)` is the text of."""
    made: list[Any] = []
    for width, scalar in (("f32", f4), ("f64", f8)):

        def instructions(b: Builder, *values: Value) -> Value:
            return write(b, *values)

        instructions.__name__ = f"{public}_{width}"
        made.append(emit(scalar, *[scalar] * arity)(instructions))
    return made[0], made[1]


def _libdevice(name: str, arity: int = 1) -> tuple[Any, Any]:
    def write(b: Builder, *values: Value) -> Value:
        return _apply(b, name, *values)

    return _pair(name, write, arity)


exp_f32, exp_f64 = _libdevice("exp")
log_f32, log_f64 = _libdevice("log")
log1p_f32, log1p_f64 = _libdevice("log1p")
tanh_f32, tanh_f64 = _libdevice("tanh")
erf_f32, erf_f64 = _libdevice("erf")
sin_f32, sin_f64 = _libdevice("sin")
cos_f32, cos_f64 = _libdevice("cos")
sqrt_f32, sqrt_f64 = _libdevice("sqrt")
rsqrt_f32, rsqrt_f64 = _libdevice("rsqrt")
floor_f32, floor_f64 = _libdevice("floor")
pow_f32, pow_f64 = _libdevice("pow", 2)


# ---- composed


def _exp_minus_abs(b: Builder, x: Value) -> Value:
    typ = x.type
    return _apply(b, "exp", b.fmul(_apply(b, "fabs", x), constant(-1.0, typ)))


def _sigmoid(b: Builder, x: Value) -> Value:
    """1 / (1 + exp(-x)), without overflow on either side."""
    one, e = constant(1.0, x.type), _exp_minus_abs(b, x)
    below = b.fcmp_ordered("<", x, constant(0.0, x.type))
    return b.fdiv(b.select(below, e, one), b.fadd(one, e))


def _softplus(b: Builder, x: Value) -> Value:
    """log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|))."""
    zero = constant(0.0, x.type)
    above = b.select(b.fcmp_ordered("<", x, zero), zero, x)
    return b.fadd(above, _apply(b, "log1p", _exp_minus_abs(b, x)))


sigmoid_f32, sigmoid_f64 = _pair("sigmoid", _sigmoid)
softplus_f32, softplus_f64 = _pair("softplus", _softplus)


# ---- maximum and minimum that propagate NaN


def larger(b: Builder, x: Value, y: Value) -> Value:
    """np.maximum."""
    return _extreme(b, "max", ">", x, y)


def smaller(b: Builder, x: Value, y: Value) -> Value:
    """np.minimum."""
    return _extreme(b, "min", "<", x, y)


def _extreme(b: Builder, instruction: str, sign: str, x: Value, y: Value) -> Value:
    if x.type is F32 and capability() >= (8, 0):
        return assembly(b, f"{instruction}.NaN.f32 $0, $1, $2;", "=f,f,f", F32, [x, y])
    chosen = b.select(b.fcmp_ordered(sign, x, y), x, y)  # y, where either is NaN
    return b.select(b.fcmp_unordered("uno", x, x), x, chosen)


maximum_f32, maximum_f64 = _pair("maximum", larger, 2)
minimum_f32, minimum_f64 = _pair("minimum", smaller, 2)


# ---- random words


@emit(f4, u4)
def bits_to_f32(b: Builder, word: Value) -> Value:
    """A random word as a float32 in [0, 1)."""
    return random_words.unit_f32(b, word)


@emit(f8, u4, u4)
def bits_to_f64(b: Builder, high: Value, low: Value) -> Value:
    """Two random words as a float64 in [0, 1)."""
    return random_words.unit_f64(b, high, low)


@emit(tuple[u4, u4], u4, u4, u4, u4)
def threefry2x32(b: Builder, key0: Value, key1: Value, counter0: Value, counter1: Value) -> Value:
    """Two random words for a key and a counter."""
    return pack(b, array(I32, 2), [*random_words.threefry(b, (key0, key1), (counter0, counter1))])
