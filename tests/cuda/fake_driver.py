"""Stands in for `cuda.bindings.driver`: device memory is host memory, kernels are Python functions.

Like a GPU it is late: work on a stream waits until somebody waits for it, so what reads or reuses memory too early
gets wrong values in tests.
"""

from __future__ import annotations

import ctypes
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

KernelBody = Callable[..., None]
"""A kernel: (grid, block, *args)."""


class CUresult(IntEnum):
    CUDA_SUCCESS = 0
    CUDA_ERROR_INVALID_VALUE = 1
    CUDA_ERROR_OUT_OF_MEMORY = 2
    CUDA_ERROR_NOT_FOUND = 500
    CUDA_ERROR_ILLEGAL_ADDRESS = 700
    CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES = 701
    CUDA_ERROR_STREAM_CAPTURE_INVALIDATED = 901


class Attribute(IntEnum):
    CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT = 16
    CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75
    CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76


class StreamFlags(IntEnum):
    CU_STREAM_NON_BLOCKING = 1


class EventFlags(IntEnum):
    CU_EVENT_DEFAULT = 0
    CU_EVENT_DISABLE_TIMING = 2


class CaptureMode(IntEnum):
    CU_STREAM_CAPTURE_MODE_RELAXED = 2


@dataclass(eq=False)
class Event:
    timing: bool
    passed: bool = True
    destroyed: bool = False


@dataclass(eq=False)
class FakeGraph:
    work: list[Callable[[], None]]
    destroyed: bool = False


OWN = 0x55
"""The handle of the stream that is created."""


@dataclass
class FakeDriver:
    """`bodies`: kernels by entry name; `failing`: what the next call of a name returns; `calls`: how often each ran."""

    bodies: dict[str, KernelBody] = field(default_factory=dict[str, KernelBody])
    free: int = 1 << 30
    failing: dict[str, CUresult] = field(default_factory=dict[str, CUresult])
    calls: Counter[str] = field(default_factory=Counter[str])
    queue: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])
    recorded: list[Callable[[], None]] | None = None
    memory: dict[int, Any] = field(default_factory=dict[int, Any])
    waits: list[str] = field(default_factory=list[str])
    graphs: list[FakeGraph] = field(default_factory=list[FakeGraph])
    events: list[Event] = field(default_factory=list[Event])
    context: int = 0

    CUdevice_attribute = Attribute
    CUstream_flags = StreamFlags
    CUevent_flags = EventFlags
    CUstreamCaptureMode = CaptureMode
    CUstream = int

    def _status(self, name: str) -> CUresult:
        self.calls[name] += 1
        return self.failing.pop(name, CUresult.CUDA_SUCCESS)

    def _later(self, name: str, work: Callable[[], None]) -> tuple[CUresult]:
        assert self.context == 0x1234, f"{name} without a context"
        status = self._status(name)
        if not status:
            (self.queue if self.recorded is None else self.recorded).append(work)
        return (status,)

    def _drain(self, event: Event | None = None) -> None:
        assert self.recorded is None, "waiting inside a recording"
        while self.queue and (event is None or not event.passed):
            self.queue.pop(0)()

    # ---- device and context

    def cuInit(self, Flags: int) -> tuple[CUresult]:
        return (self._status("cuInit"),)

    def cuDeviceGet(self, ordinal: int) -> tuple[CUresult, int]:
        return self._status("cuDeviceGet"), ordinal

    def cuDeviceGetName(self, length: int, dev: int) -> tuple[CUresult, bytes]:
        return self._status("cuDeviceGetName"), b"Fake H100".ljust(length, b"\0")

    def cuDeviceGetAttribute(self, attrib: Attribute, dev: int) -> tuple[CUresult, int]:
        return self._status("cuDeviceGetAttribute"), {16: 132, 75: 9, 76: 0}[int(attrib)]

    def cuDevicePrimaryCtxRetain(self, dev: int) -> tuple[CUresult, int]:
        return self._status("cuDevicePrimaryCtxRetain"), 0x1234

    def cuCtxSetCurrent(self, ctx: int) -> tuple[CUresult]:
        self.context = ctx
        return (self._status("cuCtxSetCurrent"),)

    def cuGetErrorString(self, error: CUresult) -> tuple[CUresult, bytes | None]:
        texts = {700: b"an illegal memory access was encountered", 1: b"invalid argument"}
        return CUresult.CUDA_SUCCESS, texts.get(int(error))

    # ---- memory

    def cuMemAlloc(self, bytesize: int) -> tuple[CUresult, int | None]:
        status = self._status("cuMemAlloc")
        if bytesize > self.free:
            status = CUresult.CUDA_ERROR_OUT_OF_MEMORY
        if status:
            return status, None
        buffer = (ctypes.c_uint8 * (bytesize + 512))()
        ctypes.memset(buffer, 0xFF, len(buffer))  # memory that was used before
        address = -(-ctypes.addressof(buffer) // 512) * 512
        self.memory[address] = buffer
        self.free -= bytesize
        return status, address

    def cuMemFree(self, dptr: int) -> tuple[CUresult]:
        status = self._status("cuMemFree")
        if dptr not in self.memory:
            return (CUresult.CUDA_ERROR_INVALID_VALUE,)
        self._drain()
        self.free += len(self.memory.pop(dptr)) - 512
        return (status,)

    def cuMemGetInfo(self) -> tuple[CUresult, int, int]:
        return self._status("cuMemGetInfo"), self.free, 1 << 30

    def cuMemHostAlloc(self, bytesize: int, Flags: int) -> tuple[CUresult, int]:
        self.memory[0] = (ctypes.c_uint8 * bytesize)()
        return self._status("cuMemHostAlloc"), ctypes.addressof(self.memory[0])

    def cuMemcpyHtoDAsync(self, dstDevice: int, srcHost: int, ByteCount: int, hStream: int) -> tuple[CUresult]:
        return self._later("cuMemcpyHtoDAsync", lambda: void(ctypes.memmove(dstDevice, srcHost, ByteCount)))

    def cuMemcpyDtoHAsync(self, dstHost: int, srcDevice: int, ByteCount: int, hStream: int) -> tuple[CUresult]:
        return self._later("cuMemcpyDtoHAsync", lambda: void(ctypes.memmove(dstHost, srcDevice, ByteCount)))

    def cuMemcpyDtoDAsync(self, dstDevice: int, srcDevice: int, ByteCount: int, hStream: int) -> tuple[CUresult]:
        return self._later("cuMemcpyDtoDAsync", lambda: void(ctypes.memmove(dstDevice, srcDevice, ByteCount)))

    def cuMemsetD8Async(self, dstDevice: int, uc: int, N: int, hStream: int) -> tuple[CUresult]:
        return self._later("cuMemsetD8Async", lambda: void(ctypes.memset(dstDevice, uc, N)))

    # ---- kernels

    def cuModuleLoadData(self, image: bytes) -> tuple[CUresult, bytes]:
        return self._status("cuModuleLoadData"), image

    def cuModuleGetFunction(self, hmod: bytes, name: bytes) -> tuple[CUresult, KernelBody | None]:
        status = self._status("cuModuleGetFunction")
        if name not in hmod:
            return CUresult.CUDA_ERROR_NOT_FOUND, None
        return status, self.bodies[name.decode()]

    def cuLaunchKernel(
        self, f: KernelBody, gridDimX: int, gridDimY: int, gridDimZ: int, blockDimX: int, blockDimY: int,
        blockDimZ: int, sharedMemBytes: int, hStream: int, kernelParams: int, extra: int,
    ) -> tuple[CUresult]:  # fmt: skip
        if gridDimX < 1 or blockDimX > 1024:
            return (CUresult.CUDA_ERROR_INVALID_VALUE,)
        count = f.__code__.co_argcount - 2
        places = (ctypes.c_void_p * count).from_address(kernelParams) if count else ()
        values = [ctypes.c_int64.from_address(place or 0).value for place in places]
        return self._later("cuLaunchKernel", lambda: f(gridDimX, blockDimX, *values))

    # ---- graphs

    def cuStreamBeginCapture(self, hStream: int, mode: CaptureMode) -> tuple[CUresult]:
        assert self.recorded is None
        self.recorded = []
        return (self._status("cuStreamBeginCapture"),)

    def cuStreamEndCapture(self, hStream: int) -> tuple[CUresult, FakeGraph | None]:
        status = self._status("cuStreamEndCapture")
        assert self.recorded is not None
        work, self.recorded = self.recorded, None
        if status:
            return status, None
        self.graphs.append(FakeGraph(work))
        return status, self.graphs[-1]

    def cuGraphInstantiate(self, hGraph: FakeGraph, flags: int) -> tuple[CUresult, FakeGraph]:
        self.graphs.append(FakeGraph(list(hGraph.work)))
        return self._status("cuGraphInstantiate"), self.graphs[-1]

    def cuGraphLaunch(self, hGraphExec: FakeGraph, hStream: int) -> tuple[CUresult]:
        assert not hGraphExec.destroyed
        return self._later("cuGraphLaunch", lambda: [work() for work in hGraphExec.work].clear())

    def cuGraphExecDestroy(self, hGraphExec: FakeGraph) -> tuple[CUresult]:
        return self.cuGraphDestroy(hGraphExec)

    def cuGraphDestroy(self, hGraph: FakeGraph) -> tuple[CUresult]:
        assert not hGraph.destroyed
        hGraph.destroyed = True
        return (self._status("cuGraphDestroy"),)

    # ---- streams and events

    def cuStreamCreate(self, Flags: int) -> tuple[CUresult, int]:
        assert Flags == StreamFlags.CU_STREAM_NON_BLOCKING
        return self._status("cuStreamCreate"), OWN

    def cuStreamSynchronize(self, hStream: int) -> tuple[CUresult]:
        self._drain()
        return (self._status("cuStreamSynchronize"),)

    def cuStreamWaitEvent(self, hStream: int, hEvent: Event, Flags: int) -> tuple[CUresult]:
        self.waits.append(f"{hStream:#x} waits")
        return (self._status("cuStreamWaitEvent"),)

    def cuEventCreate(self, Flags: int) -> tuple[CUresult, Event]:
        self.events.append(Event(Flags == EventFlags.CU_EVENT_DEFAULT))
        return self._status("cuEventCreate"), self.events[-1]

    def cuEventRecord(self, hEvent: Event, hStream: int) -> tuple[CUresult]:
        status = self._status("cuEventRecord")
        if hStream != OWN:
            self.waits.append(f"recorded on {hStream:#x}")
            return (status,)
        hEvent.passed = False
        self.queue.append(lambda: setattr(hEvent, "passed", True))
        return (status,)

    def cuEventSynchronize(self, hEvent: Event) -> tuple[CUresult]:
        self._drain(hEvent)
        assert hEvent.passed
        return (self._status("cuEventSynchronize"),)

    def cuEventElapsedTime(self, hStart: Event, hEnd: Event) -> tuple[CUresult, float]:
        assert hStart.timing and hEnd.timing and hStart.passed and hEnd.passed
        return self._status("cuEventElapsedTime"), 5.0

    def cuEventDestroy(self, hEvent: Event) -> tuple[CUresult]:
        hEvent.destroyed = True
        return (self._status("cuEventDestroy"),)


def void(_: object) -> None:
    """Ctypes' functions return addresses."""


@dataclass
class Handmade:
    """A module of kernels that are Python functions (grid, block, *args), for either device."""

    bodies: dict[str, KernelBody]

    def kernel(self, name: str) -> Any:
        return _Launcher(self.bodies[name])

    def entry(self, name: str) -> str:
        return f"{name}_kernel"

    def cubin(self, name: str, arch: str) -> bytes:
        return f"\x7fELF for {arch}: {name}_kernel".encode()

    def entries(self) -> dict[str, KernelBody]:
        """What the driver finds in the machine code."""
        return {f"{name}_kernel": body for name, body in self.bodies.items()}


@dataclass(frozen=True)
class _Launcher:
    body: KernelBody

    def __getitem__(self, configuration: tuple[int, int]) -> Callable[..., None]:
        return lambda *args: self.body(*configuration, *args)
