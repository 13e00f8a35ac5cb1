"""Random draws: functions of a key (two uint32 words) and of `stream`, the number of the draw in its program.

The same key and stream give the same bits on every backend and device (Threefry-2x32-20, counter = (index, stream)).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import OptionError, ShapeError
from ..ir.attrs import Attrs, AttrValue
from ..ir.build import Build
from ..sizes import Shape
from ..types import DType, TensorType
from .opdef import Decompose, OpDef, Pullback, Sample, Special
from .refs import Float, Word, with_attrs
from .shapes import FLOATS, Types, arity, of_kind
from .threefry import threefry

V = TypeVar("V")
# The second pair of words of a float64 normal comes from the stream with this bit set: draws are numbered below it.
_SECOND = 1 << 31


# ---- shape rules
def _check_key(op: str, types: Types, operand: int) -> None:
    of_kind(op, types, operand, frozenset({DType.uint32}))
    if types[operand].shape != (2,):
        raise ShapeError(f"{op}: operand {operand + 1} is no key", details=["sw.Key(seed) makes one"], code="SW103")


def _infer_draw(op: str, result: DType | None) -> Callable[[Types, Attrs], TensorType]:
    """`result` None: the attribute `dtype`, a floating type."""

    def infer(types: Types, attrs: Attrs) -> TensorType:
        arity(op, types, 1)
        _check_key(op, types, 0)
        out = TensorType(result or DType(attrs.str("dtype")), attrs.sizes("shape"))
        if result is None and not out.dtype.is_float:
            raise OptionError(
                f"{op}: dtype={out.dtype.value} is not a floating type", help='use "float32" or "float64"', code="SW801"
            )
        return out

    return infer


def _check_probability(op: str, attrs: Attrs) -> None:
    if not 0.0 <= attrs.float("p") <= 1.0:
        raise OptionError(f"{op}: p={attrs['p']} is outside [0, 1]", details=["p is a probability"], code="SW801")


def _infer_bernoulli(types: Types, attrs: Attrs) -> TensorType:
    _check_probability("bernoulli", attrs)
    return _infer_draw("bernoulli", DType.bool)(types, attrs)


def _infer_dropout(types: Types, attrs: Attrs) -> TensorType:
    arity("dropout", types, 2)
    _check_probability("dropout", attrs)
    of_kind("dropout", types, 0, FLOATS)
    _check_key("dropout", types, 1)
    return types[0]


# ---- decompositions
def _bits(b: Build[V], key: V, shape: Shape, stream: int, word: int) -> V:
    return b.op("random_bits", key, shape=shape, stream=stream, word=word)


def _unit(b: Build[V], key: V, shape: Shape, stream: int, dtype: DType, word: int = 0) -> V:
    """Uniform in [0, 1): 24 bits of one word, or 53 bits of both."""
    if dtype is DType.float32:
        return b.op("bits_to_f32", _bits(b, key, shape, stream, word))
    stream |= _SECOND * word
    return b.op("bits_to_f64", _bits(b, key, shape, stream, 0), _bits(b, key, shape, stream, 1))


def _uniform(b: Build[V], args: tuple[V, ...], attrs: Attrs) -> V:
    u = _unit(b, args[0], attrs.sizes("shape"), attrs.int("stream"), DType(attrs.str("dtype")))
    low, high = attrs.float("low"), attrs.float("high")
    return u if (low, high) == (0.0, 1.0) else b.shift(b.scale(u, high - low), low)


def _normal(b: Build[V], args: tuple[V, ...], attrs: Attrs) -> V:
    """Box and Muller (1958): sqrt(-2 log(1 - u)) cos(2 pi v)."""
    shape, stream, dtype = attrs.sizes("shape"), attrs.int("stream"), DType(attrs.str("dtype"))
    u, v = (_unit(b, args[0], shape, stream, dtype, word) for word in (0, 1))
    radius = b.sqrt(b.scale(b.log(b.sub(b.like(1.0, u), u)), -2.0))
    z = b.mul(radius, b.op("cos", b.scale(v, 2.0 * math.pi)))
    mean, std = attrs.float("mean"), attrs.float("std")
    return z if (mean, std) == (0.0, 1.0) else b.shift(b.scale(z, std), mean)


def _bernoulli(b: Build[V], args: tuple[V, ...], attrs: Attrs) -> V:
    u = _unit(b, args[0], attrs.sizes("shape"), attrs.int("stream"), DType.float32)
    return b.lt(u, b.like(attrs.float("p"), u))


def _dropout_factor(b: Build[V], x: V, key: V, attrs: Attrs) -> V:
    """1 / (1 - p) where an element is kept, else 0; an element is dropped when its float32 draw is below p."""
    p = attrs.float("p")
    u = _unit(b, key, b.shape(x), attrs.int("stream"), DType.float32)
    kept = b.like(1.0 / (1.0 - p) if p < 1.0 else 0.0, x)
    return b.where(b.lt(u, b.like(p, u)), b.like(0.0, x), kept)


def _dropout(b: Build[V], args: tuple[V, ...], attrs: Attrs) -> V:
    return b.mul(args[0], _dropout_factor(b, args[0], args[1], attrs))


def _dropout_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    return p.b.mul(g, _dropout_factor(p.b, p.args[0], p.args[1], p.attrs)), None


# ---- references
def _words(key: Word, shape: tuple[int, ...], stream: int) -> tuple[Word, Word]:
    """Both words of every element: the counter is (flat index modulo 2**32, stream)."""
    index = np.arange(math.prod(shape), dtype=np.uint64).astype(np.uint32)
    w0, w1 = threefry(int(key[0]), int(key[1]), index, stream)
    return w0.reshape(shape), w1.reshape(shape)


def _random_bits_ref(attrs: Attrs, key: Word) -> object:
    return _words(key, attrs.ints("shape"), attrs.int("stream"))[attrs.int("word")]


def _unit32(word: Word) -> NDArray[np.float32]:
    return (word >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)


def _unit64(words: tuple[Word, Word]) -> Float:
    high, low = (words[0] >> np.uint32(5)).astype(np.float64), (words[1] >> np.uint32(6)).astype(np.float64)
    return (high * 2.0**26 + low) * 2.0**-53


def _units(attrs: Attrs, key: Word) -> tuple[Float | NDArray[np.float32], ...]:
    shape, stream = attrs.ints("shape"), attrs.int("stream")
    w = _words(key, shape, stream)
    if attrs["dtype"] == "float32":
        return _unit32(w[0]), _unit32(w[1])
    return _unit64(w), _unit64(_words(key, shape, stream | _SECOND))


def _uniform_ref(attrs: Attrs, key: Word) -> object:
    u = _units(attrs, key)[0]
    low, high = attrs.float("low"), attrs.float("high")
    return u * (high - low) + low


def _normal_ref(attrs: Attrs, key: Word) -> object:
    u, v = _units(attrs, key)
    z = np.sqrt(-2 * np.log(1 - u)) * np.cos(2 * math.pi * v)
    return z * attrs.float("std") + attrs.float("mean")


def _bernoulli_ref(attrs: Attrs, key: Word) -> object:
    return _unit32(_words(key, attrs.ints("shape"), attrs.int("stream"))[0]) < np.float32(attrs.float("p"))


def _dropout_ref(attrs: Attrs, x: Float, key: Word) -> object:
    p = attrs.float("p")
    dropped = _unit32(_words(key, x.shape, attrs.int("stream"))[0]) < np.float32(p)
    return x * np.where(dropped, 0, 1 / (1 - p) if p < 1 else 0).astype(x.dtype)


# ---- the family
_KEY = ((2,), "uint32", 0, 2**32)


def _f(**attrs: AttrValue) -> Sample:
    return Sample((_KEY,), Attrs(attrs))


def _drop(shape: tuple[int, ...], p: float, dtype: str = "float32") -> Sample:
    return Sample(((shape, dtype, -2.0, 2.0), _KEY), Attrs({"stream": 3, "p": p}))


RANDOM: tuple[OpDef, ...] = (
    OpDef(
        "random_bits",
        _infer_draw("random_bits", DType.uint32),
        None,
        None,
        Special("random_bits"),
        with_attrs(_random_bits_ref),
        (_f(shape=(3, 4), stream=0, word=0), _f(shape=(3, 4), stream=1, word=1), _f(shape=(), stream=2, word=0)),
        "One of the two words of Threefry-2x32-20 at the counter (flat index, stream).",
    ),
    OpDef(
        "uniform",
        _infer_draw("uniform", None),
        None,
        None,
        Decompose(_uniform),
        with_attrs(_uniform_ref),
        (
            _f(shape=(3, 4), stream=0, low=0.0, high=1.0, dtype="float32"),
            _f(shape=(5,), stream=1, low=-2.0, high=3.0, dtype="float64"),
            _f(shape=(), stream=2, low=-1.0, high=1.0, dtype="float32"),
        ),
        "Uniform in [low, high).",
    ),
    OpDef(
        "normal",
        _infer_draw("normal", None),
        None,
        None,
        Decompose(_normal),
        with_attrs(_normal_ref),
        (
            _f(shape=(3, 4), stream=0, mean=0.0, std=1.0, dtype="float32"),
            _f(shape=(5,), stream=1, mean=1.0, std=0.5, dtype="float64"),
            _f(shape=(2, 2), stream=2, mean=0.0, std=0.02, dtype="float32"),
        ),
        "Normal with the given mean and standard deviation, by Box and Muller.",
    ),
    OpDef(
        "bernoulli",
        _infer_bernoulli,
        None,
        None,
        Decompose(_bernoulli),
        with_attrs(_bernoulli_ref),
        (_f(shape=(3, 4), stream=0, p=0.3), _f(shape=(), stream=1, p=0.5), _f(shape=(7,), stream=2, p=1.0)),
        "True with probability p.",
    ),
    OpDef(
        "dropout",
        _infer_dropout,
        _dropout_vjp,
        None,
        Decompose(_dropout),
        with_attrs(_dropout_ref),
        (_drop((3, 4), 0.5), _drop((2, 3, 4), 0.1, "float64"), _drop((5,), 0.0), _drop((5,), 1.0)),
        "x with each element dropped with probability p, the others divided by 1 - p.",
    ),
)
