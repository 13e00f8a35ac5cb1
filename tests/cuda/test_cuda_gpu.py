"""What only a GPU can show, beside the sections of gpu.py: late work, large copies, other streams, other libraries.

`make test-gpu` runs these; gpu.py --simulator runs them in the simulator, to test the tests.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shapewright as sw
from shapewright import digits
from shapewright.compiler.errors import DeviceError
from shapewright.compiler.types import DType, TensorType
from shapewright.runtime.cuda import device as devices
from shapewright.runtime.cuda.device import ALIGNMENT, Device
from shapewright.runtime.cuda.folders import simulated
from shapewright.runtime.cuda.inputs import device_input, host_array
from shapewright.runtime.cuda.memory import Arena
from shapewright.runtime.cuda.nvidia import STAGING
from shapewright.runtime.cuda.probe import driver_facts

from ..runtime.models import reals
from .foreign import Interface
from .gpu import IN_SIMULATOR

pytestmark = pytest.mark.cuda
CUDA = sw.Options(device="cuda")


@pytest.fixture(autouse=True)
def device() -> Device:
    """The device of this process."""
    if simulated() and os.environ.get(IN_SIMULATOR) != "simulator":
        pytest.skip("the simulator is on; make test-gpu sets NUMBA_ENABLE_CUDASIM=0")
    try:
        return devices.device()
    except DeviceError as error:
        pytest.skip("; ".join(error.diagnostic.details))


def batch(rows: int = 4) -> tuple[Any, Any]:
    rng = np.random.default_rng(rows)
    return rng.random((rows, 64), np.float32), rng.integers(0, 10, rows)


def trainer(options: sw.Options) -> Any:
    return sw.ScalarTrainer(digits.initial(), digits.loss, options, optimizer=sw.optim.AdamW())


def on(here: Device, array: Any) -> tuple[Any, Arena]:
    """An array in the device's memory, for other libraries to see, and that memory."""
    memory = Arena(here, array.nbytes)
    here.upload(memory.address, np.ascontiguousarray(array))
    return Interface(array, data=(memory.address, False), strides=None), memory


def test_the_driver_describes_the_same_device(device: Device) -> None:
    facts = driver_facts()
    if not device.simulated:
        assert facts is not None
        assert (facts.gpus[0].name, facts.gpus[0].arch) == (device.name, device.arch)
        assert facts.gpus[0].multiprocessors == device.multiprocessors
    free, total = device.memory_info()
    assert 0 < free <= total


def test_uploads_of_any_size_may_be_overwritten_at_once(device: Device) -> None:
    big = 3 * STAGING + 12_345 if not device.simulated else 4000
    sent: list[tuple[int, Any]] = []
    for nbytes in (1, ALIGNMENT, 5000, big, big // 2):
        host = np.random.default_rng(nbytes).integers(0, 256, nbytes).astype(np.uint8)
        address = device.alloc(nbytes)
        device.upload(address, host)
        sent.append((address, host.copy()))
        host[:] = 7
    for address, want in sent:
        got = np.empty_like(want)
        device.download(address, got)
        assert np.array_equal(got, want)
        device.free(address)


def test_a_graph_replays_in_order_with_what_came_before(device: Device) -> None:
    a, b = device.alloc(1 << 20), device.alloc(1 << 20)
    with device.capture() as graph:
        device.copy(b, a, 1 << 20)
        device.zero(a, 1 << 19)
    for value in (3, 5):
        want = np.full(1 << 20, value, np.uint8)
        device.upload(a, want)
        graph.launch()
        got, rest = np.empty_like(want), np.empty_like(want)
        device.download(b, got)
        device.download(a, rest)
        assert np.array_equal(got, want)
        assert not rest[: 1 << 19].any()
        assert (rest[1 << 19 :] == value).all()
    assert device.elapsed(graph.launch, 3) > 0
    graph.close()
    device.free(a)
    device.free(b)


def test_inputs_on_the_device_are_as_good_as_those_of_the_host(device: Device) -> None:
    x, y = batch()
    (there_x, _x), (there_y, _y) = on(device, x), on(device, y)
    here, there = trainer(CUDA), trainer(CUDA)
    for _ in range(3):
        assert float(here.step(x, y, lr=1e-2)) == float(there.step(there_x, there_y, lr=1e-2))


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
def test_inputs_of_torch_are_waited_for(device: Device) -> None:
    torch: Any = pytest.importorskip("torch")
    if device.simulated or not torch.cuda.is_available():
        pytest.skip("torch has no GPU here")
    x, y = batch()
    want = float(trainer(CUDA).step(x, y, lr=1e-2))
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):  # late: behind a product that takes long
        slow = torch.randn(8192, 8192, device="cuda")
        for _ in range(4):
            slow = slow @ slow * 1e-4
        late = torch.tensor(x, device="cuda") + 0 * slow.nan_to_num().sum()
        assert float(trainer(CUDA).step(late, torch.tensor(y, device="cuda"), lr=1e-2)) == want


def test_the_eager_backend_agrees_with_the_compiled_one(device: Device) -> None:
    x, y = batch()
    eager, compiled = trainer(sw.Options(backend="eager", device="cuda")), trainer(CUDA)
    for _ in range(2):
        a, b = float(eager.step(x, y, lr=1e-2)), float(compiled.step(x, y, lr=1e-2))
        assert abs(a - b) < 1e-5 * abs(b)


def test_functions_give_what_the_cpu_gives(device: Device) -> None:
    x = reals(batch()[0])
    here, there = (sw.jit(digits.logits, options)(digits.initial(), x).numpy() for options in (CUDA, sw.Options()))
    np.testing.assert_allclose(here, there, rtol=1e-5, atol=1e-5)
    given, _memory = on(device, batch()[0])
    again: Any = sw.jit(digits.logits, CUDA)
    assert np.array_equal(again(digits.initial(), given).numpy(), here)


def test_a_checkpoint_goes_on_with_the_same_bits(device: Device, tmp_path: Path) -> None:
    x, y = batch()
    one, other, cpu = trainer(CUDA), trainer(CUDA), trainer(sw.Options())
    for _ in range(3):
        one.step(x, y, lr=1e-2)
    one.save(tmp_path / "state.safetensors")
    for loaded in (other, cpu):
        loaded.load(tmp_path / "state.safetensors")
    here, there = float(other.forward(x, y)), float(cpu.forward(x, y))
    assert abs(here - there) < 1e-5 * there
    for _ in range(2):
        assert float(one.step(x, y, lr=1e-2)) == float(other.step(x, y, lr=1e-2))


def test_a_device_input_is_downloaded(device: Device) -> None:
    x = batch()[0]
    given, _memory = on(device, x)
    found = device_input("x", given, TensorType(DType.float32, x.shape))
    assert found is not None
    assert np.array_equal(host_array(found), x)
