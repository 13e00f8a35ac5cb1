"""Scalar functions for generated kernels, one set per float width.

The float32 ones are free of branches and library calls, so that a loop over them becomes vector instructions. They
carry no fast-math flags of their own (the caller's flags do not reach inside): reductions of the argument stay exact,
NaN and infinities come out as IEEE says, and a value has the same bits in a vector lane as in a loop's remainder.
Errors stated are the largest found over all finite float32 arguments, in units in the last place.

The polynomials of exp, log and erf are N. Juffa's minimax fits (public, NVIDIA forum and Stack Overflow); the argument
reduction of exp is Cody and Waite's. float64 uses the C library.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np

from .intrinsics import (
    copysign_f32,
    exponent_f32,
    exponent_f64,
    floor_f64,
    fma_f32,
    fma_f64,
    ldexp_f32,
    ldexp_f64,
    mantissa_f32,
    mantissa_f64,
    quadrant,
    sqrt_f32,
    sqrt_f64,
)
from .jit import njit

f4 = np.float32
f8 = np.float64

ZERO: Final = f4(0.0)
ONE: Final = f4(1.0)
HALF: Final = f4(0.5)
TWO: Final = f4(2.0)
INF: Final = f4(np.inf)
NAN: Final = f4(np.nan)
_TINY: Final = f4(1.1754944e-38)  # the smallest normal number
_ROUND: Final = f4(12582912.0)  # 1.5 * 2**23: adding it rounds to an integer, which is then in the low bits
_ROUND8: Final = f8(6755399441055744.0)  # 1.5 * 2**52
_LOG2E: Final = f4(1.442695)
_LN2_HI: Final = f4(-6.93145752e-1)
_LN2_LO: Final = f4(-1.42860677e-6)
_LN2: Final = f4(0.693147182)

inline = njit(forceinline=True, cache=True)


@inline
def exp_f32(x: f4) -> f4:
    """e**x, 1 ulp, denormal results included."""
    low = f4(-104.0) if x < f4(-104.0) else x
    a = f4(89.0) if low > f4(89.0) else low
    t = fma_f32(a, _LOG2E, _ROUND)
    n = t - _ROUND
    r = fma_f32(n, _LN2_LO, fma_f32(n, _LN2_HI, a))
    p = fma_f32(f4(1.37805939e-3), r, f4(8.37312452e-3))
    p = fma_f32(p, r, f4(4.16695364e-2))
    p = fma_f32(p, r, f4(1.66664720e-1))
    p = fma_f32(p, r, f4(4.99999851e-1))
    p = fma_f32(p, r, ONE)
    p = fma_f32(p, r, ONE)
    return ldexp_f32(p, t)


@inline
def log_f32(x: f4) -> f4:
    """Natural logarithm, 1 ulp; -inf at 0, NaN below."""
    small = x < _TINY
    a = x * f4(8388608.0) if small else x
    e = exponent_f32(a) + (f4(-23.0) if small else ZERO)
    m = mantissa_f32(a) - ONE
    s = m * m
    r = fma_f32(f4(-0.130310059), s, f4(-0.121483512))
    t = fma_f32(f4(0.140869141), s, f4(0.139814854))
    r = fma_f32(r, s, f4(-0.166846126))
    t = fma_f32(t, s, f4(0.200120345))
    r = fma_f32(r, s, f4(-0.249996200))
    r = fma_f32(t, m, r)
    r = fma_f32(r, m, f4(0.333331972))
    r = fma_f32(r, m, f4(-0.5))
    r = fma_f32(r, s, m)
    r = fma_f32(e, _LN2, r)
    r = r if x < INF else x  # +inf and NaN
    r = NAN if x < ZERO else r
    return -INF if x == ZERO else r


@inline
def log1p_f32(x: f4) -> f4:
    """log(1 + x), 2 ulp, also for tiny x."""
    u = ONE + x
    lost = x - (u - ONE)  # what the rounding of 1 + x dropped
    fix = lost / u if (u > ZERO) & (u < INF) else ZERO
    return x if x == ZERO else log_f32(u) + fix


@inline
def tanh_f32(x: f4) -> f4:
    """Hyperbolic tangent, 2.1 ulp."""
    a = abs(x)
    s = x * x
    e = exp_f32(a + a)
    far = copysign_f32(ONE - TWO / (e + ONE), x)
    p = fma_f32(f4(1.57394409e-2), s, f4(-5.23025589e-2))
    p = fma_f32(p, s, f4(1.33152977e-1))
    p = fma_f32(p, s, f4(-3.33327681e-1))
    near = fma_f32(p * s, x, x)
    return near if a < f4(0.55) else far


@inline
def sigmoid_f32(x: f4) -> f4:
    """1 / (1 + exp(-x)), 3 ulp, without overflow on either side."""
    e = exp_f32(-abs(x))
    return (e if x < ZERO else ONE) / (ONE + e)


@inline
def softplus_f32(x: f4) -> f4:
    """log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|))."""
    return (ZERO if x < ZERO else x) + log1p_f32(exp_f32(-abs(x)))


@inline
def erf_f32(x: f4) -> f4:
    """Error function, 1 ulp."""
    t = abs(x)
    s = x * x
    r = fma_f32(f4(-1.72853470e-5), t, f4(3.83197126e-4))
    u = fma_f32(f4(-3.88396438e-3), t, f4(2.42546219e-2))
    r = fma_f32(r, s, u)
    r = fma_f32(r, t, f4(-1.06777877e-1))
    r = fma_f32(r, t, f4(-6.34846687e-1))
    r = fma_f32(r, t, f4(-1.28717512e-1))
    r = fma_f32(r, t, -t)
    far = copysign_f32(ONE - exp_f32(r), x)
    far = copysign_f32(ONE, x) if t > f4(4.0) else far
    q = fma_f32(f4(-5.96761703e-4), s, f4(4.99119423e-3))
    q = fma_f32(q, s, f4(-2.67681349e-2))
    q = fma_f32(q, s, f4(1.12819925e-1))
    q = fma_f32(q, s, f4(-3.76125336e-1))
    q = fma_f32(q, s, f4(1.28379166e-1))
    near = fma_f32(q, x, x)
    return far if t > f4(0.927734375) else near


@inline
def _sin_cos_f32(x: f4, shift: f8) -> f4:
    """sin(x + shift * pi / 2): the argument is reduced in float64, with pi / 2 in three parts."""
    d = f8(x)
    t = fma_f64(d, f8(0.6366197723675814), _ROUND8)
    n = t - _ROUND8
    w = fma_f64(n, f8(-1.5707963267948966), d)
    w = fma_f64(n, f8(-6.123233995736766e-17), w)
    r = f4(w)
    r = f4(0.79) if r > f4(0.79) else r  # pi / 4 is 0.7854; beyond 2**45 the reduction runs out of digits
    r = f4(-0.79) if r < f4(-0.79) else r
    s = r * r
    p = fma_f32(f4(2.86567956e-6), s, f4(-1.98559923e-4))
    p = fma_f32(p, s, f4(8.33338592e-3))
    p = fma_f32(p, s, f4(-1.66666672e-1))
    sine = fma_f32(p, r * s, r)
    q = fma_f32(f4(2.44677067e-5), s, f4(-1.38877297e-3))
    q = fma_f32(q, s, f4(4.16666567e-2))
    q = fma_f32(q, s, f4(-0.5))
    cosine = fma_f32(q, s, ONE)
    k = quadrant(t + shift)
    value = cosine if (k & 1) != 0 else sine
    return -value if (k & 2) != 0 else value


@inline
def sin_f32(x: f4) -> f4:
    """Sine, 2 ulp for |x| < 2**45; beyond, some number in [-1, 1]."""
    return _sin_cos_f32(x, f8(0.0))


@inline
def cos_f32(x: f4) -> f4:
    """Cosine, 2 ulp for |x| < 2**45; beyond, some number in [-1, 1]."""
    return _sin_cos_f32(x, f8(1.0))


@inline
def rsqrt_f32(x: f4) -> f4:
    """1 / sqrt(x), 1 ulp; inf at 0."""
    return ONE / sqrt_f32(x)


@inline
def pow_f32(x: f4, y: f4) -> f4:
    """x**y as C's pow, 1 ulp: 2**(y log2 |x|) in float64, then the sign and the special cases."""
    a = abs(f8(x))
    b = f8(y)
    e = exponent_f64(a)
    m = mantissa_f64(a)
    s = (m - f8(1.0)) / (m + f8(1.0))
    z = s * s
    p = fma_f64(f8(0.22197730), z, f8(0.26230818))  # 2 / ((2 i + 1) log 2): the series of atanh
    p = fma_f64(p, z, f8(0.32059889790532520))
    p = fma_f64(p, z, f8(0.41219858302113240))
    p = fma_f64(p, z, f8(0.57707801635558540))
    p = fma_f64(p, z, f8(0.96179669392597560))
    p = fma_f64(p, z, f8(2.88539008177792680))
    log2 = fma_f64(p, s, e)
    log2 = log2 if a < f8(np.inf) else a
    log2 = f8(-np.inf) if a == f8(0.0) else log2
    v = b * log2
    v = f8(-200.0) if v < f8(-200.0) else v
    v = f8(200.0) if v > f8(200.0) else v
    t = v + _ROUND8
    r = v - (t - _ROUND8)
    q = fma_f64(f8(1.5252733804059841e-5), r, f8(1.5403530393381608e-4))  # log(2)**i / i!
    q = fma_f64(q, r, f8(1.3333558146428443e-3))
    q = fma_f64(q, r, f8(9.6181291076284770e-3))
    q = fma_f64(q, r, f8(5.5504108664821580e-2))
    q = fma_f64(q, r, f8(2.4022650695910070e-1))
    q = fma_f64(q, r, f8(6.9314718055994530e-1))
    q = fma_f64(q, r, f8(1.0))
    value = f4(ldexp_f64(q, t))
    whole = floor_f64(b) == b
    value = copysign_f32(value, x) if (whole & (floor_f64(b * f8(0.5)) * f8(2.0) != b)) else value
    value = NAN if (x < ZERO) & (a < f8(np.inf)) & (not whole) else value
    one = (y == ZERO) | (x == ONE) | ((a == f8(1.0)) & (abs(y) == INF))
    return ONE if one else value


def _from_libm(name: str, function: Callable[[float], float]) -> Callable[[f8], f8]:
    """A float64 function of the C library, as compiled code calls it."""

    def call(x: f8) -> f8:
        return f8(function(x))

    call.__name__ = call.__qualname__ = name
    return njit(forceinline=True)(call)


exp_f64 = _from_libm("exp_f64", math.exp)
log_f64 = _from_libm("log_f64", math.log)
log1p_f64 = _from_libm("log1p_f64", math.log1p)
tanh_f64 = _from_libm("tanh_f64", math.tanh)
erf_f64 = _from_libm("erf_f64", math.erf)
sin_f64 = _from_libm("sin_f64", math.sin)
cos_f64 = _from_libm("cos_f64", math.cos)


@inline
def pow_f64(x: f8, y: f8) -> f8:
    """x**y of the C library."""
    return x**y


@inline
def rsqrt_f64(x: f8) -> f8:
    """1 / sqrt(x); inf at 0."""
    return f8(1.0) / sqrt_f64(x)


@inline
def sigmoid_f64(x: f8) -> f8:
    """1 / (1 + exp(-x)) without overflow."""
    e = exp_f64(-abs(x))
    return (e if x < f8(0.0) else f8(1.0)) / (f8(1.0) + e)


@inline
def softplus_f64(x: f8) -> f8:
    """log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|))."""
    return (f8(0.0) if x < f8(0.0) else x) + log1p_f64(exp_f64(-abs(x)))
