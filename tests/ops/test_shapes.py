"""Shape rules: symbolic sizes, axis names, and the exact words for what does not fit."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shapewright.compiler.errors import DTypeError, OptionError, ShapeError, ShapewrightError
from shapewright.compiler.ir.attrs import Attrs, AttrValue
from shapewright.compiler.ops.shapes import lower_bound, never_below
from shapewright.compiler.ops.table import infer
from shapewright.compiler.sizes import Size, symbol
from shapewright.compiler.types import DType, TensorType

B, T = symbol("Batch"), symbol("Time")


def f32(*axes: Size | tuple[str, Size], dtype: DType = DType.float32) -> TensorType:
    """f32(("Batch", 32), 10): axes with and without names."""
    pairs = [a if isinstance(a, tuple) else (None, a) for a in axes]
    return TensorType(dtype, tuple(s for _, s in pairs), tuple(n for n, _ in pairs))


def i64(*axes: Size | tuple[str, Size]) -> TensorType:
    return f32(*axes, dtype=DType.int64)


def run(op: str, *types: TensorType, **attrs: AttrValue) -> TensorType:
    return infer(op, types, Attrs(attrs))


def refused(op: str, *types: TensorType, **attrs: AttrValue) -> ShapewrightError:
    with pytest.raises(ShapewrightError) as caught:
        run(op, *types, **attrs)
    return caught.value


def said(error: ShapewrightError) -> str:
    return "; ".join([error.diagnostic.message, *error.diagnostic.details])


# ---- messages
def test_two_numbers_that_do_not_broadcast() -> None:
    error = refused("add", f32(("Batch", 32), ("Hidden", 128)), f32(("Digits", 10)))
    assert isinstance(error, ShapeError) and error.code == "SW101" and error.sizes is None
    assert str(error) == (
        "error[SW101]: add: Hidden=128 and Digits=10 do not broadcast\n"
        "   = axis 1 of operand 1 (Hidden=128) must equal axis 0 of operand 2 (Digits=10), or one of them be 1\n"
        "   = axes are lined up from the last one"
    )


def test_the_operand_that_set_the_size_is_named() -> None:
    """Not the first operand, whose axis is 1 and fits everything."""
    error = refused("where", f32(1, dtype=DType.bool), f32(3), f32(4))
    assert "axis 0 of operand 2 (3) must equal axis 0 of operand 3 (4)" in str(error)


def test_a_symbolic_size_against_a_number_carries_both() -> None:
    error = refused("mul", f32(("Batch", B), 4), f32(8, 4))
    assert error.code == "SW101" and error.sizes == (B, 8)
    assert "axis 0 of operand 1 (Batch) must equal axis 0 of operand 2 (8)" in str(error)


def test_a_symbolic_size_is_never_one() -> None:
    assert run("add", f32(B, 4), f32(1, 4)).shape == (B, 4)
    assert refused("add", f32(B), f32(T)).sizes == (B, T)


def test_matmul_names_both_inner_axes() -> None:
    error = refused("matmul", f32(("Batch", B), ("Hidden", 128)), f32(64, ("Digits", 10)))
    assert error.code == "SW101"
    assert error.diagnostic.message == "matmul: Hidden=128 does not fit 64"
    assert error.diagnostic.details[0] == "axis 1 of operand 1 (Hidden=128) must equal axis 0 of operand 2 (64)"
    assert error.places == ((0, 1), (1, 0))


def test_one_axis_by_name_has_two_sizes() -> None:
    """The code does not depend on whether a size is known."""
    for size in (128, B):
        error = refused("matmul", f32(("Batch", B), ("Hidden", size)), f32(("Hidden", 64), ("Digits", 10)))
        assert error.code == "SW102"
        assert error.diagnostic.message == f"matmul: axis `Hidden` has two sizes: {size} and 64"


def test_linear_says_how_its_weight_lies() -> None:
    error = refused("linear", f32(32, ("Pixels", 64)), f32(("Digits", 10), ("Pixels", 64)))
    assert "axis 1 of operand 1 (Pixels=64) must equal axis 0 of operand 2 (Digits=10)" in str(error)
    assert "= the weight is [in, out], the transpose of PyTorch's" in str(error)


def test_reshape_gives_both_counts() -> None:
    error = refused("reshape", f32(("Batch", B), 4), shape=(32,))
    assert error.sizes == (4 * B, 32)
    assert error.diagnostic.message == "reshape: Tensor[Batch, 4] has 4*Batch elements, the shape [32] has 32"


def test_element_types_do_not_mix() -> None:
    error = refused("add", f32(3), i64(3))
    assert isinstance(error, DTypeError) and error.code == "SW202"
    assert str(error) == (
        "error[SW202]: add needs operands of one element type\n   = operand 1 is float32, operand 2 is int64"
    )


def test_a_kind_of_element_is_asked_for() -> None:
    error = refused("exp", i64(("Batch", 3)))
    assert str(error) == ("error[SW203]: exp needs floating operands\n   = operand 1 is int64")


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (lambda: refused("sum", f32(3, 4), axis=(2,), keepdims=False), "SW104", "sum: axis 2 does not exist in Tensor[3, 4]"),
        (lambda: refused("sum", f32(3, 4), axis=(1, 1), keepdims=False), "SW104", "sum: an axis is named twice in (1, 1)"),
        (lambda: refused("max", f32(3, 0), axis=(1,), keepdims=False), "SW107", "axis 1 of operand 1 (0) is empty"),
        (lambda: refused("transpose", f32(3, 4), axes=(0,)), "SW104", "(0,) names 1 axis of Tensor[3, 4]"),
        (lambda: refused("broadcast_to", f32(3, 4), shape=(4,)), "SW103", "Tensor[3, 4] has more axes than the wanted shape [4]"),
        (lambda: refused("broadcast_to", f32(3), shape=(4,)), "SW101", "broadcast_to: 3 cannot become 4; axis 0 of operand 1 (3) must equal 4, or be 1"),
        (lambda: refused("concat", f32(3, 4), f32(3, 5), axis=0), "SW101", "axis 1 of operand 1 (4) must equal axis 1 of operand 2 (5)"),
        (lambda: refused("concat", f32(3, 4), f32(3), axis=0), "SW103", "the ranks differ"),
        (lambda: refused("slice", f32(5), starts=(3,), steps=(1,), shape=(3,)), "SW106", "3 elements from 3 in steps of 1 do not fit axis 0 (5)"),
        (lambda: refused("slice", f32(5), starts=(1,), steps=(-1,), shape=(3,)), "SW106", "do not fit axis 0 (5)"),
        (lambda: refused("einsum", f32(3, 4), f32(5, 6), spec="ij,jk->ik"), "SW101", 'letter "j": 4 does not fit 5; axis 1 of operand 1 (4) must equal axis 0 of operand 2 (5)'),
        (lambda: refused("einsum", f32(3, 4), f32(4), spec="ijk,jk->i"), "SW103", '"ijk" has 3 letters for Tensor[3, 4]; operand 1 has 2 axes'),
        (lambda: refused("einsum", f32(3, 4), f32(4), spec="ij,k->k"), "SW103", "sum that axis first"),
        (lambda: refused("einsum", f32(3, 3), f32(3), spec="ii,i->i"), "SW103", "a letter stands twice in one place"),
        (lambda: refused("matmul", f32(), f32(3)), "SW103", "matmul needs an operand with at least 1 axis; operand 1 is Tensor[()]"),
        (lambda: refused("mse_loss", f32(("Batch", 8)), f32(("Batch", 8), 1), reduction="mean"), "SW103", "the ranks differ"),
        (lambda: refused("cross_entropy", f32(8, 10), i64(9), reduction="mean", label_smoothing=0.0, ignore_index=None), "SW101",
         "axis 0 of operand 1 (8) must equal axis 0 of operand 2 (9)"),
        (lambda: refused("take_along_axis", f32(3, 4), i64(2, 1), axis=1), "SW101", "axis 0 of operand 1 (3) must equal axis 0 of operand 2 (2)"),
        (lambda: refused("take", f32(3), f32(3), axis=0), "SW203", "take needs integer operands; operand 2 is float32"),
        (lambda: refused("neg", f32(3), f32(3)), "SW103", "neg takes 1 operand, got 2"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(error: Callable[[], ShapewrightError], code: str, text: str) -> None:
    found = error()
    assert found.code == code
    assert text in said(found)


@pytest.mark.parametrize(
    ("op", "types", "attrs"),
    [
        ("gelu", (f32(3),), {"approximate": "fast"}),
        ("clip", (f32(3),), {"low": 2.0, "high": 1.0}),
        ("mse_loss", (f32(3), f32(3)), {"reduction": "avg"}),
        ("bernoulli", (f32(2, dtype=DType.uint32),), {"shape": (3,), "stream": 0, "p": 1.5}),
    ],
)
def test_a_bad_option_is_refused(op: str, types: tuple[TensorType, ...], attrs: dict[str, AttrValue]) -> None:
    assert isinstance(refused(op, *types, **attrs), OptionError)


# ---- names
def test_broadcasting_keeps_the_name_of_the_axis_that_sets_the_size() -> None:
    out = run("add", f32(("Batch", 32), ("One", 1)), f32(("Hidden", 128)))
    assert out.names == ("Batch", "Hidden") and out.shape == (32, 128)
    assert run("add", f32(3, 4), f32(("Row", 3), ("Column", 4))).names == ("Row", "Column")


@pytest.mark.parametrize(
    ("out", "names"),
    [
        (run("sum", f32(("A", 2), ("B", 3)), axis=(1,), keepdims=True), ("A", None)),
        (run("sum", f32(("A", 2), ("B", 3)), axis=(0,), keepdims=False), ("B",)),
        (run("transpose", f32(("A", 2), ("B", 3)), axes=(1, 0)), ("B", "A")),
        (run("matmul", f32(("A", 2), ("K", 3)), f32(("K", 3), ("N", 4))), ("A", "N")),
        (run("matmul", f32(("A", 2), ("M", 5), ("K", 3)), f32(("K", 3))), ("A", "M")),
        (run("linear", f32(("A", 2), ("K", 3)), f32(("K", 3), ("N", 4))), ("A", "N")),
        (run("einsum", f32(("A", 2), ("K", 3)), f32(("N", 4), ("K", 3)), spec="ij,kj->ki"), ("N", "A")),
        (run("reshape", f32(("A", 2), ("H", 6), ("D", 4)), shape=(2, 3, 2, 4)), ("A", None, None, "D")),
        (run("reshape", f32(("A", 2), ("D", 4)), shape=(2, 1, 4)), ("A", None, "D")),
        (run("broadcast_to", f32(("A", 2)), shape=(3, 2)), (None, "A")),
        (run("slice", f32(("A", 5), ("D", 4)), starts=(0, 1), steps=(1, 1), shape=(5, 2)), ("A", None)),
        (run("concat", f32(("A", 2), ("D", 4)), f32(("A", 3), ("D", 4)), axis=0), (None, "D")),
        (run("take", f32(("V", 9), ("D", 4)), i64(("A", 2), ("T", 3)), axis=0), ("A", "T", "D")),
        (run("embedding", i64(("A", 2), ("T", 3)), f32(("V", 9), ("D", 4))), ("A", "T", "D")),
        (run("one_hot", i64(("A", 2)), n=5, dtype="float32"), ("A", None)),
        (run("softmax", f32(("A", 2), ("D", 4)), axis=1), ("A", "D")),
    ],
)  # fmt: skip
def test_axis_names_follow_their_axes(out: TensorType, names: tuple[str | None, ...]) -> None:
    assert out.names == names


# ---- symbolic sizes
def test_symbolic_sizes_go_through() -> None:
    assert run("matmul", f32(B, 64), f32(64, 10)).shape == (B, 10)
    assert run("matmul", f32(B, T, 8), f32(B, 8, T)).shape == (B, T, T)
    assert run("reshape", f32(B, T, 8), shape=(B * T, 8)).shape == (B * T, 8)
    assert run("concat", f32(B, 4), f32(T, 4), f32(2, 4), axis=0).shape == (B + T + 2, 4)
    assert run("sum", f32(B, T), axis=(1,), keepdims=True).shape == (B, 1)
    assert run("unslice", f32(B - 1), starts=(1,), steps=(1,), shape=(B,)).shape == (B,)


def test_windows_at_symbolic_ends() -> None:
    """x[::-1], x[1:], x[:-1] and x[-1:] fit every size from 1 on; x[:3] does not."""
    for start, step, size in ((B - 1, -1, B), (1, 1, B - 1), (0, 1, B - 1), (B - 1, 1, 1)):
        assert run("slice", f32(B), starts=(start,), steps=(step,), shape=(size,)).shape == (size,)
    assert refused("slice", f32(("Batch", B)), starts=(0,), steps=(1,), shape=(3,)).sizes == (B, 2)
    assert refused("slice", f32(("Batch", B)), starts=(3,), steps=(1,), shape=(B - 3,)).code == "SW106"


def test_bounds_of_sizes() -> None:
    assert lower_bound(B + 2) == 3 and lower_bound(B * T - 1) == 0 and lower_bound(3 - B) is None
    assert lower_bound(B // 2) == 0
    assert never_below(B - 1, 0) and not never_below(B - 2, 0)
