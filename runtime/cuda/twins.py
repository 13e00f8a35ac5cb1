"""What kernels import when Numba's simulator runs them: the same names and dtypes, on NumPy scalars and arrays.

A kernel is then plain Python, a thread of the device a thread of Python. Every result has the dtype it has on a device,
which Python's own numbers would not keep.
"""

from __future__ import annotations

import ctypes
import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

f4 = np.float32
f8 = np.float64
Array = np.ndarray[Any, Any]  # Any: the element type is the kernel's


# ---- casts


class Cast:
    """A cast to an integer type that wraps around as a device's does, where NumPy's would raise."""

    def __init__(self, dtype: type[np.generic]) -> None:
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        """The NumPy dtype, for `registers`."""

    def __call__(self, value: Any) -> Any:  # Any: a scalar of this dtype
        if isinstance(value, int):
            value = (value + 2**63) % 2**64 - 2**63
        with np.errstate(all="ignore"):
            return np.asarray(value).astype(self.dtype)[()]


i4: Final = Cast(np.int32)
i8: Final = Cast(np.int64)
u4: Final = Cast(np.uint32)


# ---- memory


@functools.lru_cache(4096)
def _over(address: int, shape: tuple[int, ...], dtype: Any) -> Array:
    size = math.prod(shape) * dtype.itemsize
    memory: Any = (ctypes.c_char * size).from_address(address)
    return np.ndarray(shape, dtype, memory)


def view(dtype: type[np.generic]) -> Callable[[int, tuple[int, ...]], Array]:
    """`v(address, shape)`: the array of `dtype` at an address of this process."""

    kind: Any = np.dtype(dtype)

    def over(address: int, shape: tuple[int, ...]) -> Array:
        return _over(int(address), tuple(max(int(size), 0) for size in shape), kind)

    return over


f32 = view(np.float32)
f64 = view(np.float64)
i32 = view(np.int32)
i64 = view(np.int64)
u32 = view(np.uint32)
bools = view(np.bool_)


def registers(count: int, dtype: Any) -> Array:
    """`count` elements of one thread, holding what a mistake would show: NaN, the largest integer, True."""
    kind: np.dtype[Any] = dtype.dtype if isinstance(dtype, Cast) else np.dtype(dtype)
    poison: Any = np.nan if kind.kind == "f" else True if kind.kind == "b" else np.iinfo(kind).max
    return np.full(count, poison, kind)


def filled(count: int, dtype: Any, value: Any) -> Array:
    """`count` elements of one thread that hold a value."""
    out = registers(count, dtype)
    out.fill(value)
    return out


def load4(vector: Array, i: int) -> Array:
    """Elements i to i + 3; zeros beyond the end, where a device reads what is there."""
    out = np.zeros(4, vector.dtype)
    part = vector[i : i + 4]
    out[: len(part)] = part
    return out


def store4(vector: Array, i: int, four: Array) -> None:
    """Four elements from i on; nothing beyond the end."""
    part = vector[i : i + 4]
    part[:] = four[: len(part)]


def unravel(number: int, shape: Sequence[int]) -> tuple[int, ...]:
    """The row-major index of element `number`."""
    rest, out = int(number), list[int]()
    for size in reversed(shape[1:]):
        rest, index = divmod(rest, int(size))
        out.insert(0, index)
    return (rest, *out)


strided = range
unrolled = range


# ---- scalar functions


def _unary(compute: Callable[[Any], Any]) -> tuple[Callable[[Any], np.float32], Callable[[Any], np.float64]]:
    """For both widths. float32 is computed in float64 and rounded: within one unit of any good device function."""

    def narrow(x: Any) -> np.float32:
        with np.errstate(all="ignore"):
            return f4(compute(f8(f4(x))))

    def wide(x: Any) -> np.float64:
        with np.errstate(all="ignore"):
            return f8(compute(f8(x)))

    return narrow, wide


def _binary(
    compute: Callable[[Any, Any], Any],
) -> tuple[Callable[[Any, Any], np.float32], Callable[[Any, Any], np.float64]]:
    def narrow(x: Any, y: Any) -> np.float32:
        with np.errstate(all="ignore"):
            return f4(compute(f8(f4(x)), f8(f4(y))))

    def wide(x: Any, y: Any) -> np.float64:
        with np.errstate(all="ignore"):
            return f8(compute(f8(x), f8(y)))

    return narrow, wide


def _sigmoid(x: np.float64) -> np.float64:
    e = np.exp(-abs(x))
    return f8((e if x < 0 else f8(1.0)) / (1 + e))


def _softplus(x: np.float64) -> np.float64:
    return f8((f8(0.0) if x < 0 else x) + np.log1p(np.exp(-abs(x))))


exp_f32, exp_f64 = _unary(np.exp)
log_f32, log_f64 = _unary(np.log)
log1p_f32, log1p_f64 = _unary(np.log1p)
tanh_f32, tanh_f64 = _unary(np.tanh)
erf_f32, erf_f64 = _unary(math.erf)
sin_f32, sin_f64 = _unary(np.sin)
cos_f32, cos_f64 = _unary(np.cos)
sqrt_f32, sqrt_f64 = _unary(np.sqrt)
rsqrt_f32, rsqrt_f64 = _unary(lambda x: 1 / np.sqrt(x))
floor_f32, floor_f64 = _unary(np.floor)
sigmoid_f32, sigmoid_f64 = _unary(_sigmoid)
softplus_f32, softplus_f64 = _unary(_softplus)
pow_f32, pow_f64 = _binary(lambda x, y: x**y)  # of scalars: C's; np.power differs at -inf
maximum_f32, maximum_f64 = _binary(np.maximum)
minimum_f32, minimum_f64 = _binary(np.minimum)


# ---- random words

_MASK: Final = 0xFFFFFFFF
_ROTATIONS: Final = ((13, 15, 26, 6), (17, 29, 16, 24))


def bits_to_f32(word: Any) -> np.float32:
    """A random word as a float32 in [0, 1): (word >> 8) * 2**-24."""
    return f4((int(word) >> 8) * 2.0**-24)


def bits_to_f64(high: Any, low: Any) -> np.float64:
    """Two random words as a float64 in [0, 1): ((high >> 5) * 2**26 + (low >> 6)) * 2**-53."""
    return f8(((int(high) >> 5) * 2**26 + (int(low) >> 6)) * 2.0**-53)


def threefry2x32(key0: Any, key1: Any, counter0: Any, counter1: Any) -> tuple[np.uint32, np.uint32]:
    """Threefry-2x32 with 20 rounds: two random words for a key and a counter, bit for bit the device's."""
    k0, k1, c0, c1 = (int(word) & _MASK for word in (key0, key1, counter0, counter1))
    keys = (k0, k1, k0 ^ k1 ^ 0x1BD11BDA)
    x0, x1 = (c0 + k0) & _MASK, (c1 + k1) & _MASK
    for group in range(5):
        for by in _ROTATIONS[group % 2]:
            x0 = (x0 + x1) & _MASK
            x1 = ((x1 << by | x1 >> (32 - by)) & _MASK) ^ x0
        x0 = (x0 + keys[(group + 1) % 3]) & _MASK
        x1 = (x1 + keys[(group + 2) % 3] + group + 1) & _MASK
    return np.uint32(x0), np.uint32(x1)
