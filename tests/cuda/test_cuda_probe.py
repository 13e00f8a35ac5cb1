"""What the CUDA target needs: what is missing is said with how to get it, in errors and by the doctor."""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from shapewright.compiler.errors import DeviceError
from shapewright.runtime import doctor
from shapewright.runtime.cuda import blas, probe
from shapewright.runtime.cuda.probe import DriverFacts, Gpu, driver_facts, missing, require_cuda

H100 = Gpu("NVIDIA H100", "sm_90", 132)
WHOLE = {
    "numba-cuda": "0.30.4", "cuda-bindings": "13.5.0", "nvidia-nvvm": "13.0.88", "nvidia-nvjitlink": "13.5.37",
}  # fmt: skip


class Machine:
    """What this machine pretends to have."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.facts: DriverFacts | None = DriverFacts((13, 0), (H100,))
        self.packages = dict(WHOLE)
        self.requires: list[str] = []
        self.library: str | None = "libcublasLt.so.13"
        self.nvdisasm: str | None = "/usr/bin/nvdisasm"

        def version(name: str) -> str | None:
            return self.packages.get(name)

        def requires(name: str) -> list[str]:
            return self.requires

        def no_toolkit(path: object) -> bool:
            return False

        monkeypatch.setattr(probe, "driver_facts", lambda: self.facts)
        monkeypatch.setattr(probe, "installed", version)
        monkeypatch.setattr(doctor, "version_of", version)
        monkeypatch.setattr(importlib.metadata, "requires", requires)
        monkeypatch.setattr(probe, "library_path", lambda: self.library)
        monkeypatch.setattr(probe, "nvdisasm", lambda: self.nvdisasm)
        monkeypatch.setattr(os.path, "isdir", no_toolkit)
        for name in ("NUMBA_ENABLE_CUDASIM", "CUDA_HOME", "CUDA_PATH"):
            monkeypatch.delenv(name, raising=False)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_nothing_is_missing(machine: Machine) -> None:
    assert missing() == []
    require_cuda()


def test_nothing_is_missing_in_the_simulator_or_on_the_cpu(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.facts = None
    assert missing("cpu") == []
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")
    assert missing() == []
    require_cuda()


def without(*names: str) -> Callable[[Machine], None]:
    def change(machine: Machine) -> None:
        for name in names:
            del machine.packages[name]

    return change


def facts(value: DriverFacts | None) -> Callable[[Machine], None]:
    return lambda machine: setattr(machine, "facts", value)


@pytest.mark.parametrize(
    ("change", "what", "how"),
    [
        (facts(None), "the NVIDIA driver (libcuda.so.1)", "install the NVIDIA driver, 580 or newer"),
        (facts(DriverFacts((13, 0), (), "no CUDA-capable device is detected")), "it says: no CUDA-capable", "nvidia-smi"),
        (facts(DriverFacts((13, 0), ())), "an NVIDIA GPU", "CUDA_VISIBLE_DEVICES"),
        (facts(DriverFacts((12, 8), (H100,))), "for the CUDA 13 packages (this one supports CUDA 12.8)", "580 or newer"),
        (facts(DriverFacts((13, 0), (Gpu("V100", "sm_70", 80),))), "sm_75 or newer (V100 is sm_70)", "numba-cuda[cu12]"),
        (without("numba-cuda"), "numba-cuda, the compiler of kernels", "pip install 'shapewright[cuda13]'"),
        (without("cuda-bindings"), "cuda-bindings, calls of the driver", "pip install 'shapewright[cuda13]'"),
        (without("nvidia-nvvm"), "nvidia-nvvm, from LLVM to PTX", "pip install 'shapewright[cuda13]'"),
        (without("nvidia-nvjitlink"), "nvidia-nvjitlink, from PTX to machine code", "pip install 'shapewright[cuda13]'"),
    ],
)  # fmt: skip
def test_each_missing_thing_says_how_to_get_it(
    machine: Machine, change: Callable[[Machine], None], what: str, how: str
) -> None:
    change(machine)
    (lack,) = missing()
    assert what in lack.what and how in lack.how and not lack.optional
    with pytest.raises(DeviceError) as error:
        require_cuda()
    assert error.value.code == "SW601"
    assert f"missing: {lack.what}" in str(error.value) and lack.how in str(error.value)
    assert 'sw.Options(device="cpu")' in str(error.value)


def test_versions_that_do_not_fit(machine: Machine) -> None:
    packaging = pytest.importorskip("packaging")
    assert packaging
    machine.packages |= {"numba": "0.50.0", "cuda-core": "1.2.2"}
    machine.requires = ["numba>=0.60.0", "cuda-core<2.0.0", 'cuda-bindings==12.*; extra == "cu12"', "packaging"]
    (lack,) = missing()
    assert lack.what == "numba >=0.60.0 for this numba-cuda (installed: 0.50.0)"
    assert lack.how == "pip install 'numba>=0.60.0'"


def test_one_help_for_several(machine: Machine) -> None:
    machine.facts, machine.packages = None, {}
    with pytest.raises(DeviceError) as error:
        require_cuda()
    text = str(error.value)
    assert text.count("missing: ") == 3
    assert text.count("pip install") == 1


def test_what_is_optional_does_not_refuse(machine: Machine) -> None:
    machine.library = machine.nvdisasm = None
    assert [lack.optional for lack in missing()] == [True, True]
    require_cuda()


# ---- the doctor


def lines(found: str) -> str:
    text = doctor.report(doctor.checks())
    return text[text.index(found) :]


def test_doctor_without_a_gpu(machine: Machine) -> None:
    machine.facts = None
    machine.packages.clear()
    machine.packages.update((name, "1.0") for name in doctor.REQUIRED)
    text = lines("CUDA\n")
    assert "no: programs run on the CPU" in text
    assert "the NVIDIA driver (libcuda.so.1)" in text and "install the NVIDIA driver, 580 or newer" in text
    assert "numba-cuda, the compiler of kernels" in text and "pip install 'shapewright[cuda13]'" in text
    assert text.endswith("ready") and not text.endswith("not ready")


def test_doctor_with_a_gpu(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def library(precision: str) -> tuple[str, str]:
        return "cublaslt", "library product (cuBLASLt, float32)"

    monkeypatch.setattr(blas, "provider", library)
    machine.nvdisasm = None
    text = lines("CUDA\n")
    for line in (
        "ok  target                     ready",
        "ok  driver                     supports CUDA 13.0",
        "ok  device 0                   NVIDIA H100, compute capability 9.0, 132 multiprocessors",
        "ok  numba-cuda                 0.30.4",
        "ok  matrix products            library product (cuBLASLt, float32)",
        "--  missing                    nvdisasm",
    ):
        assert line in text


def test_doctor_in_the_simulator(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")
    assert "kernels run in Python" in lines("CUDA\n")


# ---- the driver's own library


class FakeCuda:
    """libcuda with one device, or one that does not start."""

    def __init__(self, status: int = 0) -> None:
        self.status = status

    def cuInit(self, flags: int) -> int:
        return self.status

    def cuDriverGetVersion(self, version: Any) -> int:
        version._obj.value = 12080
        return 0

    def cuGetErrorString(self, status: int, text: Any) -> int:
        text._obj.value = b"no CUDA-capable device is detected"
        return 0

    def cuDeviceGetCount(self, count: Any) -> int:
        count._obj.value = 1
        return 0

    def cuDeviceGet(self, handle: Any, ordinal: int) -> int:
        handle._obj.value = 40 + ordinal
        return 0

    def cuDeviceGetName(self, name: Any, length: int, handle: Any) -> int:
        assert handle.value == 40
        name.value = b"NVIDIA H100"
        return 0

    def cuDeviceGetAttribute(self, value: Any, attribute: int, handle: Any) -> int:
        value._obj.value = {75: 9, 76: 0, 16: 132}[attribute]
        return 0


def loads(monkeypatch: pytest.MonkeyPatch, library: FakeCuda | None) -> None:
    def load(name: str) -> FakeCuda:
        if library is None:
            raise OSError(name)
        return library

    monkeypatch.setattr(ctypes, "CDLL", load)


def test_the_driver_describes_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    loads(monkeypatch, FakeCuda())
    assert driver_facts() == DriverFacts((12, 8), (H100,))
    loads(monkeypatch, FakeCuda(100))
    assert driver_facts() == DriverFacts((12, 8), (), "no CUDA-capable device is detected")
    loads(monkeypatch, None)
    assert driver_facts() is None


def test_probing_imports_neither_numba_nor_bindings() -> None:
    code = (
        "import sys; from shapewright.runtime.cuda.probe import missing; from shapewright.runtime.cuda import device;"
        "missing(); print(*[m for m in ('numba', 'llvmlite', 'cuda', 'cuda.bindings') if m in sys.modules])"
    )
    path = os.pathsep.join(p for p in sys.path if p)
    environment = {**os.environ, "PYTHONPATH": path, "NUMBA_ENABLE_CUDASIM": "0"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == []
