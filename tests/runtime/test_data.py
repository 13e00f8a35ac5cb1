"""`batches`: order, the smaller last batch, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from shapewright.compiler.errors import DTypeError, OptionError, ShapeError
from shapewright.dsl.key import Key
from shapewright.dsl.tensor import IntTensor, Tensor
from shapewright.runtime.data import batches

from .models import ints, reals

X = reals(np.arange(20.0).reshape(10, 2))
Y = ints(np.arange(10))


def test_in_order_with_a_smaller_last_batch() -> None:
    found = list(batches(X, Y, size=4))
    assert [(x.shape, y.shape) for x, y in found] == [((4, 2), (4,)), ((4, 2), (4,)), ((2, 2), (2,))]
    assert np.concatenate([y.numpy() for _, y in found]).tolist() == list(range(10))
    assert isinstance(found[0][0], Tensor)
    assert isinstance(found[0][1], IntTensor)


def test_drop_last_and_length() -> None:
    assert len(batches(X, Y, size=4)) == 3
    dropped = batches(X, Y, size=4, drop_last=True)
    assert len(dropped) == 2
    assert [x.shape[0] for x, _ in dropped] == [4, 4]
    assert list(batches(X, size=16, drop_last=True)) == []


def test_shuffling_keeps_rows_together_and_follows_the_key() -> None:
    once = [y.numpy().tolist() for _, y in batches(X, Y, size=3, key=1)]
    assert once == [y.numpy().tolist() for _, y in batches(X, Y, size=3, key=1)]
    assert once != [y.numpy().tolist() for _, y in batches(X, Y, size=3, key=2)]
    assert sorted(i for part in once for i in part) == list(range(10))
    assert once == [y.numpy().tolist() for _, y in batches(X, Y, size=3, key=Key(1))]
    for x, y in batches(X, Y, size=3, key=1):
        assert np.array_equal(x.numpy()[:, 0], 2.0 * y.numpy())


def test_can_be_iterated_again() -> None:
    data = batches(X, size=5, key=3)
    first, second = [x.numpy() for (x,) in data], [x.numpy() for (x,) in data]
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_raw_arrays_are_taken() -> None:
    (x, y), *_ = batches(np.zeros((4, 2)), np.zeros(4, np.int32), size=2)
    assert isinstance(x, Tensor)
    assert isinstance(y, IntTensor)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ShapeError, match="one length") as error:
        batches(X, ints(np.arange(9)), size=2)
    assert "array 1: [10, 2]" in str(error.value)
    assert "array 2: [9]" in str(error.value)
    with pytest.raises(OptionError, match="size=0"):
        batches(X, size=0)
    with pytest.raises(ShapeError):
        batches(reals(1.0), size=1)
    with pytest.raises(DTypeError):
        batches(object(), size=1)


def test_a_key_that_is_none_is_refused_at_once() -> None:
    bad: Any = "a"
    with pytest.raises(OptionError, match="a seed is an int, not str"):
        batches(X, size=5, key=bad)
