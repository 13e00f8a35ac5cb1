"""Instructions that Python has no spelling for: fused multiply-add, bits of floats, NaN-propagating maxima, Threefry."""

from __future__ import annotations

from typing import Final

import numpy as np

from .. import random_words
from .llvm import F32, F64, I32, I64, Builder, Value, constant, declare, emit, has_fma, pair

f4 = np.float32
f8 = np.float64
u4 = np.uint32

_FMA: Final = "fma" if has_fma() else "fmuladd"


def _call(builder: Builder, name: str, typ: object, *values: Value, flags: tuple[str, ...] = ()) -> Value:
    suffix = "f32" if typ is F32 else "f64"
    function = declare(builder, f"llvm.{name}.{suffix}", typ, [typ] * len(values))
    return builder.call(function, values, fastmath=flags)


@emit(f4, f4, f4, f4)
def fma_f32(b: Builder, x: Value, y: Value, z: Value) -> Value:
    """x * y + z with one rounding."""
    return _call(b, _FMA, F32, x, y, z)


@emit(f8, f8, f8, f8)
def fma_f64(b: Builder, x: Value, y: Value, z: Value) -> Value:
    """x * y + z with one rounding."""
    return _call(b, _FMA, F64, x, y, z)


@emit(f4, f4)
def sqrt_f32(b: Builder, x: Value) -> Value:
    """Square root, correctly rounded."""
    return _call(b, "sqrt", F32, x)


@emit(f8, f8)
def sqrt_f64(b: Builder, x: Value) -> Value:
    """Square root, correctly rounded."""
    return _call(b, "sqrt", F64, x)


@emit(f4, f4)
def floor_f32(b: Builder, x: Value) -> Value:
    """The largest integer not above x."""
    return _call(b, "floor", F32, x)


@emit(f8, f8)
def floor_f64(b: Builder, x: Value) -> Value:
    """The largest integer not above x."""
    return _call(b, "floor", F64, x)


# `llvm.maximum` returns NaN if either operand is NaN, as np.maximum does; a loop over it is a vector reduction.
_NO_SIGNED_ZERO: Final = ("nsz",)


@emit(f4, f4, f4)
def maximum_f32(b: Builder, x: Value, y: Value) -> Value:
    """np.maximum."""
    return _call(b, "maximum", F32, x, y, flags=_NO_SIGNED_ZERO)


@emit(f8, f8, f8)
def maximum_f64(b: Builder, x: Value, y: Value) -> Value:
    """np.maximum."""
    return _call(b, "maximum", F64, x, y, flags=_NO_SIGNED_ZERO)


@emit(f4, f4, f4)
def minimum_f32(b: Builder, x: Value, y: Value) -> Value:
    """np.minimum."""
    return _call(b, "minimum", F32, x, y, flags=_NO_SIGNED_ZERO)


@emit(f8, f8, f8)
def minimum_f64(b: Builder, x: Value, y: Value) -> Value:
    """np.minimum."""
    return _call(b, "minimum", F64, x, y, flags=_NO_SIGNED_ZERO)


@emit(f4, f4, f4)
def copysign_f32(b: Builder, x: Value, sign: Value) -> Value:
    """|x| with the sign of `sign`."""
    return _call(b, "copysign", F32, x, sign)


@emit(f4, f4, f4)
def ldexp_f32(b: Builder, p: Value, t: Value) -> Value:
    """p * 2**n for n = t - 1.5 * 2**23 in [-252, 254], in two factors: the result may be denormal or infinite."""
    bias, width, one = (constant(v, I32) for v in (127, 23, 1))
    n = b.sub(b.bitcast(t, I32), constant(0x4B400000, I32))
    half = b.ashr(n, one)
    for part in (half, b.sub(n, half)):
        p = b.fmul(p, b.bitcast(b.shl(b.add(part, bias), width), F32))
    return p


@emit(f8, f8, f8)
def ldexp_f64(b: Builder, p: Value, t: Value) -> Value:
    """p * 2**n for n = t - 1.5 * 2**52 in [-1022, 1023]."""
    n = b.sub(b.bitcast(t, I64), constant(0x4338000000000000))
    return b.fmul(p, b.bitcast(b.shl(b.add(n, constant(1023)), constant(52)), F64))


# x = mantissa * 2**exponent, with the mantissa around 1: in [2/3, 4/3) for float32, [0.7, 1.4) for float64.
_THIRD: Final = 0x3F2AAAAB
_ROOT: Final = 0x3FE6666666666666


@emit(f4, f4)
def exponent_f32(b: Builder, x: Value) -> Value:
    """The binary exponent of a positive normal number."""
    shifted = b.sub(b.bitcast(x, I32), constant(_THIRD, I32))
    return b.sitofp(b.ashr(shifted, constant(23, I32)), F32)


@emit(f4, f4)
def mantissa_f32(b: Builder, x: Value) -> Value:
    """What is left of a positive normal number without its exponent."""
    bits = b.bitcast(x, I32)
    exponent = b.and_(b.sub(bits, constant(_THIRD, I32)), constant(-8388608, I32))
    return b.bitcast(b.sub(bits, exponent), F32)


@emit(f8, f8)
def exponent_f64(b: Builder, x: Value) -> Value:
    """The binary exponent of a positive normal number; without int64 conversions, which AVX2 has not."""
    biased = b.add(b.sub(b.bitcast(x, I64), constant(_ROOT)), constant(1023 << 52))
    number = b.or_(b.lshr(biased, constant(52)), constant(0x4338000000000000))
    return b.fsub(b.bitcast(number, F64), constant(6755399441055744.0 + 1023.0, F64))


@emit(f8, f8)
def mantissa_f64(b: Builder, x: Value) -> Value:
    """What is left of a positive normal number without its exponent."""
    bits = b.bitcast(x, I64)
    exponent = b.and_(b.sub(bits, constant(_ROOT)), constant(-(1 << 52)))
    return b.bitcast(b.sub(bits, exponent), F64)


@emit(int, f8)
def quadrant(b: Builder, t: Value) -> Value:
    """The two low bits of n for t = n + 1.5 * 2**52."""
    return b.and_(b.bitcast(t, I64), constant(3))


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
    return pair(b, *random_words.threefry(b, (key0, key1), (counter0, counter1)))
