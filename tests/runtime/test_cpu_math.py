"""The scalar functions of generated kernels: accuracy against float64, special values, vector instructions."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from shapewright.runtime.cpu import support
from shapewright.runtime.cpu.jit import KW, I, address_of, njit, void
from shapewright.runtime.cpu.llvm import assembly
from shapewright.runtime.cpu.support import INF, f4, f8, f32, f64, threefry2x32, u4, u32

FloatArray = np.ndarray[Any, np.dtype[np.floating[Any]]]
Reference = Callable[[FloatArray], FloatArray]
OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": KW["fastmath"]}


def over_array(name: str) -> Callable[[int, int, int], None]:
    """A kernel that applies a scalar function to n elements, as generated text would."""
    function, view = getattr(support, name), f32 if name.endswith("f32") else f64

    @njit(void(I, I, I), **OPTIONS)
    def kernel(x: int, y: int, n: int) -> None:
        xs, ys = view(x, (n,)), view(y, (n,))
        for i in range(n):
            ys[i] = function(xs[i])

    return kernel


def apply(name: str, x: FloatArray) -> FloatArray:
    y = np.empty_like(x)
    over_array(name)(x.ctypes.data, y.ctypes.data, x.size)
    return y


def erf(x: FloatArray) -> FloatArray:
    return np.array([math.erf(float(v)) for v in x])


def softplus(x: FloatArray) -> FloatArray:
    return np.logaddexp(0.0, x)


def sigmoid(x: FloatArray) -> FloatArray:
    return np.exp(-np.logaddexp(0.0, -x))


# name -> (reference in float64, largest error in units in the last place of float32)
UNARY: dict[str, tuple[Reference, float]] = {
    "exp": (np.exp, 1.0),
    "log": (np.log, 1.0),
    "log1p": (np.log1p, 2.0),
    "tanh": (np.tanh, 2.1),
    "sigmoid": (sigmoid, 3.0),
    "softplus": (softplus, 2.5),
    "erf": (erf, 1.0),
    "sin": (np.sin, 2.0),
    "cos": (np.cos, 2.0),
    "sqrt": (np.sqrt, 0.51),
    "rsqrt": (lambda x: 1.0 / np.sqrt(x), 1.6),
}


def errors_in_ulp(y: FloatArray, exact: FloatArray) -> FloatArray:
    """|y - exact| in units in the last place of float32; 0 where both are the same infinity or NaN."""
    with np.errstate(all="ignore"):
        rounded = exact.astype(np.float32)
        unit = np.where(np.isfinite(rounded), np.spacing(np.abs(rounded)).astype(np.float64), 1.0)
        error = np.abs(y.astype(np.float64) - exact) / unit
    same = (rounded == y) | (np.isnan(rounded) & np.isnan(y))
    return np.where(np.isfinite(rounded) & np.isfinite(y), error, np.where(same, 0.0, np.inf))


@pytest.mark.parametrize("name", UNARY)
def test_float32_accuracy_over_all_magnitudes(name: str) -> None:
    reference, bound = UNARY[name]
    bits = np.arange(0, 2**32, 2**32 // (20_000 if name == "erf" else 400_000), dtype=np.uint64).astype(np.uint32)
    x = np.concatenate([bits.view(np.float32), np.linspace(-20, 20, 20_001, dtype=np.float32)])
    if name in ("sin", "cos"):
        x = x[np.abs(x) < 2.0**45]
    with np.errstate(all="ignore"):
        x = x[~np.isnan(x)]
        exact = reference(x.astype(np.float64))
    if name == "sigmoid":  # the reference itself loses digits for large |x|
        exact = np.where(x < -30, np.exp(np.minimum(x, 0).astype(np.float64)), exact)
    error = errors_in_ulp(apply(f"{name}_f32", x), exact)
    worst = int(np.argmax(error))
    assert error[worst] <= bound, f"{name}({x[worst]!r}): {error[worst]:.2f} ulp"


@pytest.mark.parametrize("name", UNARY)
def test_float64_accuracy(name: str) -> None:
    reference, _ = UNARY[name]
    x = np.concatenate([np.linspace(-30, 30, 4001), [1e-300, 1e300, 0.0, np.inf, -np.inf, np.nan]])
    if name in ("sin", "cos"):
        x = x[np.isfinite(x) & (np.abs(x) < 1e10)]
    with np.errstate(all="ignore"):
        exact = reference(x)
    np.testing.assert_allclose(apply(f"{name}_f64", x), exact, rtol=2e-14, atol=0)


@pytest.mark.parametrize(
    ("name", "pairs"),
    [
        ("exp", [(-np.inf, 0), (np.inf, np.inf), (0, 1), (-0.0, 1), (-104.5, 0), (89, np.inf), (-103, 1.4e-45)]),
        ("log", [(0, -np.inf), (-0.0, -np.inf), (-1, np.nan), (-np.inf, np.nan), (np.inf, np.inf), (1, 0)]),
        ("log1p", [(-1, -np.inf), (-2, np.nan), (np.inf, np.inf), (0, 0), (1e-45, 1e-45)]),
        ("tanh", [(np.inf, 1), (-np.inf, -1), (0, 0), (1e-45, 1e-45), (50, 1)]),
        ("sigmoid", [(np.inf, 1), (-np.inf, 0), (0, 0.5)]),
        ("softplus", [(np.inf, np.inf), (-np.inf, 0), (200, 200)]),
        ("erf", [(np.inf, 1), (-np.inf, -1), (0, 0), (30, 1), (-30, -1)]),
        ("sin", [(np.inf, np.nan), (-np.inf, np.nan), (0, 0)]),
        ("cos", [(np.inf, np.nan), (-np.inf, np.nan), (0, 1)]),
        ("sqrt", [(-1, np.nan), (np.inf, np.inf), (0, 0)]),
        ("rsqrt", [(0, np.inf), (np.inf, 0), (-1, np.nan), (4, 0.5)]),
    ],
)
def test_float32_special_values(name: str, pairs: list[tuple[float, float]]) -> None:
    x, expected = (np.array(column, np.float32) for column in zip(*[*pairs, (np.nan, np.nan)], strict=True))
    np.testing.assert_array_equal(apply(f"{name}_f32", x), expected)


@pytest.mark.parametrize("name", UNARY)
def test_float32_functions_become_vector_instructions(name: str) -> None:
    kernel: Any = over_array(f"{name}_f32")
    text = assembly(str(kernel.overloads[kernel.signatures[0]].library.get_llvm_str()))
    assert not re.findall(r"\b(expf?|logf?|tanhf?|erff?|sinf?|cosf?|fmaf?|sqrtf)\b", text)
    if "zmm" in text or "ymm" in text:
        assert re.search(r"v\w+ps\s.*[yz]mm", text), "no packed float32 arithmetic on wide registers"
    else:
        pytest.skip("no AVX on this processor")


def binary(function: Callable[[f4, f4], f4], x: FloatArray, y: FloatArray) -> FloatArray:
    @njit(void(I, I, I, I), **OPTIONS)
    def kernel(x: int, y: int, z: int, n: int) -> None:
        xs, ys, zs = f32(x, (n,)), f32(y, (n,)), f32(z, (n,))
        for i in range(n):
            zs[i] = function(xs[i], ys[i])

    z = np.empty_like(x)
    kernel(x.ctypes.data, y.ctypes.data, z.ctypes.data, x.size)
    return z


SPECIAL = [0, -0.0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 3.4e38, 2**24, 0.1, 5.5]


def test_pow_on_special_values_and_at_random() -> None:
    rng = np.random.default_rng(0)
    x, y = (grid.ravel() for grid in np.meshgrid(np.array(SPECIAL, np.float32), np.array(SPECIAL, np.float32)))
    x = np.concatenate([x, np.exp(rng.uniform(-80, 80, 50_000)), rng.uniform(-9, 9, 5000)]).astype(np.float32)
    y = np.concatenate([y, rng.uniform(-3, 3, 50_000), rng.integers(-9, 9, 5000)]).astype(np.float32)
    with np.errstate(all="ignore"):
        exact = np.power(x.astype(np.float64), y.astype(np.float64))
    z = binary(support.pow_f32, x, y)
    assert errors_in_ulp(z, exact).max() < 0.6
    defined = ~np.isnan(exact)
    np.testing.assert_array_equal(np.signbit(z)[defined], np.signbit(exact)[defined])


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_maximum_and_minimum_return_nan(name: str) -> None:
    x, y = (grid.ravel() for grid in np.meshgrid(np.array(SPECIAL, np.float32), np.array(SPECIAL, np.float32)))
    np.testing.assert_array_equal(binary(getattr(support, f"{name}_f32"), x, y), getattr(np, name)(x, y))


def test_maximum_is_a_vector_reduction_that_sees_nan() -> None:
    @njit(void(I, I, I), **OPTIONS)
    def row_max(x: int, y: int, n: int) -> None:
        xs, ys = f32(x, (n,)), f32(y, (1,))
        top = -INF
        for i in range(n):
            top = support.maximum_f32(top, xs[i])
        ys[0] = top

    x, y = np.random.default_rng(0).normal(size=1001).astype(np.float32), np.zeros(1, np.float32)
    row_max(x.ctypes.data, y.ctypes.data, x.size)
    assert y[0] == x.max()
    for place in (0, 500, 1000):
        hurt = x.copy()
        hurt[place] = np.nan
        row_max(hurt.ctypes.data, y.ctypes.data, hurt.size)
        assert np.isnan(y[0])


def test_threefry_gives_the_published_words_and_uniform_numbers() -> None:
    @njit(void(I, I, I, I), **OPTIONS)
    def draw(words: int, singles: int, doubles: int, n: int) -> None:
        w, s, d = u32(words, (n, 6)), f32(singles, (n,)), f64(doubles, (n,))
        for i in range(n):
            a, b = threefry2x32(w[i, 0], w[i, 1], w[i, 2], w[i, 3])
            w[i, 4] = a
            w[i, 5] = b
            s[i] = support.bits_to_f32(a)
            d[i] = support.bits_to_f64(a, b)

    top = 0xFFFFFFFF
    # known-answer tests of Random123: key, counter, result
    words = np.array(
        [
            [0, 0, 0, 0, 0x6B200159, 0x99BA4EFE],
            [top, top, top, top, 0x1CB996FC, 0xBB002BE7],
            [0x13198A2E, 0x03707344, 0x243F6A88, 0x85A308D3, 0xC4923A9C, 0x483DF7A0],
        ],
        np.uint32,
    )
    got, singles, doubles = words.copy(), np.zeros(3, np.float32), np.zeros(3)
    got[:, 4:] = 0
    draw(got.ctypes.data, singles.ctypes.data, doubles.ctypes.data, 3)
    np.testing.assert_array_equal(got, words)
    high, low = words[:, 4].astype(np.uint64), words[:, 5].astype(np.uint64)
    np.testing.assert_array_equal(singles, (high >> np.uint64(8)).astype(np.float32) * np.float32(2.0**-24))
    whole = (high >> np.uint64(5)) * np.uint64(2**26) + (low >> np.uint64(6))
    np.testing.assert_array_equal(doubles, whole.astype(np.float64) * 2.0**-53)


def test_views_of_every_element_type_and_rank() -> None:
    @njit(void(I, I, I, I), **OPTIONS)
    def touch(flags: int, ints: int, words: int, n: int) -> None:
        b, i, w = support.bools(flags, (n,)), support.i64(ints, (n, 2, 3)), support.i32(words, n)
        for k in range(n):
            b[k] = i[k, 1, 2] > 5
            w[k] = i[k, 0, 1]
            i[k, 1, 0] = u4(7)

    flags, ints = np.zeros(3, np.bool_), np.arange(18, dtype=np.int64).reshape(3, 2, 3)
    words = np.zeros(3, np.int32)
    touch(flags.ctypes.data, ints.ctypes.data, words.ctypes.data, 3)
    assert flags.tolist() == [False, True, True]
    assert words.tolist() == [1, 7, 13]
    assert ints[:, 1, 0].tolist() == [7, 7, 7]


def test_a_compiled_function_has_a_c_address() -> None:
    @njit(void(I), **OPTIONS)
    def nothing(x: int) -> None:
        f64(x, 1)[0] = f8(2.0)

    assert address_of(nothing) == address_of(nothing) != 0
