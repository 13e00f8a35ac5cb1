"""`Options(debug_nans=True)`: the same error for a trainer and a jitted function, run one by one and compiled."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import shapewright as sw
from shapewright.compiler.errors import NumericError

from .conftest import Make
from .models import Batch, Features


class Linear(sw.Pack):
    w: sw.Tensor[Features]


class Data(sw.Pack):
    x: sw.Tensor[Batch, Features]
    weight: sw.Tensor[Batch]


@sw.typed
def loss(p: Linear, x: sw.Tensor[Batch, Features], y: sw.Tensor[Batch]) -> sw.Scalar:
    return sw.square(x @ p.w - y).mean()


@sw.typed
def weighted(p: Linear, data: Data) -> sw.Scalar:
    return (data.x @ p.w * data.weight).mean()


@sw.typed
def logarithm(x: sw.Tensor[Batch]) -> sw.Tensor[Batch]:
    return sw.log(x)


def ones(*shape: int) -> Any:
    return np.ones(shape, np.float32)


def with_one(value: float, *shape: int) -> Any:
    x = ones(*shape)
    x.flat[2] = value
    return x


NAN = with_one(np.nan, 4, 3)


def trained(options: Make, f: Any = loss, w: Any = None) -> Any:
    return sw.ScalarTrainer(Linear(ones(3) if w is None else w), f, options(debug_nans=True))


def refused(call: Callable[[], object]) -> str:
    """The message, without the numbers of lines."""
    with pytest.raises(NumericError) as error:
        call()
    assert error.value.__cause__ is None and (error.value.__context__ is None or error.value.__suppress_context__)
    text = re.sub(r"(test_nans\.py)[:\d]+", r"\1", str(error.value))
    assert "--> test_nans.py " in text
    return text


def message(text: str) -> str:
    return text.splitlines()[0]


def test_a_jitted_function_names_the_operation(options: Make) -> None:
    f = sw.jit(logarithm, options(debug_nans=True))
    assert message(refused(lambda: f(sw.Tensor[Batch]([-1.0, 2.0])))).startswith(
        "error[SW901]: `log` at test_nans.py made a NaN from operands without one"
    )
    assert f(sw.Tensor[Batch]([1.0, 1.0])).tolist() == [0.0, 0.0]


def test_a_nan_in_an_input_is_named_before_anything_is_updated(options: Make) -> None:
    trainer = trained(options)
    before = trainer.state_dict()
    for method in ("forward", "backward", "value_and_grad", "step", "adam_step"):
        rate = {"lr": 0.1} if method.endswith("step") else {}
        text = refused(partial(getattr(trainer, method), NAN, ones(4), **rate))
        assert message(text) == "error[SW903]: input `x` has a NaN"
        assert "input `x`: float32[4, 3], 1 of 12 elements is NaN" in text
        assert "x @ p.w" in text
    after = trainer.state_dict()
    assert np.array_equal(before["params"]["w"], after["params"]["w"])
    assert after["step"] == 0
    assert float(trainer.step(ones(4, 3), ones(4), lr=0.1)) == 4.0


GIVEN: list[tuple[str, Callable[[Make], object]]] = [
    ("input `y`", lambda o: trained(o).step(ones(4, 3), with_one(np.nan, 4), lr=0.1)),
    ("parameter `w`", lambda o: trained(o, w=with_one(np.nan, 3)).step(ones(4, 3), ones(4), lr=0.1)),
    ("input `data.weight`", lambda o: trained(o, weighted).step(Data(ones(4, 3), with_one(np.nan, 4)), lr=0.1)),
    ("gradient of `w`", lambda o: trained(o).apply_grads(Linear(with_one(np.nan, 3)), lr=0.1)),
    ("input `x`", lambda o: sw.jit(logarithm, o(debug_nans=True))(with_one(np.nan, 3))),
    ("input `p.w`", lambda o: sw.jit(loss, o(debug_nans=True))(Linear(with_one(np.nan, 3)), ones(4, 3), ones(4))),
    ("input `x`", lambda o: sw.jit(turned, o(debug_nans=True))(NAN)),
]


@pytest.mark.parametrize(("name", "call"), GIVEN)
def test_what_has_a_nan_is_named(options: Make, name: str, call: Callable[[Make], object]) -> None:
    assert message(refused(lambda: call(options))) == f"error[SW903]: {name} has a NaN"


def turned(x: Any) -> Any:
    return x.T


def test_a_nan_of_a_constant(options: Make) -> None:
    def f(x: Any) -> Any:
        return x * sw.Tensor[Batch](with_one(np.nan, 4))

    text = refused(lambda: sw.jit(f, options(debug_nans=True))(ones(4)))
    assert message(text) == "error[SW903]: `mul` at test_nans.py reads a NaN that no operation made"
    assert "operand 1: float32[4], with a NaN" in text


def test_a_nan_that_is_masked_is_none(options: Make) -> None:
    @sw.typed
    def masked(p: Linear, x: sw.Tensor[Batch, Features], y: sw.Tensor[Batch]) -> sw.Scalar:
        rows = x[1:].reshape(-1)
        return (sw.where(sw.isnan(x), 0.0, x) @ p.w).mean() + sw.where(sw.isnan(rows), 0.0, rows).sum() * 0.0

    trainer = trained(options, masked)
    assert float(trainer.step(with_one(np.nan, 4, 3), ones(4), lr=0.1)) == 11 / 4
    assert np.isfinite(trainer.get_params().w.numpy()).all()


def test_infinities_are_told(options: Make) -> None:
    x = ones(4, 3)
    x[0] = np.inf, -np.inf, 0
    text = refused(lambda: trained(options).step(x, ones(4), lr=0.1))
    assert "`matmul` at test_nans.py made a NaN from operands with an infinity" in text
    assert "operand 0: float32[4, 3], with an infinity" in text
    assert "help" not in text


def test_a_derivative_is_told(options: Make) -> None:
    def overflowing(p: Linear, x: Any, y: Any) -> Any:
        return sw.exp(x @ p.w).mean()

    def root(p: Linear, x: Any, y: Any) -> Any:
        return (sw.sqrt(p.w).sum() * y).sum()

    x = with_one(0.0, 4, 3) * 1e3
    text = refused(lambda: trained(options, overflowing).step(x, ones(4), lr=0.1))
    assert "in the derivative of `matmul` at test_nans.py" in text
    assert "made a NaN from operands with an infinity" in text and "help" not in text
    text = refused(lambda: trained(options, root, w=ones(3) * 0).step(x, ones(4) * 0, lr=0.1))
    assert "`div` in the derivative of `sqrt` at test_nans.py" in text
    assert text.endswith("help: keep the operands of `sqrt` inside its domain, for instance with sw.clip")


def test_an_empty_batch_is_told(options: Make) -> None:
    text = refused(lambda: trained(options).step(ones(0, 3), ones(0), lr=0.1))
    assert "`mean` at test_nans.py is over no elements, which gives a NaN" in text
    assert text.endswith("help: an operand is empty: leave out batches without rows")
