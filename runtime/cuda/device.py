"""What a compiled step asks of a device: memory, copies, launches, and recording them as one graph.

Two devices answer: `NvidiaDevice` (nvidia.py), and `SimulatedDevice` (simulated.py), which runs the same kernels in
Python, on host memory. All work goes to one stream, in the order of the calls; only `download`, `synchronize` and
`elapsed` wait for it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol, TypeAlias

import numpy as np

from ...compiler.errors import DeviceError
from .folders import simulated
from .probe import require_cuda

HostArray: TypeAlias = np.ndarray[Any, np.dtype[Any]]
"""A NumPy array of any element type; it must be C-contiguous."""

ALIGNMENT: Final = 256
"""Every allocation starts at a multiple of this many bytes."""


class KernelModule(Protocol):
    """What a device needs of a loaded module of kernels (loader.py)."""

    def kernel(self, name: str) -> Any: ...
    def entry(self, name: str) -> str: ...
    def cubin(self, name: str, arch: str) -> bytes: ...


class Graph(Protocol):
    """Recorded work, ready once the `with` block that recorded it has ended."""

    def launch(self) -> None:
        """Run the recorded work again, behind what the stream already holds."""
        ...

    def close(self) -> None:
        """Release what the graph holds on the device. It cannot be launched afterwards; closing twice is fine."""
        ...


class Device(Protocol):
    """A device that runs kernels.

    Addresses are plain integers, counts are bytes. Everything that fails raises DeviceError: SW603 where memory is
    short, SW604 where a call was refused and the device is as before, SW605 where the device is lost to this process.
    """

    @property
    def name(self) -> str:
        """For people: `NVIDIA H100 80GB HBM3`."""
        ...

    @property
    def arch(self) -> str:
        """What kernels are compiled for: `sm_90`."""
        ...

    @property
    def multiprocessors(self) -> int:
        """How many blocks run at least at the same time."""
        ...

    @property
    def simulated(self) -> bool:
        """Whether kernels run in Python."""
        ...

    @property
    def stream(self) -> int:
        """The raw handle of the stream that all work goes to."""
        ...

    @property
    def capturing(self) -> bool:
        """Whether calls are being recorded rather than run."""
        ...

    def enter(self) -> None:
        """Make the device current in this thread, for a library that looks for it there."""
        ...

    def alloc(self, nbytes: int, zero: bool = True) -> int:
        """The address of new memory, a multiple of ALIGNMENT; filled with zeros unless `zero` is False."""
        ...

    def free(self, address: int) -> None:
        """Give back memory that `alloc` returned; during a recording, at its end."""
        ...

    def upload(self, address: int, array: HostArray) -> None:
        """Copy an array to the device. It may be changed as soon as this returns."""
        ...

    def download(self, address: int, array: HostArray) -> None:
        """Copy from the device into an array, once all work before it is done."""
        ...

    def copy(self, target: int, source: int, nbytes: int) -> None:
        """Copy within the device."""
        ...

    def zero(self, address: int, nbytes: int) -> None:
        """Fill with zero bytes."""
        ...

    def functions(self, module: KernelModule, names: Iterable[str]) -> dict[str, Any]:
        """What `launch` takes, for some kernels of a module."""
        ...

    def launch(self, function: Any, grid: int, block: int, args: Sequence[int]) -> None:
        """Run a kernel in `grid` blocks of `block` threads; its parameters are 64-bit integers."""
        ...

    def capture(self) -> AbstractContextManager[Graph]:
        """Record what is launched, copied, zeroed and multiplied inside the `with` block, instead of running it.

        Kernels and library products must have run once before (so that they are loaded). Allocating, uploading,
        downloading and waiting are refused inside.
        """
        ...

    def wait_for(self, stream: int | None) -> None:
        """Let work from here on start only after what another stream of this device holds now.

        `stream` is a raw handle as in `__cuda_array_interface__`: 1 the legacy default stream, 2 the per-thread one.
        """
        ...

    def synchronize(self) -> None:
        """Wait for all work, and raise what went wrong in it."""
        ...

    def memory_info(self) -> tuple[int, int]:
        """(free, total)."""
        ...

    def elapsed(self, work: Callable[[], None], repeats: int) -> float:
        """Seconds on the device of one call of `work`, averaged over `repeats` calls in a row."""
        ...


def out_of_memory(wanted: int, free: int, total: int) -> DeviceError:
    """SW603: how much was wanted and what there is, in bytes."""
    return DeviceError(
        "too little device memory",
        details=[f"wanted: {_mib(wanted)}", f"free: {_mib(free)} of {_mib(total)}"],
        help="use a smaller batch, or keep fewer programs and trainers alive",
        code="SW603",
    )


def refused_in_capture(what: str) -> DeviceError:
    """SW604: something that would wait for the device, or change its memory, while work is being recorded."""
    return DeviceError(
        f"{what} cannot be part of a recorded step",
        help="this is a fault of shapewright: please report it with the program",
        code="SW604",
    )


def host_address(array: HostArray) -> int:
    """Where an array's bytes start; DeviceError where they are not in one piece."""
    if not array.flags.c_contiguous:
        raise DeviceError(
            "an array to copy is not C-contiguous", help="pass numpy.ascontiguousarray(array)", code="SW604"
        )
    return array.ctypes.data


def _mib(nbytes: int) -> str:
    return f"{nbytes / 2**20:,.1f} MiB"


RUNNING: Final = threading.RLock()
"""Held while a step or an operation runs: a device has one stream, and one recording at a time."""

_lock: Final = threading.Lock()
_devices: Final[dict[int, Device]] = {}  # by process: a forked child cannot use its parent's


def device() -> Device:
    """The device of this process, opened by the first call: the simulator if NUMBA_ENABLE_CUDASIM=1, else GPU 0.

    Raises DeviceError: SW601 with what is missing and how to get it, SW605 in a process forked after its parent
    opened the device.
    """
    with _lock:
        process = os.getpid()
        if process in _devices:
            return _devices[process]
        if simulated():
            from .simulated import SimulatedDevice

            opened: Device = SimulatedDevice()
        elif _devices:
            raise DeviceError(
                "this process was forked from one that uses the GPU, and cannot use it",
                help='start workers with multiprocessing.get_context("spawn")',
                code="SW605",
            )
        else:
            require_cuda()
            from .nvidia import NvidiaDevice

            opened = NvidiaDevice()
        _devices[process] = opened
        return opened
