"""Everything a generated CUDA kernel file imports.

A kernel takes raw addresses and counts, all int64, and opens with views:

    @jit(launch_bounds=256)
    def relu(n, x, y):
        x = f32(x, (n, 128))

For a device the names come from `mathfns`, `views` and `reduce`; for Numba's simulator from their Python twins.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

import numpy as np

from .api import SIMULATED, Kernel, cuda, jit


def _collected() -> dict[str, Any]:
    modules = ("twins", "twin_blocks") if SIMULATED else ("mathfns", "views", "loops", "reduce")
    out: dict[str, Any] = {}
    for name in modules:
        out |= vars(importlib.import_module(f".{name}", __package__))
    return out


# Any: what stands behind a name differs between a device and the simulator; each is given its type here.
_all: Final[dict[str, Any]] = _collected()

Unary32 = Callable[[np.float32], np.float32]
Unary64 = Callable[[np.float64], np.float64]
Binary32 = Callable[[np.float32, np.float32], np.float32]
Binary64 = Callable[[np.float64, np.float64], np.float64]


class View(Protocol):
    """An array in a kernel: `v[i, j]` is an element, `v[i]` a row, `v[i, 3:]` a row from its fourth element on."""

    def __getitem__(self, index: Any) -> Any: ...
    def __setitem__(self, index: Any, value: Any) -> None: ...


MakeView = Callable[[int, tuple[int, ...]], View]

# ---- constants and casts

f4: Final = np.float32
f8: Final = np.float64

i4: Final[Any] = _all["i4"]
i8: Final[Any] = _all["i8"]
u4: Final[Any] = _all["u4"]
boolean: Final = np.bool_

ZERO: Final = f4(0.0)
ONE: Final = f4(1.0)
HALF: Final = f4(0.5)
TWO: Final = f4(2.0)
INF: Final = f4(np.inf)
NAN: Final = f4(np.nan)
ZERO8: Final = f8(0.0)
ONE8: Final = f8(1.0)

# ---- memory

f32: Final[MakeView] = _all["f32"]
f64: Final[MakeView] = _all["f64"]
i32: Final[MakeView] = _all["i32"]
i64: Final[MakeView] = _all["i64"]
u32: Final[MakeView] = _all["u32"]
bools: Final[MakeView] = _all["bools"]
registers: Final[Callable[[int, Any], View]] = _all["registers"]
filled: Final[Callable[[int, Any, Any], View]] = _all["filled"]
shared: Final[Callable[[int, Any], View]] = _all["shared"]
load4: Final[Callable[[View, int], View]] = _all["load4"]
store4: Final[Callable[[View, int, View], None]] = _all["store4"]
unravel: Final[Callable[[int, tuple[int, ...]], tuple[int, ...]]] = _all["unravel"]
strided: Final[Callable[[int, int, int], Iterable[int]]] = _all["strided"]
unrolled: Final[Callable[[int], Iterable[int]]] = _all["unrolled"]

# ---- scalar functions

exp_f32: Final[Unary32] = _all["exp_f32"]
exp_f64: Final[Unary64] = _all["exp_f64"]
log_f32: Final[Unary32] = _all["log_f32"]
log_f64: Final[Unary64] = _all["log_f64"]
log1p_f32: Final[Unary32] = _all["log1p_f32"]
log1p_f64: Final[Unary64] = _all["log1p_f64"]
tanh_f32: Final[Unary32] = _all["tanh_f32"]
tanh_f64: Final[Unary64] = _all["tanh_f64"]
sigmoid_f32: Final[Unary32] = _all["sigmoid_f32"]
sigmoid_f64: Final[Unary64] = _all["sigmoid_f64"]
softplus_f32: Final[Unary32] = _all["softplus_f32"]
softplus_f64: Final[Unary64] = _all["softplus_f64"]
erf_f32: Final[Unary32] = _all["erf_f32"]
erf_f64: Final[Unary64] = _all["erf_f64"]
sin_f32: Final[Unary32] = _all["sin_f32"]
sin_f64: Final[Unary64] = _all["sin_f64"]
cos_f32: Final[Unary32] = _all["cos_f32"]
cos_f64: Final[Unary64] = _all["cos_f64"]
sqrt_f32: Final[Unary32] = _all["sqrt_f32"]
sqrt_f64: Final[Unary64] = _all["sqrt_f64"]
rsqrt_f32: Final[Unary32] = _all["rsqrt_f32"]
rsqrt_f64: Final[Unary64] = _all["rsqrt_f64"]
floor_f32: Final[Unary32] = _all["floor_f32"]
floor_f64: Final[Unary64] = _all["floor_f64"]
pow_f32: Final[Binary32] = _all["pow_f32"]
pow_f64: Final[Binary64] = _all["pow_f64"]
maximum_f32: Final[Binary32] = _all["maximum_f32"]
maximum_f64: Final[Binary64] = _all["maximum_f64"]
minimum_f32: Final[Binary32] = _all["minimum_f32"]
minimum_f64: Final[Binary64] = _all["minimum_f64"]
bits_to_f32: Final[Callable[[np.uint32], np.float32]] = _all["bits_to_f32"]
bits_to_f64: Final[Callable[[np.uint32, np.uint32], np.float64]] = _all["bits_to_f64"]
threefry2x32: Final[Callable[..., tuple[np.uint32, np.uint32]]] = _all["threefry2x32"]

# ---- reductions over the threads of a block

block_sum_f32: Final[Callable[[np.float32], np.float32]] = _all["block_sum_f32"]
block_sum_f64: Final[Callable[[np.float64], np.float64]] = _all["block_sum_f64"]
block_sum_i32: Final[Callable[[np.int32], np.int32]] = _all["block_sum_i32"]
block_sum_i64: Final[Callable[[np.int64], np.int64]] = _all["block_sum_i64"]
block_sum_u32: Final[Callable[[np.uint32], np.uint32]] = _all["block_sum_u32"]
block_max_f32: Final[Callable[[np.float32], np.float32]] = _all["block_max_f32"]
block_max_f64: Final[Callable[[np.float64], np.float64]] = _all["block_max_f64"]
block_max_i32: Final[Callable[[np.int32], np.int32]] = _all["block_max_i32"]
block_max_i64: Final[Callable[[np.int64], np.int64]] = _all["block_max_i64"]
block_max_u32: Final[Callable[[np.uint32], np.uint32]] = _all["block_max_u32"]
block_max_bool: Final[Callable[[np.bool_], np.bool_]] = _all["block_max_bool"]
block_min_f32: Final[Callable[[np.float32], np.float32]] = _all["block_min_f32"]
block_min_f64: Final[Callable[[np.float64], np.float64]] = _all["block_min_f64"]
block_min_i32: Final[Callable[[np.int32], np.int32]] = _all["block_min_i32"]
block_min_i64: Final[Callable[[np.int64], np.int64]] = _all["block_min_i64"]
block_min_u32: Final[Callable[[np.uint32], np.uint32]] = _all["block_min_u32"]
block_min_bool: Final[Callable[[np.bool_], np.bool_]] = _all["block_min_bool"]
block_argmax_f32: Final[Callable[[np.float32, int], int]] = _all["block_argmax_f32"]
block_argmax_f64: Final[Callable[[np.float64, int], int]] = _all["block_argmax_f64"]
block_argmax_i32: Final[Callable[[np.int32, int], int]] = _all["block_argmax_i32"]
block_argmax_i64: Final[Callable[[np.int64, int], int]] = _all["block_argmax_i64"]
block_argmax_u32: Final[Callable[[np.uint32, int], int]] = _all["block_argmax_u32"]

__all__ = [
    "HALF",
    "INF",
    "NAN",
    "ONE",
    "ONE8",
    "TWO",
    "ZERO",
    "ZERO8",
    "Kernel",
    "View",
    "bits_to_f32",
    "bits_to_f64",
    "block_argmax_f32",
    "block_argmax_f64",
    "block_argmax_i32",
    "block_argmax_i64",
    "block_argmax_u32",
    "block_max_bool",
    "block_max_f32",
    "block_max_f64",
    "block_max_i32",
    "block_max_i64",
    "block_max_u32",
    "block_min_bool",
    "block_min_f32",
    "block_min_f64",
    "block_min_i32",
    "block_min_i64",
    "block_min_u32",
    "block_sum_f32",
    "block_sum_f64",
    "block_sum_i32",
    "block_sum_i64",
    "block_sum_u32",
    "boolean",
    "bools",
    "cos_f32",
    "cos_f64",
    "cuda",
    "erf_f32",
    "erf_f64",
    "exp_f32",
    "exp_f64",
    "f4",
    "f8",
    "f32",
    "f64",
    "filled",
    "floor_f32",
    "floor_f64",
    "i4",
    "i8",
    "i32",
    "i64",
    "jit",
    "load4",
    "log1p_f32",
    "log1p_f64",
    "log_f32",
    "log_f64",
    "maximum_f32",
    "maximum_f64",
    "minimum_f32",
    "minimum_f64",
    "pow_f32",
    "pow_f64",
    "registers",
    "rsqrt_f32",
    "rsqrt_f64",
    "shared",
    "sigmoid_f32",
    "sigmoid_f64",
    "sin_f32",
    "sin_f64",
    "softplus_f32",
    "softplus_f64",
    "sqrt_f32",
    "sqrt_f64",
    "store4",
    "strided",
    "tanh_f32",
    "tanh_f64",
    "threefry2x32",
    "u4",
    "u32",
    "unravel",
    "unrolled",
]  # fmt: skip
