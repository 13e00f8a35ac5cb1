"""A device made of host memory: kernels run in Numba's CUDA simulator, in Python, one thread per CUDA thread.

It is strict where a GPU is silent: copies must lie inside live allocations, and a kernel that wrote past its buffer
is noticed at the next `synchronize`, `download` or `free`.
"""

from __future__ import annotations

import bisect
import ctypes
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, final

import numpy as np

from ...compiler.errors import DeviceError
from .device import ALIGNMENT, HostArray, KernelModule, host_address, out_of_memory, refused_in_capture

GUARD: Final = 256
"""Bytes before and behind every allocation that nothing may touch."""
MAX_BLOCK: Final = 1024

_UNTOUCHED: Final = 0xA5
_POISON: Final = 0xFF  # a NaN in both float types, -1 in integers


@final
@dataclass(slots=True)
class Counts:
    """What the device has done so far; replayed work counts each time."""

    allocations: int = 0
    frees: int = 0
    uploads: int = 0
    downloads: int = 0
    copies: int = 0
    zeros: int = 0
    launches: int = 0
    graph_launches: int = 0


@final
@dataclass(frozen=True, slots=True)
class _Block:
    """One allocation: `nbytes` from `address`, inside `memory`, which is guard bytes elsewhere."""

    address: int
    nbytes: int
    memory: np.ndarray[Any, np.dtype[np.uint8]]

    @property
    def start(self) -> int:
        return self.address - self.memory.ctypes.data

    def body(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        return self.memory[self.start : self.start + self.nbytes]

    def intact(self) -> bool:
        before, behind = self.memory[: self.start], self.memory[self.start + self.nbytes :]
        return bool((before == _UNTOUCHED).all() and (behind == _UNTOUCHED).all())


@final
@dataclass(slots=True)
class SimulatedGraph:
    """Recorded calls."""

    counts: Counts
    work: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])
    state: str = "recording"

    def launch(self) -> None:
        if self.state != "ready":
            raise DeviceError(f"a graph that is {self.state} cannot be launched", code="SW604")
        self.counts.graph_launches += 1
        for call in self.work:
            call()

    def close(self) -> None:
        self.state = "closed"
        self.work.clear()


@final
class SimulatedDevice:
    """The simulator as a device (`Device` in device.py).

    `limit`: bytes of memory, to be lowered by tests of running out; `poison`: memory asked for with `zero=False` is
    filled with NaN; `counts`: what was done.
    """

    def __init__(self, limit: int = 1 << 32, poison: bool = False) -> None:
        self.name = "CUDA simulator"
        self.arch = "sm_90"
        self.multiprocessors = 2
        self.simulated = True
        self.stream = 0
        self.limit = limit
        self.poison = poison
        self.counts = Counts()
        self._blocks: dict[int, _Block] = {}
        self._starts: list[int] = []  # the keys of _blocks, sorted
        self._recording: SimulatedGraph | None = None
        self._to_free: list[int] = []

    @property
    def capturing(self) -> bool:
        return self._recording is not None

    def enter(self) -> None:
        """Nothing: there is no other device."""

    # ---- memory

    def alloc(self, nbytes: int, zero: bool = True) -> int:
        self._refuse_in_capture("allocating memory")
        free, total = self.memory_info()
        if nbytes > free:
            raise out_of_memory(nbytes, free, total)
        memory = np.full(GUARD + ALIGNMENT + nbytes + GUARD, _UNTOUCHED, dtype=np.uint8)
        address = -(-(memory.ctypes.data + GUARD) // ALIGNMENT) * ALIGNMENT
        block = _Block(address, nbytes, memory)
        if zero or self.poison:
            block.body().fill(0 if zero else _POISON)
        self._blocks[address] = block
        bisect.insort(self._starts, address)
        self.counts.allocations += 1
        return address

    def free(self, address: int) -> None:
        if self._recording is not None:  # an owner was collected meanwhile
            self._to_free.append(address)
            return
        if address not in self._blocks:
            raise DeviceError("memory is freed that was not allocated, or freed before", code="SW604")
        self._check_guards()
        del self._blocks[address]
        self._starts.remove(address)
        self.counts.frees += 1

    def memory_info(self) -> tuple[int, int]:
        used = sum(block.nbytes for block in self._blocks.values())
        return max(self.limit - used, 0), self.limit

    def upload(self, address: int, array: HostArray) -> None:
        self._refuse_in_capture("uploading an array")
        self._check_range(address, array.nbytes, "an upload")
        ctypes.memmove(address, host_address(array), array.nbytes)
        self.counts.uploads += 1

    def download(self, address: int, array: HostArray) -> None:
        self._refuse_in_capture("downloading an array")
        self._check_range(address, array.nbytes, "a download")
        self._check_guards()
        ctypes.memmove(host_address(array), address, array.nbytes)
        self.counts.downloads += 1

    def copy(self, target: int, source: int, nbytes: int) -> None:
        def run() -> None:
            self._check_range(target, nbytes, "the target of a copy")
            self._check_range(source, nbytes, "the source of a copy")
            ctypes.memmove(target, source, nbytes)
            self.counts.copies += 1

        self._do(run)

    def zero(self, address: int, nbytes: int) -> None:
        def run() -> None:
            self._check_range(address, nbytes, "memory to be zeroed")
            ctypes.memset(address, 0, nbytes)
            self.counts.zeros += 1

        self._do(run)

    # ---- kernels

    def functions(self, module: KernelModule, names: Iterable[str]) -> dict[str, Any]:
        return {name: module.kernel(name) for name in names}

    def launch(self, function: Any, grid: int, block: int, args: Sequence[int]) -> None:
        if grid < 1 or not 1 <= block <= MAX_BLOCK:
            raise DeviceError(f"a kernel cannot be launched in {grid} blocks of {block} threads", code="SW604")
        values = tuple(args)

        def run() -> None:
            function[grid, block](*values)
            self.counts.launches += 1

        self._do(run)

    @contextmanager
    def capture(self) -> Generator[SimulatedGraph]:
        self._refuse_in_capture("another recording")
        graph = self._recording = SimulatedGraph(self.counts)
        try:
            yield graph
        except BaseException:
            graph.close()
            raise
        finally:
            self._recording = None
            while self._to_free:
                self.free(self._to_free.pop())
        graph.state = "ready"

    def wait_for(self, stream: int | None) -> None:
        self._refuse_in_capture("waiting for another stream")

    def synchronize(self) -> None:
        self._refuse_in_capture("waiting for the device")
        self._check_guards()

    def elapsed(self, work: Callable[[], None], repeats: int) -> float:
        start = time.perf_counter()
        for _ in range(repeats):
            work()
        self.synchronize()
        return (time.perf_counter() - start) / repeats

    # ---- checks

    def _do(self, run: Callable[[], None]) -> None:
        if self._recording is None:
            run()
        else:
            self._recording.work.append(run)

    def _refuse_in_capture(self, what: str) -> None:
        if self._recording is not None:
            raise refused_in_capture(what)

    def _check_range(self, address: int, nbytes: int, what: str) -> None:
        at = bisect.bisect_right(self._starts, address) - 1
        block = self._blocks[self._starts[at]] if at >= 0 else None
        if nbytes and (block is None or address + nbytes > block.address + block.nbytes):
            raise DeviceError(
                f"{what} ({nbytes} bytes) is not inside one allocation of the device",
                details=[f"{len(self._blocks)} allocations are alive"],
                code="SW604",
            )

    def _check_guards(self) -> None:
        for block in self._blocks.values():
            if not block.intact():
                raise DeviceError(
                    f"a kernel wrote outside its memory, beside an allocation of {block.nbytes} bytes",
                    help="this is a fault of shapewright: please report it with the program",
                    code="SW605",
                )
