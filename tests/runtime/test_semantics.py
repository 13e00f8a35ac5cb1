"""One test for each row of the design's decision table that concerns the CPU, named after the row."""

from __future__ import annotations

import gc
import math
from typing import Any

import numpy as np
import pytest

import shapewright as sw
from shapewright.runtime.programs import COMPILATIONS
from shapewright.runtime.values import Arr

from . import models
from .conftest import Make
from .models import assert_close, reals


def trainer_of(options: sw.Options, loss: Any = models.mlp_loss, **more: Any) -> Any:
    return sw.ScalarTrainer(models.mlp(), loss, options, **more)


# ---- interpreters
def test_ops_instance_eager_the_tape_does_not_grow(options: Make) -> None:
    trainer, data = trainer_of(options()), models.class_data()
    for _ in range(20):
        trainer.step(*data, lr=0.01)
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(100):
        trainer.step(*data, lr=0.01)
    gc.collect()
    assert len(gc.get_objects()) - before < 50


def test_ops_instance_compiled_one_shape_rule_for_all_interpreters() -> None:
    def wrong(p: Any, x: Any) -> Any:
        return (x @ p.w2).sum()

    texts: list[str] = []
    for backend in ("eager", "compiled"):
        with pytest.raises(sw.ShapeError) as error:
            trainer_of(sw.Options(backend=backend), wrong).step(models.class_data()[0], lr=0.1)
        texts.append(str(error.value))
    assert texts[0] == texts[1]


def test_linked_session_is_an_oracle_between_eager_and_compiled(options: Make) -> None:
    data = models.class_data()
    loss, grads = trainer_of(options()).value_and_grad(*data)
    want, expected = sw.value_and_grad(models.mlp_loss)(models.mlp(), *data)
    assert_close(float(loss), float(want), rtol=1e-5)
    for a, b in zip(grads.leaves(), expected.leaves(), strict=True):
        assert_close(a.numpy(), b.numpy(), rtol=2e-5, atol=1e-6)


# ---- parameters
def test_param_list_refuses_wrong_order_length_or_shape(options: Make) -> None:
    trainer: Any = trainer_of(options())
    w1, b1, w2, b2 = models.mlp().leaves()
    pack = sw.TList(w1, b1, w2, b2)
    loose: Any = sw.ParamList.from_tensors(pack)
    for bad in (sw.TList(b1, w1, w2, b2), sw.TList(w1, b1, w2), sw.TList(w1, b1, w2, w2)):
        with pytest.raises(sw.ShapeError):
            loose.set_values(bad)
    with pytest.raises(sw.ShapeError):
        trainer.apply_grads(pack, lr=0.1)
    assert list(sw.cons(w1, sw.TList(b1))) == [w1, b1]
    assert len(sw.TList()) == 0


def test_curried_fn_inputs_are_positional(options: Make) -> None:
    trainer: Any = trainer_of(options())
    x, y = models.class_data()
    assert math.isfinite(float(trainer.forward(x, y)))
    with pytest.raises(TypeError):
        trainer.forward(x, y=y)


def test_sgd_step_fast_is_one_generated_pass() -> None:
    params = sw.ParamList.from_tensors(models.mlp())
    want = sw.ParamList.from_tensors(models.mlp())
    grads = models.mlp(seed=1)
    before = COMPILATIONS.count
    for _ in range(3):
        sw.sgd_step_fused(params, grads, lr=0.5)
        sw.sgd_step(want, grads, lr=0.5)
    assert COMPILATIONS.count == before + 1
    for a, b in zip(params, want, strict=True):
        assert_close(a.host, b.host, rtol=1e-6, atol=1e-6)


def test_allocate_from_tlist_gives_fresh_cells(options: Make) -> None:
    start = models.mlp()
    kept = [a.numpy().copy() for a in start.leaves()]
    trainer = sw.ScalarTrainer(start, models.mlp_loss, options())
    trainer.step(*models.class_data(), lr=0.5)
    assert all(np.array_equal(a, b.numpy()) for a, b in zip(kept, start.leaves(), strict=True))


@pytest.mark.parametrize("flags", [[True] * 3, [True] * 5, []])
def test_allocate_with_requires_grad_flags_gives_both_lengths(options: Make, flags: list[bool]) -> None:
    with pytest.raises(sw.OptionError, match=f"{len(flags)} flags for 4 parameters"):
        trainer_of(options(), requires_grad=flags)


class Device:
    """A device copy that is newer than the host's."""

    def __init__(self, array: Arr) -> None:
        self.array, self.newer, self.stale = array, True, False

    def invalidate(self) -> None:
        self.newer, self.stale = False, True

    def download(self) -> Arr:
        self.newer = False
        return self.array


def test_read_values_synchronises_the_mirror() -> None:
    params = sw.ParamList.from_tensors(models.line())
    params["w"].attach(Device(np.ones(5, np.float32)))
    assert params.host_values().w.tolist() == [0.0] * 5
    assert params.values().w.tolist() == [1.0] * 5
    assert params["w"].mirror is not None


def test_overwrite_values_drops_the_mirror_all_or_nothing() -> None:
    params = sw.ParamList.from_tensors(models.line())
    mirror = Device(np.ones(5, np.float32))
    params["w"].attach(mirror)
    with pytest.raises(sw.DTypeError):
        params.set_values(models.line(np.float64))
    assert mirror.newer and not mirror.stale
    params.set_values(models.line())
    assert mirror.stale and not mirror.newer
    assert params.values().w.tolist() == [0.0] * 5


def test_sgd_step_syncs_a_stale_mirror_first() -> None:
    for update in (sw.sgd_step, sw.sgd_step_fused):
        params = sw.ParamList.from_tensors(models.line())
        params["w"].attach(Device(np.ones(5, np.float32)))
        grads = models.Line(w=reals(np.full(5, 2.0, np.float32)), b=reals(np.float32(0.0)))
        update(params, grads, lr=0.25)
        assert params.values().w.tolist() == [0.5] * 5


# ---- trainer
def test_scalar_trainer_has_all_methods_on_every_backend(options: Make) -> None:
    trainer, data = trainer_of(options()), models.class_data()
    first = float(trainer.forward(*data))
    trainer.backward(*data)
    trainer.value_and_grad(*data)
    losses = [trainer.step(*data, lr=0.1), trainer.adam_step(*data, lr=0.1), trainer.adamw_step(*data, lr=0.1)]
    trainer.apply_grads(trainer.backward(*data), lr=0.1)
    losses += trainer.step_many([data, data], lr=0.1)
    assert float(trainer.forward(*data)) < float(losses[0]) == pytest.approx(first)
    assert isinstance(trainer.get_params(), models.MLP)
    assert trainer.steps == 6


def test_adam_and_adamw_share_their_moments(options: Make) -> None:
    trainer, data = trainer_of(options()), models.class_data()
    trainer.adam_step(*data, lr=0.1)
    trainer.adamw_step(*data, lr=0.1)
    trainer.step(*data, lr=0.1)
    state = trainer.state_dict()
    assert list(state["optimizers"]) == ["adam", "sgd"]
    assert state["optimizers"]["adam"]["t"] == 2
    assert set(state["optimizers"]["adam"]["slots"]) == {"m", "v"}
    assert state["step"] == 3


def test_adam_state_and_schedules_the_learning_rate_is_never_baked_in(options: Make) -> None:
    trainer, data = trainer_of(options()), models.class_data()
    trainer.adam_step(*data, lr=0.1)
    before = trainer.get_params()
    count = COMPILATIONS.count
    trainer.adam_step(*data, lr=0.0)
    assert COMPILATIONS.count == count
    assert all(
        np.array_equal(a.numpy(), b.numpy())
        for a, b in zip(before.leaves(), trainer.get_params().leaves(), strict=True)
    )
    trainer.adam_step(*data, lr=0.2)
    assert not np.array_equal(before.w1.numpy(), trainer.get_params().w1.numpy())


def test_gradients_of_eager_refs_from_a_dense_array() -> None:
    params = sw.ParamList.from_tensors(models.line())
    with sw.EagerSession() as session:
        refs = session.use_params(params)
        dense = session.backward(models.line_loss(refs, *session.use_inputs(*models.line_data())))
        assert [g.shape for g in session.grads_of(refs, dense)] == [(5,), ()]
        with pytest.raises(sw.IndexOutOfRange):
            session.grads_of(refs, dense[:1])
        with pytest.raises(sw.ShapeError):
            session.grads_of(refs, (dense[1], *dense[1:]))


def test_params_are_leaves_first_and_inputs_need_no_gradients() -> None:
    params = sw.ParamList.from_tensors(models.line())
    with sw.EagerSession() as session:
        refs = session.use_params(params)
        x, y = session.use_inputs(*models.line_data())
        dense = session.backward(models.line_loss(refs, x, y))
    assert [g.shape for g in dense] == [(5,), (), (8, 5), (8,)]
    assert np.any(dense[0] != 0)
    assert not np.any(dense[2])
    wanted = sw.grad(models.line_loss, 1)(models.line(), *models.line_data())
    assert wanted.shape == (8, 5)
    assert not np.any(wanted.numpy())  # w is zero; with another w it is not
    other = models.Line(w=reals(np.ones(5, np.float32)), b=reals(np.float32(0.0)))
    assert np.any(sw.grad(models.line_loss, 1)(other, *models.line_data()).numpy())


def test_compiled_traces_once_and_the_output_may_be_any_node(recorded: Make) -> None:
    calls: list[int] = []

    def loss(p: Any, x: Any) -> Any:
        calls.append(1)
        out = (x @ p.w + p.b).mean()
        _ = sw.exp(out * 2.0)  # not the loss
        return out

    trainer: Any = sw.ScalarTrainer(models.line(), loss, recorded())
    for _ in range(5):
        trainer.step(models.line_data(8)[0], lr=0.1)
    assert len(calls) == 1
    trainer.step(models.line_data(4)[0], lr=0.1)  # no axis names: another size is another signature
    trainer.step(models.line_data(8)[0], lr=0.1)
    trainer.step(models.line_data(4)[0], lr=0.1)
    assert len(calls) == 2
    assert trainer.recompiles == ["loss.step: input 1 (x) was f32[Batch=8, Features=5], is f32[Batch=4, Features=5]"]


def test_gradient_of_a_frozen_parameter_is_zero(options: Make) -> None:
    trainer, data = trainer_of(options(), requires_grad=[False, True, True, True]), models.class_data()
    start = models.mlp()
    for _ in range(2):
        grads = trainer.backward(*data)
        assert not np.any(grads.w1.numpy())
        assert np.any(grads.w2.numpy())
        trainer.adam_step(*data, lr=0.1)
        trainer.apply_grads(models.mlp(seed=5), lr=0.1)
    assert np.array_equal(trainer.get_params().w1.numpy(), start.w1.numpy())
    assert not np.array_equal(trainer.get_params().w2.numpy(), start.w2.numpy())
    assert "w1" not in trainer.state_dict()["optimizers"]["adam"]["slots"]["m"]


def test_trainable_parameter_the_loss_does_not_reach_has_zeros(options: Make) -> None:
    def loss(p: Any, x: Any) -> Any:
        return (x @ p.w1 + p.b1).mean()

    trainer: Any = sw.ScalarTrainer(models.mlp(), loss, options())
    x, _ = models.class_data()
    grads = trainer.backward(x)
    assert not np.any(grads.w2.numpy())
    assert not np.any(grads.b2.numpy())
    trainer.adam_step(x, lr=0.1)
    trainer.step(x, lr=0.1)
    assert np.array_equal(trainer.get_params().w2.numpy(), models.mlp().w2.numpy())


def test_every_parameter_frozen(options: Make) -> None:
    trainer, data = trainer_of(options(), requires_grad=[False] * 4), models.class_data()
    assert not any(np.any(g.numpy()) for g in trainer.backward(*data).leaves())
    trainer.step(*data, lr=0.1)
    trainer.adam_step(*data, lr=0.1)
    assert np.array_equal(trainer.get_params().w1.numpy(), models.mlp().w1.numpy())


def test_returned_values_do_not_change_later(options: Make) -> None:
    trainer, data = trainer_of(options()), models.class_data()
    loss, grads, params = trainer.step(*data, lr=0.5), trainer.backward(*data), trainer.get_params()
    kept = float(loss), grads.w1.numpy().copy(), params.w1.numpy().copy()
    for _ in range(3):
        trainer.step(*data, lr=0.5)
        trainer.backward(*data)
    assert float(loss) == kept[0]
    assert np.array_equal(grads.w1.numpy(), kept[1])
    assert np.array_equal(params.w1.numpy(), kept[2])

    def itself(p: Any) -> Any:
        return p.b

    echo: Any = sw.ScalarTrainer(models.line(), itself, options())
    first = echo.step(lr=1.0)
    echo.step(lr=1.0)
    assert float(first) == 0.0
    assert float(echo.forward()) == -2.0
