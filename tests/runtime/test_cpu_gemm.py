"""Built-in rows of the step table: matrix products, sums of partial results, filling and copying."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from shapewright.compiler.errors import DeviceError
from shapewright.runtime.cpu import blas, builtins
from shapewright.runtime.cpu.blas import NO_TRANS, TRANS, gemm_f32, gemm_f64

GEMM = {np.float32: gemm_f32, np.float64: gemm_f64}
TOLERANCE = {np.float32: 2e-6, np.float64: 1e-14}
SHAPES = [
    (1, 1, 1), (2, 3, 1), (3, 4, 5), (1, 7, 9), (7, 1, 9), (5, 1, 300), (1, 200, 30), (32, 16, 2), (32, 2, 16),
    (16, 16, 16), (64, 32, 48), (33, 65, 129), (0, 3, 3), (3, 0, 3), (3, 3, 0), (1, 5, 0), (4, 1, 0),
]  # fmt: skip


def check_close(got: np.ndarray[Any, Any], left: np.ndarray[Any, Any], right: np.ndarray[Any, Any]) -> None:
    """Compare with the float64 product, relative to the sum of absolute products (the error's natural scale)."""
    exact = left.astype(np.float64) @ right.astype(np.float64)
    scale = np.abs(left).astype(np.float64) @ np.abs(right).astype(np.float64)
    assert (np.abs(got - exact) <= TOLERANCE[got.dtype.type] * scale).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_products_of_all_transpositions(
    dtype: type[np.float32] | type[np.float64], shape: tuple[int, int, int]
) -> None:
    m, n, k = shape
    rng = np.random.default_rng(0)
    for ta, tb, gap in itertools.product((NO_TRANS, TRANS), (NO_TRANS, TRANS), (0, 3)):
        a = rng.normal(size=(m, k + gap) if ta == NO_TRANS else (k, m + gap)).astype(dtype)
        b = rng.normal(size=(k, n + gap) if tb == NO_TRANS else (n, k + gap)).astype(dtype)
        c = np.full((m, n + gap), np.nan, dtype)  # what was in C must not matter
        strides = (a.shape[1], b.shape[1], n + gap)
        one_batch = (1, 0, 0, 0, 1, 0, 0, 0)
        GEMM[dtype](
            ta, tb, m, n, k, a.ctypes.data, strides[0], b.ctypes.data, strides[1], c.ctypes.data, strides[2], *one_batch
        )
        left = a[:, :k] if ta == NO_TRANS else a[:, :m].T
        right = b[:, :n] if tb == NO_TRANS else b[:, :k].T
        check_close(c[:, :n], left, right)
        assert np.isnan(c[:, n:]).all(), "wrote between the rows"


@pytest.mark.parametrize("size", [2, 9])
def test_two_batch_axes_with_byte_strides(size: int) -> None:
    rng = np.random.default_rng(1)
    a = rng.normal(size=(2, size, 3, 4)).astype(np.float32)  # batch axes 0 and 2: rows of the product are axis 1
    b = rng.normal(size=(3, 4, 5)).astype(np.float32)  # shared by the first batch axis
    c = np.zeros((3, 2, size, 5), np.float32)
    gemm_f32(
        NO_TRANS, NO_TRANS, size, 5, 4, a.ctypes.data, 12, b.ctypes.data, 5, c.ctypes.data, 5,
        2, a.strides[0], 0, c.strides[1], 3, a.strides[2], b.strides[0], c.strides[0],
    )  # fmt: skip
    for i, j in itertools.product(range(2), range(3)):
        check_close(c[j, i], a[i, :, j], b[j])


def test_row_strides_that_blas_refuses() -> None:
    """A broadcast operand has row stride 0; a matrix of one row may come with any stride."""
    rng = np.random.default_rng(2)
    row, b = rng.normal(size=40).astype(np.float32), rng.normal(size=(40, 30)).astype(np.float32)
    c = np.zeros((20, 30), np.float32)
    batch = (1, 0, 0, 0, 1, 0, 0, 0)
    gemm_f32(NO_TRANS, NO_TRANS, 20, 30, 40, row.ctypes.data, 0, b.ctypes.data, 30, c.ctypes.data, 30, *batch)
    check_close(c, np.broadcast_to(row, (20, 40)), b)
    gemm_f32(NO_TRANS, NO_TRANS, 1, 30, 40, row.ctypes.data, 1, b.ctypes.data, 30, c.ctypes.data, 1, *batch)
    check_close(c[:1], row[None], b)


def test_sums_of_nan_and_infinity_come_through() -> None:
    a, b = np.array([[np.inf, 1.0]], np.float32), np.array([[0.0], [np.nan]], np.float32)
    c = np.zeros((1, 1), np.float32)
    gemm_f32(NO_TRANS, NO_TRANS, 1, 1, 2, a.ctypes.data, 2, b.ctypes.data, 1, c.ctypes.data, 1, 1, 0, 0, 0, 1, 0, 0, 0)
    assert np.isnan(c[0, 0])


def test_a_missing_library_is_a_device_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blas, "_candidates", lambda: iter(()))
    with pytest.raises(DeviceError) as caught:
        blas.load_blas()
    assert "no BLAS library" in str(caught.value)
    assert "SHAPEWRIGHT_BLAS" in str(caught.value)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_combine_adds_tiles_in_their_order(dtype: type[np.float32] | type[np.float64]) -> None:
    combine = builtins.combine_f32 if dtype is np.float32 else builtins.combine_f64
    rng = np.random.default_rng(3)
    for n, tiles in itertools.product((1, 7, 1200), (0, 1, 3, 40, 2000)):
        part = rng.normal(loc=1, size=(max(tiles, 1), n + 5)).astype(dtype)
        out = np.full(n, 9, dtype)
        combine(part.ctypes.data, out.ctypes.data, n, tiles, part.strides[0])
        exact = part[:tiles, :n].astype(np.float64).sum(axis=0)
        np.testing.assert_allclose(out, exact, rtol=1e-12 if dtype is np.float64 else 2e-6, atol=1e-6)


def test_fill_and_copy() -> None:
    words, longs = np.zeros(5, np.uint32), np.zeros(5, np.int64)
    builtins.fill_32(words.ctypes.data, 4, int(np.float32(1.5).view(np.uint32)))
    builtins.fill_64(longs.ctypes.data, 4, -3)
    np.testing.assert_array_equal(words.view(np.float32), [1.5, 1.5, 1.5, 1.5, 0])
    np.testing.assert_array_equal(longs, [-3, -3, -3, -3, 0])
    source = np.arange(24, dtype=np.float32).reshape(4, 6)
    target = np.zeros((4, 10), np.float32)
    builtins.copy(source.ctypes.data, target[:, 2:].ctypes.data, 4, 24, 24, 40)
    np.testing.assert_array_equal(target[:, 2:8], source)
    assert (target[:, :2] == 0).all() and (target[:, 8:] == 0).all()


def test_every_builtin_has_an_address() -> None:
    addresses = {name: builtins.address(name) for name in builtins.ARITY}
    assert len(set(addresses.values())) == len(addresses)
    with pytest.raises(KeyError):
        builtins.address("gemm_f16")
