"""Axis names and the axes of annotations."""

from __future__ import annotations

from typing import Any, Literal, TypeVar, TypeVarTuple, cast, get_args

import pytest

from shapewright.compiler.errors import ShapeError
from shapewright.dsl.annotations import AxisExpr, AxisSpec, axes_of, show_axes
from shapewright.dsl.dims import Add, D, Dim, Mul
from shapewright.dsl.tensor import Tensor

I = TypeVar("I")
N = TypeVar("N")
Bs = TypeVarTuple("Bs")
Cs = TypeVarTuple("Cs")
Loose: Any = Tensor  # a type variable outside a function is no axis to a checker


class Batch(Dim): ...


class Pixels(Dim):
    size = 64


def axes(annotation: object) -> tuple[AxisSpec, ...]:
    return axes_of(get_args(annotation))


def test_every_kind_of_axis() -> None:
    batch, pixels, var, literal, anything = axes(Loose[Batch, Pixels, I, Literal[3], Any])
    assert batch == AxisSpec("dim", "Batch", None, Batch)
    assert pixels == AxisSpec("dim", "Pixels", 64, Pixels)
    assert var == AxisSpec("typevar", "I", None, I)
    assert literal == AxisSpec("literal", "3", 3)
    assert anything == AxisSpec("any", "_")


def test_scalars_and_groups_of_axes() -> None:
    assert axes(Tensor[()]) == ()
    assert axes_of((Bs, I))[0] == AxisSpec("variadic", "*Bs", None, Bs)
    assert axes(Tensor[*tuple[Any, ...], Batch])[0] == AxisSpec("variadic", "*_")
    assert [a.name for a in axes(Tensor[*tuple[Batch, Pixels]])] == ["Batch", "Pixels"]


def test_size_expressions() -> None:
    alias = Loose[cast("Any", D)[N], cast("Any", Add)[N, Literal[1]], cast("Any", Mul)[Literal[2], Pixels]]
    n, total, product = axes(alias)
    assert n == AxisSpec("typevar", "N", None, N)
    assert (total.kind, total.name, total.size) == ("expr", "Add[N, 1]", None)
    assert isinstance(total.key, AxisExpr)
    assert (total.key.op, total.key.left) == ("+", n)
    assert (product.name, product.size) == ("Mul[2, Pixels]", 128)


def test_dims_of_one_name_are_two() -> None:
    other = type("Batch", (Dim,), {})
    mine, theirs = axes(Loose[Batch, other])
    assert mine.name == theirs.name
    assert mine.key is not theirs.key


def test_axes_as_text() -> None:
    assert show_axes(axes(Tensor[Batch, Literal[3]])) == "Batch, 3"
    assert show_axes(axes(Tensor[()])) == "()"
    assert show_axes(axes(Tensor[Batch, Literal[3], Any]), (5, 3, 2)) == "Batch=5, 3, 2"
    assert show_axes(axes_of((Bs, Batch)), (7, 8, 5)) == "7, 8, Batch=5"
    assert show_axes(axes(Tensor[Batch]), (7, 8)) == "7, 8"


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (float, "`float` is not an axis"),
        (Literal["Batch"], "is not an axis"),
        (Literal[3, 4], "is not an axis"),
        (Literal[-1], "is not an axis"),
    ],
)
def test_what_is_no_axis(written: object, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        axes_of((written,))


def test_two_groups_of_any_number() -> None:
    with pytest.raises(ShapeError, match="at most one"):
        axes_of((Bs, Cs))


@pytest.mark.parametrize("size", [-1, 2.0, "3", True])
def test_a_size_is_a_natural_number(size: object) -> None:
    with pytest.raises(ShapeError, match="a size is an integer"):
        axes_of((type("Odd", (Dim,), {"size": size}),))


def test_a_dim_is_not_made() -> None:
    with pytest.raises(TypeError, match=r"Tensor\[Batch\]"):
        Batch()
