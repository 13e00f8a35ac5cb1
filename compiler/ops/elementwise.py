"""Elementwise operations: one scalar function of the broadcast operands."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from ..ir.attrs import Attrs, AttrValue
from ..types import DType, TensorType
from .opdef import Elementwise, OpDef, Pullback, Sample, VjpRule
from .refs import Float, Word, plain, with_attrs
from .shapes import ALL, BOOLS, FLOATS, NUMBERS, Types, arity, broadcast, of_kind, same_dtype

V = TypeVar("V")
DTypes = frozenset[DType]


# ---- shape and dtype rules
def infer_elementwise(
    op: str, count: int, accept: DTypes, result: DType | None
) -> Callable[[Types, Attrs], TensorType]:
    """Operands of one accepted element type, broadcast; the result has `result` or that element type."""

    def infer(types: Types, attrs: Attrs) -> TensorType:
        arity(op, types, count)
        for i in range(count):
            of_kind(op, types, i, accept)
        dtype = same_dtype(op, types)
        return TensorType(result or dtype, *broadcast(op, types))

    return infer


def _infer_where(types: Types, attrs: Attrs) -> TensorType:
    arity("where", types, 3)
    of_kind("where", types, 0, BOOLS)
    return TensorType(same_dtype("where", types, 1), *broadcast("where", types))


def _infer_cast(types: Types, attrs: Attrs) -> TensorType:
    arity("cast", types, 1)
    return TensorType(DType(attrs.str("dtype")), types[0].shape, types[0].names)


# ---- samples
def _dtype(accept: DTypes) -> str:
    return "float32" if DType.float32 in accept else "bool" if accept == BOOLS else min(d.value for d in accept)


def unary_samples(start: float, end: float, dtype: str = "float32", /, **attrs: AttrValue) -> tuple[Sample, ...]:
    """A matrix, a rank-0 and a rank-3 operand; the last one in float64 where the operation takes floats."""
    last = "float64" if dtype == "float32" else dtype
    cases = (((3, 4), dtype), ((), dtype), ((2, 3, 4), last))
    return tuple(Sample(((shape, d, start, end),), Attrs(attrs)) for shape, d in cases)


def _binary_samples(x: tuple[float, float], y: tuple[float, float], dtype: str = "float32") -> tuple[Sample, ...]:
    """Equal shapes, a row against a block, an outer combination, a scalar."""
    last = "float64" if dtype == "float32" else dtype
    cases = (((3, 4), (3, 4), dtype), ((2, 3, 4), (4,), dtype), ((3, 1), (1, 4), last), ((), (3,), dtype))
    return tuple(Sample(((a, d, *x), (b, d, *y)), Attrs()) for a, b, d in cases)


# ---- makers
def _unary(
    name: str,
    f: Callable[..., object],
    vjp: VjpRule | None,
    draw: tuple[float, float],
    doc: str,
    accept: DTypes = FLOATS,
    result: DType | None = None,
) -> OpDef:
    domain = unary_samples(*draw, _dtype(accept))
    if accept >= NUMBERS:
        domain += (Sample((((3, 4), "int64", -5, 6),), Attrs()),)
    return OpDef(name, infer_elementwise(name, 1, accept, result), vjp, None, Elementwise(name), plain(f), domain, doc)


def _binary(
    name: str,
    f: Callable[..., object],
    vjp: VjpRule | None,
    x: tuple[float, float],
    y: tuple[float, float],
    doc: str,
    accept: DTypes = NUMBERS,
    result: DType | None = None,
) -> OpDef:
    domain = _binary_samples(x, y, _dtype(accept))
    if accept >= NUMBERS:
        domain += (Sample((((3, 4), "int64", -5, 6), ((4,), "int64", -5, 6)), Attrs()),)
    return OpDef(name, infer_elementwise(name, 2, accept, result), vjp, None, Elementwise(name), plain(f), domain, doc)


# ---- derivatives longer than a line
def _pow_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    """y x^(y-1) and x^y log x; 0 instead of nan where y = 0, and where x = 0 <= y (as PyTorch)."""
    b, (x, y) = p.b, p.args
    zero = b.like(0.0, x)
    gx = gy = None
    if p.needs[0]:
        slope = b.mul(y, b.op("pow", x, b.shift(y, -1.0)))
        gx = b.mul(g, b.where(b.eq(y, zero), zero, slope))
    if p.needs[1]:
        flat = b.op("logical_and", b.eq(x, zero), b.ge(y, zero))
        gy = b.mul(g, b.where(flat, zero, b.mul(p.out, b.log(x))))
    return gx, gy


def _div_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    b, y = p.b, p.args[1]
    gx = b.div(g, y)
    return gx, b.neg(b.mul(gx, p.out)) if p.needs[1] else None


def _larger_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    """All of `g` to the operand that was taken, half to each at a tie; the same rule for maximum and minimum."""
    b, (x, y) = p.b, p.args
    zero, tie, half = b.like(0.0, x), b.eq(x, y), b.scale(g, 0.5)
    taken = b.eq(p.out, x), b.eq(p.out, y)
    return tuple(b.where(tie, half, b.where(t, g, zero)) for t in taken)


def _where_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    b, c = p.b, p.args[0]
    zero = b.like(0.0, g)
    return None, b.where(c, g, zero), b.where(c, zero, g)


def _cast_vjp(p: Pullback[V], g: V) -> Sequence[V | None]:
    return (p.b.cast(g, p.b.dtype(p.args[0])) if p.needs[0] else None,)


# ---- references longer than a name
def _sigmoid(x: Float) -> object:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def _softplus(x: Float) -> Float:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _rsqrt(x: Float) -> Float:
    return np.reciprocal(np.sqrt(x))


def _relu(x: Float) -> Float:
    return np.maximum(x, 0)


def _erf(x: Float) -> Float:
    from scipy.special import erf  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs] - SciPy has no types

    return np.asarray(erf(x))


def _cast(attrs: Attrs, x: Float) -> Float:
    return x.astype(attrs.str("dtype"))


def _copy(x: Float) -> Float:
    return x


def _bits_to_f32(w: Word) -> object:
    return (w >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)


def _bits_to_f64(w0: Word, w1: Word) -> object:
    high, low = (w0 >> np.uint32(5)).astype(np.float64), (w1 >> np.uint32(6)).astype(np.float64)
    return (high * 2.0**26 + low) * 2.0**-53


# ---- the family
ARITHMETIC: tuple[OpDef, ...] = (
    _binary("add", np.add, lambda p, g: (g, g), (-2, 2), (-2, 2), "x + y"),
    _binary("sub", np.subtract, lambda p, g: (g, p.b.neg(g)), (-2, 2), (-2, 2), "x - y"),
    _binary("mul", np.multiply, lambda p, g: (p.b.mul(g, p.args[1]), p.b.mul(g, p.args[0])), (-2, 2), (-2, 2), "x * y"),
    _binary("div", np.divide, _div_vjp, (-2, 2), (0.5, 2), "x / y", FLOATS),
    _binary("pow", np.power, _pow_vjp, (0.5, 2), (-2, 2), "x to the power y", FLOATS),
    _binary("maximum", np.maximum, _larger_vjp, (-2, 2), (-2, 2), "The larger operand; nan if either is nan."),
    _binary("minimum", np.minimum, _larger_vjp, (-2, 2), (-2, 2), "The smaller operand; nan if either is nan."),
    _unary("neg", np.negative, lambda p, g: (p.b.neg(g),), (-2, 2), "-x", NUMBERS),
    _unary(
        "abs", np.abs, lambda p, g: (p.b.mul(g, p.b.op("sign", p.args[0])),), (-2, 2), "|x|; slope 0 at 0.", NUMBERS
    ),
    _unary("sign", np.sign, None, (-2, 2), "-1, 0 or 1; no gradient flows.", NUMBERS),
    _unary("square", np.square, lambda p, g: (p.b.mul(g, p.b.scale(p.args[0], 2.0)),), (-2, 2), "x * x", NUMBERS),
    _unary(
        "relu",
        _relu,
        lambda p, g: (p.b.where(p.b.gt(p.out, p.b.like(0.0, g)), g, p.b.like(0.0, g)),),
        (-2, 2),
        "max(x, 0); slope 0 at 0.",
        NUMBERS,
    ),
    _unary("floor", np.floor, None, (-2, 2), "The largest integer not above x, as a float; no gradient flows."),
)

FUNCTIONS: tuple[OpDef, ...] = (
    _unary("sqrt", np.sqrt, lambda p, g: (p.b.div(p.b.scale(g, 0.5), p.out),), (0.5, 2), "Square root."),
    _unary(
        "rsqrt",
        _rsqrt,
        lambda p, g: (p.b.mul(p.b.scale(g, -0.5), p.b.mul(p.out, p.b.square(p.out))),),
        (0.5, 2),
        "1 / sqrt(x)",
    ),
    _unary("reciprocal", np.reciprocal, lambda p, g: (p.b.neg(p.b.mul(g, p.b.square(p.out))),), (0.5, 2), "1 / x"),
    _unary("exp", np.exp, lambda p, g: (p.b.mul(g, p.out),), (-2, 2), "e to the power x."),
    _unary("log", np.log, lambda p, g: (p.b.div(g, p.args[0]),), (0.5, 2), "Natural logarithm; -inf at 0, nan below."),
    _unary(
        "log1p",
        np.log1p,
        lambda p, g: (p.b.div(g, p.b.shift(p.args[0], 1.0)),),
        (-0.5, 2),
        "log(1 + x), accurate near 0.",
    ),
    _unary(
        "tanh",
        np.tanh,
        lambda p, g: (p.b.mul(g, p.b.sub(p.b.like(1.0, g), p.b.square(p.out))),),
        (-2, 2),
        "Hyperbolic tangent.",
    ),
    _unary(
        "sigmoid",
        _sigmoid,
        lambda p, g: (p.b.mul(g, p.b.mul(p.out, p.b.sub(p.b.like(1.0, g), p.out))),),
        (-4, 4),
        "1 / (1 + exp(-x)), without overflow.",
    ),
    _unary(
        "erf",
        _erf,
        lambda p, g: (p.b.mul(g, p.b.scale(p.b.exp(p.b.neg(p.b.square(p.args[0]))), 2.0 / math.sqrt(math.pi))),),
        (-2, 2),
        "Error function.",
    ),
    _unary("sin", np.sin, lambda p, g: (p.b.mul(g, p.b.op("cos", p.args[0])),), (-3, 3), "Sine of x in radians."),
    _unary(
        "cos", np.cos, lambda p, g: (p.b.neg(p.b.mul(g, p.b.op("sin", p.args[0]))),), (-3, 3), "Cosine of x in radians."
    ),
    _unary(
        "softplus",
        _softplus,
        lambda p, g: (p.b.mul(g, p.b.sigmoid(p.args[0])),),
        (-4, 4),
        "log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)), without overflow.",
    ),
)


def _comparison(name: str, f: Callable[..., object], accept: DTypes, doc: str) -> OpDef:
    domain = (*_binary_samples((-2, 2), (-2, 2)), Sample((((5, 4), "int64", 0, 3), ((4,), "int64", 0, 3)), Attrs()))
    infer = infer_elementwise(name, 2, accept, DType.bool)
    return OpDef(name, infer, None, None, Elementwise(name), plain(f), domain, doc)


def _logical(name: str, f: Callable[..., object], count: int, doc: str) -> OpDef:
    domain = _binary_samples((0, 1), (0, 1), "bool") if count == 2 else unary_samples(0, 1, "bool")
    infer = infer_elementwise(name, count, BOOLS, DType.bool)
    return OpDef(name, infer, None, None, Elementwise(name), plain(f), domain, doc)


def _test(name: str, f: Callable[..., object], doc: str) -> OpDef:
    return _unary(name, f, None, (-2, 2), doc, FLOATS, DType.bool)


LOGIC: tuple[OpDef, ...] = (
    _comparison("equal", np.equal, ALL, "x == y; false where either is nan."),
    _comparison("not_equal", np.not_equal, ALL, "x != y; true where either is nan."),
    _comparison("less", np.less, NUMBERS, "x < y"),
    _comparison("less_equal", np.less_equal, NUMBERS, "x <= y"),
    _comparison("greater", np.greater, NUMBERS, "x > y"),
    _comparison("greater_equal", np.greater_equal, NUMBERS, "x >= y"),
    _logical("logical_and", np.logical_and, 2, "x and y, of bools."),
    _logical("logical_or", np.logical_or, 2, "x or y, of bools."),
    _logical("logical_not", np.logical_not, 1, "not x, of bools."),
    _test("isnan", np.isnan, "Whether x is not a number."),
    _test("isfinite", np.isfinite, "Whether x is neither infinite nor nan."),
)


# ---- the rest of the family: mixed element types
def _casts() -> tuple[Sample, ...]:
    cases = (
        ("float32", "float64"),
        ("float64", "float32"),
        ("int64", "float32"),
        ("float32", "int64"),
        ("bool", "float32"),
    )
    return tuple(Sample((((3, 4), a, -5, 6),), Attrs({"dtype": b})) for a, b in cases)


def _bits(count: int) -> tuple[Sample, ...]:
    return (Sample((((3, 4), "uint32", 0, 2**32),) * count, Attrs()),)


def infer_bits(op: str, count: int, result: DType) -> Callable[[Types, Attrs], TensorType]:
    return infer_elementwise(op, count, frozenset({DType.uint32}), result)


OTHERS: tuple[OpDef, ...] = (
    OpDef(
        "where",
        _infer_where,
        _where_vjp,
        None,
        Elementwise("where"),
        plain(np.where),
        (
            Sample((((3, 4), "bool", 0, 1), ((3, 4), "float32", -2, 2), ((3, 4), "float32", -2, 2)), Attrs()),
            Sample((((3, 1), "bool", 0, 1), ((2, 1, 4), "float32", -2, 2), ((), "float32", -2, 2)), Attrs()),
            Sample((((4,), "bool", 0, 1), ((3, 4), "int64", -5, 6), ((3, 4), "int64", -5, 6)), Attrs()),
        ),
        "x where the condition holds, else y.",
    ),
    OpDef(
        "cast",
        _infer_cast,
        _cast_vjp,
        None,
        Elementwise("cast"),
        with_attrs(_cast),
        _casts(),
        "Another element type; towards zero to an integer, nonzero to True.",
    ),
    OpDef(
        "stop_gradient",
        infer_elementwise("stop_gradient", 1, ALL, None),
        None,
        None,
        Elementwise("identity"),
        plain(_copy),
        unary_samples(-2, 2),
        "x itself; no gradient flows.",
    ),
    OpDef(
        "bits_to_f32",
        infer_bits("bits_to_f32", 1, DType.float32),
        None,
        None,
        Elementwise("bits_to_f32"),
        plain(_bits_to_f32),
        _bits(1),
        "A random word as a float32 in [0, 1): its upper 24 bits times 2**-24.",
    ),
    OpDef(
        "bits_to_f64",
        infer_bits("bits_to_f64", 2, DType.float64),
        None,
        None,
        Elementwise("bits_to_f64"),
        plain(_bits_to_f64),
        _bits(2),
        "Two random words as a float64 in [0, 1): 27 and 26 upper bits.",
    ),
)

ELEMENTWISE: tuple[OpDef, ...] = ARITHMETIC + FUNCTIONS + LOGIC + OTHERS
