"""`EagerOps` and `EagerSession`: the tape, dense gradients, and what `grads_of` refuses."""

from __future__ import annotations

import numpy as np
import pytest

from shapewright.compiler.errors import IndexOutOfRange, NumericError, ShapeError, TraceError
from shapewright.dsl import creation, functions
from shapewright.dsl.pack import TList
from shapewright.dsl.tensor import Tensor
from shapewright.runtime.eager import EagerSession
from shapewright.runtime.params import ParamList

from . import models
from .models import reals


def test_outside_a_session_no_tape_is_kept() -> None:
    session = EagerSession()
    _ = reals([1.0]) + reals([2.0])
    assert len(session) == 0


def test_leaves_tape_and_gradients() -> None:
    params = ParamList.from_tensors(TList(reals([1.0, 2.0]), reals([3.0, 4.0])), [True, False])
    with EagerSession() as session:
        w, frozen = session.use_params(params)
        (x,) = session.use_inputs(reals([5.0, 6.0]))
        loss = (w * frozen * x).sum()
        assert len(session) == 3
        dense = session.backward(loss)
        assert [g.tolist() for g in dense] == [[15.0, 24.0], [0.0, 0.0], [0.0, 0.0]]
        grads = session.grads_of(TList(w), dense)
        assert isinstance(grads, TList)
        assert grads[0].numpy().tolist() == [15.0, 24.0]
        with pytest.raises(IndexOutOfRange, match="leaf 2; the gradient array has 2 entries"):
            session.grads_of(TList(x), dense[:2])
        with pytest.raises(IndexOutOfRange, match="not a leaf"):
            session.grads_of(TList(loss), dense)
        with pytest.raises(ShapeError, match="another shape") as error:
            session.grads_of(TList(w), (dense[0][:1], *dense[1:]))
        assert "expected f32[2]" in str(error.value)
        assert "got float32[1]" in str(error.value)
    assert len(session) == 0


def test_the_tape_is_reset_when_the_session_is_entered_again() -> None:
    session = EagerSession()
    params = ParamList.from_tensors(models.line())
    sizes: list[int] = []
    for _ in range(3):
        with session:
            session.backward(models.line_loss(session.use_params(params), *session.use_inputs(*models.line_data())))
            sizes.append(len(session))
        assert len(session) == 0
    assert sizes == sizes[:1] * 3


def test_backward_starts_at_a_scalar() -> None:
    with EagerSession() as session:
        (x,) = session.use_inputs(reals([1.0, 2.0]))
        with pytest.raises(ShapeError, match="floating scalar"):
            session.backward(x)


def test_the_same_tensor_twice_is_two_leaves() -> None:
    shared = reals([2.0, 3.0])
    params = ParamList.from_tensors(TList(shared, shared))
    with EagerSession() as session:
        a, b = session.use_params(params)
        dense = session.backward((a * a * b).sum())
    assert [g.tolist() for g in dense] == [[8.0, 18.0], [4.0, 9.0]]


def test_draws_follow_key_and_order() -> None:
    def draw(key: tuple[int, int]) -> list[float]:
        with EagerSession(key=key):
            first, second = creation.uniform((3,)), creation.uniform((3,))
        return [*first.tolist(), *second.tolist()]

    assert draw((0, 1)) == draw((0, 1))
    assert draw((0, 1)) != draw((0, 2))
    assert draw((0, 1))[:3] != draw((0, 1))[3:]


def test_the_first_nan_is_named() -> None:
    with EagerSession(debug_nans=True) as session:
        (x,) = session.use_inputs(reals([1.0, -1.0]))
        with pytest.raises(NumericError, match=r"`log` at test_eager\.py") as error:
            _ = functions.log(x) + 1.0
    assert "-1" not in str(error.value).replace("SW901", "")  # never array values


def test_ieee_without_warnings(recwarn: pytest.WarningsRecorder) -> None:
    found = functions.log(reals([0.0, -1.0])).numpy()
    assert found[0] == -np.inf
    assert np.isnan(found[1])
    assert not recwarn.list


def test_a_recorded_tensor_is_no_input_of_a_session() -> None:
    from shapewright.dsl.record import record

    def f(p: TList[Tensor[()]], x: Tensor[()]) -> Tensor[()]:
        with EagerSession() as session:
            session.use_inputs(x)
        return x

    with pytest.raises(TraceError, match="being recorded"):
        record(f, TList(reals(1.0)), reals(1.0))
