"""`grad`, `value_and_grad`, `vjp`: on tensors and packs, nested, eager and recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, cast

import numpy as np
import pytest

from shapewright.compiler.errors import DTypeError, ShapeError, TraceError
from shapewright.dsl import functions
from shapewright.dsl.pack import TList
from shapewright.dsl.record import record, run_with
from shapewright.runtime import transforms
from shapewright.runtime.linked import LinkedSession

from . import models
from .models import assert_close, ints, reals

Function: TypeAlias = Callable[[Any], Any]


def grad(f: Function, argnums: int = 0) -> Callable[..., Any]:
    """`transforms.grad` of a function whose types a checker need not follow."""
    gradient: Callable[..., Any] = cast("Any", transforms.grad)(f, argnums)
    return gradient


def vjp(f: Function, *xs: Any) -> Any:
    return cast("Any", transforms.vjp)(f, *xs)


X = reals(np.array([1.0, 2.0, 3.0]))


def cubes(x: Any) -> Any:
    return (x * x * x).sum()


def run_recorded(f: Any, *args: Any) -> Any:
    """`f` recorded on these tensors and run node by node."""
    recording = record(f, args[0], *args[1:], params=False)
    return LinkedSession(recording.graph).run([a.numpy() for a in args])


def test_gradient_of_a_tensor() -> None:
    assert grad(cubes)(X).tolist() == [3.0, 12.0, 27.0]
    value, gradient = transforms.value_and_grad(cubes)(X)
    assert float(value) == 36.0
    assert gradient.tolist() == [3.0, 12.0, 27.0]


def test_gradient_of_a_pack_keeps_its_type() -> None:
    pack, data = models.mlp(dtype=np.float64), models.class_data(dtype=np.float64)
    gradient = transforms.grad(models.mlp_loss)(pack, *data)
    assert isinstance(gradient, models.MLP)
    step = 1e-6
    for name in ("w1", "b2"):
        start: Any = pack.named()[name].numpy()
        for index in list(np.ndindex(*start.shape))[:4]:
            moved = [start.copy(), start.copy()]
            moved[0][index] += step
            moved[1][index] -= step
            up, down = (float(models.mlp_loss(pack.replace(**{name: reals(m)}), *data)) for m in moved)
            assert_close(gradient.named()[name].numpy()[index], (up - down) / (2 * step), rtol=1e-6, atol=1e-9)


def test_argnums_gives_input_gradients() -> None:
    def product(a: Any, b: Any) -> Any:
        return (a * b * b).sum()

    f = cast("Any", product)

    assert grad(f, 1)(X, X).tolist() == [2.0, 8.0, 18.0]
    assert grad(f, argnums=0)(X, X).tolist() == [1.0, 4.0, 9.0]
    with pytest.raises(ShapeError, match="argnums=1"):
        grad(cubes, 1)(X)


def test_integer_leaves_get_zeros() -> None:
    gradient: Any = grad(lambda p: (p["x"] * p["x"]).sum())({"x": X, "ids": ints([1, 2])})
    assert gradient["x"].tolist() == [2.0, 4.0, 6.0]
    assert gradient["ids"].tolist() == [0, 0]


def test_what_the_result_does_not_reach_is_zero() -> None:
    gradient: Any = grad(lambda p: p[0].sum())(TList(X, X))
    assert [g.tolist() for g in gradient] == [[1.0] * 3, [0.0] * 3]


def test_the_variable_is_apart_from_other_uses_of_the_same_tensor() -> None:
    assert grad(lambda w: (w * X).sum())(X).tolist() == [1.0, 2.0, 3.0]

    def f(x: Any) -> Any:
        return grad(lambda w: (w * x).sum())(x)

    assert f(X).tolist() == [1.0, 2.0, 3.0]
    assert run_recorded(f, X)[0].tolist() == [1.0, 2.0, 3.0]


def twice(x: Any) -> Any:
    return grad(lambda z: grad(cubes)(z).sum())(x)


def mixed(x: Any) -> Any:
    return grad(lambda z: (grad(lambda w: (w * z * w).sum())(z) * z).sum())(x)


def through_tanh(x: Any) -> Any:
    return grad(lambda z: (grad(lambda w: functions.tanh(w).sum())(z) * X).sum())(x)


WANT: list[tuple[Function, Function]] = [
    (twice, lambda x: 6 * x),
    (mixed, lambda x: 6 * x * x),
    (through_tanh, lambda x: -2 * np.tanh(x) * (1 - np.tanh(x) ** 2) * x),
]


@pytest.mark.parametrize(("f", "want"), WANT)
def test_gradients_nest_eagerly_and_recorded(f: Function, want: Function) -> None:
    x = X.numpy()
    assert_close(f(X).numpy(), want(x), rtol=1e-12)
    assert_close(run_recorded(f, X)[0], want(x), rtol=1e-12)


def test_vjp() -> None:
    def products(a: Any, b: Any) -> Any:
        return {"product": a * b, "both": (a + b, ints([1]))}

    y, pull = vjp(cast("Any", products), X, X)
    assert y["product"].tolist() == [1.0, 4.0, 9.0]
    one = reals(np.ones(3))
    da, db = pull({"product": one, "both": (X, ints([0]))})
    assert da.tolist() == [2.0, 4.0, 6.0]
    assert db.tolist() == [2.0, 4.0, 6.0]
    with pytest.raises(ShapeError, match="cotangent"):
        pull(one)
    with pytest.raises(ShapeError, match="cotangent"):
        pull({"product": reals(np.ones(2)), "both": (X, ints([0]))})


def test_vjp_in_a_recorded_function() -> None:
    def f(x: Any) -> Any:
        y, pull = vjp(lambda a: a * a, x)
        return pull(y)[0]

    assert f(X).tolist() == [2.0, 16.0, 54.0]
    assert run_recorded(f, X)[0].tolist() == [2.0, 16.0, 54.0]


def test_a_concrete_argument_while_recording_is_a_constant() -> None:
    def f(x: Any) -> Any:
        return x * grad(cubes)(X)

    assert run_recorded(f, X)[0].tolist() == [3.0, 24.0, 81.0]


def test_what_has_no_gradient_is_refused() -> None:
    with pytest.raises(ShapeError, match="floating scalar"):
        grad(lambda x: x * x)(X)
    with pytest.raises(DTypeError, match="not float"):
        grad(lambda x: 1.0)(X)


def test_an_interpreter_of_the_user_has_no_gradients() -> None:
    class Names:
        def lift(self, x: Any) -> str:
            return "leaf"

        def apply(self, op: str, args: Any, attrs: Any) -> str:
            return op

    def f(p: Any, x: Any) -> Any:
        return grad(cubes)(x)

    with pytest.raises(TraceError, match="interpreter Names"):
        run_with(Names(), f, TList(X), X)
