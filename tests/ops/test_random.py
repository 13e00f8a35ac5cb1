"""Random draws: known bits, the range and moments of the distributions, and which draws are equal."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from shapewright.compiler.ir.attrs import Attrs, AttrValue
from shapewright.compiler.ops.opdef import Arr
from shapewright.compiler.ops.table import OPS
from shapewright.compiler.ops.threefry import threefry

KEY = np.asarray([0x13198A2E, 0x03707344], dtype=np.uint32)
N = 200_000


def draw(op: str, *before: Arr, **attrs: AttrValue) -> Arr:
    return OPS[op].reference((*before, KEY), Attrs({"stream": 0, **attrs}))


def numbers(op: str, *before: Arr, **attrs: AttrValue) -> NDArray[np.float64]:
    return draw(op, *before, **attrs).astype(np.float64)


def bits(stream: int, word: int, *shape: int, key: NDArray[np.uint32] = KEY) -> Arr:
    return OPS["random_bits"].reference((key,), Attrs({"shape": shape, "stream": stream, "word": word}))


@pytest.mark.parametrize(
    ("key", "counter", "words"),
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_known_words(key: tuple[int, int], counter: tuple[int, int], words: tuple[int, int]) -> None:
    """The known answers of Random123 for Threefry-2x32-20."""
    w0, w1 = threefry(*key, *counter)
    assert (int(w0), int(w1)) == words


def test_random_bits_count_elements_in_row_major_order() -> None:
    """Element (i, j) uses the counter (i * columns + j, stream)."""
    w0, w1 = threefry(int(KEY[0]), int(KEY[1]), 5, 9)
    assert bits(9, 0, 2, 4)[1, 1] == w0 and bits(9, 1, 2, 4)[1, 1] == w1


def test_draws_depend_on_key_and_stream_only() -> None:
    """Row "randomness": fresh words for another stream or key, the same ones for the same, whatever the shape."""
    first = bits(0, 0, 3, 4)
    assert np.array_equal(first, bits(0, 0, 12).reshape(3, 4))
    for other in (bits(1, 0, 3, 4), bits(0, 1, 3, 4), bits(0, 0, 3, 4, key=KEY[::-1].copy())):
        assert not np.any(first == other)


def test_uniform_is_the_upper_bits_of_the_words() -> None:
    w0, w1 = bits(3, 0, 1000).astype(np.uint64), bits(3, 1, 1000).astype(np.uint64)
    at: dict[str, AttrValue] = {"shape": (1000,), "stream": 3, "low": 0.0, "high": 1.0}
    assert np.array_equal(draw("uniform", dtype="float32", **at), (w0 >> 8).astype(np.float32) / np.float32(2**24))
    assert np.array_equal(
        draw("uniform", dtype="float64", **at), ((w0 >> 5) * 2**26 + (w1 >> 6)).astype(float) / 2.0**53
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uniform_range_and_moments(dtype: str) -> None:
    """In [low, high); mean and variance within five standard errors of (high + low) / 2 and (high - low)^2 / 12."""
    u = numbers("uniform", shape=(N,), low=-1.0, high=3.0, dtype=dtype)
    assert u.min() >= -1 and u.max() < 3
    assert abs(u.mean() - 1) < 5 * 4 / np.sqrt(12 * N)
    assert abs(u.var() - 16 / 12) < 5 * 16 * np.sqrt(1 / 180 / N)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normal_moments(dtype: str) -> None:
    """Mean, variance and kurtosis within five standard errors; finite always, because log never sees 0."""
    z = numbers("normal", shape=(N,), mean=0.0, std=1.0, dtype=dtype)
    assert np.isfinite(z).all()
    assert abs(z.mean()) < 5 / np.sqrt(N)
    assert abs(z.var() - 1) < 5 * np.sqrt(2 / N)
    assert abs((z**4).mean() - 3) < 5 * np.sqrt(96 / N)


def test_normal_scales() -> None:
    unit = numbers("normal", shape=(100,), mean=0.0, std=1.0, dtype="float64")
    scaled = numbers("normal", shape=(100,), mean=2.0, std=0.5, dtype="float64")
    np.testing.assert_allclose(scaled, unit * 0.5 + 2, rtol=1e-15)


def test_bernoulli_frequency_and_ends() -> None:
    hits = numbers("bernoulli", shape=(N,), p=0.3)
    assert abs(hits.mean() - 0.3) < 5 * np.sqrt(0.21 / N)
    assert draw("bernoulli", shape=(100,), p=1.0).all() and not draw("bernoulli", shape=(100,), p=0.0).any()


def test_dropout_keeps_what_bernoulli_leaves() -> None:
    """An element is dropped exactly where a Bernoulli draw of the same key and stream is true."""
    x = np.linspace(1, 2, 1000, dtype=np.float32)
    dropped = draw("bernoulli", shape=(1000,), p=0.25).astype(bool)
    out = draw("dropout", x, p=0.25)
    assert np.array_equal(out == 0, dropped)
    np.testing.assert_array_equal(out[~dropped], x[~dropped] * np.float32(1 / 0.75))


def test_dropout_ends() -> None:
    x = np.ones(10, dtype=np.float32)
    assert np.array_equal(draw("dropout", x, p=0.0), x)
    assert not draw("dropout", x, p=1.0).any()
