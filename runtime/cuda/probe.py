"""What the CUDA target needs, what of it this machine has, and how to get the rest.

Only metadata and the driver's own library are looked at: nothing of Numba is imported, and no context is made.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.metadata
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, final

from ...compiler.errors import DeviceError
from .cublaslt import library_path
from .folders import installed, nvdisasm, simulated

PACKAGES: Final = "pip install 'shapewright[cuda13]'"
DRIVER: Final = "install the NVIDIA driver, 580 or newer"
"""580 is the first driver of CUDA 13."""

_COMPILERS: Final = ("nvidia-nvvm", "nvidia-cuda-nvcc", "nvidia-cuda-nvcc-cu12")
_LINKERS: Final = ("nvidia-nvjitlink", "nvidia-nvjitlink-cu12")
_MAJOR, _MINOR, _MULTIPROCESSORS = 75, 76, 16  # CUdevice_attribute


@final
@dataclass(frozen=True, slots=True)
class Missing:
    """Something that is not there, and what to do; without what is `optional` programs run too."""

    what: str
    how: str
    optional: bool = False


@final
@dataclass(frozen=True, slots=True)
class Gpu:
    """A device, as the driver describes it."""

    name: str
    arch: str
    """`sm_90` for compute capability 9.0."""
    multiprocessors: int


@final
@dataclass(frozen=True, slots=True)
class DriverFacts:
    """The driver: the CUDA version it supports, its devices, and its complaint where it does not start."""

    version: tuple[int, int] | None
    gpus: tuple[Gpu, ...]
    complaint: str | None = None


def driver_facts() -> DriverFacts | None:
    """What the driver says of itself; None where its library is not there."""
    try:
        library = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return None
    status: int = library.cuInit(0)
    number = ctypes.c_int(0)
    version = None if library.cuDriverGetVersion(ctypes.byref(number)) else divmod(number.value // 10, 100)
    if status:
        said = ctypes.c_char_p()
        library.cuGetErrorString(status, ctypes.byref(said))
        return DriverFacts(version, (), (said.value or b"").decode() or f"error {status}")
    count = ctypes.c_int(0)
    library.cuDeviceGetCount(ctypes.byref(count))
    return DriverFacts(version, tuple(_gpu(library, i) for i in range(count.value)))


def _gpu(library: ctypes.CDLL, ordinal: int) -> Gpu:
    handle = ctypes.c_int(0)
    library.cuDeviceGet(ctypes.byref(handle), ordinal)
    name = ctypes.create_string_buffer(128)
    library.cuDeviceGetName(name, len(name), handle)
    values: list[int] = []
    for attribute in (_MAJOR, _MINOR, _MULTIPROCESSORS):
        value = ctypes.c_int(0)
        library.cuDeviceGetAttribute(ctypes.byref(value), attribute, handle)
        values.append(value.value)
    return Gpu(name.value.decode(errors="replace"), f"sm_{values[0]}{values[1]}", values[2])


def missing(device: str = "cuda") -> list[Missing]:
    """What this machine lacks to run programs on a device: nothing for the CPU, nor with the simulator on."""
    if device != "cuda" or simulated():
        return []
    return [*_driver(driver_facts()), *_packages(), *_optional()]


def require_cuda() -> None:
    """Raise DeviceError SW601 that names each missing thing and how to get it, if anything needed is missing."""
    needed = [lack for lack in missing() if not lack.optional]
    if needed:
        hows = list(dict.fromkeys(lack.how for lack in needed))
        raise DeviceError(
            'device "cuda" is not available on this machine',
            details=[f"missing: {lack.what}" for lack in needed],
            notes=["NUMBA_ENABLE_CUDASIM=1 runs the kernels in Python, without a GPU: slow, for tests"],
            help="; ".join(hows) + '; or use sw.Options(device="cpu")',
            code="SW601",
        )


def _driver(facts: DriverFacts | None) -> Iterator[Missing]:
    if facts is None:
        yield Missing("the NVIDIA driver (libcuda.so.1)", DRIVER)
        return
    if facts.complaint is not None:
        yield Missing(f"a driver that starts (it says: {facts.complaint})", "see what nvidia-smi says")
    elif not facts.gpus:
        yield Missing("an NVIDIA GPU", "see what nvidia-smi says; CUDA_VISIBLE_DEVICES may hide it")
    toolkit = _toolkit_major()
    if toolkit == 13 and facts.gpus and int(facts.gpus[0].arch[3:]) < 75:
        old = f"{facts.gpus[0].name} is {facts.gpus[0].arch}"
        yield Missing(f"a GPU that CUDA 13 supports, sm_75 or newer ({old})", "pip install 'numba-cuda[cu12]'")
    if facts.version is not None and toolkit is not None and facts.version[0] < toolkit:
        have = "{}.{}".format(*facts.version)
        yield Missing(f"a driver for the CUDA {toolkit} packages (this one supports CUDA {have})", DRIVER)


def _packages() -> Iterator[Missing]:
    for name, purpose in (("numba-cuda", "the compiler of kernels"), ("cuda-bindings", "calls of the driver")):
        if installed(name) is None:
            yield Missing(f"{name}, {purpose}", PACKAGES)
    if installed("numba-cuda") is not None:
        yield from _pairing()
        toolkit = any(name in os.environ for name in ("CUDA_HOME", "CUDA_PATH")) or os.path.isdir("/usr/local/cuda")
        for names, purpose in ((_COMPILERS, "from LLVM to PTX"), (_LINKERS, "from PTX to machine code")):
            if not toolkit and all(installed(name) is None for name in names):
                yield Missing(f"{names[0]}, {purpose}", PACKAGES)


def _pairing() -> Iterator[Missing]:
    """Versions that numba-cuda's own metadata rules out."""
    packaging: Any = importlib.import_module("packaging.requirements")  # numba-cuda depends on it
    for text in importlib.metadata.requires("numba-cuda") or ():
        requirement: Any = packaging.Requirement(text)
        found = installed(requirement.name)
        if requirement.marker is None and found is not None and not requirement.specifier.contains(found, True):
            what = f"{requirement.name} {requirement.specifier} for this numba-cuda (installed: {found})"
            yield Missing(what, f"pip install '{requirement.name}{requirement.specifier}'")


def _optional() -> Iterator[Missing]:
    if library_path() is None:
        yield Missing("cuBLASLt: matrix products run in plain kernels", "pip install nvidia-cublas", optional=True)
    if nvdisasm() is None:
        yield Missing(
            "nvdisasm: no machine code of kernels is shown", "pip install nvidia-cuda-nvdisasm", optional=True
        )


def _toolkit_major() -> int | None:
    """The CUDA version of the installed compiler: its PTX and machine code need a driver of that version."""
    for name in _COMPILERS:
        found = installed(name)
        if found is not None:
            return int(found.partition(".")[0])
    return None
