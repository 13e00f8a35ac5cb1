"""The GPU's device: what the driver is told, and what is made of its answers.

It runs over a stand-in for the driver's calls (fake_driver.py): every line of it, but no GPU.
"""

from __future__ import annotations

import importlib
import re
from typing import Any

import numpy as np
import pytest

from shapewright.compiler.errors import DeviceError
from shapewright.runtime.cuda import builtins, nvidia
from shapewright.runtime.cuda.folders import installed, simulated

from .fake_driver import CUresult, FakeDriver, Handmade
from .handmade import KERNELS, array, fake


def test_describes_itself() -> None:
    device = fake()[1]
    assert (device.name, device.arch, device.multiprocessors, device.stream) == ("Fake H100", "sm_90", 132, 0x55)


def test_uploads_wait_for_the_staging_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in copies late: a half that is written again too early would arrive twice."""
    monkeypatch.setattr(nvidia, "STAGING", 1024)
    driver, device = fake()
    values = np.random.default_rng(0).random(4000).astype(np.float32)
    address = device.alloc(values.nbytes)
    for start in range(0, 4000, 300):
        device.upload(address + 4 * start, values[start : start + 300])
    out = np.empty_like(values)
    device.download(address, out)
    np.testing.assert_array_equal(out, values)
    assert driver.calls["cuMemHostAlloc"] == 1
    assert driver.calls["cuEventSynchronize"] > 0


def test_small_uploads_do_not_wait() -> None:
    driver, device = fake()
    for _ in range(100):
        array(device, [1.0])
    assert driver.calls["cuEventSynchronize"] == 0


def test_loads_equal_code_once() -> None:
    driver, device = fake()
    first = device.functions(KERNELS, ["add_one", "overrun"])
    again = device.functions(Handmade(dict(KERNELS.bodies)), ["add_one"])
    assert again["add_one"] is first["add_one"]
    assert driver.calls["cuModuleLoadData"] == 2


def test_kernel_without_entry() -> None:
    class Misnamed(Handmade):
        def entry(self, name: str) -> str:
            return "another"

    with pytest.raises(DeviceError, match="loading kernel 'add_one'") as error:
        fake()[1].functions(Misnamed(KERNELS.bodies), ["add_one"])
    assert "NOT_FOUND" in str(error.value)


def test_names_the_kernel_that_does_not_load() -> None:
    driver, device = fake()
    driver.failing["cuModuleLoadData"] = CUresult.CUDA_ERROR_INVALID_VALUE
    with pytest.raises(DeviceError, match="the driver refused loading kernel 'add_one'"):
        device.functions(KERNELS, ["add_one"])


def test_a_refused_call_leaves_the_trainer_usable() -> None:
    driver, device = fake()
    function = device.functions(KERNELS, ["add_one"])["add_one"]
    driver.failing["cuLaunchKernel"] = CUresult.CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES
    with pytest.raises(DeviceError) as error:
        device.launch(function, 4, 1024, [0, 0])
    assert error.value.code == "SW604"
    assert "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES: no description" in str(error.value)
    assert "the trainer is unchanged, and usable" in str(error.value)


def test_a_fault_loses_the_device() -> None:
    driver, device = fake()
    driver.failing["cuStreamSynchronize"] = CUresult.CUDA_ERROR_ILLEGAL_ADDRESS
    with pytest.raises(DeviceError) as error:
        device.synchronize()
    assert error.value.code == "SW605"
    text = str(error.value)
    assert "illegal memory access" in text and "this process must be restarted" in text


def test_memory_that_runs_out_elsewhere() -> None:
    driver, device = fake()
    driver.failing["cuGraphInstantiate"] = CUresult.CUDA_ERROR_OUT_OF_MEMORY
    with pytest.raises(DeviceError, match="while preparing a recorded step") as error, device.capture():
        pass
    assert error.value.code == "SW603"


def test_a_recording_that_the_driver_ends() -> None:
    driver, device = fake()
    driver.failing["cuStreamEndCapture"] = CUresult.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED
    with pytest.raises(DeviceError, match="refused recording"), device.capture():
        pass
    assert not device.capturing


def test_releases_graphs_and_events() -> None:
    driver, device = fake()
    with device.capture() as graph:
        pass
    graph.close()
    with pytest.raises(KeyError), device.capture():
        raise KeyError
    device.elapsed(lambda: None, repeats=1)
    assert len(driver.graphs) == 3 and all(made.destroyed for made in driver.graphs)
    assert [made.destroyed for made in driver.events if made.timing] == [True, True]


def test_waits_by_an_event() -> None:
    driver, device = fake()
    for stream in (1, 2, 0, None, device.stream):
        device.wait_for(stream)
    assert driver.waits == [
        "recorded on 0x1", "0x55 waits", "recorded on 0x2", "0x55 waits", "recorded on 0x1", "0x55 waits",
    ]  # fmt: skip


def test_makes_its_context_current() -> None:
    driver, device = fake()
    driver.context = 7  # another library was here
    device.enter()
    assert driver.context == 0x1234


@pytest.mark.skipif(installed("cuda-bindings") is None, reason="compares with cuda-bindings, which is not installed")
def test_the_stand_in_has_the_signatures_of_the_driver() -> None:
    real: Any = importlib.import_module("cuda.bindings.driver")
    names = [name for name in vars(FakeDriver) if re.match("cu[A-Z]", name)]
    assert len(names) > 25
    for name in names:
        signature: str = getattr(real, name).__doc__.splitlines()[0]
        wanted = [
            part.partition(":")[0].split()[-1].lstrip("*")
            for part in signature[:-1].partition("(")[2].split(",")
            if part
        ]
        made = getattr(FakeDriver, name).__code__
        assert list(made.co_varnames[1 : made.co_argcount]) == wanted, signature
    for kind in ("CUdevice_attribute", "CUstream_flags", "CUevent_flags", "CUstreamCaptureMode"):
        for member in getattr(FakeDriver, kind):
            assert int(getattr(getattr(real, kind), member.name)) == member
    for status in CUresult:
        assert int(getattr(real.CUresult, status.name)) == status


def test_it_takes_the_installed_bindings() -> None:
    if installed("cuda-bindings") is None:
        with pytest.raises(ImportError):
            nvidia.load_driver()
    else:
        assert hasattr(nvidia.load_driver(), "cuLaunchKernel")


@pytest.mark.skipif(simulated() or installed("numba-cuda") is None, reason="compiles: needs numba-cuda, no simulator")
def test_compiled_kernels_are_found_in_their_machine_code() -> None:
    driver, device = fake()
    driver.bodies |= {f"{name}_kernel": KERNELS.bodies["add_one"] for name in builtins.GEMMS}
    assert set(device.functions(builtins.module(), builtins.GEMMS)) == set(builtins.GEMMS)
