"""`ScalarTrainer`: what it refuses, and that it is unchanged afterwards."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import pytest

from shapewright.compiler.errors import (
    DTypeError,
    IndexOutOfRange,
    NumericError,
    OptionError,
    ShapeError,
    ShapewrightError,
)
from shapewright.dsl import functions
from shapewright.dsl.pack import Pack, TList
from shapewright.dsl.tensor import IntTensor, Tensor
from shapewright.dsl.typed import typed
from shapewright.runtime.options import Options
from shapewright.runtime.trainer import ScalarTrainer
from shapewright.runtime.transforms import grad

from . import models
from .conftest import Make
from .models import Batch, Features, ints, reals

V = TypeVar("V")
Trainer = ScalarTrainer[models.MLP, Tensor[models.Batch, models.Features], IntTensor[models.Batch]]


def make(options: Options, **more: Any) -> Trainer:
    return ScalarTrainer(models.mlp(), models.mlp_loss, options, **more)


def close(a: Pack, b: Pack, rtol: float = 2e-5) -> None:
    for name, x in a.named().items():
        models.assert_close(x.numpy(), b.named()[name].numpy(), rtol=rtol, atol=1e-6, err_msg=name)


def same(a: Pack, b: Pack) -> bool:
    return all(np.array_equal(x.numpy(), y.numpy()) for x, y in zip(a.leaves(), b.leaves(), strict=True))


# ---- what is refused
BAD_INPUTS: list[tuple[str, Callable[[Any, Any], tuple[Any, ...]], type[ShapewrightError]]] = [
    ("rank", lambda x, y: (x.sum(-1), y), ShapeError),
    ("size", lambda x, y: (reals(np.zeros((8, 4), np.float32)), y), ShapeError),
    ("two sizes of Batch", lambda x, y: (x, ints(np.zeros(7, np.int64))), ShapeError),
    ("kind", lambda x, y: (x, x.sum(-1)), DTypeError),
    ("no array", lambda x, y: (x, object()), DTypeError),
    ("text", lambda x, y: ("batch", y), DTypeError),
    ("None", lambda x, y: (x, None), DTypeError),
    ("too few", lambda x, y: (x,), ShapeError),
    ("too many", lambda x, y: (x, y, y), ShapeError),
    ("index", lambda x, y: (x, ints(np.full(8, 3))), IndexOutOfRange),
    ("negative index", lambda x, y: (x, ints(np.full(8, -1))), IndexOutOfRange),
]


@pytest.mark.parametrize(("bad", "error"), [(b, e) for _, b, e in BAD_INPUTS], ids=[n for n, _, _ in BAD_INPUTS])
def test_bad_inputs_name_the_users_line_and_change_nothing(
    options: Make, bad: Callable[[Any, Any], tuple[Any, ...]], error: type[ShapewrightError]
) -> None:
    trainer: Any = make(options())
    data = models.class_data()
    trainer.step(*data, lr=0.1)
    before = trainer.state_dict()
    for method in ("forward", "backward", "value_and_grad", "step", "adam_step"):
        with pytest.raises(error) as caught:
            getattr(trainer, method)(*bad(*data), **({"lr": 0.1} if method.endswith("step") else {}))
        assert "test_trainer_errors.py" in str(caught.value) or "models.py" in str(caught.value)
    after = trainer.state_dict()
    assert before["step"] == after["step"]
    assert before["optimizers"].keys() == after["optimizers"].keys()
    assert all(np.array_equal(v, after["params"][k]) for k, v in before["params"].items())
    trainer.step(*data, lr=0.1)


@pytest.mark.parametrize("lr", [math.nan, math.inf, -1.0, "fast"])
def test_a_bad_learning_rate_is_refused(options: Make, lr: Any) -> None:
    trainer, data = make(options()), models.class_data()
    for method in (trainer.step, trainer.adam_step, trainer.adamw_step):
        with pytest.raises(OptionError, match="lr="):
            method(*data, lr=lr)
    with pytest.raises(OptionError, match="lr="):
        trainer.apply_grads(trainer.backward(*data), lr=lr)
    with pytest.raises(OptionError, match="betas"):
        trainer.adam_step(*data, lr=0.1, betas=(1.5, 0.9))
    assert trainer.steps == 0
    assert same(trainer.get_params(), models.mlp())


BAD_LOSSES: list[tuple[str, Callable[[Any, Any], Any], type[ShapewrightError], str]] = [
    ("not scalar", lambda p, x: x @ p.w, ShapeError, "not a scalar"),
    ("Python number", lambda p, x: 1.0, DTypeError, "returned a Python float"),
    ("integer", lambda p, x: (x @ p.w).argmax(), DTypeError, "no gradient"),
    ("None", lambda p, x: None, DTypeError, "returned None, not a tensor"),
    ("loss and more", lambda p, x: ((x @ p.w).sum(), x), DTypeError, "return the loss alone; sw.StateTrainer takes"),
]


@pytest.mark.parametrize(("loss", "error", "text"), [x[1:] for x in BAD_LOSSES], ids=[x[0] for x in BAD_LOSSES])
def test_a_loss_of_another_kind_is_refused(options: Make, loss: Any, error: type[ShapewrightError], text: str) -> None:
    trainer: Any = ScalarTrainer(models.line(), loss, options())
    x, _ = models.line_data()
    for method in ("forward", "backward", "step"):
        with pytest.raises(error, match=text) as caught:
            getattr(trainer, method)(x, **({"lr": 0.1} if method == "step" else {}))
        assert "test_trainer_errors.py" in str(caught.value)
    assert trainer.steps == 0


def test_a_derivative_is_no_loss(options: Make) -> None:
    trainer: Any = cast("Any", ScalarTrainer)(models.line(), grad(models.line_loss), options())
    with pytest.raises(DTypeError, match=r"`grad\(line_loss\)` returned a pack Line, not a tensor") as caught:
        trainer.forward(*models.line_data())
    assert "pass the function itself: a trainer takes its gradients" in str(caught.value)


def flagged(p: models.Line, x: Tensor[Batch, Features], train: bool = True) -> Tensor[()]:
    return (x @ p.w).sum()


def constant(p: models.Line, x: Tensor[Batch, Features], *, train: bool = True) -> Tensor[()]:
    return (x @ p.w).sum()


def test_inputs_and_constants_are_told_apart(options: Make) -> None:
    """What is passed by position is an input, what stands behind the `*` a constant: each mistake says what to write."""
    x, _ = models.line_data()
    trainer: Any = ScalarTrainer(models.line(), typed(flagged), options())
    with pytest.raises(DTypeError, match=r"write `\*, train: bool`"):
        trainer.step(x, True, lr=0.1)
    losses: list[Any] = [constant, typed(constant)]
    for f in losses:
        trainer = ScalarTrainer(models.line(), f, options())
        with pytest.raises(ShapeError, match=r"what stands behind the `\*` is passed by name: `train=...`") as caught:
            trainer.step(x, True, lr=0.1)
        assert "*, train" in str(caught.value)
    with pytest.raises(
        ShapeError, match=r"`x` of `constant` is an input.*(\n.*)*help: pass it by position, without `x=`"
    ):
        trainer.step(x=x, lr=0.1)
    trainer = ScalarTrainer(models.line(), models.line_loss, options())
    with pytest.raises(ShapeError, match=r"write a `\*` in front of it to pass its elements one by one"):
        trainer.step(models.line_data(), lr=0.1)


def test_another_number_of_inputs_for_a_plain_loss(options: Make) -> None:
    def loss(p: Any, x: Any) -> Any:
        return (x @ p.w).sum()

    trainer: Any = ScalarTrainer(models.line(), loss, options())
    x, y = models.line_data()
    for inputs in ((), (x, y)):
        with pytest.raises(ShapeError, match=r"`loss` (is called without `x`|takes 2 positional arguments)") as error:
            trainer.step(*inputs, lr=0.1)
        assert "test_trainer_errors.py" in str(error.value)


def test_gradients_of_another_structure_or_shape_are_refused(options: Make) -> None:
    trainer: Any = make(options())
    grads = trainer.backward(*models.class_data())
    with pytest.raises(ShapeError, match="structure"):
        trainer.apply_grads(TList(*grads.leaves()), lr=0.1)
    with pytest.raises(DTypeError, match="gradients"):
        trainer.apply_grads(models.mlp(dtype=np.float64), lr=0.1)
    assert trainer.steps == 0


def test_a_value_dependent_branch_is_refused_while_recording(recorded: Make) -> None:
    def loss(p: models.Line, x: Tensor[models.Batch, models.Features]) -> Tensor[()]:
        return (x @ p.w).mean() if p.b > 0.0 else p.b

    trainer = ScalarTrainer(models.line(), loss, recorded())
    with pytest.raises(ShapewrightError, match="if") as caught:
        trainer.step(models.line_data()[0], lr=0.1)
    assert "test_trainer_errors.py" in str(caught.value)
    assert trainer.steps == 0


# ---- NaN
def test_debug_nans_names_operation_and_line(options: Make) -> None:
    @typed
    def loss(p: models.Line, x: Tensor[models.Batch, models.Features]) -> Tensor[()]:
        return functions.log(x @ p.w + p.b).mean()

    start = models.Line(w=reals(np.ones(models.FEATURES, np.float32)), b=reals(np.float32(1.0)))
    trainer = ScalarTrainer(start, loss, options(debug_nans=True))
    good = Tensor[models.Batch, models.Features](np.ones((4, models.FEATURES), np.float32))
    trainer.step(good, lr=0.01)
    before = trainer.get_params()
    bad = Tensor[models.Batch, models.Features](np.full((4, models.FEATURES), -9.0, np.float32))
    for method in ("forward", "backward", "step"):
        with pytest.raises(NumericError, match=r"`log` at test_trainer_errors\.py") as caught:
            getattr(trainer, method)(bad, **({"lr": 0.1} if method == "step" else {}))
        assert "functions.log(x @ p.w + p.b)" in str(caught.value)
    assert same(before, trainer.get_params())
    assert trainer.steps == 1


def test_without_debug_nans_ieee_holds(options: Make) -> None:
    @typed
    def loss(p: models.Line, x: Tensor[models.Batch, models.Features]) -> Tensor[()]:
        return functions.log(x @ p.w + p.b).mean()

    trainer = ScalarTrainer(models.line(), loss, options())
    assert float(trainer.forward(models.line_data()[0])) == -math.inf  # log(0)
