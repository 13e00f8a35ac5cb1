"""The oracle of the op-table tests: a builder that runs NumPy references at once, a tape, and central differences.

Everything here is independent of the interpreters of the library: it knows the table and the reverse-mode driver only.
The checks are functions that return what is wrong ("" = nothing), so that wrong rules can be fed to them as well.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from shapewright.compiler.autodiff import Entry, gradients
from shapewright.compiler.ir.attrs import Attrs
from shapewright.compiler.ir.build import Build
from shapewright.compiler.ops.opdef import Arr, Decompose, OpDef, Pullback, Sample
from shapewright.compiler.ops.table import OPS, infer
from shapewright.compiler.types import DType, TensorType

Args: TypeAlias = "tuple[Arr, ...]"
Float: TypeAlias = "NDArray[np.float64]"
EPS = float(np.finfo(np.float64).eps)

# Roundings allowed between a reference and its decomposition, in units of the largest element: both are chains of
# fewer than this many operations.
ROUNDINGS = 64


def type_of(x: Arr) -> TensorType:
    return TensorType(DType.of(x.dtype), x.shape)


@final
class NumpyBuild(Build[Arr]):
    """Runs each operation with its reference, checks its type against the shape rule, keeps a tape."""

    def __init__(self) -> None:
        self.tape: list[Entry[Arr]] = []

    def apply(self, op: str, args: Sequence[Arr], attrs: Attrs) -> Arr:
        want = infer(op, tuple(type_of(a) for a in args), attrs)
        out = OPS[op].reference(tuple(args), attrs)
        assert type_of(out) == want, f"{op}: the reference gives {type_of(out)}, the shape rule {want}"
        if any(out is a for a in args):  # the driver tells values apart by identity
            out = out.copy()
        self.tape.append(Entry(op, tuple(args), attrs, out))
        return out

    def type_of(self, x: Arr) -> TensorType:
        return type_of(x)


def draw(sample: Sample, seed: str, wide: bool = False) -> Args:
    """The operands of a sample: the same values in every run; `wide`: float64 where the sample says float32."""
    rng = np.random.default_rng(zlib.crc32(seed.encode()))
    out: list[Arr] = []
    for shape, dtype, low, high in sample.operands:
        if dtype == "bool":
            out.append(np.asarray(rng.integers(0, 2, shape), dtype=bool))
        elif dtype.startswith("float"):
            out.append(np.asarray(rng.uniform(low, high, shape), dtype="float64" if wide else dtype))
        else:
            out.append(np.asarray(rng.integers(int(low), int(high), shape), dtype=dtype))
    return tuple(out)


def widened(attrs: Attrs) -> Attrs:
    """Attributes with float64 in place of float32."""
    return Attrs({k: "float64" if v == "float32" else v for k, v in attrs.items()})


def close(got: Arr, want: Arr, roundings: float = ROUNDINGS) -> bool:
    """Equal up to rounding relative to the largest element of `want` (exactly, for integers and bools)."""
    if got.shape != want.shape or got.dtype != want.dtype:
        return False
    if not np.issubdtype(want.dtype, np.floating):
        return bool(np.array_equal(got, want))
    wide = want.astype(np.float64)
    finite = np.abs(wide[np.isfinite(wide)])
    scale = max(1.0, float(finite.max())) if finite.size else 1.0
    allowed = roundings * DType.of(want.dtype).eps * scale
    return bool(np.allclose(got.astype(np.float64), wide, rtol=0, atol=allowed, equal_nan=True))


# ---- the checks
def check_reference(op: OpDef, sample: Sample) -> str:
    """The reference has the type that the shape rule says."""
    args = draw(sample, op.name)
    want, got = op.infer(tuple(map(type_of, args)), sample.attrs), type_of(op.reference(args, sample.attrs))
    return "" if got == want else f"{op.name}: the reference gives {got}, the shape rule says {want}"


def check_decomposition(op: OpDef, sample: Sample) -> str:
    """Running the decomposition gives what the reference gives."""
    assert isinstance(op.lower, Decompose)
    args = draw(sample, op.name)
    got, want = op.lower.rule(NumpyBuild(), args, sample.attrs), op.reference(args, sample.attrs)
    return "" if close(got, want) else f"{op.name}: the decomposition differs from the reference by {gap(got, want)}"


def check_vjp(op: OpDef, sample: Sample) -> str:
    """The derivative rule against central differences of the reference, in float64.

    The result is contracted with weights w: L(x) = sum(w * op(x)), so L' is one number for each operand element.
    """
    assert op.vjp is not None
    args, attrs = draw(sample, op.name, wide=True), widened(sample.attrs)
    out = op.reference(args, attrs)
    if out.dtype != np.float64:
        return ""
    w = weights(out.shape, 0)
    b = NumpyBuild()
    needs = tuple(a.dtype == np.float64 for a in args)
    got = op.vjp(Pullback(b, args, out, attrs, needs), w)
    if len(got) != len(args):
        return f"{op.name}: {len(got)} gradients for {len(args)} operands"

    def loss(moved: Args) -> float:
        return float(np.sum(w * op.reference(moved, attrs).astype(np.float64)))

    for i in (i for i, need in enumerate(needs) if need):
        ga = got[i]
        have = np.zeros(args[i].shape) if ga is None else b.unbroadcast(ga, args[i].shape).astype(np.float64)
        want, allowed = central_differences(loss, args, i)
        if have.shape != want.shape or not np.all(np.abs(have - want) <= allowed):
            return f"{op.name}: gradient of operand {i + 1} is off by {gap(have, want)}, allowed {allowed:.2g}"
    return ""


def check_second_order(op: OpDef, sample: Sample) -> str:
    """The derivative of the derivative, both by the driver, against central differences of the first."""
    args, attrs = draw(sample, op.name, wide=True), widened(sample.attrs)
    floats = [i for i, a in enumerate(args) if a.dtype == np.float64]

    def slope(b: NumpyBuild, values: Args) -> Arr | None:
        """sum over operands of sum(v * gradient), with weights v."""
        out = b.apply(op.name, values, attrs)
        if out.dtype != np.float64:
            return None
        found = gradients(b, list(b.tape), out, weights(out.shape, 0), [values[i] for i in floats], key=id)
        total: Arr | None = None
        for k, g in enumerate(found):
            if g is not None:
                term = b.sum(b.mul(g, weights(g.shape, k + 1)), tuple(range(g.ndim)))
                total = term if total is None else b.add(total, term)
        return total

    b = NumpyBuild()
    total = slope(b, args)
    if total is None:
        return ""
    second = gradients(b, list(b.tape), total, np.asarray(1.0), [args[i] for i in floats], key=id)

    def first(moved: Args) -> float:
        value = slope(NumpyBuild(), moved)
        return 0.0 if value is None else float(value)

    for i, g in zip(floats, second, strict=True):
        have = np.zeros(args[i].shape) if g is None else g.astype(np.float64)
        want, allowed = central_differences(first, args, i)
        if have.shape != want.shape or not np.all(np.abs(have - want) <= allowed):
            return f"{op.name}: second derivative by operand {i + 1} is off by {gap(have, want)}, allowed {allowed:.2g}"
    return ""


def weights(shape: tuple[int, ...], seed: int) -> Float:
    return np.asarray(np.random.default_rng(seed).uniform(0.5, 1.5, shape))


def central_differences(f: Callable[[Args], float], args: Args, i: int) -> tuple[Float, float]:
    """(f(x + h) - f(x - h)) / 2h for each element of operand `i`, and the error to allow.

    Truncation is h^2 |f'''| / 6 and rounding eps |f| / h. With h = eps^(1/3) both are eps^(2/3) times the size of
    the numbers; the factor 100 covers the third derivatives in the ranges that the samples draw from.
    """
    x = args[i].astype(np.float64)
    h = EPS ** (1 / 3)
    out = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += h
        down[index] -= h
        out[index] = (f((*args[:i], up, *args[i + 1 :])) - f((*args[:i], down, *args[i + 1 :]))) / (2 * h)
    scale = max(1.0, abs(f(args)), float(np.abs(out).max()) if out.size else 0.0)
    return out, 100 * EPS ** (2 / 3) * scale


def gap(got: Arr, want: Arr) -> str:
    """How far apart two arrays are, as text."""
    if got.shape != want.shape or got.dtype != want.dtype:
        return f"their types: {type_of(got)} and {type_of(want)}"
    return f"{np.abs(got.astype(np.float64) - want.astype(np.float64)).max():.3g}"
