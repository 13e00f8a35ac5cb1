"""`StateTrainer`: the state a loss hands back is written by a step, read by the next, never differentiated."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shapewright.compiler.errors import DTypeError, ShapeError, ShapewrightError
from shapewright.dsl import functions
from shapewright.runtime.optim import Adam
from shapewright.runtime.state_trainer import StateTrainer

from . import models
from .conftest import Make
from .models import assert_close, reals


def make(options: Any, **more: Any) -> StateTrainer[models.MLP, models.Means, Any, Any]:
    return StateTrainer(models.mlp(), models.means(), models.centred_loss, options, **more)


def test_a_step_writes_the_state_and_other_methods_leave_it(options: Make) -> None:
    trainer, data = make(options()), models.class_data()
    zeros = trainer.state.mean.tolist()
    trainer.forward(*data)
    trainer.backward(*data)
    assert trainer.state.mean.tolist() == zeros
    mean = functions.tanh(data[0] @ models.mlp().w1 + models.mlp().b1).mean(0).numpy()
    trainer.step(*data, lr=0.0)
    assert isinstance(trainer.state, models.Means)
    assert_close(trainer.state.mean.numpy(), 0.1 * np.asarray(mean), rtol=1e-5)
    trainer.step(*data, lr=0.0)
    assert_close(trainer.state.mean.numpy(), 0.19 * np.asarray(mean), rtol=1e-5)


def test_the_next_step_reads_the_new_state(options: Make) -> None:
    trainer, data = make(options()), models.class_data()
    first, second = trainer.step(*data, lr=0.0), trainer.step(*data, lr=0.0)
    assert float(first) != float(second)
    kept = trainer.state
    trainer.step(*data, lr=0.0)
    assert kept.mean.tolist() != trainer.state.mean.tolist()  # what was handed out does not change


def test_no_gradient_flows_into_the_state(options: Make) -> None:
    trainer = make(options())
    assert [c.name for c in trainer.params] == ["w1", "b1", "w2", "b2"]
    assert isinstance(trainer.backward(*models.class_data()), models.MLP)


BAD_STATES: list[tuple[Callable[[Any, Any], Any], type[ShapewrightError], str]] = [
    (lambda s, h: models.means(np.float64), DTypeError, "element type"),
    (lambda s, h: {"mean": s.mean}, ShapeError, "structure"),
    (lambda s, h: h, ShapeError, "structure"),
]


@pytest.mark.parametrize(("new", "error", "text"), BAD_STATES)
def test_a_new_state_of_another_kind_is_refused(
    options: Make, new: Callable[[Any, Any], Any], error: type[ShapewrightError], text: str
) -> None:
    def loss(p: Any, s: Any, x: Any) -> Any:
        h = x @ p.w1
        return h.sum(), new(s, h)

    trainer: Any = StateTrainer(models.mlp(), models.means(), loss, options())
    with pytest.raises(error, match=text):
        trainer.step(models.class_data()[0], lr=0.1)
    assert trainer.steps == 0


def test_a_loss_without_a_state_is_refused(options: Make) -> None:
    def loss(p: Any, s: Any, x: Any) -> Any:
        return (x @ p.w1).sum()

    trainer: Any = StateTrainer(models.mlp(), models.means(), loss, options())
    with pytest.raises(ShapewrightError, match="pair of a loss and a new state"):
        trainer.step(models.class_data()[0], lr=0.1)


def test_a_failed_step_leaves_the_state(options: Make) -> None:
    trainer: Any = make(options())
    trainer.step(*models.class_data(), lr=0.1)
    before = trainer.state.mean.tolist()
    x, _ = models.class_data()
    with pytest.raises(ShapewrightError):
        trainer.step(x, models.ints(np.full(8, 9)), lr=0.1)
    assert trainer.state.mean.tolist() == before


def test_the_state_is_saved_and_loaded(options: Make, tmp_path: Path) -> None:
    trainer = make(options(), optimizer=Adam())
    for seed in range(3):
        trainer.step(*models.class_data(seed=seed), lr=0.1)
    trainer.save(tmp_path / "state.safetensors")
    other = make(options(), optimizer=Adam())
    other.load(tmp_path / "state.safetensors")
    assert other.state.mean.tolist() == trainer.state.mean.tolist()
    data = models.class_data(seed=9)
    assert float(other.step(*data, lr=0.1)) == float(trainer.step(*data, lr=0.1))
    assert other.state.mean.tolist() == trainer.state.mean.tolist()


def test_an_unchanged_and_a_constant_state(options: Make) -> None:
    def same(p: Any, s: Any, x: Any) -> Any:
        return (x @ p.w1).sum() + s[0].sum(), s

    def constant(p: Any, s: Any, x: Any) -> Any:
        return (x @ p.w1).sum() + s[0].sum(), (reals(np.array([5.0, 6.0], np.float32)),)

    start = (reals(np.array([1.0, 2.0], np.float32)),)
    kept: Any = StateTrainer(models.mlp(), start, same, options())
    kept.step(models.class_data()[0], lr=0.1)
    assert kept.state[0].tolist() == [1.0, 2.0]
    replaced: Any = StateTrainer(models.mlp(), start, constant, options())
    replaced.step(models.class_data()[0], lr=0.1)
    assert replaced.state[0].tolist() == [5.0, 6.0]
