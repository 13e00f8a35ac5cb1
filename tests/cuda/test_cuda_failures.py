"""What is left after a step that failed on a device: a bad index, a refused launch, too little memory."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import shapewright as sw
from shapewright.compiler.errors import DeviceError, IndexOutOfRange
from shapewright.runtime.cuda import device as devices
from shapewright.runtime.cuda.folders import simulated
from shapewright.runtime.cuda.simulated import SimulatedDevice, SimulatedGraph
from shapewright.runtime.options import Backend

from ..runtime import models

if not simulated():
    pytest.skip("NUMBA_ENABLE_CUDASIM=0: these need a device that fails when told to", allow_module_level=True)

CUDA = sw.Options(device="cuda")
BOTH: list[Backend] = ["compiled", "eager"]


@pytest.fixture
def here() -> SimulatedDevice:
    """The device of this process."""
    found = devices.device()
    assert isinstance(found, SimulatedDevice)
    return found


def make(backend: Backend = "compiled") -> Any:
    """With moments; eagerly those of few operations, for the sake of time."""
    options = sw.Options(backend=backend, device="cuda")
    optimizer = sw.optim.AdamW() if backend == "compiled" else sw.optim.SGD(momentum=0.9)
    return sw.ScalarTrainer(models.mlp(), models.mlp_loss, options, optimizer=optimizer)


def everything(trainer: Any) -> dict[str, Any]:
    """Parameters, user state and moments by name, and all counters."""
    state = trainer.state_dict()
    found = {"step": state["step"]} | {f"param {k}": v for k, v in state["params"].items()}
    found |= {f"state {k}": v for k, v in state["state"].items()}
    for family, moments in state["optimizers"].items():
        found[f"{family} t"] = moments["t"]
        found |= {f"{family} {s} {k}": v for s, slot in moments["slots"].items() for k, v in slot.items()}
    return found


def same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(v, b[k]) for k, v in a.items())


# ---- indices
@pytest.mark.parametrize(
    ("backend", "good"), [("compiled", 0), ("compiled", 1), ("compiled", 3), ("eager", 1)], ids=str
)
def test_a_bad_index_names_its_line_and_updates_nothing(backend: Backend, good: int) -> None:
    """In the first step, in the one that is recorded, and in one that is replayed."""
    trainer, twin = make(backend), make(backend)
    x, y = models.class_data()
    for _ in range(good):
        for t in (trainer, twin):
            t.step(x, y, lr=0.05)
    before = everything(trainer)
    for bad in (models.CLASSES, -1, 2**40)[: 3 if backend == "compiled" else 1]:
        labels = y.numpy().copy()
        labels[3] = bad
        with pytest.raises(IndexOutOfRange, match="cross_entropy") as error:
            trainer.step(x, models.ints(labels), lr=0.05)
        assert "models.py" in str(error.value) and "losses.cross_entropy(logits(p, x), y)" in str(error.value)
    after = everything(trainer)
    assert all(np.array_equal(v, after[k]) for k, v in before.items())
    assert float(trainer.step(x, y, lr=0.05)) == float(twin.step(x, y, lr=0.05))
    assert same(everything(trainer), everything(twin))


class Table(sw.Pack):
    rows: sw.Tensor[Any, Any]


def looked_up(p: Any, s: Any, ids: Any) -> Any:
    """A state that is made of what the index picks: its update is in the way of the check."""
    take: Any = sw.take
    picked = take(p.rows, ids, axis=0)
    return (picked * picked).mean(), (s[0] * 0.5 + picked,)


@pytest.mark.parametrize("options", [CUDA, sw.Options()], ids=["cuda", "cpu"])
def test_a_bad_index_stops_the_update_of_what_it_picks(options: sw.Options) -> None:
    """Of the other rows too, which other blocks, or the same loop, have picked before."""
    start = Table(rows=models.reals(np.arange(12, dtype=np.float32).reshape(6, 2)))
    kept = (models.reals(np.ones((80, 2), np.float32)),)
    trainer: Any = sw.StateTrainer(start, kept, looked_up, options, optimizer=sw.optim.Adam())
    good = np.arange(80) % 6
    trainer.step(models.ints(good), lr=0.1)
    before = everything(trainer)
    for place in (0, 79):
        bad = good.copy()
        bad[place] = 6
        with pytest.raises(IndexOutOfRange, match="take"):
            trainer.step(models.ints(bad), lr=0.1)
        assert same(everything(trainer), before)
    trainer.step(models.ints(good), lr=0.1)
    assert trainer.steps == 2


# ---- launches
def refusal() -> DeviceError:
    return DeviceError("a kernel was refused by the test", code="SW604")


def fail_at(monkeypatch: pytest.MonkeyPatch, here: SimulatedDevice, number: int) -> Callable[[], int]:
    """Let launch `number` (from 0) of the device fail; returns what counts the launches."""
    seen = [0]
    launch = SimulatedDevice.launch

    def failing(function: Any, grid: int, block: int, args: Sequence[int]) -> None:
        seen[0] += 1
        if seen[0] == number + 1:
            raise refusal()
        launch(here, function, grid, block, args)

    monkeypatch.setattr(here, "launch", failing)
    return lambda: seen[0]


def launches(trainer: Any, data: Any, here: SimulatedDevice, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many launches the first step of a trainer makes."""
    with monkeypatch.context() as patch:
        count = fail_at(patch, here, -1)
        trainer.step(*data, lr=0.05)
        return count()


def of_state(backend: Backend = "compiled") -> Any:
    """A trainer with two kernels that update something."""
    options = sw.Options(backend=backend, device="cuda")
    return sw.StateTrainer(models.mlp(), models.means(), models.centred_loss, options, optimizer=sw.optim.Adam())


@pytest.mark.parametrize("kind", [make, of_state], ids=["parameters", "with state"])
def test_a_refused_launch_of_the_first_step(
    here: SimulatedDevice, monkeypatch: pytest.MonkeyPatch, kind: Callable[[], Any]
) -> None:
    """Wherever it is: the step is taken back, or the error says that it is half done."""
    data = models.class_data()
    twin = kind()
    count = launches(twin, data, here, monkeypatch)
    done = everything(twin)
    told: list[bool] = []
    for number in (0, count // 2, count - 2, count - 1):
        trainer = kind()
        before = everything(trainer)
        with monkeypatch.context() as patch:
            fail_at(patch, here, number)
            with pytest.raises(DeviceError, match="refused by the test") as error:
                trainer.step(*data, lr=0.05)
        after = everything(trainer)
        told.append("some parameters had been updated" in str(error.value))
        assert told[-1] or all(np.array_equal(v, after[k]) for k, v in before.items())
        assert trainer.steps == 0
        if told[-1]:
            assert "load a checkpoint, or set the values" in str(error.value)
            trainer.load_state_dict(kind().state_dict())
        trainer.step(*data, lr=0.05)
        assert same(everything(trainer), done)
    assert told == sorted(told)  # early ones are taken back
    assert not told[0]


def test_a_refused_operation_of_an_eager_step(here: SimulatedDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    data, trainer, twin = models.class_data(), make("eager"), make("eager")
    for t in (trainer, twin):
        t.step(*data, lr=0.05)
    before = everything(trainer)
    for number in (0, 9):
        with monkeypatch.context() as patch:
            fail_at(patch, here, number)
            with pytest.raises(DeviceError, match="refused by the test"):
                trainer.step(*data, lr=0.05)
        assert same(everything(trainer), before)
    assert float(trainer.step(*data, lr=0.05)) == float(twin.step(*data, lr=0.05))


@pytest.mark.parametrize("step", [1, 2], ids=["as it is captured", "as it is launched again"])
def test_a_refused_graph(here: SimulatedDevice, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    data, trainer, twin = models.class_data(), make(), make()
    for _ in range(step):
        for t in (trainer, twin):
            t.step(*data, lr=0.05)
    before = everything(trainer)

    def fail(self: SimulatedGraph) -> None:
        raise refusal()

    with monkeypatch.context() as patch:
        patch.setattr(SimulatedGraph, "launch", fail)
        for _ in range(2):
            with pytest.raises(DeviceError, match="refused by the test"):
                trainer.step(*data, lr=0.05)
    assert same(everything(trainer), before)
    for _ in range(2):
        assert float(trainer.step(*data, lr=0.05)) == float(twin.step(*data, lr=0.05))
    assert same(everything(trainer), everything(twin))


def test_a_refused_recording(here: SimulatedDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second step, which is recorded, fails in the middle; the third is recorded anew."""
    data, trainer, twin = models.class_data(), make(), make()
    for t in (trainer, twin):
        t.step(*data, lr=0.05)
    before = everything(trainer)
    with monkeypatch.context() as patch:
        fail_at(patch, here, 3)
        with pytest.raises(DeviceError, match="refused by the test"):
            trainer.step(*data, lr=0.05)
    assert not here.capturing
    assert same(everything(trainer), before)
    graphs = here.counts.graph_launches
    assert float(trainer.step(*data, lr=0.05)) == float(twin.step(*data, lr=0.05))
    assert here.counts.graph_launches == graphs + 2


# ---- memory
def leave(here: SimulatedDevice, monkeypatch: pytest.MonkeyPatch, nbytes: int) -> None:
    """Lower the limit of the device to what is used, and some bytes."""
    gc.collect()  # what others have left behind would make room at any time
    free, total = here.memory_info()
    monkeypatch.setattr(here, "limit", total - free + nbytes)


def test_too_little_memory_for_a_batch(here: SimulatedDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer, twin = make(), make()
    for t in (trainer, twin):
        t.step(*models.class_data(4), lr=0.05)
    before = everything(trainer)
    with monkeypatch.context() as patch:
        leave(here, patch, 20_000)
        with pytest.raises(DeviceError, match="too little device memory") as error:
            trainer.step(*models.class_data(4000), lr=0.05)
        assert error.value.code == "SW603"
        text = str(error.value)
        assert "mlp_loss_step wanted it for inputs x [4000, 5], y [4000]" in text and "use a smaller batch" in text
        assert same(everything(trainer), before)
        for size in (8, 4):
            data = models.class_data(size)
            assert float(trainer.step(*data, lr=0.05)) == float(twin.step(*data, lr=0.05))
    trainer.step(*models.class_data(100), lr=0.05)
    assert trainer.steps == 4


def test_too_little_memory_for_the_parameters(here: SimulatedDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer, data = make(), models.class_data()
    with monkeypatch.context() as patch:
        leave(here, patch, 256)
        with pytest.raises(DeviceError, match="too little device memory"):
            trainer.step(*data, lr=0.05)
    trainer.step(*data, lr=0.05)
    twin = make()
    twin.step(*data, lr=0.05)
    assert same(everything(trainer), everything(twin))


def test_too_little_memory_for_an_eager_step(here: SimulatedDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer, twin = make("eager"), make("eager")
    for t in (trainer, twin):
        t.step(*models.class_data(4), lr=0.05)
    before = everything(trainer)
    with monkeypatch.context() as patch:
        leave(here, patch, 20_000)
        with pytest.raises(DeviceError, match="too little device memory"):
            trainer.step(*models.class_data(4000), lr=0.05)
        assert same(everything(trainer), before)
        data = models.class_data(4, seed=1)
        assert float(trainer.step(*data, lr=0.05)) == float(twin.step(*data, lr=0.05))
