"""Instructions that Python has no spelling for: fused multiply-add, bits of floats, NaN-propagating maxima, Threefry."""

from __future__ import annotations

from typing import Final

from .jit import (
    Builder,
    Value,
    emit,
    float32,
    float64,
    has_fma,
    int64,
    llvm_constant,
    llvm_f32,
    llvm_f64,
    llvm_i32,
    llvm_i64,
    llvm_intrinsic,
    llvm_pair,
    pair_of,
    uint32,
)

_FMA: Final = "fma" if has_fma() else "fmuladd"


def _call(builder: Builder, name: str, typ: object, *values: Value, flags: tuple[str, ...] = ()) -> Value:
    suffix = "f32" if typ is llvm_f32 else "f64"
    function = llvm_intrinsic(builder, f"llvm.{name}.{suffix}", typ, [typ] * len(values))
    return builder.call(function, values, fastmath=flags)


@emit(float32, float32, float32, float32)
def fma_f32(b: Builder, x: Value, y: Value, z: Value) -> Value:
    """x * y + z with one rounding."""
    return _call(b, _FMA, llvm_f32, x, y, z)


@emit(float64, float64, float64, float64)
def fma_f64(b: Builder, x: Value, y: Value, z: Value) -> Value:
    """x * y + z with one rounding."""
    return _call(b, _FMA, llvm_f64, x, y, z)


@emit(float32, float32)
def sqrt_f32(b: Builder, x: Value) -> Value:
    """Square root, correctly rounded."""
    return _call(b, "sqrt", llvm_f32, x)


@emit(float64, float64)
def sqrt_f64(b: Builder, x: Value) -> Value:
    """Square root, correctly rounded."""
    return _call(b, "sqrt", llvm_f64, x)


@emit(float32, float32)
def floor_f32(b: Builder, x: Value) -> Value:
    """The largest integer not above x."""
    return _call(b, "floor", llvm_f32, x)


@emit(float64, float64)
def floor_f64(b: Builder, x: Value) -> Value:
    """The largest integer not above x."""
    return _call(b, "floor", llvm_f64, x)


# `llvm.maximum` returns NaN if either operand is NaN, as np.maximum does; a loop over it is a vector reduction.
_NO_SIGNED_ZERO: Final = ("nsz",)


@emit(float32, float32, float32)
def maximum_f32(b: Builder, x: Value, y: Value) -> Value:
    """np.maximum."""
    return _call(b, "maximum", llvm_f32, x, y, flags=_NO_SIGNED_ZERO)


@emit(float64, float64, float64)
def maximum_f64(b: Builder, x: Value, y: Value) -> Value:
    """np.maximum."""
    return _call(b, "maximum", llvm_f64, x, y, flags=_NO_SIGNED_ZERO)


@emit(float32, float32, float32)
def minimum_f32(b: Builder, x: Value, y: Value) -> Value:
    """np.minimum."""
    return _call(b, "minimum", llvm_f32, x, y, flags=_NO_SIGNED_ZERO)


@emit(float64, float64, float64)
def minimum_f64(b: Builder, x: Value, y: Value) -> Value:
    """np.minimum."""
    return _call(b, "minimum", llvm_f64, x, y, flags=_NO_SIGNED_ZERO)


@emit(float32, float32, float32)
def copysign_f32(b: Builder, x: Value, sign: Value) -> Value:
    """|x| with the sign of `sign`."""
    return _call(b, "copysign", llvm_f32, x, sign)


@emit(float32, float32, float32)
def ldexp_f32(b: Builder, p: Value, t: Value) -> Value:
    """p * 2**n for n = t - 1.5 * 2**23 in [-252, 254], in two factors: the result may be denormal or infinite."""
    bias, width, one = (llvm_constant(v, llvm_i32) for v in (127, 23, 1))
    n = b.sub(b.bitcast(t, llvm_i32), llvm_constant(0x4B400000, llvm_i32))
    half = b.ashr(n, one)
    for part in (half, b.sub(n, half)):
        p = b.fmul(p, b.bitcast(b.shl(b.add(part, bias), width), llvm_f32))
    return p


@emit(float64, float64, float64)
def ldexp_f64(b: Builder, p: Value, t: Value) -> Value:
    """p * 2**n for n = t - 1.5 * 2**52 in [-1022, 1023]."""
    n = b.sub(b.bitcast(t, llvm_i64), llvm_constant(0x4338000000000000))
    return b.fmul(p, b.bitcast(b.shl(b.add(n, llvm_constant(1023)), llvm_constant(52)), llvm_f64))


# x = mantissa * 2**exponent, with the mantissa around 1: in [2/3, 4/3) for float32, [0.7, 1.4) for float64.
_THIRD: Final = 0x3F2AAAAB
_ROOT: Final = 0x3FE6666666666666


@emit(float32, float32)
def exponent_f32(b: Builder, x: Value) -> Value:
    """The binary exponent of a positive normal number."""
    shifted = b.sub(b.bitcast(x, llvm_i32), llvm_constant(_THIRD, llvm_i32))
    return b.sitofp(b.ashr(shifted, llvm_constant(23, llvm_i32)), llvm_f32)


@emit(float32, float32)
def mantissa_f32(b: Builder, x: Value) -> Value:
    """What is left of a positive normal number without its exponent."""
    bits = b.bitcast(x, llvm_i32)
    exponent = b.and_(b.sub(bits, llvm_constant(_THIRD, llvm_i32)), llvm_constant(-8388608, llvm_i32))
    return b.bitcast(b.sub(bits, exponent), llvm_f32)


@emit(float64, float64)
def exponent_f64(b: Builder, x: Value) -> Value:
    """The binary exponent of a positive normal number; without int64 conversions, which AVX2 has not."""
    biased = b.add(b.sub(b.bitcast(x, llvm_i64), llvm_constant(_ROOT)), llvm_constant(1023 << 52))
    number = b.or_(b.lshr(biased, llvm_constant(52)), llvm_constant(0x4338000000000000))
    return b.fsub(b.bitcast(number, llvm_f64), llvm_constant(6755399441055744.0 + 1023.0, llvm_f64))


@emit(float64, float64)
def mantissa_f64(b: Builder, x: Value) -> Value:
    """What is left of a positive normal number without its exponent."""
    bits = b.bitcast(x, llvm_i64)
    exponent = b.and_(b.sub(bits, llvm_constant(_ROOT)), llvm_constant(-(1 << 52)))
    return b.bitcast(b.sub(bits, exponent), llvm_f64)


@emit(int64, float64)
def quadrant(b: Builder, t: Value) -> Value:
    """The two low bits of n for t = n + 1.5 * 2**52."""
    return b.and_(b.bitcast(t, llvm_i64), llvm_constant(3))


@emit(float32, uint32)
def bits_to_f32(b: Builder, word: Value) -> Value:
    """A random word as a float32 in [0, 1): (word >> 8) * 2**-24."""
    number = b.sitofp(b.lshr(word, llvm_constant(8, llvm_i32)), llvm_f32)
    return b.fmul(number, llvm_constant(2.0**-24, llvm_f32))


@emit(float64, uint32, uint32)
def bits_to_f64(b: Builder, high: Value, low: Value) -> Value:
    """Two random words as a float64 in [0, 1): ((high >> 5) * 2**26 + (low >> 6)) * 2**-53."""
    top = b.sitofp(b.lshr(high, llvm_constant(5, llvm_i32)), llvm_f64)
    rest = b.sitofp(b.lshr(low, llvm_constant(6, llvm_i32)), llvm_f64)
    whole = b.fadd(b.fmul(top, llvm_constant(2.0**26, llvm_f64)), rest)
    return b.fmul(whole, llvm_constant(2.0**-53, llvm_f64))


_ROTATIONS: Final = ((13, 15, 26, 6), (17, 29, 16, 24))


def _rotate(b: Builder, x: Value, by: int) -> Value:
    left, right = llvm_constant(by, llvm_i32), llvm_constant(32 - by, llvm_i32)
    return b.or_(b.shl(x, left), b.lshr(x, right))


@emit(pair_of(uint32), uint32, uint32, uint32, uint32)
def threefry2x32(b: Builder, key0: Value, key1: Value, counter0: Value, counter1: Value) -> Value:
    """Threefry-2x32 with 20 rounds (Salmon et al., SC 2011): two random words for a key and a counter."""
    keys = (key0, key1, b.xor(b.xor(key0, key1), llvm_constant(0x1BD11BDA, llvm_i32)))
    x0, x1 = b.add(counter0, key0), b.add(counter1, key1)
    for group in range(5):
        for rotation in _ROTATIONS[group % 2]:
            x0 = b.add(x0, x1)
            x1 = b.xor(_rotate(b, x1, rotation), x0)
        x0 = b.add(x0, keys[(group + 1) % 3])
        x1 = b.add(b.add(x1, keys[(group + 2) % 3]), llvm_constant(group + 1, llvm_i32))
    return llvm_pair(b, x0, x1)
