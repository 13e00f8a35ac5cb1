"""NumPy's functions on tensors: in eager execution, compiled, with gradients, and those that have no operation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

import shapewright as sw

X = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -1.5]], np.float32)
V = np.array([1.0, 2.0, 3.0], np.float32)

TENSOR: Any = sw.Tensor
INTS: Any = sw.IntTensor

FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "sum": lambda x, v: np.sum(x),
    "sum of an axis": lambda x, v: np.sum(x, axis=0),
    "sum keepdims": lambda x, v: np.sum(x, (0, 1), keepdims=True),
    "sum of conditions": lambda x, v: np.sum(x > 0),
    "mean": lambda x, v: np.mean(x, 1),
    "max": lambda x, v: np.max(x, axis=-1),
    "amin": lambda x, v: np.amin(x),
    "argmax": lambda x, v: np.argmax(x, axis=1) + np.argmin(x, axis=1),
    "any": lambda x, v: np.any(x > 3, axis=0),
    "all of numbers": lambda x, v: np.all(x),
    "std": lambda x, v: np.std(x),
    "var": lambda x, v: np.var(x, axis=0, ddof=1, keepdims=True),
    "norm": lambda x, v: np.linalg.norm(x, axis=1),
    "concatenate": lambda x, v: np.concatenate([x, x], axis=1),
    "concatenate with an array": lambda x, v: np.concatenate([v, np.ones(2)]),
    "stack": lambda x, v: np.stack([x, x]),
    "reshape": lambda x, v: np.reshape(x, (3, -1)),
    "ravel": lambda x, v: np.ravel(x),
    "transpose": lambda x, v: np.transpose(x),
    "transpose axes": lambda x, v: np.transpose(x, (1, 0)),
    "swapaxes": lambda x, v: np.swapaxes(x, 0, 1),
    "matrix_transpose": lambda x, v: np.linalg.matrix_transpose(x),
    "clip": lambda x, v: np.clip(x, 0, 1),
    "clip by a tensor": lambda x, v: np.clip(x, None, v),
    "where": lambda x, v: np.where(x > 0, x, 0.0),
    "squeeze": lambda x, v: np.squeeze(x[:1]),
    "expand_dims": lambda x, v: cast("Any", np.expand_dims)(x, 0),
    "broadcast_to": lambda x, v: np.broadcast_to(v, (2, 3)),
    "flip": lambda x, v: np.flip(x, 1),
    "roll": lambda x, v: np.roll(x, 1, axis=0),
    "repeat": lambda x, v: np.repeat(x, 2, axis=0),
    "tril": lambda x, v: np.tril(x) + np.triu(x, 1),
    "take": lambda x, v: np.take(x, np.array([1, 0]), axis=1),
    "take_along_axis": lambda x, v: np.take_along_axis(x, np.array([[0], [2]]), axis=1),
    "dot": lambda x, v: np.dot(x, v),
    "outer": lambda x, v: np.outer(v, v),
    "einsum": lambda x, v: np.einsum("ij,j->i", x, v),
    "round": lambda x, v: cast("Any", np.round)(x),
    "rint": lambda x, v: np.rint(x) + np.ceil(x),
    "log1p": lambda x, v: np.log1p(v) + np.expm1(v) + np.fabs(v) + np.reciprocal(v),
    "shape": lambda x, v: v * np.shape(x)[0] + np.ndim(x) + np.size(x),
}


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=list(FUNCTIONS))
def test_the_operation_of_the_same_meaning(f: Callable[[Any, Any], Any]) -> None:
    x: Any = TENSOR(X)
    v: Any = TENSOR(V)
    eager = f(x, v)
    assert issubclass(type(eager), sw.Array)
    np.testing.assert_allclose(eager, f(X, V), rtol=1e-5)
    compiled: Any = sw.jit(f)
    np.testing.assert_allclose(compiled(x, v), eager, rtol=1e-6)


def test_gradients_pass() -> None:
    def by_numpy(v: Any) -> Any:
        length: Any = np.linalg.norm(v)
        mean: Any = cast("Any", np.mean)(cast("Any", np.clip)(v, 0, 2))
        return np.sum(np.concatenate([v, v]) ** 2) + length + mean

    def by_ours(v: Any) -> Any:
        return sw.sum(sw.concat([v, v]) ** 2) + sw.norm(v) + sw.mean(sw.clip(v, 0, 2))

    v: Any = TENSOR(V)
    want: Any = sw.grad(by_ours)(v)
    for got in (sw.grad(by_numpy)(v), sw.jit(sw.grad(by_numpy))(v)):
        np.testing.assert_allclose(got, want, rtol=1e-6)


WITHOUT: dict[str, tuple[Callable[[Any], Any], str, str]] = {
    "tan": (np.tan, "np.tan", "no operation does this"),
    "sort": (np.sort, "np.sort", "no operation does this"),
    "inv": (np.linalg.det, "np.linalg.det", "no operation does this"),
    "sum with an option": (lambda x: np.sum(x, dtype="float64"), "np.sum", "use sw.sum(x, axis, keepdims)"),
    "norm of an order": (lambda x: np.linalg.norm(x, 1), "np.linalg.norm", "use sw.norm(x, axis, keepdims)"),
    "vstack": (lambda x: np.vstack([x, x]), "np.vstack", "use sw.concat(xs, axis)"),
    "zeros_like": (np.zeros_like, "np.zeros_like", "use sw.zeros_like(x)"),
    "a method": (np.add.reduce, "np.add.reduce", "use sw.sum(x, axis, keepdims)"),
    "asarray": (np.asarray, "a NumPy function", "use sw functions on the tensor"),
}


@pytest.mark.parametrize(("f", "name", "help_"), WITHOUT.values(), ids=list(WITHOUT))
def test_functions_without_an_operation(f: Callable[[Any], Any], name: str, help_: str) -> None:
    x: Any = TENSOR(X[:, :2])
    assert isinstance(f(x), np.ndarray | np.generic)
    np.testing.assert_array_equal(f(x), f(X[:, :2]))

    def recorded(x: Any) -> Any:
        return f(x)

    compiled: Any = sw.jit(recorded)
    with pytest.raises(sw.TraceError) as caught:
        compiled(x)
    d = caught.value.diagnostic
    assert d.loc is not None
    assert Path(d.loc.file).name == Path(__file__).name
    assert d.message == f"{name}: this Tensor[2, 2] has no value while the function is recorded"
    assert d.help is not None
    assert help_ in d.help


def test_a_place_inside_of_numpy_is_the_user_s_line() -> None:
    def recorded(x: Any) -> Any:
        np.testing.assert_allclose(x, 1.0)  # here
        return x

    compiled: Any = sw.jit(recorded)
    with pytest.raises(sw.TraceError) as caught:
        compiled(V)
    assert caught.value.diagnostic.loc is not None
    assert caught.value.diagnostic.loc.text == "np.testing.assert_allclose(x, 1.0)  # here"


def test_a_mistake_is_told_as_that_of_the_operation() -> None:
    x: Any = TENSOR(X)
    for f in (lambda: np.reshape(x, (4, 2)), lambda: np.sum(x, axis=2)):
        with pytest.raises(sw.ShapeError) as caught:
            f()
        assert caught.value.diagnostic.loc is not None
        assert Path(caught.value.diagnostic.loc.file).name == Path(__file__).name


def test_operands_in_a_list_are_named() -> None:
    x: Any = TENSOR(X)
    v: Any = TENSOR(V)
    with pytest.raises(sw.ShapeError) as caught:
        np.concatenate([x, v])
    assert caught.value.diagnostic.operands == ["x: Tensor[2, 3]", "v: Tensor[3]"]


def test_concrete_tensors_among_arrays() -> None:
    x: Any = TENSOR(X)
    np.testing.assert_allclose(x, X)
    np.testing.assert_array_equal(X, x)
    assert np.allclose(x, X)
    assert np.array_equal(X, x)
    assert float(np.mean([x.sum(), x.sum()])) == pytest.approx(5.0)
    buffer = np.empty(3, np.float32)
    np.sum(x, axis=0, out=buffer)
    np.testing.assert_allclose(buffer, X.sum(axis=0))
    labels: Any = INTS([1, 2])
    assert np.mean(labels) == 1.5
    assert np.concatenate([labels, x[0]]).tolist() == [1.0, 2.0, *X[0].tolist()]
