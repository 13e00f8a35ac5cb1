"""A trainer whose parameters live on a device: mirrors, equality with the CPU, captured steps, one launch of updates.

What a trainer promises on every device is in test_cuda_contract.py.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shapewright as sw
from shapewright.compiler.codegen.cuda import SIMULATOR
from shapewright.compiler.compile import compile_graph
from shapewright.compiler.cuda_calls import KernelLaunch
from shapewright.runtime import programs
from shapewright.runtime.cuda import device as devices
from shapewright.runtime.cuda import ops
from shapewright.runtime.cuda.executor import CudaExecutor
from shapewright.runtime.cuda.folders import simulated
from shapewright.runtime.cuda.simulated import Counts, SimulatedDevice
from shapewright.runtime.options import Backend
from shapewright.runtime.programs import COMPILATIONS

from ..ops.oracle import close, gap
from ..runtime import models

if not simulated():
    pytest.skip("NUMBA_ENABLE_CUDASIM=0: these count what the simulator does", allow_module_level=True)

CUDA, CPU = sw.Options(device="cuda"), sw.Options()
STEPS = 5
# A step of the small models is fewer roundings than this, in units of the largest parameter; they add up over steps.
ROUNDINGS = 100 * STEPS


def make(options: sw.Options, **more: Any) -> Any:
    return sw.ScalarTrainer(models.mlp(), models.mlp_loss, options, **more)


@pytest.fixture(params=["compiled", "eager"])
def backend(request: pytest.FixtureRequest) -> Backend:
    name: Backend = request.param
    return name


@pytest.fixture
def here() -> SimulatedDevice:
    """The device of this process, without what other tests left on it."""
    gc.collect()
    found = devices.device()
    assert isinstance(found, SimulatedDevice)
    return found


def difference(after: Counts, before: dict[str, int]) -> dict[str, int]:
    """What was done between two moments, without what was not."""
    return {name: n - before[name] for name, n in asdict(after).items() if n != before[name]}


def arrays(state: Any) -> dict[str, Any]:
    """Every array of a state, by name."""
    found = {f"param {k}": v for k, v in state["params"].items()}
    for family, moments in state["optimizers"].items():
        found |= {f"{family} {s} {k}": v for s, slot in moments["slots"].items() for k, v in slot.items()}
    return found


def same(a: Any, b: Any) -> bool:
    """Whether two states are equal, bit for bit."""
    x, y = arrays(a), arrays(b)
    return x.keys() == y.keys() and all(np.array_equal(v, y[k]) for k, v in x.items()) and a["step"] == b["step"]


# ---- mirrors
def test_the_host_is_behind_until_it_asks(backend: Backend, here: SimulatedDevice) -> None:
    trainer, data = make(sw.Options(backend=backend, device="cuda")), models.class_data()
    start = models.mlp().w1.numpy()
    trainer.step(*data, lr=0.1)
    before = asdict(here.counts)
    trainer.step(*data, lr=0.1)
    wanted = {"compiled": 1, "eager": 2}  # the loss, with the flag of indices; eager reads the flag at once
    assert difference(here.counts, before)["downloads"] == wanted[backend]
    assert np.array_equal(trainer.params.host_values().w1.numpy(), start)
    values = trainer.params.values().w1.numpy()
    assert not np.array_equal(values, start)
    assert np.array_equal(trainer.params.host_values().w1.numpy(), values)
    before = asdict(here.counts)
    assert np.array_equal(trainer.get_params().w1.numpy(), values)
    assert difference(here.counts, before) == {}  # nothing is newer than the host now


def test_what_the_host_writes_goes_up_before_the_next_step(backend: Backend, here: SimulatedDevice) -> None:
    options = sw.Options(backend=backend, device="cuda")
    trainer, fresh, data = make(options), make(options), models.class_data()
    want = float(fresh.step(*data, lr=0.1))
    for _ in range(2):
        trainer.step(*data, lr=0.1)
    trainer.params.set_values(models.mlp())
    assert all(c.mirror.stale and not c.mirror.newer for c in trainer.params)
    assert np.array_equal(trainer.params.values().w1.numpy(), models.mlp().w1.numpy())
    before = asdict(here.counts)
    assert float(trainer.step(*data, lr=0.1)) == want
    assert difference(here.counts, before)["uploads"] >= len(trainer.params)
    assert np.array_equal(trainer.get_params().w1.numpy(), fresh.get_params().w1.numpy())


def test_frozen_parameters_are_not_downloaded(here: SimulatedDevice) -> None:
    trainer = make(CUDA, requires_grad=[False, True, True, False])
    trainer.step(*models.class_data(), lr=0.1)
    assert [c.mirror.newer for c in trainer.params] == [False, True, True, False]
    before = asdict(here.counts)
    trainer.get_params()
    assert difference(here.counts, before) == {"downloads": 2}


# ---- equal to the CPU
OPTIMIZERS: dict[str, sw.optim.Optimizer] = {
    "SGD": sw.optim.SGD(),
    "momentum": sw.optim.SGD(momentum=0.9),
    "Adam": sw.optim.Adam(),
    "AdamW": sw.optim.AdamW(),
}


@pytest.mark.parametrize(("backend", "name"), [*(("compiled", n) for n in OPTIMIZERS), ("eager", "AdamW")])
def test_five_steps_are_those_of_the_cpu(backend: Backend, name: str) -> None:
    optimizer = OPTIMIZERS[name]
    trainers = [make(sw.Options(backend=backend, device="cuda"), optimizer=optimizer), make(CPU, optimizer=optimizer)]
    for seed in range(STEPS):
        data = models.class_data(seed=seed)
        got, want = (np.asarray(t.step(*data, lr=0.05).numpy()) for t in trainers)
        assert close(got, want, ROUNDINGS), gap(got, want)
    here, there = (arrays(t.state_dict()) for t in trainers)
    assert here.keys() == there.keys()
    for key, want in there.items():
        assert close(here[key], want, ROUNDINGS), (key, gap(here[key], want))


def test_float64_parameters(backend: Backend) -> None:
    data = models.class_data(dtype=np.float64)
    trainers = [
        sw.ScalarTrainer(models.mlp(dtype=np.float64), models.mlp_loss, options)
        for options in (sw.Options(backend=backend, device="cuda"), CPU)
    ]
    for _ in range(2):
        here, there = (t.adam_step(*data, lr=0.01).numpy() for t in trainers)
        assert here.dtype == np.float64 and close(here, there, ROUNDINGS)
    for a, b in zip(*(t.get_params().leaves() for t in trainers), strict=True):
        assert close(a.numpy(), b.numpy(), ROUNDINGS)


def test_a_state_travels_bit_for_bit_and_training_goes_on(backend: Backend, tmp_path: Path) -> None:
    """From the CPU to the device and back, by dictionary and by file."""
    options = sw.Options(backend=backend, device="cuda", seed=3)
    optimizer = OPTIMIZERS["AdamW" if backend == "compiled" else "momentum"]  # eager steps of AdamW take long
    there, here, back = (make(o, optimizer=optimizer) for o in (sw.Options(seed=3), options, sw.Options()))
    for seed in range(2):
        there.step(*models.class_data(seed=seed), lr=0.05)
    here.load_state_dict(there.state_dict())
    assert same(here.state_dict(), there.state_dict())
    here.step(*models.class_data(seed=2), lr=0.05)
    here.save(tmp_path / "device.safetensors")
    back.load(tmp_path / "device.safetensors")
    assert same(back.state_dict(), here.state_dict()) and back.state_dict()["seed"] == 3
    assert back.steps == 3
    losses = [float(t.step(*models.class_data(seed=3), lr=0.05)) for t in (here, back)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    again = make(options, optimizer=optimizer)
    again.load(tmp_path / "device.safetensors")
    assert float(again.step(*models.class_data(seed=3), lr=0.05)) == losses[0]
    assert same(again.state_dict(), here.state_dict())


def test_trainers_of_both_devices_side_by_side() -> None:
    """Each with a state of its own, in turns: neither hears of the other."""
    here, there = make(CUDA), make(CPU)
    alone = [make(CUDA), make(CPU)]
    for seed in range(3):
        for trainer in (here, there):
            trainer.step(*models.class_data(seed=seed), lr=0.1)
    for trainer in alone:
        for seed in range(3):
            trainer.step(*models.class_data(seed=seed), lr=0.1)
    assert same(here.state_dict(), alone[0].state_dict()) and same(there.state_dict(), alone[1].state_dict())


# ---- captured steps
class Idle:
    """A kernel that does nothing: what is counted does not depend on values."""

    def __getitem__(self, configuration: tuple[int, int]) -> Callable[..., None]:
        return lambda *arguments: None


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """The device runs no kernels, so that hundreds of steps take no time."""

    def functions(self: SimulatedDevice, module: Any, names: Iterable[str]) -> dict[str, Any]:
        return {name: Idle() for name in names}

    monkeypatch.setattr(SimulatedDevice, "functions", functions)
    monkeypatch.setattr(ops, "_ops", {})  # what eager runs have loaded, and may keep


@pytest.mark.usefixtures("idle")
def test_a_captured_step_is_one_graph_and_no_allocation(here: SimulatedDevice) -> None:
    """Up: two inputs and the numbers. Down: the flag and the loss, together. For 200 steps of changing rates."""
    trainer, data = make(CUDA, optimizer=sw.optim.AdamW()), models.class_data()
    for _ in range(2):
        trainer.step(*data, lr=1e-3)
    before, free = asdict(here.counts), here.memory_info()
    trainer.step(*data, lr=1e-3)
    one = difference(here.counts, before)
    assert one.pop("launches") > 5
    assert one == {"uploads": 3, "downloads": 1, "graph_launches": 1, "zeros": 1}
    before = asdict(here.counts)
    for i in range(200):
        trainer.step(*data, lr=1e-3 / (i + 1))
    spent = difference(here.counts, before)
    del spent["launches"]
    assert spent == {name: 200 * n for name, n in one.items()}
    assert here.memory_info() == free


@pytest.mark.usefixtures("idle")
def test_an_eager_step_holds_no_memory(here: SimulatedDevice) -> None:
    trainer, data = make(sw.Options(backend="eager", device="cuda"), optimizer=sw.optim.Adam()), models.class_data()
    for _ in range(3):
        trainer.step(*data, lr=1e-3)
    gc.collect()  # a tape is a cycle
    trainer.step(*data, lr=1e-3)
    free = here.memory_info()
    for _ in range(50):
        trainer.step(*data, lr=1e-3)
    assert here.memory_info() == free


def test_two_batch_sizes_side_by_side(here: SimulatedDevice) -> None:
    """One program; memory and a graph for each size, and the same bits as a trainer that sees one size has."""
    trainer, twin = make(CUDA), make(sw.Options(backend="eager"))
    count = COMPILATIONS.count
    for i in range(6):
        data = models.class_data(8 if i % 2 else 5, seed=i)
        assert float(trainer.step(*data, lr=0.1)) == pytest.approx(float(twin.step(*data, lr=0.1)), rel=1e-5)
    assert COMPILATIONS.count == count + 1 and trainer.recompiles == []
    before = asdict(here.counts)
    for size in (8, 5, 8):
        trainer.step(*models.class_data(size), lr=0.1)
    spent = difference(here.counts, before)
    assert spent["graph_launches"] == 3 and "allocations" not in spent


@pytest.mark.usefixtures("idle")
def test_many_batch_sizes_do_not_fill_the_memory(here: SimulatedDevice) -> None:
    trainer = sw.ScalarTrainer(models.line(), models.line_loss, CUDA)
    for n in range(1, 18):
        trainer.step(*models.line_data(n), lr=0.01)
    before = asdict(here.counts)
    for n in range(18, 22):
        trainer.step(*models.line_data(n), lr=0.01)
    spent = difference(here.counts, before)
    assert spent["allocations"] == spent["frees"] >= 4


@pytest.mark.usefixtures("idle")
def test_a_trainer_that_is_gone_leaves_nothing(here: SimulatedDevice) -> None:
    data = models.line_data()
    before: list[tuple[int, int]] = []
    for _ in range(4):
        trainer = sw.ScalarTrainer(models.line(), models.line_loss, CUDA)
        trainer.step(*data, lr=0.1)
        trainer.step(*data, lr=0.1)
        del trainer
        gc.collect()
        before.append(here.memory_info())
    assert len(set(before)) == 1


# ---- updates of neighbours
def updates(trainer: Any) -> list[KernelLaunch]:
    """The launches of the last step's plan that overwrite parameters or state."""
    (plan,) = {p.executor for p in trainer._engine._plans.values()}
    (bound,) = plan._bound.values()
    return [c for c in bound.calls[bound.updates_from :] if isinstance(c, KernelLaunch)]


@pytest.mark.parametrize(
    "flags",
    [[True] * 4, [True, False, True, True], [False, True, True, False]],
    ids=["all", "one frozen", "two frozen"],
)
def test_all_updates_are_one_launch(flags: list[bool]) -> None:
    """Also around a parameter that is frozen, which lies elsewhere; sizes are 35, 7, 21 and 3."""
    for optimizer in (sw.optim.AdamW(), sw.optim.SGD(momentum=0.9)):
        trainer, twin = (make(o, optimizer=optimizer, requires_grad=flags) for o in (CUDA, CPU))
        for seed in range(2):
            for t in (trainer, twin):
                t.step(*models.class_data(seed=seed), lr=0.05)
        (update,) = updates(trainer)
        assert update.kernel.startswith(type(optimizer).__name__.lower())
        here, there = (arrays(t.state_dict()) for t in (trainer, twin))
        for name, want in there.items():
            assert close(here[name], want, ROUNDINGS), (name, gap(here[name], want))
        for cell, flag, start in zip(trainer.params, flags, models.mlp().leaves(), strict=True):
            assert np.array_equal(cell.read(), start.numpy()) is not flag


def chained(p: models.MLP, s: tuple[Any, Any], x: Any) -> Any:
    """Running means of two layers, the second of what the new first one leaves."""
    h: Any = sw.tanh(x @ p.w1 + p.b1)
    first = s[0] * 0.9 + h.mean(0) * 0.1
    rest: Any = sw.tanh(h - first)
    second = s[1] * 0.9 + rest.mean(0) * 0.1
    return ((rest - second) ** 2.0).mean(), (first, second)


def test_an_update_that_others_read_is_not_put_off() -> None:
    """Those of the two states are one kernel, and neighbours in memory; but one needs the other."""
    trainers: list[Any] = []
    for options in (CUDA, CPU):
        start = tuple(models.reals(np.full(models.HIDDEN, i, np.float32)) for i in range(2))
        trainer: Any = sw.StateTrainer(models.mlp(), start, chained, options)
        for seed in range(3):
            trainer.step(models.class_data(seed=seed)[0], lr=0.1)
        trainers.append(trainer)
    for got, want in zip(*(t.state for t in trainers), strict=True):
        assert close(got.numpy(), want.numpy(), ROUNDINGS), gap(got.numpy(), want.numpy())


@pytest.mark.parametrize("name", ["momentum", "AdamW"])
def test_updates_in_many_kernels(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A kernel for each operation of the optimizer: what may be one launch is, and in the right order."""

    def unfused(options: sw.Options) -> programs.Target:
        return programs.Target(
            lambda graph, name, example: compile_graph(graph, fuse=False, target="cuda", machine=SIMULATOR),
            lambda program, storage: CudaExecutor(program, storage, options),
        )

    states: list[dict[str, Any]] = []
    for options in (CUDA, CPU):
        trainer = make(options, optimizer=OPTIMIZERS[name])
        with monkeypatch.context() as patch:
            if options is CUDA:
                patch.setattr(programs, "target", unfused)
            for seed in range(2):
                trainer.step(*models.class_data(seed=seed), lr=0.05)
        states.append(arrays(trainer.state_dict()))
    for key, want in states[1].items():
        assert close(states[0][key], want, ROUNDINGS), (key, gap(states[0][key], want))
