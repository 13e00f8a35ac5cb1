"""Quick checks and scopes: which sizes a call shares with those inside of it, and with those around it."""

from __future__ import annotations

import asyncio
import contextvars
import traceback
from typing import Any, Generic, TypeVar, cast

import numpy as np
import pytest

from shapewright.compiler.errors import ShapeError
from shapewright.dsl.dims import Dim
from shapewright.dsl.pack import Pack
from shapewright.dsl.scope import axis_scope, bindings_of, checker, current_scope, scope_now
from shapewright.dsl.tensor import Tensor
from shapewright.dsl.typed import typed
from tests.dsl.quickened import quickened, t

I = TypeVar("I")
AnyTensor: Any = Tensor


class Batch(Dim): ...


class Hidden(Dim): ...


class Digits(Dim): ...


def same_name() -> Any:
    class Batch(Dim): ...

    return Batch


Other: Any = same_name()


class Layer(Pack, Generic[I]):
    w: Tensor[I, Hidden]


@pytest.fixture(autouse=True)
def quick_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are what is tested here, whoever judges the calls of other tests."""
    monkeypatch.setattr(checker, "kind", "compiled")


@typed
def hidden(x: Tensor[Hidden]) -> int:
    return x.ndim


@typed
def digits(x: Tensor[Digits]) -> int:
    return x.ndim


@typed
def of_any_size(x: Tensor[I]) -> int:
    return x.ndim


@typed
def runs(x: Tensor[Batch], inside: Any) -> Any:
    return inside()


@typed
def returns_digits(x: Tensor[Batch], inside: Any) -> Tensor[Batch, Digits]:
    out: Tensor[Batch, Digits] = inside()
    return out


@pytest.fixture(autouse=True)
def called_before(quick_checks: None) -> None:
    """All of them have their quick check."""
    for f in (hidden, digits, of_any_size):
        quickened(f, t(3))
    quickened(runs, t(2), lambda: 1)
    quickened(returns_digits, t(2), lambda: t(2, 10))


def test_modes() -> None:
    @typed
    def inner(x: Tensor[Hidden]) -> int:
        return x.ndim

    @typed
    def outer(x: Tensor[Batch], y: Any) -> int:
        return inner(y)

    quickened(inner, t(2))
    quickened(outer, t(2), t(2))
    bad: Any = t(2, 2)
    for mode in ("off", "boundary"):
        with axis_scope(cast("Any", mode)):
            assert outer(t(2), bad) == 2
    with axis_scope("off"):
        assert outer(bad, bad) == 2
    with axis_scope("boundary"), pytest.raises(ShapeError):
        outer(bad, t(2))
    with pytest.raises(ShapeError):
        outer(t(2), bad)


def test_labels_are_checked_where_a_call_is_outermost() -> None:
    @typed
    def f(x: Tensor[Batch]) -> Tensor[Batch]:
        return x

    @typed
    def outer(x: Any) -> Any:
        return f(x)

    quickened(f, t(3))
    quickened(outer, t(3))
    other = AnyTensor[Hidden](np.zeros(3, np.float32))
    f(AnyTensor[Batch](np.zeros(3, np.float32)))
    outer(other)
    for scoped in (False, True):
        with pytest.raises(ShapeError, match="is `Hidden`, where `Batch` is wanted"):
            if scoped:
                with axis_scope():
                    f(other)
            else:
                f(other)
    with pytest.raises(ShapeError, match="another class of that name"):
        f(AnyTensor[Other](np.zeros(3, np.float32)))


def test_nested_calls_share_sizes_and_say_who_bound_them() -> None:
    @typed
    def inner(x: Tensor[Hidden], y: Tensor[Batch]) -> None: ...

    @typed
    def outer(x: Tensor[Batch], y: Any, z: Any) -> None:
        inner(y, x)
        inner(z, x)

    quickened(inner, t(3), t(2))
    quickened(outer, t(2), t(3), t(3))
    with pytest.raises(ShapeError) as caught:
        outer(t(2), t(3), t(4))
    assert "Hidden=3 was bound by `x: Tensor[Hidden]` (test_quick_scope.py:" in str(caught.value)
    with pytest.raises(ShapeError) as caught:
        outer(t(2), t(3), t(3, 3))
    outer(t(2), t(5), t(5))  # nothing is left of a call that failed


def test_what_a_function_raises_goes_through() -> None:
    @typed
    def f(x: Tensor[Batch], fail: bool) -> Tensor[Batch]:
        if fail:
            raise ValueError("of the function")
        return x

    quickened(f, t(3), False)
    with pytest.raises(ValueError, match="of the function") as caught:
        f(t(3), True)
    lines = traceback.format_exception(caught.value)
    assert any("value = f(a0, a1)" in line for line in lines)
    assert current_scope.get() is None


# ---- sizes of an outermost call
def test_sizes_that_calls_inside_bind_hold_for_the_rest_of_the_outermost_one() -> None:
    def both(n: int) -> Any:
        return lambda: (of_any_size(t(9)), digits(t(4)), digits(t(n)))

    assert runs(t(2), both(4)) == (1, 1, 1)
    with pytest.raises(ShapeError, match=r"Digits=4 was bound by `x: Tensor\[Digits\]`"):
        runs(t(2), both(5))
    assert runs(t(2), lambda: digits(t(5))) == 1
    assert current_scope.get() is None


def test_a_full_check_inside_shares_them() -> None:
    @typed
    def first_call(x: Tensor[Batch], y: Tensor[Digits]) -> int:
        return x.ndim

    def inside() -> int:
        return first_call(t(2), t(4)) + digits(t(4))

    assert runs(t(2), inside) == 2
    for f in (lambda: first_call(t(3), t(4)), lambda: (first_call(t(2), t(4)), digits(t(5)))):
        with pytest.raises(ShapeError):
            runs(t(2), f)


def test_a_result_agrees_with_what_was_bound_inside() -> None:
    def inside(n: int) -> Any:
        digits(t(n))
        return t(2, 10)

    assert returns_digits(t(2), lambda: inside(10)).shape == (2, 10)
    with pytest.raises(ShapeError, match=r"Digits=11 was bound by `x: Tensor\[Digits\]`"):
        returns_digits(t(2), lambda: inside(11))


def test_a_wrong_result_is_explained_by_the_parameters() -> None:
    @typed
    def f(x: Tensor[Batch], n: int) -> Tensor[Batch]:
        out: Tensor[Batch] = t(n)
        return out

    quickened(f, t(3), 3)
    with pytest.raises(ShapeError, match=r"Batch=3 was bound by `x: Tensor\[Batch\]`"):
        f(t(3), 4)
    assert current_scope.get() is None


def test_scopes_and_packs_inside() -> None:
    def sizes() -> dict[Any, Any]:
        return {dim: b.sizes for dim, b in bindings_of(scope_now()).items()}

    def inside() -> list[dict[Any, Any]]:
        seen = [sizes()]
        Layer[Any](t(7, 5))
        seen.append(sizes())
        with axis_scope():
            digits(t(4))
        with axis_scope(sizes_of="copy"):
            hidden(t(5))
        with axis_scope(sizes_of="new"):
            hidden(t(6))
        return [*seen, sizes()]

    wanted: list[dict[Any, Any]] = [
        {Batch: (2,)},
        {Batch: (2,), Hidden: (5,)},
        {Batch: (2,), Hidden: (5,), Digits: (4,)},
    ]
    assert runs(t(2), inside) == wanted
    with pytest.raises(ShapeError):
        runs(t(2), lambda: (Layer[Any](t(7, 5)), hidden(t(6))))


def test_an_error_of_an_operation_inside_says_who_bound_an_axis() -> None:
    @typed
    def f(x: Tensor[Batch], y: Tensor[Hidden]) -> Any:
        return cast("Any", x) + y

    quickened(f, t(3), t(3))
    with pytest.raises(ShapeError, match=r"Batch=2 was bound by `x: Tensor\[Batch\]`"):
        f(AnyTensor[Batch](np.zeros(2, np.float32)), AnyTensor[Hidden](np.zeros(3, np.float32)))


def test_copied_contexts_share_the_sizes() -> None:
    def inside(n: int) -> Any:
        def other(x: Any) -> int:
            return cast("int", runs(x, lambda: 1))

        return lambda: contextvars.copy_context().run(other, t(n))

    assert runs(t(2), inside(2)) == 1
    with pytest.raises(ShapeError):
        runs(t(2), inside(3))

    def one_after_the_other(first: int, second: int) -> Any:
        return lambda: (contextvars.copy_context().run(digits, t(first)), digits(t(second)))

    assert runs(t(2), one_after_the_other(4, 4)) == (1, 1)
    with pytest.raises(ShapeError):
        runs(t(2), one_after_the_other(4, 5))
    assert current_scope.get() is None


def test_threads_of_one_call_share_the_sizes() -> None:
    def inside(n: int) -> Any:
        async def both() -> None:
            await asyncio.gather(asyncio.to_thread(digits, t(4)), asyncio.to_thread(digits, t(n)))

        return lambda: asyncio.run(both())

    runs(t(2), inside(4))
    with pytest.raises(ShapeError):
        runs(t(2), inside(5))


def test_a_call_inside_whose_result_alone_has_dims() -> None:
    @typed
    def made(n: int) -> Tensor[Digits]:
        out: Tensor[Digits] = t(n)
        return out

    quickened(made, 3)
    for _ in range(2):
        assert runs(t(2), lambda: made(3)).shape == (3,)
    with pytest.raises(ShapeError, match=r"Digits=3 was bound by `result: Tensor\[Digits\]`"):
        runs(t(2), lambda: (made(3), made(4)))
