"""Keyword-only arguments of a loss: constants that every method of a trainer takes by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from shapewright.compiler.errors import DTypeError, ShapeError
from shapewright.dsl.creation import dropout
from shapewright.dsl.tensor import Scalar, Tensor
from shapewright.dsl.typed import typed
from shapewright.runtime.jit import jit
from shapewright.runtime.optim import Adam
from shapewright.runtime.options import Options
from shapewright.runtime.programs import COMPILATIONS
from shapewright.runtime.state_trainer import StateTrainer
from shapewright.runtime.trainer import ScalarTrainer
from shapewright.runtime.transforms import value_and_grad

from . import models
from .conftest import Make
from .models import Batch, Features, Line, reals


@typed
def loss(p: Line, x: Tensor[Batch, Features], y: Tensor[Batch], *, train: bool = True, power: int = 2) -> Scalar:
    error = dropout(x, 0.5, train) @ p.w + p.b - y
    return (error**power).mean()


@typed
def without(p: Line, x: Tensor[Batch, Features], y: Tensor[Batch]) -> Scalar:
    return loss(p, x, y, train=False)


def start() -> Line:
    return Line(w=reals(np.linspace(-1, 1, models.FEATURES).astype(np.float32)), b=reals(np.float32(0.5)))


Trainer = ScalarTrainer[Line, Tensor[Batch, Features], Tensor[Batch]]  # mypy finds it from no loss with constants


def test_dropout_is_off_where_the_loss_is_told_so(options: Make) -> None:
    trainer, (x, y) = Trainer(start(), loss, options()), models.line_data(9)
    wanted, gradient = value_and_grad(without)(start(), x, y)
    assert float(trainer.forward(x, y, train=False)) == pytest.approx(float(wanted), rel=1e-6)
    value, found = trainer.value_and_grad(x, y, train=False)
    assert float(value) == pytest.approx(float(wanted), rel=1e-6)
    for same in (found, trainer.backward(x, y, train=False)):
        models.assert_close(same.w.numpy(), gradient.w.numpy(), rtol=1e-5, atol=1e-6)
    assert float(trainer.forward(x, y)) != pytest.approx(float(wanted), rel=1e-3)
    assert float(trainer.forward(x, y, train=True)) == float(trainer.forward(x, y))


def test_all_constants_share_parameters_moments_and_steps(options: Make) -> None:
    given, plain = (Trainer(start(), f, options(), optimizer=Adam()) for f in (loss, without))
    (x, y), rates = models.line_data(9), (0.1, 0.2, 0.3)
    one = [given.step(x, y, lr=0.1, train=False), *given.step_many([(x, y)] * 2, lr=rates[1:], train=False)]
    two = [plain.step(x, y, lr=rate) for rate in rates]
    assert [float(v) for v in one] == [float(v) for v in two]
    given.adamw_step(x, y, lr=0.1, train=False, power=4)
    given.adam_step(x, y, lr=0.1)
    assert given.steps == 5
    assert given.state_dict()["optimizers"][Adam().family]["t"] == 5


def test_one_program_for_each_value() -> None:
    trainer, (x, y) = Trainer(start(), loss, Options()), models.line_data(9)
    before = COMPILATIONS.count
    for n in (9, 4):
        for constants in ({}, {"train": True}, {"train": False}, {"power": 4}, {"power": 4, "train": False}):
            trainer.forward(x[:n], y[:n], **constants)
    assert COMPILATIONS.count - before == 4
    last = trainer.program
    assert trainer.lower(x, y, method="forward", train=False, power=4) is last
    assert trainer.lower(x, y, method="forward") is not last and trainer.program is last
    assert trainer.recompiles == []


def test_the_loss_of_a_state_trainer_and_a_method(options: Make) -> None:
    class Model:
        @typed
        def loss(self, p: Line, state: Line, x: Tensor[Batch, Features], *, train: bool) -> tuple[Scalar, Line]:
            return (x @ p.w).mean() * (1.0 if train else 2.0), state

    needs_train: Any = Model().loss
    trainer, (x, _) = StateTrainer(start(), start(), needs_train, options()), models.line_data(9)
    assert float(trainer.forward(x, train=False)) == pytest.approx(2 * float(trainer.forward(x, train=True)), rel=1e-6)
    with pytest.raises(ShapeError, match=r"loss` is called without `train`"):
        trainer.forward(x)


def test_what_is_no_constant_is_refused(options: Make) -> None:
    trainer, (x, y) = Trainer(start(), loss, options()), models.line_data(9)
    call: Any = trainer.forward
    with pytest.raises(ShapeError, match="`loss` has no keyword-only parameter `trian`") as error:
        call(x, y, trian=False)
    assert error.value.diagnostic.help == "did you mean `train`?"
    with pytest.raises(ShapeError, match="`y` of `loss` is an input, which is passed by position"):
        call(x, y=y)
    for wrong in (reals(1.0), np.ones(2), [1], (1, reals(1.0)), ([1],)):
        with pytest.raises(DTypeError, match="keyword argument `power` of `loss` is no hashable constant"):
            call(x, y, power=wrong)
    with pytest.raises(DTypeError, match="`train`"):
        call(x, y, train="no")
    assert trainer.steps == 0


def test_a_tuple_of_constants_is_a_constant_and_its_types_tell_programs_apart(options: Make) -> None:
    def scaled(p: Line, x: Tensor[Batch, Features], *, sizes: tuple[float, ...] = (2, 4)) -> Scalar:
        return (x @ p.w).mean() * (sizes[0] if isinstance(sizes[0], int) else 3.0)

    needs_sizes: Any = scaled
    trainer, compiled, (x, _) = ScalarTrainer(start(), needs_sizes, options()), jit(scaled), models.line_data(9)
    plain = float((x @ start().w).mean())
    for given, factor in (((2, 4), 2), ((5, 4), 5), ((5.0, 4), 3), ((5, 4.0), 5)):
        assert float(trainer.forward(x, sizes=given)) == pytest.approx(factor * plain, rel=1e-5)
        assert float(compiled(start(), x, sizes=given)) == pytest.approx(factor * plain, rel=1e-5)
    assert float(compiled(start(), x)) == pytest.approx(2 * plain, rel=1e-5)


def test_constants_of_a_jitted_method() -> None:
    class Model:
        @typed
        def __call__(self, w: Tensor[Features], x: Tensor[Batch, Features], *, twice: bool = False) -> Tensor[Batch]:
            return x @ w * (2.0 if twice else 1.0)

    f, (x, _) = jit(Model().__call__), models.line_data(9)
    before = COMPILATIONS.count
    for n in (9, 4):
        models.assert_close(f(start().w, x[:n], twice=True).numpy(), 2 * (x[:n] @ start().w).numpy(), rtol=1e-5)
    assert COMPILATIONS.count - before == 1
