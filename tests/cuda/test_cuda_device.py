"""The two devices: what both promise, where the simulated one is strict, and which one a process gets.

The GPU's class runs over a stand-in for the driver's calls (fake_driver.py).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from shapewright.compiler.errors import DeviceError
from shapewright.runtime.cuda import device as devices
from shapewright.runtime.cuda import nvidia
from shapewright.runtime.cuda.device import ALIGNMENT, Device
from shapewright.runtime.cuda.folders import simulated
from shapewright.runtime.cuda.nvidia import NvidiaDevice
from shapewright.runtime.cuda.simulated import SimulatedDevice

from .fake_driver import FakeDriver, Handmade
from .handmade import KERNELS, array, code, fake, read


@pytest.fixture(params=["simulated", "nvidia"])
def device(request: pytest.FixtureRequest) -> Device:
    return SimulatedDevice() if request.param == "simulated" else fake()[1]


# ---- both


def test_description(device: Device) -> None:
    assert device.name and re.fullmatch(r"sm_\d+", device.arch) and device.multiprocessors > 0
    assert not device.capturing


@pytest.mark.parametrize("nbytes", [0, 1, 255, 256, 1000])
def test_memory_is_aligned_and_zero(device: Device, nbytes: int) -> None:
    address = device.alloc(nbytes)
    out = np.ones(nbytes, np.uint8)
    device.download(address, out)
    assert address % ALIGNMENT == 0 and not out.any()
    device.free(address)


@pytest.mark.parametrize(
    "values", [np.float64(3.5), np.zeros((0, 3)), np.arange(7, dtype=np.int32), np.array([True, False])], ids=str
)
def test_arrays_go_there_and_back(device: Device, values: np.ndarray[Any, np.dtype[Any]]) -> None:
    host = np.array(values)
    address = device.alloc(host.nbytes)
    device.upload(address, host)
    out = np.empty_like(host)
    device.download(address, out)
    np.testing.assert_array_equal(out, host)


def test_an_array_may_be_changed_after_its_upload(device: Device) -> None:
    address, host = array(device, [1.0, 2.0])
    host[:] = 9
    assert read(device, address, 2) == [1, 2]


def test_copy_and_zero_are_in_order(device: Device) -> None:
    a, _ = array(device, [1.0, 2.0, 3.0])
    b = device.alloc(12)
    device.copy(b + 4, a, 8)
    device.zero(a + 4, 4)
    device.copy(a, b, 0)
    assert (read(device, a, 3), read(device, b, 3)) == ([1, 0, 3], [0, 1, 2])


def test_only_contiguous_arrays(device: Device) -> None:
    address = device.alloc(64)
    with pytest.raises(DeviceError, match="C-contiguous"):
        device.upload(address, np.zeros((4, 4), np.float32).T[1:])


def test_launch(device: Device) -> None:
    address, _ = array(device, [1.0, 2.0, 3.0])
    functions = device.functions(KERNELS, ["add_one"])
    device.launch(functions["add_one"], 1, 32, [address, 2])
    device.launch(functions["add_one"], 1, 32, [address, -1])  # no turn of the loop
    assert read(device, address, 3) == [2, 3, 3]


@pytest.mark.parametrize(("grid", "block"), [(0, 32), (1, 2048)])
def test_a_launch_that_cannot_be(device: Device, grid: int, block: int) -> None:
    address, _ = array(device, [1.0])
    function = device.functions(KERNELS, ["add_one"])["add_one"]
    assert code(lambda: device.launch(function, grid, block, [address, 1])) == "SW604"
    assert read(device, address, 1) == [1]


def test_what_is_recorded_runs_at_each_launch(device: Device) -> None:
    x, _ = array(device, [1.0, 2.0])
    y = device.alloc(8)
    function = device.functions(KERNELS, ["add_one"])["add_one"]
    with device.capture() as graph:
        assert device.capturing
        device.launch(function, 1, 32, [x, 2])
        device.copy(y, x, 8)
        device.zero(y, 4)
    assert not device.capturing
    assert (read(device, x, 2), read(device, y, 2)) == ([1, 2], [0, 0])
    graph.launch()
    graph.launch()
    assert (read(device, x, 2), read(device, y, 2)) == ([3, 4], [0, 4])
    graph.close()
    graph.close()
    assert code(graph.launch) == "SW604"


def test_a_graph_is_not_ready_inside_its_recording(device: Device) -> None:
    with device.capture() as graph:
        assert code(graph.launch) == "SW604"


def test_an_error_while_recording_leaves_the_device_usable(device: Device) -> None:
    address, _ = array(device, [1.0])
    with pytest.raises(KeyError), device.capture():
        device.zero(address, 4)
        raise KeyError
    assert not device.capturing
    assert read(device, address, 1) == [1]


def test_what_cannot_be_recorded(device: Device) -> None:
    address, host = array(device, [1.0])
    calls: list[Callable[[], object]] = [
        lambda: device.alloc(4),
        lambda: device.upload(address, host),
        lambda: device.download(address, host),
        device.synchronize,
        lambda: device.wait_for(1),
        lambda: device.capture().__enter__(),
    ]
    with device.capture():
        assert [code(call) for call in calls] == ["SW604"] * len(calls)


def test_memory_freed_while_recording_is_freed_afterwards(device: Device) -> None:
    address = device.alloc(1000)
    free = device.memory_info()[0]
    with device.capture():
        device.free(address)
        inside = device.memory_info()[0]
    assert inside == free
    assert device.memory_info()[0] >= free + 1000


def test_too_little_memory_says_how_much(device: Device) -> None:
    free, total = device.memory_info()
    with pytest.raises(DeviceError) as error:
        device.alloc(free + 1)
    assert error.value.code == "SW603"
    text = str(error.value)
    assert f"wanted: {(free + 1) / 2**20:,.1f} MiB" in text
    assert f"free: {free / 2**20:,.1f} MiB of {total / 2**20:,.1f} MiB" in text
    assert "smaller batch" in text
    assert device.memory_info() == (free, total)


def test_elapsed_is_per_call(device: Device) -> None:
    address, _ = array(device, [1.0])
    function = device.functions(KERNELS, ["add_one"])["add_one"]
    seconds = device.elapsed(lambda: device.launch(function, 1, 32, [address, 1]), repeats=5)
    assert seconds > 0
    assert read(device, address, 1) == [6]


def test_waiting_for_other_streams(device: Device) -> None:
    for stream in (None, 1, 2, 0x7F00):
        device.wait_for(stream)
    device.enter()
    device.synchronize()


# ---- the simulated one


def test_simulated_copies_stay_inside_allocations() -> None:
    device = SimulatedDevice()
    address = device.alloc(8)
    other = device.alloc(8)
    host = np.zeros(3, np.float32)
    for call in (
        lambda: device.upload(address, host),
        lambda: device.download(address + 4, host[:2]),
        lambda: device.copy(address, other, 12),
        lambda: device.copy(other + 8, address, 4),
        lambda: device.zero(16, 4),
    ):
        assert code(call) == "SW604"
    device.free(other)
    assert code(lambda: device.copy(address, other, 8)) == "SW604"
    assert code(lambda: device.free(other)) == "SW604"


@pytest.mark.parametrize("offset", [-1, 8])
def test_simulated_writes_beside_memory_are_noticed(offset: int) -> None:
    device = SimulatedDevice()
    address = device.alloc(8)
    device.launch(device.functions(KERNELS, ["overrun"])["overrun"], 1, 32, [address + offset])
    with pytest.raises(DeviceError, match="outside its memory"):
        device.synchronize()


def test_simulated_poison_and_limit() -> None:
    device = SimulatedDevice(limit=1000, poison=True)
    address = device.alloc(400, zero=False)
    assert np.isnan(read(device, address, 100)).all()
    assert read(device, device.alloc(400), 100) == [0] * 100
    assert code(lambda: device.alloc(201)) == "SW603"
    device.free(address)
    device.alloc(201)


def test_simulated_counts() -> None:
    device = SimulatedDevice()
    address, _ = array(device, [1.0])
    function = device.functions(KERNELS, ["add_one"])["add_one"]
    with device.capture() as graph:
        device.launch(function, 1, 32, [address, 1])
    assert device.counts.launches == 0
    graph.launch()
    graph.launch()
    counts = device.counts
    assert (counts.allocations, counts.uploads, counts.launches, counts.graph_launches) == (1, 1, 2, 2)


# ---- which one


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """As in a process that has opened none."""
    monkeypatch.setattr(devices, "_devices", {})
    return monkeypatch


def test_the_simulator_where_it_is_on(fresh: pytest.MonkeyPatch) -> None:
    fresh.setenv("NUMBA_ENABLE_CUDASIM", "1")
    assert isinstance(devices.device(), SimulatedDevice)
    assert devices.device() is devices.device()


def test_the_gpu_where_nothing_is_missing(fresh: pytest.MonkeyPatch) -> None:
    fresh.delenv("NUMBA_ENABLE_CUDASIM", raising=False)
    fresh.setattr(devices, "require_cuda", lambda: None)
    fresh.setattr(nvidia, "load_driver", FakeDriver)
    opened = devices.device()
    assert isinstance(opened, NvidiaDevice)
    pid = os.getpid()
    fresh.setattr(os, "getpid", lambda: pid + 1)  # as in a child
    with pytest.raises(DeviceError, match="forked") as error:
        devices.device()
    assert error.value.code == "SW605"


# ---- kernels as they are emitted, in the simulator

SOURCE = """
from shapewright.runtime.cuda.support import ZERO, cuda, f32, jit

@jit(launch_bounds=32)
def divide(n, x, y):
    x = f32(x, (n,))
    y = f32(y, (n,))
    for i in range(cuda.grid(1), n, cuda.gridsize(1)):
        y[i] = x[i] / ZERO
"""


@pytest.mark.skipif(not simulated(), reason="runs a kernel in the simulator: NUMBA_ENABLE_CUDASIM=1")
@pytest.mark.filterwarnings("error")
def test_a_simulated_kernel_divides_by_zero_in_silence() -> None:
    module: dict[str, Any] = {"__name__": "kernels_of_a_test"}
    exec(SOURCE, module)

    class Module(Handmade):
        def kernel(self, name: str) -> Any:
            return module[name]

    device = SimulatedDevice()
    x, _ = array(device, [1.0, -1.0, 0.0])
    y = device.alloc(12)
    device.launch(device.functions(Module({}), ["divide"])["divide"], 2, 32, [3, x, y])
    np.testing.assert_array_equal(read(device, y, 3), [np.inf, -np.inf, np.nan])
