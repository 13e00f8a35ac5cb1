"""Mirrors: what a device keeps between steps is copied only when somebody reads, or the host has written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

import shapewright as sw
from shapewright.compiler.errors import NumericError, ShapeError
from shapewright.dsl import functions
from shapewright.runtime.backends import EagerEngine, Model, make_engine
from shapewright.runtime.compiled import CompiledEngine, DeviceEngine
from shapewright.runtime.mirrors import read_all
from shapewright.runtime.optim import Adam
from shapewright.runtime.options import Options
from shapewright.runtime.params import Cell, ParamList, sgd_step, sgd_step_fused
from shapewright.runtime.state_trainer import StateTrainer
from shapewright.runtime.train_state import TrainState
from shapewright.runtime.trainer import ScalarTrainer

from . import models
from .fake_device import HostMirror, fake_device, mirror_of
from .models import Features, reals

__all__ = ["fake_device"]
CPU = Options()
DATA = models.class_data()


def trainer_on(options: Options, **more: Any) -> Any:
    return ScalarTrainer(models.mlp(), models.mlp_loss, options, **more)


def mirrors(trainer: Any) -> list[HostMirror]:
    """Of everything the trainer changes."""
    train: TrainState[Any] = trainer._train
    moments = [c for m in train.moments.values() for c in m.cells()]
    return [mirror_of(c) for c in (*train.params.cells, *train.state_cells(), *moments)]


def copies(trainer: Any) -> tuple[int, int]:
    """(downloads, uploads) so far."""
    return sum(m.downloads for m in mirrors(trainer)), sum(m.uploads for m in mirrors(trainer))


def bits(trainer: Any) -> object:
    """Everything that training changes."""

    def plain(value: Any) -> object:
        if isinstance(value, dict):
            return {k: plain(v) for k, v in cast("dict[str, Any]", value).items()}
        return np.asarray(value).tobytes()

    return plain(trainer.state_dict())


def values_of(pack: Any) -> list[Any]:
    return [x.tolist() for x in pack.leaves()]


def test_steps_copy_nothing_that_nobody_reads(device: Options) -> None:
    trainer = trainer_on(device)
    trainer.forward(*DATA)
    trainer.backward(*DATA)
    for _ in range(3):
        trainer.adam_step(*DATA, lr=0.1)
    assert copies(trainer) == (0, 12)  # 4 parameters and their 8 moments went there once
    trainer.forward(*DATA)
    trainer.backward(*DATA)
    assert copies(trainer) == (0, 12)
    assert [m.newer for m in mirrors(trainer)] == [True] * 12


def test_reading_downloads_once_and_the_raw_read_never(device: Options) -> None:
    trainer, twin = trainer_on(device), trainer_on(CPU)
    start = values_of(trainer.params.host_values())
    for t in (trainer, twin):
        t.step(*DATA, lr=0.1)
    assert values_of(trainer.params.host_values()) == start
    assert copies(trainer) == (0, 4)
    want = values_of(twin.get_params())
    for _ in range(2):
        assert values_of(trainer.get_params()) == want
        assert values_of(trainer.params.values()) == want
        assert trainer.params["w1"].value.tolist() == want[0]
    assert copies(trainer) == (4, 4)
    assert values_of(trainer.params.host_values()) == want


def test_overwriting_drops_the_device_copy_and_the_next_step_uploads(device: Options) -> None:
    trainer, twin = trainer_on(device), trainer_on(CPU)
    for t in (trainer, twin):
        t.step(*DATA, lr=0.1)
    kept = mirrors(trainer)
    for t in (trainer, twin):
        t.params.set_values(models.mlp(seed=3))
    assert [(m.newer, m.stale) for m in kept] == [(False, True)] * 4
    assert copies(trainer) == (0, 4)
    for t in (trainer, twin):
        t.step(*DATA, lr=0.1)
    assert copies(trainer) == (0, 8)
    assert mirrors(trainer) == kept  # device memory stays where it is
    assert bits(trainer) == bits(twin)


def test_a_refused_pack_leaves_mirrors_alone(device: Options) -> None:
    trainer = trainer_on(device)
    trainer.step(*DATA, lr=0.1)
    with pytest.raises(sw.DTypeError):
        trainer.params.set_values(models.mlp(dtype=np.float64))
    assert [(m.newer, m.stale) for m in mirrors(trainer)] == [(True, False)] * 4


def test_every_method_gives_the_bits_of_the_host(device: Options) -> None:
    trainer, twin = trainer_on(device), trainer_on(CPU)
    for t in (trainer, twin):
        t.step(*DATA, lr=0.1)
        t.adam_step(*DATA, lr=0.1)
        t.adamw_step(*DATA, lr=0.1)
        t.apply_grads(t.backward(*DATA), lr=0.1)
        t.step_many([DATA, DATA], lr=0.1)
    assert isinstance(trainer._engine, DeviceEngine)
    assert float(trainer.forward(*DATA)) == float(twin.forward(*DATA))
    assert bits(trainer) == bits(twin)


@pytest.mark.parametrize("update", [sgd_step, sgd_step_fused])
def test_the_reference_update_syncs_first(device: Options, update: Callable[..., None]) -> None:
    trainer, twin = trainer_on(device), trainer_on(CPU)
    for t in (trainer, twin):
        t.step(*DATA, lr=0.1)
        update(t.params, t.backward(*DATA), lr=0.2)
        t.step(*DATA, lr=0.1)
    assert bits(trainer) == bits(twin)


def test_going_back_after_a_refused_batch(device: Options) -> None:
    trainer = trainer_on(device)
    trainer.adam_step(*DATA, lr=0.1)
    before, x = bits(trainer), DATA[0].numpy()
    with pytest.raises(ShapeError):
        trainer.step_many([DATA, (x[:, :2], DATA[1])], lr=0.1)
    assert bits(trainer) == before
    twin = trainer_on(CPU)
    twin.adam_step(*DATA, lr=0.1)
    for t in (trainer, twin):
        t.adam_step(*DATA, lr=0.1)
    assert bits(trainer) == bits(twin)


def test_going_back_forgets_moments_of_a_new_family(device: Options) -> None:
    trainer = trainer_on(device, optimizer=Adam())
    saved = trainer._train.snapshot()
    trainer.step(*DATA, lr=0.1)
    trainer._train.restore(saved)
    assert trainer._train.moments["adam"].t == 0
    assert all(not c.read().any() for c in trainer._train.moments["adam"].cells())
    assert all(m.stale for m in mirrors(trainer))


def test_states_move_between_devices(device: Options, tmp_path: Path) -> None:
    trainer, other, twin = trainer_on(device), trainer_on(device), trainer_on(CPU)
    for t in (trainer, twin):
        t.adam_step(*DATA, lr=0.1)
    other.adam_step(*DATA, lr=0.5)
    other.load_state_dict(trainer.state_dict())
    assert bits(other) == bits(twin)
    trainer.save(tmp_path / "state")
    third = trainer_on(CPU)
    third.load(tmp_path / "state")
    for t in (other, twin, third):
        t.adam_step(*DATA, lr=0.1)
    assert bits(other) == bits(twin) == bits(third)


def test_user_state(device: Options) -> None:
    trainer, twin = [
        StateTrainer(models.mlp(), models.means(), models.centred_loss, options) for options in (device, CPU)
    ]
    for t in (trainer, twin):
        t.step(*DATA, lr=0.1)
        t.step(*DATA, lr=0.1)
    assert copies(trainer) == (0, 5)
    assert trainer.state.mean.tolist() == twin.state.mean.tolist()
    assert copies(trainer) == (1, 5)
    assert bits(trainer) == bits(twin)


def test_moments_are_cells_with_names(device: Options) -> None:
    trainer = trainer_on(device)
    trainer.adam_step(*DATA, lr=0.1)
    cells = trainer._train.moments["adam"].slots["m"]
    assert [c.name for c in cells] == ["m of w1", "m of b1", "m of w2", "m of b2"]
    assert not any(c.requires_grad for c in cells)
    assert cells[0].type.names == ("Features", "Hidden")


def test_recording_again_sees_the_device_values(device: Options) -> None:
    trainer, twin = trainer_on(device), trainer_on(CPU)
    small = models.class_data(3)
    for t in (trainer, twin):
        t.step(*DATA, lr=0.1)
        t.adam_step(*small, lr=0.1)  # another program
        t.value_and_grad(*small)
    assert bits(trainer) == bits(twin)


# ---- on the host although there is a device
@sw.typed
def log_loss(p: models.Line, x: sw.Tensor[models.Batch, Features], y: sw.Tensor[models.Batch]) -> sw.Scalar:
    return functions.log(x @ p.w + p.b - y).mean()


def test_looking_for_nans(device: Options) -> None:
    trainer: Any = ScalarTrainer(models.line(), log_loss, Options(device=device.device, debug_nans=True))
    x, y = models.line_data(4)
    trainer.step(x, y.numpy() * 0 - 1, lr=0.1)
    before = bits(trainer)
    with pytest.raises(NumericError, match="`log` at test_mirrors"):
        trainer.step(x, y.numpy() * 0 + 9, lr=0.1)
    assert bits(trainer) == before


def test_empty_axes_run_on_the_host(device: Options) -> None:
    start = {"w": reals(np.ones((0, 2), np.float32)), "b": reals(np.ones(2, np.float32))}

    def loss(p: Any, x: Any) -> Any:
        return (x @ p["w"] + p["b"]).sum()

    trainers: list[Any] = [ScalarTrainer(start, loss, options) for options in (device, CPU)]
    for t in trainers:
        t.step(np.ones((3, 0), np.float32), lr=0.5)
        t.step(np.ones((3, 0), np.float32), lr=0.5)
    assert bits(trainers[0]) == bits(trainers[1])
    assert trainers[0].params["b"].mirror is None  # it never went there


def test_empty_inputs_run_on_the_host_and_the_rest_on_the_device(device: Options) -> None:
    def loss(p: Any, x: Any) -> Any:
        return (x * p).sum()

    trainers: list[Any] = [ScalarTrainer(reals(np.ones(2, np.float32)), loss, options) for options in (device, CPU)]
    for t in trainers:
        for rows in (2, 0, 1):
            t.adam_step(np.ones((rows, 2), np.float32), lr=0.5)
    assert bits(trainers[0]) == bits(trainers[1])


def test_engines_of_both_devices_and_eager_alternate(device: Options) -> None:
    train = TrainState(ParamList.from_tensors(models.mlp()), None, 0)
    alone = TrainState(ParamList.from_tensors(models.mlp()), None, 0)

    def engine(train: TrainState[Any], options: Options) -> Any:
        return make_engine(Model(models.mlp_loss, train, options, None, "mlp_loss", None))

    compiled, eager = engine(train, CPU), engine(train, Options(backend="eager"))
    assert isinstance(compiled, CompiledEngine) and isinstance(eager, EagerEngine)
    engines = [compiled, engine(train, device), eager, engine(train, device), compiled, compiled]
    engines += [engine(train, Options(debug_nans=True)), engine(train, device)]
    optimizer, reference = Adam(), engine(alone, Options(backend="eager"))
    for e in engines:
        for step, state in ((e, train), (reference, alone)):
            step.step(DATA, optimizer, 0.1)
            state.moments["adam"].t += 1
    for a, b in zip(train.params, alone.params, strict=True):
        models.assert_close(a.read(), b.read(), rtol=1e-6, atol=1e-7)
    read_all(train.moments["adam"].cells())
    for a, b in zip(train.moments["adam"].cells(), alone.moments["adam"].cells(), strict=True):
        models.assert_close(a.host, b.host, rtol=1e-5, atol=1e-7)


def test_a_step_on_the_cpu_looks_for_mirrors_only_where_there_are_some(device: Options) -> None:
    for index in range(3):  # a parameter, the user's state, a moment
        trainer: Any = StateTrainer(models.mlp(), models.means(), models.centred_loss, CPU)
        trainer.adam_step(*DATA, lr=0.1)
        trainer_on(device).step(*DATA, lr=0.1)  # somebody else's
        assert not trainer._engine._care
        train = trainer._train
        cell = (train.params.cells[0], train.state.cells[0], train.moments["adam"].cells()[0])[index]
        cell.attach(HostMirror(cell))
        assert trainer._engine._care
        twin: Any = StateTrainer(models.mlp(), models.means(), models.centred_loss, CPU)
        twin.adam_step(*DATA, lr=0.1)
        mirror = mirror_of(cell)
        mirror.sync()
        mirror.memory += 1
        mirror.newer = True
        other = twin._train
        cell = (other.params.cells[0], other.state.cells[0], other.moments["adam"].cells()[0])[index]
        cell.write(cell.read() + 1)
        for t in (trainer, twin):
            t.adam_step(*DATA, lr=0.1)
        assert (mirror.newer, mirror.stale) == (False, True)
        assert bits(trainer) == bits(twin)


# ---- attaching
def test_a_fresh_mirror_does_not_lose_what_the_former_had() -> None:
    cell = Cell(np.zeros(3, np.float32), name="w")
    first = HostMirror(cell)
    cell.attach(first)
    first.memory[:] = 5.0
    first.newer, first.stale = True, False
    second = HostMirror(cell)
    cell.attach(second)
    assert cell.mirror is second and cell.host.tolist() == [5.0] * 3
    assert (first.downloads, second.stale) == (1, True)
    cell.attach(second)
    cell.attach(None)
    assert cell.mirror is None
