"""Everything a generated kernel file imports.

A kernel takes raw addresses and counts, `@njit(void(I, I, I), **KW)`, and opens with views:

    x = f32(x, (n, 128))

so that one C signature, `void f(int64, ...)`, serves every kernel and the step table can call it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from .intrinsics import (
    bits_to_f32,
    bits_to_f64,
    floor_f32,
    floor_f64,
    maximum_f32,
    maximum_f64,
    minimum_f32,
    minimum_f64,
    sqrt_f32,
    sqrt_f64,
    threefry2x32,
)
from .jit import KW, I, njit, void
from .llvm import part, view
from .mathfns import (
    HALF,
    INF,
    NAN,
    ONE,
    TWO,
    ZERO,
    cos_f32,
    cos_f64,
    erf_f32,
    erf_f64,
    exp_f32,
    exp_f64,
    f4,
    f8,
    log1p_f32,
    log1p_f64,
    log_f32,
    log_f64,
    pow_f32,
    pow_f64,
    rsqrt_f32,
    rsqrt_f64,
    sigmoid_f32,
    sigmoid_f64,
    sin_f32,
    sin_f64,
    softplus_f32,
    softplus_f64,
    tanh_f32,
    tanh_f64,
)

i4: Final = np.int32
i8: Final = np.int64
u4: Final = np.uint32

ZERO8: Final = f8(0.0)
ONE8: Final = f8(1.0)

f32 = view(np.float32)
f64 = view(np.float64)
i32 = view(np.int32)
i64 = view(np.int64)
u32 = view(np.uint32)
bools = view(np.bool_)

__all__ = [
    "HALF", "INF", "KW", "NAN", "ONE", "ONE8", "TWO", "ZERO", "ZERO8", "I",
    "bits_to_f32", "bits_to_f64", "bools", "cos_f32", "cos_f64", "erf_f32", "erf_f64", "exp_f32", "exp_f64",
    "f4", "f8", "f32", "f64", "floor_f32", "floor_f64", "i4", "i8", "i32", "i64",
    "log1p_f32", "log1p_f64", "log_f32", "log_f64", "maximum_f32", "maximum_f64", "minimum_f32", "minimum_f64",
    "njit", "part", "pow_f32", "pow_f64", "rsqrt_f32", "rsqrt_f64", "sigmoid_f32", "sigmoid_f64", "sin_f32", "sin_f64",
    "softplus_f32", "softplus_f64", "sqrt_f32", "sqrt_f64", "tanh_f32", "tanh_f64", "threefry2x32",
    "u4", "u32", "void",
]  # fmt: skip
