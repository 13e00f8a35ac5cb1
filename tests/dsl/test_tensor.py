"""Tensors: construction, conversion, operators, methods, printing."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, TypeAlias, TypeVar, get_args

import numpy as np
import pytest

import shapewright
from shapewright import Dim

# What tensors do; what checkers see of them is tested in tests/typing.
sw: Any = shapewright

Two: TypeAlias = Literal[2]
N = TypeVar("N")


class Batch(Dim): ...


class Pixels(Dim):
    size = 3


# ---- construction
def test_python_numbers_become_float32_and_arrays_keep_their_width() -> None:
    assert sw.Tensor([1, 2.5]).dtype == np.float32
    assert sw.Tensor([[1, 2], [3, 4]]).dtype == np.float32
    assert sw.Tensor(np.ones(2)).dtype == np.float64
    assert sw.Tensor(np.ones(2), dtype="float32").dtype == np.float32
    assert sw.IntTensor(np.arange(3, dtype=np.int8)).dtype == np.int64
    assert sw.BoolTensor([True, False]).dtype == np.bool_


def test_construction_copies() -> None:
    a = np.ones(3, np.float32)
    t = sw.Tensor(a)
    a[0] = 5
    assert t.tolist() == [1, 1, 1]


def test_numpy_view_is_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        sw.Tensor([1.0]).numpy()[0] = 2


def test_kinds_are_checked() -> None:
    with pytest.raises(sw.DTypeError, match="Tensor of an array of element type int64"):
        sw.Tensor(np.arange(3))
    with pytest.raises(sw.DTypeError, match=r"write `sw\.IntTensor\(np\.ones\(3\)\.astype\(\"int64\"\)\)`"):
        sw.IntTensor(np.ones(3))
    with pytest.raises(sw.DTypeError, match="BoolTensor of an array"):
        sw.BoolTensor([0, 1])
    with pytest.raises(sw.DTypeError, match=r"no tensor can be made of a str|element type"):
        sw.Tensor("abc")
    with pytest.raises(sw.DTypeError, match="float16"):
        sw.Tensor(np.ones(2, np.float16))
    with pytest.raises(sw.DTypeError, match="no tensor can be made"):
        sw.Tensor([[1.0], [1.0, 2.0]])


def test_axes_are_checked_and_named() -> None:
    t = sw.Tensor[Batch, Pixels](np.ones((2, 3)))
    assert t.names == ("Batch", "Pixels")
    assert repr(t).startswith("Tensor[Batch=2, Pixels=3](")
    with pytest.raises(sw.ShapeError, match="axis 1 of the array has size 4, but `Pixels` is 3"):
        sw.Tensor[Batch, Pixels](np.ones((2, 4)))
    with pytest.raises(sw.ShapeError, match="an array of 1 axis for"):
        sw.Tensor[Batch, Pixels](np.ones(2))
    with pytest.raises(sw.ShapeError, match="`Batch` is 2 at axis 0"):
        sw.Tensor[Batch, Batch](np.ones((2, 3)))
    assert sw.Tensor[Any, Two](np.ones((5, 2))).shape == (5, 2)
    assert sw.IntTensor[Batch]([1, 2]).names == ("Batch",)


def test_alias_is_an_ordinary_generic() -> None:
    alias: Any = sw.Tensor[Batch, N]
    assert get_args(alias) == (Batch, N)
    assert get_args(alias[Pixels]) == (Batch, Pixels)
    assert sw.Tensor[Batch] == sw.Tensor[Batch]
    assert hash(sw.Tensor[Batch]) == hash(sw.Tensor[Batch])
    assert isinstance(sw.Scalar(1.0), sw.Tensor)


def test_constructors_know_their_axes() -> None:
    t = sw.Tensor[Pixels, Two].normal(std=0.5, key=1)
    assert t.shape == (3, 2)
    assert t.names == ("Pixels", None)
    assert sw.Tensor[Pixels].zeros().tolist() == [0, 0, 0]
    assert sw.Tensor[Pixels].ones(dtype="float64").dtype == np.float64
    assert sw.Tensor[Batch].full(2.0, shape=(2,)).tolist() == [2, 2]
    u = sw.Tensor[Batch].uniform(shape=(1000,), low=2.0, high=3.0).numpy()
    assert 2 <= u.min() < u.max() < 3
    with pytest.raises(sw.ShapeError, match=r"\.normal\(\) does not know the size of Batch"):
        sw.Tensor[Batch, Pixels].normal()
    with pytest.raises(sw.ShapeError, match="axis 0 of the array has size 4"):
        sw.Tensor[Pixels].zeros(shape=(4,))


def test_same_key_same_numbers() -> None:
    a, b = (sw.Tensor[Pixels].normal(key=sw.Key(7)).numpy() for _ in range(2))
    assert (a == b).all()
    assert (a != sw.Tensor[Pixels].normal(key=8).numpy()).any()


# ---- values
def test_conversions() -> None:
    assert float(sw.Tensor([2.5])) == 2.5
    assert int(sw.IntTensor(3)) == 3
    assert bool(sw.BoolTensor([True]))
    assert [10, 20, 30][sw.IntTensor(1)] == 20
    assert sw.Tensor([1.0, 2.0]).tolist() == [1, 2]
    assert np.asarray(sw.Tensor([1.0, 2.0])).sum() == 3
    assert f"{sw.Tensor(2.0):.3f}" == "2.000"
    assert len(sw.Tensor([1.0, 2.0])) == 2
    assert [float(x) for x in sw.Tensor([1.0, 2.0])] == [1, 2]
    assert (np.from_dlpack(sw.Tensor([1.0, 2.0])) == [1, 2]).all()
    with pytest.raises(sw.ShapeError, match=r"needs a tensor of one element, this is Tensor\[2\]"):
        bool(sw.Tensor([1.0, 2.0]))
    with pytest.raises(sw.DeviceError, match="cuda"):
        sw.Tensor([1.0]).to("cuda")


def test_pickle_and_copy() -> None:
    t = sw.Tensor[Batch]([1.0, 2.0])
    for u in (pickle.loads(pickle.dumps(t)), copy.deepcopy(t)):
        assert u.tolist() == [1, 2]
        assert u.names == ("Batch",)


def test_text() -> None:
    assert repr(sw.Tensor[Batch]([1.0, 2.0])) == "Tensor[Batch=2]([1., 2.], float32)"
    assert repr(sw.IntTensor(3)) == "IntTensor[()](3, int64)"
    assert repr(sw.Tensor([[1.0], [2.0]])) == "Tensor[2, 1](\n  [[1.],\n   [2.]],\n  float32)"


# ---- operators
X = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], np.float32)


def test_operators_match_numpy() -> None:
    x, row = sw.Tensor(X), sw.Tensor(X[0])
    for ours, theirs in [
        (x + row, X + X[0]),
        (row - x, X[0] - X),
        (x * 2, X * 2),
        (1 / x, 1 / X),
        (x**2, X**2),
        (2**x, 2**X),
        (-x, -X),
        (abs(-x), X),
        (x @ x.T, X @ X.T),
        (x @ row, X @ X[0]),
        (x / x.sum(-1, keepdims=True), X / X.sum(-1, keepdims=True)),
        (X + x, X + X),
        (np.float32(2) * x, 2 * X),
    ]:
        assert isinstance(ours, sw.Tensor)
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-6)
        assert ours.dtype == np.float32


def test_comparisons() -> None:
    x = sw.Tensor(X)
    assert isinstance(x > 2, sw.BoolTensor)
    assert (x > 2).tolist() == (X > 2).tolist()
    assert (x == x).tolist() == (X == X).tolist()
    assert (x != 1.0).tolist() == (X != 1).tolist()
    assert (~((x > 2) & (x < 5)) | (x == 3)).tolist() == (~((X > 2) & (X < 5)) | (X == 3)).tolist()
    assert (x == None) is False  # noqa: E711
    assert {x: 1}[x] == 1


def test_integer_tensors() -> None:
    i = sw.IntTensor([1, 2, 3])
    assert isinstance(i + 1, sw.IntTensor)
    assert (2 - i * i).tolist() == [1, -2, -7]
    assert i.sum().item() == 6
    assert (i + i.astype("int32")).dtype == np.int64


def test_kinds_do_not_mix() -> None:
    x, i, b = sw.Tensor([1.0, 2.0]), sw.IntTensor([1, 2]), sw.BoolTensor([True, False])
    refused: list[Callable[[], Any]] = [lambda: x + i, lambda: i * x, lambda: b * x, lambda: i * 1.5, lambda: b + 1]
    for bad in refused:
        with pytest.raises(sw.DTypeError, match="astype"):
            bad()
    with pytest.raises(sw.DTypeError, match="one element type"):
        _ = x + x.astype("float64")


def test_raw_arrays_take_the_width_of_the_tensor() -> None:
    assert (sw.Tensor([1.0, 2.0]) + np.ones(2)).dtype == np.float32
    assert sw.mse_loss(sw.Tensor([1.0, 2.0]), np.zeros(2)).dtype == np.float32


def test_numpy_functions_give_tensors() -> None:
    assert isinstance(np.exp(sw.Tensor([0.0])), sw.Tensor)
    assert isinstance(np.cbrt(sw.Tensor([8.0])), np.ndarray)
    np.testing.assert_allclose(sw.Tensor([1.0]), [1.0])


# ---- methods
def test_movement() -> None:
    x = sw.Tensor(np.arange(24, dtype=np.float32).reshape(2, 3, 4))
    a = x.numpy()
    assert x.reshape(6, -1).shape == (6, 4)
    assert x.reshape((4, 6)).shape == (4, 6)
    assert x.flatten().shape == (24,)
    assert x.flatten(1).shape == (2, 12)
    assert (x.mT.numpy() == a.transpose(0, 2, 1)).all()
    assert (x.transpose(2, 0, 1).numpy() == a.transpose(2, 0, 1)).all()
    assert x.unsqueeze(-1).squeeze(-1).shape == (2, 3, 4)
    assert x.unsqueeze((0, 2)).shape == (1, 2, 1, 3, 4)
    assert x[0].broadcast_to(5, 3, 4).shape == (5, 3, 4)
    with pytest.raises(sw.ShapeError, match="not a multiple"):
        x.reshape(5, -1)
    with pytest.raises(sw.ShapeError, match="axis 1 has size 3"):
        x.squeeze(1)
    with pytest.raises(sw.ShapeError, match="there is no axis 3"):
        x.sum(3)


def test_names_follow() -> None:
    t = sw.Tensor[Batch, Pixels](np.ones((2, 3)))
    assert t.T.names == ("Pixels", "Batch")
    assert t.sum(0).names == ("Pixels",)
    assert t[None].names == (None, "Batch", "Pixels")
    assert t[0].names == ("Pixels",)


# ---- indexing
A = np.arange(60, dtype=np.float32).reshape(3, 4, 5)
KEYS: list[Any] = [
    0,
    -1,
    (1, 2),
    (1, -1, 0),
    slice(1, None),
    slice(None, None, -1),
    (slice(None), slice(3, 0, -2)),
    (..., 0),
    (0, ..., slice(None, 2)),
    None,
    (slice(None), None, 1),
    ...,
    slice(5, 2),
    [0, 2],
    ([0, -1], [1, 2]),
    (slice(None), [0, 3]),
    (slice(None), [[0, 3], [1, 1]]),
    ([0, 2], slice(None), [1, 4]),
    (0, slice(None), [1, 4]),
    (slice(None), 1, [1, 4]),
    (np.array([[0], [2]]), np.array([1, 3])),
    A > 30,
    (slice(None), np.array([True, False, True, True])),
    (np.array([True, False, True]), 1),
    np.int64(1),
]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_indexing_matches_numpy(key: Any) -> None:
    got, want = sw.Tensor(A)[key], A[key]
    assert got.shape == want.shape
    assert (got.numpy() == want).all()


def test_index_tensors() -> None:
    x = sw.Tensor(A)
    i, j = sw.IntTensor([2, 0]), sw.IntTensor([1, 3])
    assert (x[i].numpy() == A[[2, 0]]).all()
    assert (x[i, j].numpy() == A[[2, 0], [1, 3]]).all()
    assert (x[x > 3].numpy() == A[A > 3]).all()
    assert (x[:, j].numpy() == A[:, [1, 3]]).all()


def test_index_errors() -> None:
    x = sw.Tensor(A)
    for key in (3, -4, (0, 4), sw.IntTensor([3]), sw.IntTensor([-1]), (sw.IntTensor([0, 1]), sw.IntTensor([0, 4]))):
        with pytest.raises(sw.IndexOutOfRange):
            _ = x[key]
    with pytest.raises(sw.ShapeError, match="4 indices for 3 axes"):
        x[0, 0, 0, 0]
    with pytest.raises(sw.DTypeError, match="an index of type float"):
        x[1.5]
    with pytest.raises(sw.DTypeError, match="integer elements"):
        x[sw.Tensor([1.0])]


def taking(key: Any) -> Callable[[Any], Any]:
    def take(t: Any) -> Any:
        return t[key]

    return take


def test_the_bounds_of_a_slice_are_integers() -> None:
    x = sw.Tensor(A)
    for bound in (2, np.int64(2), np.array(2), sw.IntTensor(2), sw.IntTensor([2])):
        assert (x[:bound].numpy() == A[:2]).all()
        assert (x[::bound].numpy() == A[::2]).all()
    assert (sw.jit(taking(slice(np.int32(2))))(x).numpy() == A[:2]).all()
    for wrong in (2.7, "2", "a", np.float64(2.0), np.array([1, 2])):
        for key in (slice(wrong), slice(wrong, None), slice(None, None, wrong)):
            with pytest.raises(sw.DTypeError, match=f"a slice with a bound of type {type(wrong).__name__}"):
                x[key]
            with pytest.raises(sw.DTypeError, match=f"a slice with a bound of type {type(wrong).__name__}"):
                sw.jit(taking(key))(x)


# ---- axes
def test_axes_are_integers() -> None:
    x = sw.Tensor(A)
    for axis in (1, np.int64(1), np.array(1), [1], (np.int32(1),), {1}, range(1, 2)):
        assert (x.sum(axis).numpy() == A.sum(1)).all()
    assert (x.transpose(np.array([2, 0, 1])).numpy() == A.transpose(2, 0, 1)).all()
    for wrong in (1.0, True, "1", Batch, (0, 1.0), [Batch], np.float64(1.0)):
        for call in (x.sum, x.argmax, x.squeeze, x.unsqueeze, partial(sw.transpose, x), partial(sw.softmax, x)):
            with pytest.raises(sw.ShapeError, match=r"axis is an int, not ") as error:
                call(wrong)
            assert error.value.code == "SW104"
            assert error.value.diagnostic.help == "an axis is a number, counted from 0"
    with pytest.raises(sw.ShapeError, match=r"no order of the 3 axes") as error:
        x.transpose(1, 1)
    assert error.value.diagnostic.help == "name each axis once"
