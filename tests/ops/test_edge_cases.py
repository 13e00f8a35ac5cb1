"""The edge cases that semantics decides, one test for each decision, on the references and derivative rules."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import ArrayLike

from shapewright.compiler.errors import IndexOutOfRange
from shapewright.compiler.ir.attrs import Attrs, AttrValue
from shapewright.compiler.ops.opdef import Arr, Decompose, Pullback
from shapewright.compiler.ops.table import OPS

from . import oracle

INF, NAN = float("inf"), float("nan")
CE: dict[str, AttrValue] = {"reduction": "mean", "label_smoothing": 0.0, "ignore_index": None}


def f64(values: ArrayLike) -> Arr:
    return np.asarray(values, dtype=np.float64)


def f32(values: ArrayLike) -> Arr:
    return np.asarray(values, dtype=np.float32)


def i64(values: ArrayLike) -> Arr:
    return np.asarray(values, dtype=np.int64)


def run(op: str, *args: Arr, **attrs: AttrValue) -> Arr:
    """The reference; where the operation is a decomposition, that must agree, special values included."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        out = OPS[op].reference(args, Attrs(attrs))
        lower = OPS[op].lower
        if isinstance(lower, Decompose):
            assert oracle.close(lower.rule(oracle.NumpyBuild(), args, Attrs(attrs)), out)
    return out


def grad(op: str, *args: Arr, **attrs: AttrValue) -> list[Arr | None]:
    """Gradients of the sum of the result."""
    rule = OPS[op].vjp
    assert rule is not None
    b, out = oracle.NumpyBuild(), OPS[op].reference(args, Attrs(attrs))
    needs = tuple(a.dtype.kind == "f" for a in args)
    found = rule(Pullback(b, args, out, Attrs(attrs), needs), np.ones_like(out))
    return [None if g is None else b.unbroadcast(g, a.shape) for g, a in zip(found, args, strict=True)]


def same(got: Arr | None, want: ArrayLike) -> None:
    assert got is not None
    np.testing.assert_array_equal(got, np.asarray(want))


# ---- elementwise
def test_log_of_a_non_positive_number() -> None:
    """Row "log of a non-positive number": IEEE, and no warning."""
    same(run("log", f32([0, -1, 1])), [-INF, NAN, 0])
    same(run("sqrt", f32([-1, 0])), [NAN, 0])
    same(run("div", f32([1, -1, 0]), f32([0, 0, 0])), [INF, -INF, NAN])
    same(run("rsqrt", f32([0])), [INF])
    same(run("log1p", f32([-1])), [-INF])


def test_clip_gradient_at_the_bounds() -> None:
    """Row "clamp gradient at the bounds": 1."""
    same(grad("clip", f64([-2, -1, 0, 1, 2]), low=-1.0, high=1.0)[0], [0, 1, 1, 1, 0])


@pytest.mark.parametrize("op", ["maximum", "minimum"])
def test_binary_ties_split(op: str) -> None:
    """Row "max/min ties": binary maximum and minimum give half to each."""
    gx, gy = grad(op, f64([1, 2, 3]), f64([2, 2, 2]))
    want = [0, 0.5, 1] if op == "maximum" else [1, 0.5, 0]
    same(gx, want)
    same(gy, want[::-1])


@pytest.mark.parametrize("op", ["max", "min"])
def test_reduction_ties_spread_evenly(op: str) -> None:
    """Row "max/min ties": a reduction spreads over all of them, as PyTorch's amax."""
    rows = np.asarray([[2, 1, 2, 2], [0, 0, 0, 0]]) * (1.0 if op == "max" else -1.0)
    same(grad(op, f64(rows), axis=(1,), keepdims=False)[0], [[1 / 3, 0, 1 / 3, 1 / 3], [0.25] * 4])


def test_slopes_at_zero() -> None:
    """relu' and abs' are 0 at 0, sqrt' is infinite, pow' with exponent 0 is 0, as PyTorch."""
    same(grad("relu", f64([-1, 0, 1]))[0], [0, 0, 1])
    same(grad("abs", f64([-1, 0, 1]))[0], [-1, 0, 1])
    same(grad("sqrt", f64([0]))[0], [INF])
    gx, gy = grad("pow", f64([0, 0, 2]), f64([0, 2, 0]))
    same(gx, [0, 0, 0])
    same(gy, [0, 0, np.log(2)])


def test_stable_formulas() -> None:
    """Row "softplus, ... bce": no overflow, and the right limit on both sides."""
    big = f32([-1e4, -100, 0, 100, 1e4])
    same(run("softplus", big), f32([0, 3.783506e-44, np.log(2), 100, 1e4]))
    assert np.isfinite(run("sigmoid", big)).all() and run("sigmoid", f32([-INF, INF])).tolist() == [0, 1]
    same(run("bce_with_logits", f32([1e4, -1e4]), f32([1, 0]), reduction="none"), [0, 0])
    same(run("bce_with_logits", f32([1e4, -1e4]), f32([0, 1]), reduction="none"), [1e4, 1e4])
    same(run("silu", f32([-1e4, 1e4])), [0, 1e4])
    for approximate in ("none", "tanh"):
        same(run("gelu", f32([-1e4, 1e4]), approximate=approximate), [0, 1e4])


def test_nan_goes_through() -> None:
    """nan is never swallowed by a comparison."""
    x, y = f32([NAN, 1]), f32([1, NAN])
    for op in ("maximum", "minimum", "add"):
        same(run(op, x, y), [NAN, NAN])
    for op in ("max", "min"):
        same(run(op, x, axis=(0,), keepdims=False), NAN)
    same(run("relu", x), [NAN, 1])
    same(run("sign", x), [NAN, 1])
    same(run("clip", x, low=0.0, high=0.5), [NAN, 0.5])


# ---- rows
def test_rows_of_minus_infinity() -> None:
    """logsumexp of a blocked row is -inf with gradient 0 (NumPy, SciPy); softmax of it is nan (PyTorch)."""
    x = f64([[-INF, -INF], [-INF, 0], [INF, 0]])
    same(run("logsumexp", x, axis=(1,), keepdims=False), [-INF, 0, INF])
    same(grad("logsumexp", x[:2], axis=(1,), keepdims=False)[0], [[0, 0], [0, 1]])
    same(run("softmax", x[:2], axis=1), [[NAN, NAN], [0.0, 1.0]])


def test_rows_of_large_numbers() -> None:
    x = f32([[1e4, 0], [-1e30, -1e30]])
    same(run("softmax", x, axis=1), [[1.0, 0.0], [0.5, 0.5]])
    same(run("log_softmax", x, axis=1)[0], [0, -1e4])
    same(run("logsumexp", x[:1], axis=(1,), keepdims=False), [1e4])


def test_layer_norm_of_any_rank() -> None:
    """Row "layer norm": eps inside the root, any rank, a constant row gives the bias."""
    w, bias = f64([1, 2, 3]), f64([4, 5, 6])
    same(run("layer_norm", f64([7, 7, 7]), w, bias, eps=1e-5), bias)
    x = np.asarray(np.random.default_rng(0).normal(size=(2, 3, 4, 3)))
    got = run("layer_norm", x, w, bias, eps=1e-5)
    want = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * w + bias
    assert oracle.close(got, want)


# ---- cross-entropy
def test_cross_entropy_ignores_rows() -> None:
    x, t = f64([[0, 1], [5, 2], [3, 3]]), i64([1, -100, 0])
    at: dict[str, AttrValue] = {**CE, "ignore_index": -100}
    rows = -np.log([np.e / (1 + np.e), 0.5])
    assert oracle.close(run("cross_entropy", x, t, **at), f64(rows.mean()))
    g = grad("cross_entropy", x, t, **at)[0]
    assert g is not None and g[1].tolist() == [0, 0] and g[2].tolist() == [-0.25, 0.25]
    same(run("cross_entropy", x, i64([-100] * 3), **at), NAN)


def test_cross_entropy_of_large_logits() -> None:
    """No overflow, no log of 0."""
    same(run("cross_entropy", f32([[1e4, 0], [0, 1e4]]), i64([0, 0]), **{**CE, "reduction": "none"}), [0, 1e4])
    same(run("cross_entropy", f32([[-INF, 0]]), i64([1]), **CE), 0)
    same(run("cross_entropy", f32([[-INF, 0]]), i64([0]), **CE), INF)


# ---- indices
def _indexed(op: str, index: Arr) -> tuple[tuple[Arr, ...], dict[str, AttrValue]]:
    """Operands and attributes of an indexing operation whose indices must be below 3."""
    cases: dict[str, tuple[tuple[Arr, ...], dict[str, AttrValue]]] = {
        "take": ((np.zeros((3, 2)), index), {"axis": 0}),
        "take_along_axis": ((np.zeros(3), index), {"axis": 0}),
        "index_add": ((index, np.zeros(2)), {"axis": 0, "size": 3}),
        "scatter_along_axis": ((index, np.zeros(2)), {"axis": 0, "size": 3}),
        "one_hot": ((index,), {"n": 3, "dtype": "float32"}),
        "embedding": ((index, np.zeros((3, 2))), {}),
        "cross_entropy": ((np.zeros((2, 3)), index), CE),
    }
    return cases[op]


@pytest.mark.parametrize("bad", [-1, 3])
@pytest.mark.parametrize(
    "op", ["take", "take_along_axis", "index_add", "scatter_along_axis", "one_hot", "embedding", "cross_entropy"]
)
def test_an_index_outside_its_axis_raises(op: str, bad: int) -> None:
    """Row "out-of-range gather": at once, with counts and sizes but no values; negative indices do not wrap around."""
    args, attrs = _indexed(op, i64([0, bad]))
    with pytest.raises(IndexOutOfRange) as caught:
        OPS[op].reference(args, Attrs(attrs))
    axis = {"cross_entropy": 1, "one_hot": 1}.get(op, 0)
    assert str(caught.value) == (
        f"error[SW301]: {op}: 1 of 2 indices lies outside axis {axis} of size 3\n"
        "help: indices run from 0 to 2; negative ones do not wrap around"
    )
    lower = OPS[op].lower
    if isinstance(lower, Decompose):
        with pytest.raises(IndexOutOfRange):
            lower.rule(oracle.NumpyBuild(), args, Attrs(attrs))


def test_duplicate_indices_add() -> None:
    same(run("index_add", i64([1, 1, 0]), f64([1, 2, 4]), axis=0, size=3), [4, 3, 0])
    same(run("scatter_along_axis", i64([[1, 1]]), f64([[1, 2]]), axis=1, size=3), [[0, 3, 0]])


def test_the_first_largest_element_wins() -> None:
    same(run("argmax", f32([[1, 3, 3], [2, 2, 0]]), axis=(1,), keepdims=False), [1, 0])
    same(run("argmax", f32([[1, 3], [3, 2]]), axis=(0, 1), keepdims=False), 1)


# ---- empty and scalar operands
def test_empty_operands() -> None:
    """Sums of nothing are 0, means nan, products of empty matrices zeros."""
    none = f32(np.zeros((0, 3)))
    same(run("sum", none, axis=(0,), keepdims=False), [0, 0, 0])
    same(run("mean", none, axis=(0,), keepdims=False), [NAN] * 3)
    same(run("matmul", f32(np.zeros((2, 0))), none), np.zeros((2, 3)))
    assert run("concat", none, f32([[1, 2, 3]]), axis=0).shape == (1, 3)
    assert run("softmax", none, axis=1).shape == (0, 3)
    assert run("take", f32([1, 2]), i64([]), axis=0).shape == (0,)
    same(run("mse_loss", none, none, reduction="mean"), NAN)


def test_integers_stay_integers() -> None:
    """int64 and int32 sums, products and comparisons keep their element type."""
    x = np.asarray([1, 2, 3], dtype=np.int32)
    assert run("sum", x, axis=(0,), keepdims=False).dtype == np.int32
    assert run("mul", x, x).dtype == np.int32 and run("less", x, x).dtype == np.bool_
    same(run("cast", f32([-1.7, 1.7, 0]), dtype="int64"), [-1, 1, 0])
    same(run("cast", f32([-1.7, 0]), dtype="bool"), [True, False])


def test_float32_stays_float32() -> None:
    """No operation widens on the way (row "host f64, device f32": one element type)."""
    wide: Sequence[str] = [
        op.name
        for op in OPS.values()
        for sample in op.domain
        if all(d in ("float32", "int64", "bool", "uint32") for _, d, *_ in sample.operands)
        and "float64" not in sample.attrs.values()
        and op.reference(oracle.draw(sample, op.name), sample.attrs).dtype == np.float64
    ]
    assert wide == ["bits_to_f64"]
