"""Errors of operations name the axes as the annotations of the typed call around them do, labelled tensors or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import numpy as np
import pytest

import shapewright as sw
from shapewright.dsl.scope import axis_scope
from shapewright.runtime.check import check_source

I = TypeVar("I")
O = TypeVar("O")
B = TypeVar("B")
FILE = Path(__file__).name


class Batch(sw.Dim): ...


class Hidden(sw.Dim): ...


class Pixels(sw.Dim):
    size = 6


class Dense(sw.Pack, Generic[I, O]):
    w: sw.Tensor[I, O]


def t(*shape: int) -> Any:
    return cast("Any", sw.Tensor(np.zeros(shape, np.float32)))


def product(x: Any, y: Any) -> Any:
    return x @ y


@sw.typed
def dims(x: sw.Tensor[Batch, Pixels], w: sw.Tensor[Hidden, Pixels]) -> Any:
    return product(x, w)


@sw.typed
def variables(x: sw.Tensor[B, I], w: sw.Tensor[O, I]) -> Any:
    return product(x, w)


@sw.typed
def fields(p: Dense[Pixels, Hidden], *x: sw.Tensor[Batch, Hidden]) -> Any:
    return product(x[0], p.w)


def message(call: Any) -> str:
    with pytest.raises(sw.ShapeError) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize("f", [dims, variables])
def test_the_text_is_the_same_for_tensors_without_names_and_for_raw_arrays(f: Any) -> None:
    x, w = np.zeros((4, 6), np.float32), np.zeros((5, 6), np.float32)
    for _ in range(3):  # with a full and with a quick check
        assert message(lambda: f(t(4, 6), t(5, 6))) == message(lambda: f(x, w))
    assert "w: Tensor[" in message(lambda: f(x, w))


def test_type_variables_say_who_bound_them() -> None:
    said = message(lambda: variables(t(4, 6), t(5, 6)))
    assert said.startswith("error[SW101]: matmul: I=6 does not fit O=5\n")
    assert f"note: I=6 was bound by `x: Tensor[B, I]` ({FILE}:" in said
    assert f"note: O=5 was bound by `w: Tensor[O, I]` ({FILE}:" in said


def test_fields_of_packs() -> None:
    said = message(lambda: fields(Dense(t(6, 3)), t(4, 3)))
    assert "x: Tensor[Batch=4, Hidden=3]" in said
    assert "y: Tensor[Pixels=6, Hidden=3]" in said
    assert "note: Hidden=3 was bound by `p.w: Tensor[Pixels, Hidden]` (" in said


def test_a_parameter_that_is_assigned_is_not_what_was_given() -> None:
    @sw.typed
    def f(x: sw.Tensor[B, I], w: sw.Tensor[O, I]) -> Any:
        x = cast("Any", w)
        return product(x, w)

    said = message(lambda: f(t(4, 6), t(5, 6)))
    assert said.startswith("error[SW101]: matmul: I=6 does not fit O=5\n")
    assert f"note: I=6 was bound by `x: Tensor[B, I]` ({FILE}:" in said

    @sw.typed
    def swapped(w: sw.Tensor[Hidden, Pixels], x: sw.Tensor[Batch, Pixels]) -> Any:
        _, w = w, cast("Any", w).mT
        return product(cast("Any", w), x)

    assert "x: Tensor[6, 5]" in message(lambda: swapped(t(5, 6), t(4, 6)))


def test_one_tensor_for_two_parameters_has_no_names() -> None:
    x = t(4, 6)
    assert message(lambda: variables(x, x)).startswith("error[SW101]: matmul: 6 does not fit 4\n")


def test_an_error_outside_of_typed_calls_has_none() -> None:
    assert "y: Tensor[5, 6]" in message(lambda: product(t(4, 6), t(5, 6)))


def test_functions_of_one_text_have_their_own_names() -> None:
    def made(width: Any, height: Any) -> Any:
        def f(x: Any, w: Any) -> Any:
            return product(x, w)

        axes: Any = sw.Tensor
        f.__annotations__ = {"x": axes[Batch, width], "w": axes[height, width]}
        return sw.typed(f)

    first, second = made(Pixels, Hidden), made(Hidden, Batch)
    assert second is not first
    assert message(lambda: first(t(4, 6), t(5, 6))).startswith("error[SW101]: matmul: Pixels=6 does not fit Hidden=5\n")


def plain(x: sw.Tensor[Batch, Pixels], w: sw.Tensor[Pixels, Hidden]) -> Any:
    return product(x, w)


def test_tensors_that_were_not_checked_have_no_names() -> None:
    with pytest.raises(sw.ShapeError):
        sw.jit(plain)(t(4, 6), t(5, 6))
    assert "y: Tensor[8, 5]" in message(lambda: plain(t(4, 7), t(8, 5)))
    with axis_scope("off"):
        assert "y: Tensor[8, 5]" in message(lambda: dims(t(4, 7), t(8, 5)))


@sw.typed
def unresolved(x: Missing, y: Any) -> Any:  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore[reportUndefinedVariable, reportUnknownParameterType]  what is tested
    return product(x, y)


def test_annotations_that_cannot_be_resolved_do_not_hide_an_error() -> None:
    with axis_scope("off"):
        assert "error[SW101]: matmul: 6 does not fit 5" in message(lambda: unresolved(t(4, 6), t(5, 6)))


def test_items_of_a_dict_may_be_others_by_now() -> None:
    @sw.typed
    def f(p: dict[str, sw.Tensor[Hidden, Pixels]], x: sw.Tensor[Batch, Pixels]) -> Any:
        p["w"] = cast("Any", p["w"]).mT
        return product(x, p["w"].mT)

    assert "y: Tensor[5, 6]" in message(lambda: f({"w": t(5, 6)}, t(4, 6)))


def test_packs_have_type_variables_of_their_own() -> None:
    @sw.typed
    def f(p: Dense, x: sw.Tensor[B, I], y: sw.Tensor[O]) -> Any:  # type: ignore[type-arg]  # pyright: ignore[reportMissingTypeArgument, reportUnknownParameterType]  what is tested
        return cast("Any", x) + y

    for width in (6, 2):
        said = message(lambda width=width: f(Dense(t(width, 3)), t(4, 6), t(5)))
        assert "note: I=6 was bound by `x: Tensor[B, I]` (" in said
        assert "note: O=5 was bound by `y: Tensor[O]` (" in said


def test_names_given_before_stay() -> None:
    w: Any = sw.Tensor[Batch, Hidden](np.zeros((5, 6), np.float32))
    said = message(lambda: variables(t(4, 6), w))
    assert "y: Tensor[Batch=5, Hidden=6]" in said


def test_recorded_calls_and_shapewright_check_say_the_same(tmp_path: Path) -> None:
    eager = message(lambda: variables(t(4, 6), t(5, 6)))
    assert message(lambda: sw.jit(variables)(t(4, 6), t(5, 6))) == eager
    file = tmp_path / "program.py"
    file.write_text(
        "import shapewright as sw\nfrom typing import Any, TypeVar\nI = TypeVar('I')\nO = TypeVar('O')\n\n"
        "@sw.typed\ndef f(x: sw.Tensor[I], w: sw.Tensor[O, I]) -> Any:\n    return x @ w\n"
    )
    (error,) = check_source(file).diagnostics
    assert error.message == "matmul: I does not fit O"
    assert error.notes == (
        "I was bound by `x: Tensor[I]` (program.py:7)",
        "O was bound by `w: Tensor[O, I]` (program.py:7)",
    )
