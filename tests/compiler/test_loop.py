"""Sizes, views and contraction layouts: index arithmetic compared with NumPy on small arrays."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from shapewright.compiler.ir.graph import Graph
from shapewright.compiler.loop.dots import Axis, DotLayout, dot_layout
from shapewright.compiler.loop.ir import Affine, Leaf, View, groups, strides, try_reshape
from shapewright.compiler.ops.table import infer
from shapewright.compiler.sizes import (
    Poly,
    Shape,
    Size,
    Symbol,
    divide,
    evaluate,
    exact_quotient,
    product,
    remainder,
    substitute,
    symbol,
    symbols,
)
from shapewright.compiler.types import DType, TensorType

N, M = symbol("N"), symbol("M")
ENV = {Symbol("N"): 5, Symbol("M"): 3}
Ints = NDArray[np.int64]
F64 = NDArray[np.float64]


# ---- sizes
@pytest.mark.parametrize(
    ("left", "right"),
    [
        (N + M, M + N),
        (N * M, M * N),
        ((N + 1) * (N - 1), N * N - 1),
        (2 * N + 3 * N, 5 * N),
        (N * (M + 2), N * M + 2 * N),
        (3 - N, -1 * N + 3),
        (N // M + 0, N // M),
    ],
)
def test_equal_sizes_have_one_normal_form(left: Size, right: Size) -> None:
    assert left == right
    assert hash(left) == hash(right)
    assert str(left) == str(right)
    assert evaluate(left, ENV) == evaluate(right, ENV)


def test_a_size_without_symbols_is_an_int() -> None:
    for size, value in ((N - N, 0), (N + 2 - N, 2), (0 * N, 0), ((N + 1) - N, 1), (divide(6 * N, N), 6)):
        assert type(size) is int
        assert size == value
    assert isinstance(N + 1, Poly)
    assert N != 5  # nothing is known about N


def test_powers() -> None:
    assert -N == 0 - N
    assert (N**0, N**1, (N + 1) ** 2) == (1, N, N * N + 2 * N + 1)
    for base, exponent in ((N, 0.5), (N, -1), (N, M), (2, N)):
        with pytest.raises(TypeError, match="is not known before the program runs"):
            _ = base**exponent


def test_symbols_of_one_name_are_told_apart_by_their_key() -> None:
    assert symbol("N", "f") != symbol("N", "g")
    assert symbols(N * M + 1) == {Symbol("N"), Symbol("M")}
    assert symbols(divide(N, M)) == {Symbol("N"), Symbol("M")}


@pytest.mark.parametrize(
    ("a", "b", "quotient"),
    [
        (12, 4, 3),
        (12, 5, None),
        (12, 0, None),
        (0, 4, 0),
        (6 * N, 2, 3 * N),
        (6 * N, 4, None),
        (6 * N * M, 3 * N, 2 * M),
        (N * N, N, N),
        (N * N + 2 * N, N, N + 2),
        (N + 2, N, None),
        (N, M, None),
        (N + 1, N + 1, 1),
        (2 * N + 2, N + 1, None),  # a divisor has one term
    ],
)
def test_exact_quotient(a: Size, b: Size, quotient: Size | None) -> None:
    assert exact_quotient(a, b) == quotient
    if quotient is not None:
        assert quotient * b == a


@pytest.mark.parametrize(
    "size", [7, N, 2 * N * M - 3, N * N + M, divide(N * M + 1, 2), remainder(N, M), divide(N, M) * M]
)
def test_evaluate_and_substitute_agree(size: Size) -> None:
    n, m = ENV[Symbol("N")], ENV[Symbol("M")]
    half = substitute(size, {Symbol("N"): n})
    assert symbols(half) <= {Symbol("M")}
    assert evaluate(half, ENV) == evaluate(size, ENV)
    assert substitute(half, {Symbol("M"): m}) == evaluate(size, ENV)


def test_quotients_without_a_polynomial_form_evaluate_like_ints() -> None:
    for n, m in itertools.product(range(1, 8), range(1, 5)):
        env = {Symbol("N"): n, Symbol("M"): m}
        assert evaluate(divide(N, M), env) == n // m
        assert evaluate(remainder(N, M), env) == n % m
        assert evaluate(divide(N + 1, 2) * 2 + remainder(N + 1, 2), env) == n + 1


# ---- views
def leaf(*shape: Size) -> View:
    node = Graph(infer).leaf("input", "x", TensorType(DType.float64, shape))
    return View.of(Leaf(0, shape, (None,) * len(shape), DType.float64, (), node, node))


def numbers(*shape: int) -> Ints:
    return np.arange(int(np.prod(shape))).reshape(shape)


def at(index: Affine, point: tuple[int, ...]) -> int:
    return evaluate(index.const, ENV) + sum(evaluate(c, ENV) * point[d] for d, c in index.terms)


def seen(v: View, source: Ints) -> Ints:
    """The elements of a view, index by index."""
    shape = tuple(evaluate(s, ENV) for s in v.shape)
    memory = source.reshape(-1) if v.flat else source
    out = np.zeros(shape, np.int64)
    for point in np.ndindex(*shape):
        out[point] = memory[tuple(at(ix, point) for ix in v.index)]
    return out


def by_strides(v: View, source: Ints) -> Ints:
    """The elements of a view by its offset and strides."""
    offset, step = v.offsets()
    shape = tuple(evaluate(s, ENV) for s in v.shape)
    out = np.zeros(shape, np.int64)
    for point in np.ndindex(*shape):
        out[point] = source.reshape(-1)[at(Affine(offset, tuple(enumerate(step))), point)]
    return out


def labels(shape: Shape) -> tuple[None, ...]:
    return (None,) * len(shape)


def check_view(v: View, source: Ints, want: Ints) -> None:
    assert np.array_equal(seen(v, source), want)
    assert np.array_equal(by_strides(v, source), want)
    assert np.array_equal(seen(v.flattened(), source), want)
    assert not v.contiguous or np.array_equal(source.reshape(-1)[: want.size].reshape(want.shape), want)


def test_movements_compose() -> None:
    x, v = numbers(4, 1, 6), leaf(4, 1, 6)
    check_view(v, x, x)
    assert v.identity
    assert v.contiguous
    t = v.transpose((2, 0, 1))
    check_view(t, x, x.transpose(2, 0, 1))
    assert not t.contiguous
    s = t.slice((1, 3, 0), (2, -1, 1), (3, 4, 1))
    check_view(s, x, x.transpose(2, 0, 1)[1:6:2, ::-1, :])
    b = s.broadcast((2, 3, 4, 5), labels((2, 3, 4, 5)))
    check_view(b, x, np.broadcast_to(x.transpose(2, 0, 1)[1:6:2, ::-1, :], (2, 3, 4, 5)))


def test_movements_of_run_time_sizes() -> None:
    x, v = numbers(5, 3, 2), leaf(N, M, 2)
    t = v.transpose((1, 0, 2))
    check_view(t, x, x.transpose(1, 0, 2))
    merged = try_reshape(v, (N * M, 2), labels((N * M, 2)))
    assert merged is not None
    check_view(merged, x, x.reshape(15, 2))
    assert try_reshape(v, (N + 1, 2), labels((N, 2))) is None
    assert strides((N, M, 2)) == (2 * M, 2, 1)


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ((2, 3, 4), (6, 4), [([0, 1], [0]), ([2], [1])]),
        ((6, 4), (2, 3, 4), [([0], [0, 1]), ([1], [2])]),
        ((2, 3, 4), (4, 6), [([0, 1, 2], [0, 1])]),
        ((4,), (1, 4, 1), None),
        ((N, 6), (N, 2, 3), [([0], [0]), ([1], [1, 2])]),
        ((N, 2, M), (2 * N, M), [([0, 1], [0]), ([2], [1])]),
        ((N * M,), (N, M), [([0], [0, 1])]),
    ],
)
def test_groups(old: Shape, new: Shape, parts: list[tuple[list[int], list[int]]] | None) -> None:
    got = groups(old, new)
    assert got is not None
    if parts is not None:
        assert got == parts
    assert [d for left, _ in got for d in left] == list(range(len(old)))
    assert [d for _, right in got for d in right] == list(range(len(new)))
    for left, right in got:
        assert product([old[d] for d in left]) == product([new[d] for d in right])


def test_sizes_that_cannot_be_compared() -> None:
    assert groups((N, M), (M, N)) == [([0, 1], [0, 1])]  # comparable only as a whole
    assert groups((N + 1, 2), (N, 2)) is None
    assert groups((4,), (5,)) is None


RESHAPES = [(24,), (4, 6), (2, 2, 6), (4, 2, 3), (1, 4, 6), (4, 1, 6, 1), (2, 12), (3, 8), (24, 1), (2, 2, 2, 3)]


@pytest.mark.parametrize("shape", RESHAPES)
def test_reshape_of_a_whole_array_is_a_view(shape: tuple[int, ...]) -> None:
    x, v = numbers(4, 6), leaf(4, 6)
    out = try_reshape(v, shape, labels(shape))
    assert out is not None
    assert out.contiguous
    check_view(out, x, x.reshape(shape))


@pytest.mark.parametrize("shape", RESHAPES)
@pytest.mark.parametrize("kind", ["transposed", "rows", "columns", "reversed", "broadcast"])
def test_reshape_of_a_view_is_right_or_refused(kind: str, shape: tuple[int, ...]) -> None:
    """A view has another shape without a copy exactly where NumPy's has."""
    if kind == "transposed":
        x, v = numbers(6, 4), leaf(6, 4).transpose((1, 0))
        seen_by_numpy = x.T
    elif kind == "rows":
        x, v = numbers(9, 6), leaf(9, 6).slice((1, 0), (2, 1), (4, 6))
        seen_by_numpy = x[1:8:2]
    elif kind == "columns":
        x, v = numbers(4, 8), leaf(4, 8).slice((0, 1), (1, 1), (4, 6))
        seen_by_numpy = x[:, 1:7]
    elif kind == "reversed":
        x, v = numbers(4, 6), leaf(4, 6).slice((3, 5), (-1, -1), (4, 6))
        seen_by_numpy = x[::-1, ::-1]
    else:
        x, v = numbers(1, 6), leaf(1, 6).broadcast((4, 6), labels((4, 6)))
        seen_by_numpy = np.broadcast_to(x, (4, 6))
    out = try_reshape(v, shape, labels(shape))
    free = np.shares_memory(seen_by_numpy.reshape(shape), x)
    assert (out is not None) == free
    if out is not None:
        check_view(out, x, seen_by_numpy.reshape(shape))


def test_a_transposed_matrix_cannot_be_flattened_in_place() -> None:
    assert try_reshape(leaf(4, 6).transpose((1, 0)), (24,), (None,)) is None


# ---- contractions
def run_layout(layout: DotLayout, a: F64, b: F64, size: int) -> F64:
    """`c[m, n] += a[m, k] b[k, n]` by the strides of a layout."""
    first, second = (b, a) if layout.swap else (a, b)
    axes = (*layout.loops, layout.m, layout.n, layout.k)
    c = np.zeros(size)
    for point in np.ndindex(*(evaluate(x.size, ENV) for x in axes)):

        def where(of: str, point: tuple[int, ...] = point) -> int:
            return sum(i * evaluate(getattr(x, of), ENV) for i, x in zip(point, axes, strict=True))

        c[where("c")] += first.reshape(-1)[where("a")] * second.reshape(-1)[where("b")]
    return c


def dense(axis: Axis, stride: Size) -> bool:
    return axis.size == 1 or stride == 1


DOTS: list[tuple[str, str, Shape, Shape, tuple[bool, bool]]] = [
    # spec, how the operands lie in memory, sizes of a and b as stored, are they read transposed
    ("ik,kj->ij", "ik,kj", (4, 6), (6, 2), (False, False)),
    ("ik,kj->ij", "ki,kj", (6, 4), (6, 2), (True, False)),
    ("ik,kj->ij", "ik,jk", (4, 6), (2, 6), (False, True)),
    ("ik,kj->ij", "ki,jk", (6, 4), (2, 6), (True, True)),
    ("bik,bkj->bij", "bik,bkj", (3, 4, 6), (3, 6, 2), (False, False)),
    ("bik,kj->bij", "bik,kj", (3, 4, 6), (6, 2), (False, False)),
    ("bi,bj->ij", "bi,bj", (5, 4), (5, 2), (True, False)),
    ("nik,nkj->nij", "nik,nkj", (N, 4, 6), (N, 6, 2), (False, False)),
    ("ni,nj->ij", "ni,nj", (N, 4), (N, 2), (True, False)),
]


@pytest.mark.parametrize(("spec", "stored", "shape_a", "shape_b", "transposed"), DOTS)
def test_dot_layout(spec: str, stored: str, shape_a: Shape, shape_b: Shape, transposed: tuple[bool, bool]) -> None:
    la, lb, out = spec.replace("->", ",").split(",")
    sa, sb = stored.split(",")
    a = leaf(*shape_a).transpose(tuple(sa.index(x) for x in la))
    b = leaf(*shape_b).transpose(tuple(sb.index(x) for x in lb))
    layout = dot_layout(a, b, (la, lb, out))
    assert layout is not None
    assert (layout.trans_a, layout.trans_b) == transposed
    assert dense(layout.n, layout.n.c)  # rows of the result are dense
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal([evaluate(s, ENV) for s in shape]) for shape in (shape_a, shape_b))
    want = np.einsum(f"{stored}->{out}", x, y)
    np.testing.assert_allclose(run_layout(layout, x, y, want.size), want.reshape(-1), rtol=1e-12, atol=1e-12)


def test_a_product_whose_result_is_transposed_swaps_its_operands() -> None:
    a, b = leaf(4, 6), leaf(6, 2)
    layout = dot_layout(a, b, ("ik", "kj", "ji"))
    assert layout is not None
    assert layout.swap
    x, y = np.random.default_rng(0).standard_normal((4, 6)), np.random.default_rng(1).standard_normal((6, 2))
    np.testing.assert_allclose(run_layout(layout, x, y, 8), (x @ y).T.reshape(-1), rtol=1e-12, atol=1e-12)


def test_operands_that_must_be_copied_have_no_layout() -> None:
    b = leaf(6, 2)
    spread = leaf(6).broadcast((4, 6), labels((4, 6)))
    assert dot_layout(leaf(4, 6), b, ("ik", "kj", "ij")) is not None
    assert dot_layout(leaf(1, 1).broadcast((4, 6), labels((4, 6))), b, ("ik", "kj", "ij")) is None
    assert dot_layout(spread, b, ("ik", "kj", "ij")) is None
    steps = leaf(4, 12).slice((0, 0), (1, 2), (4, 6))
    assert dot_layout(steps, b, ("ik", "kj", "ij")) is None  # neither axis is dense
    assert dot_layout(leaf(4, 3, 7), leaf(7, 3, 2), ("iab", "baj", "ij")) is None  # the sums lie in different orders


def test_run_time_axes_are_merged_only_as_the_outermost() -> None:
    merged = dot_layout(leaf(N, 4, 6), leaf(6, 2), ("nik", "kj", "nij"))
    assert merged is not None
    assert (merged.loops, merged.m.size, merged.m.lead) == ((), 4 * N, "n")
    inside = dot_layout(leaf(4, N, 6), leaf(6, 2), ("ink", "kj", "inj"))
    assert inside is not None
    assert [x.size for x in inside.loops] == [4]
    assert inside.m.size == N
