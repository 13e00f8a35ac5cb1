"""Arrays in device memory as inputs of trainers and functions: refused on the CPU, copied within a device.

There is no device here: the device is the fake one of `tests.runtime.fake_device`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import shapewright as sw
from shapewright.compiler.errors import DeviceError, DTypeError, ShapeError
from shapewright.runtime.compiled import DeviceEngine
from shapewright.runtime.cuda.inputs import DeviceInput
from shapewright.runtime.options import Options
from shapewright.runtime.programs import COMPILATIONS
from tests.runtime import models
from tests.runtime.fake_device import STREAM, fake_device

from .foreign import KINDS, Exported, Interface, Refusing

__all__ = ["fake_device"]


def line_arrays() -> tuple[Any, Any]:
    """Inputs of `line_loss`: arrays that own their memory."""
    x, y = (t.numpy().copy() for t in models.line_data(4))
    return x, y


CPU_WAYS = [Options(), Options(backend="eager")]


@pytest.mark.parametrize("options", CPU_WAYS, ids=["compiled", "eager"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_trainer_on_the_cpu_refuses_arrays_of_a_device(options: Options, kind: str) -> None:
    trainer: Any = sw.ScalarTrainer(models.line(), models.line_loss, options)
    x, y = line_arrays()
    for method, more in (("forward", {}), ("step", {"lr": 0.1})):
        with pytest.raises(
            DeviceError, match="input `x` lives on a CUDA device, this trainer runs on the CPU"
        ) as error:
            getattr(trainer, method)(KINDS[kind](x), y, **more)
        text = str(error.value)
        assert error.value.code == "SW610" and "x.cpu()" in text and 'Options(device="cuda")' in text
    assert trainer.steps == 0
    trainer.step(x, y, lr=0.1)


@sw.typed
def doubled(x: sw.Tensor[models.Batch, models.Features]) -> sw.Tensor[models.Batch, models.Features]:
    return x + x


def dict_loss(p: models.Line, batch: Any) -> Any:
    error = batch["x"] @ p.w + p.b - batch["y"]
    return (error * error).mean()


@pytest.mark.parametrize("options", CPU_WAYS, ids=["compiled", "eager"])
def test_packs_and_functions_on_the_cpu_refuse_them_too(options: Options) -> None:
    x, y = line_arrays()
    trainer: Any = sw.ScalarTrainer(models.line(), dict_loss, options)
    with pytest.raises(DeviceError, match=r"input `batch.y` lives on a CUDA device"):
        trainer.step({"x": x, "y": Interface(y)}, lr=0.1)
    trainer.step({"x": x, "y": y}, lr=0.1)
    f: Any = sw.jit(doubled, options)
    with pytest.raises(DeviceError, match="argument `x` lives on a CUDA device, this function runs on the CPU"):
        f(Interface(x))
    assert np.array_equal(f(x).numpy(), x + x)


def both(device: Options, loss: Any = models.line_loss) -> tuple[Any, Any]:
    return sw.ScalarTrainer(models.line(), loss, device), sw.ScalarTrainer(models.line(), loss, Options())


def received(trainer: Any) -> list[Any]:
    """The inputs of the program that ran last, as its executor got them."""
    (plan,) = {p.executor for p in trainer._engine._plans.values()}
    return list(plan.inputs)


@pytest.mark.parametrize("kind", KINDS)
def test_a_device_reads_them_where_they_are(device: Options, kind: str) -> None:
    trainer, twin = both(device)
    x, y = line_arrays()
    held = KINDS[kind](x)
    for _ in range(3):
        assert float(trainer.step(held, y, lr=0.1)) == float(twin.step(x, y, lr=0.1))
    given, host = received(trainer)
    assert isinstance(given, DeviceInput) and given.address == x.ctypes.data and given.source is held
    assert host is y
    if isinstance(held, Exported):
        assert set(held.streams) == {STREAM}
    assert trainer.params["w"].value.tolist() == twin.params["w"].value.tolist()


def test_arrays_of_host_and_device_share_a_program(device: Options) -> None:
    trainer, _ = both(device)
    x, y = line_arrays()
    trainer.step(x, y, lr=0.1)
    before = COMPILATIONS.count
    trainer.step(Interface(x), Interface(y), lr=0.1)
    trainer.step(Interface(np.concatenate([x, x])), Interface(np.concatenate([y, y])), lr=0.1)
    assert COMPILATIONS.count == before
    assert len(trainer._engine._plans) == 3  # by size, and raw arrays have no axis names


def test_the_second_step_takes_the_short_way(device: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer, _ = both(device)
    x, y = line_arrays()
    trainer.step(Interface(x), Interface(y), lr=0.1)
    monkeypatch.setattr(DeviceEngine, "_slow_plan", None)
    trainer.step(Interface(x), Interface(y), lr=0.1)


def test_types_are_checked_as_those_of_the_host_are(device: Options) -> None:
    trainer, twin = both(device)
    x, y = line_arrays()
    wrong: list[tuple[Any, Any, type[Exception]]] = [
        (x[:, :3].copy(), y, ShapeError),
        (x, y[:3], ShapeError),
        (x[0], y, ShapeError),
        (x, y.astype(int), DTypeError),
        (x > 0, y, DTypeError),
    ]
    for ready in (False, True):
        for a, b, kind in wrong:
            with pytest.raises(kind) as here:
                trainer.step(Interface(a), Interface(b), lr=0.1)
            with pytest.raises(kind) as there:
                twin.step(a, b, lr=0.1)
            assert str(here.value).splitlines()[0] == str(there.value).splitlines()[0]
        assert trainer.steps == int(ready)
        if not ready:
            trainer.step(Interface(x), Interface(y), lr=0.1)
            twin.step(x, y, lr=0.1)


def test_a_device_refuses_what_it_would_have_to_convert(device: Options) -> None:
    trainer, _ = both(device)
    x, y = line_arrays()
    cases: dict[str, tuple[Any, str]] = {
        "SW611": (Exported(x, (2, 1)), "CUDA device 1"),
        "SW612": (Interface(x.astype(np.float64)), "the program takes float32"),
        "SW613": (Interface(np.asfortranarray(x)), "contiguous"),
        "SW614": (Interface(x, stream=0), "stream 0"),
        "SW615": (Refusing(x), "detach"),
    }
    for code, (bad, text) in cases.items():
        with pytest.raises(DeviceError, match=text) as error:
            trainer.step(bad, y, lr=0.1)
        assert error.value.code == code and "input `x`" in str(error.value)
    with pytest.raises(DeviceError, match="element type int32 on the device, the program takes int64"):
        mlp: Any = sw.ScalarTrainer(models.mlp(), models.mlp_loss, device)
        a, b = (t.numpy() for t in models.class_data())
        mlp.step(Interface(a), Interface(b.astype(np.int32)), lr=0.1)
    trainer.step(x, y, lr=0.1)


def test_packs_of_inputs(device: Options) -> None:
    trainer, twin = both(device, dict_loss)
    x, y = line_arrays()
    for _ in range(2):
        a = trainer.step({"x": Interface(x), "y": y}, lr=0.1)
        assert float(a) == float(twin.step({"x": x, "y": y}, lr=0.1))

    def pair_loss(p: models.Line, batch: Any) -> Any:
        return dict_loss(p, {"x": batch[0], "y": batch[1]})

    trainer, twin = both(device, pair_loss)
    assert float(trainer.step((x, Interface(y)), lr=0.1)) == float(twin.step((x, y), lr=0.1))


def test_running_on_the_host_downloads_them(device: Options) -> None:
    def loss(p: models.Line, x: Any, y: Any) -> Any:
        return (x.sum() + y.sum()) * p.b

    trainer, twin = both(device, loss)
    x, y = np.ones((0, 2), np.float32), np.ones(3, np.float32)
    assert float(trainer.step(Interface(x), Interface(y), lr=0.1)) == float(twin.step(x, y, lr=0.1))
    assert trainer.params["b"].value.item() == twin.params["b"].value.item()
    looking: Any = sw.ScalarTrainer(models.line(), models.line_loss, Options(device="cuda", debug_nans=True))
    a, b = line_arrays()
    with np.errstate(all="ignore"), pytest.raises(sw.NumericError, match="made a NaN from operands with an infinity"):
        looking.step(Interface(a * np.float32(np.inf)), Interface(b), lr=0.1)


def test_functions(device: Options) -> None:
    f: Any = sw.jit(doubled, device)
    x = models.line_data(4)[0].numpy()
    for _ in range(2):
        assert np.array_equal(f(Interface(x)).numpy(), x + x)
    with pytest.raises(ShapeError, match="rank 1"):
        f(Interface(x[0]))

    def total(a: Any, b: Any) -> Any:
        return a + b

    g: Any = sw.jit(total, device)
    assert np.array_equal(g(x, Interface(x)).numpy(), x + x)
    with pytest.raises(DeviceError, match="argument `b` has element type float64"):
        g(x, Interface(x.astype(np.float64)))
