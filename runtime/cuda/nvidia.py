"""An NVIDIA GPU, through the driver bindings of the `cuda-bindings` package: the only module that imports them.

Every call returns a tuple that starts with a status; `_ok` unpacks it, or raises.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Any, Final, final

from ...compiler.errors import DeviceError
from .device import ALIGNMENT, HostArray, KernelModule, host_address, out_of_memory, refused_in_capture

STAGING: Final = 8 << 20
"""Bytes of each of the two halves of the page-locked memory that uploads go through."""

_OUT_OF_MEMORY: Final = 2
# After one of these every call of this process fails: uncorrectable memory, and faults inside a kernel.
_LOST: Final = frozenset({4, 214, 220, 226, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 721, 999})
_RELAXED_CAPTURE = "CU_STREAM_CAPTURE_MODE_RELAXED"


def load_driver() -> Any:
    """The untyped module of driver calls."""
    return importlib.import_module("cuda.bindings.driver")


@final
class NvidiaGraph:
    """A graph of the driver, once recorded; `launch` replays it in one call."""

    def __init__(self, device: NvidiaDevice) -> None:
        self._device = device
        self.executable: Any = None

    def launch(self) -> None:
        if self.executable is None:
            raise DeviceError("a graph that is being recorded, or is closed, cannot be launched", code="SW604")
        self._device.launch_graph(self.executable)

    def close(self) -> None:
        executable, self.executable = self.executable, None
        if executable is not None:
            self._device.destroy_graph(executable)


@final
class NvidiaDevice:
    """GPU number `ordinal` (`Device` in device.py), on a stream of its own.

    `driver` stands in for the module of driver calls in tests.
    """

    def __init__(self, ordinal: int = 0, driver: Any = None) -> None:
        self._driver: Any = load_driver() if driver is None else driver  # Any: an untyped package
        d = self._driver
        self._ok(d.cuInit(0), "starting the driver")
        self._handle = self._ok(d.cuDeviceGet(ordinal), "opening the GPU")
        name: bytes = self._ok(d.cuDeviceGetName(128, self._handle), "naming the GPU")
        attribute = d.CUdevice_attribute
        major = self._attribute(attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
        minor = self._attribute(attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)
        self.name = name.partition(b"\0")[0].decode(errors="replace")
        self.arch = f"sm_{major}{minor}"
        self.multiprocessors = self._attribute(attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)
        self.simulated = False
        self.capturing = False
        # The primary context is the one that PyTorch, JAX, CuPy and Numba use: their addresses are valid here.
        self._context = self._ok(d.cuDevicePrimaryCtxRetain(self._handle), "opening a context")
        self._enter()
        flags = d.CUstream_flags.CU_STREAM_NON_BLOCKING
        self._stream = self._ok(d.cuStreamCreate(int(flags)), "making a stream")
        self.stream = int(self._stream)
        self._arrival = self._event(timing=False)
        self._staging = _Staging(self)
        self._functions: dict[str, Any] = {}
        self._to_free: list[int] = []

    # ---- memory

    def alloc(self, nbytes: int, zero: bool = True) -> int:
        self._enter("allocating memory")
        size = max(-(-nbytes // ALIGNMENT), 1) * ALIGNMENT  # vector loads may read behind the last element
        result = self._driver.cuMemAlloc(size)
        if int(result[0]) == _OUT_OF_MEMORY:
            raise out_of_memory(nbytes, *self.memory_info())
        address = int(self._ok(result, "allocating memory"))
        if zero:
            self.zero(address, size)
        return address

    def free(self, address: int) -> None:
        if self.capturing:  # an owner was collected meanwhile
            self._to_free.append(address)
            return
        self.enter()
        self._ok(self._driver.cuMemFree(address), "freeing memory")

    def memory_info(self) -> tuple[int, int]:
        self._enter()
        free, total = self._ok(self._driver.cuMemGetInfo(), "asking for free memory")
        return int(free), int(total)

    def upload(self, address: int, array: HostArray) -> None:
        self._enter("uploading an array")
        self._staging.upload(address, host_address(array), array.nbytes)

    def download(self, address: int, array: HostArray) -> None:
        self._enter("downloading an array")
        target = host_address(array)
        if array.nbytes:
            done = self._driver.cuMemcpyDtoHAsync(target, address, array.nbytes, self._stream)
            self._ok(done, "downloading an array")
        self._ok(self._driver.cuStreamSynchronize(self._stream), "waiting for a download")

    def copy(self, target: int, source: int, nbytes: int) -> None:
        self._enter()
        if nbytes:
            self._ok(self._driver.cuMemcpyDtoDAsync(target, source, nbytes, self._stream), "copying on the device")

    def zero(self, address: int, nbytes: int) -> None:
        self._enter()
        if nbytes:
            self._ok(self._driver.cuMemsetD8Async(address, 0, nbytes, self._stream), "zeroing memory")

    # ---- kernels

    def functions(self, module: KernelModule, names: Iterable[str]) -> dict[str, Any]:
        self._enter("loading kernels")
        return {name: self._function(module, name) for name in names}

    def _function(self, module: KernelModule, name: str) -> Any:
        image = module.cubin(name, self.arch)
        key = hashlib.sha256(image).hexdigest()
        if key not in self._functions:
            what = f"loading kernel {name!r}"
            loaded = self._ok(self._driver.cuModuleLoadData(image), what)  # for the life of the process
            self._functions[key] = self._ok(self._driver.cuModuleGetFunction(loaded, module.entry(name).encode()), what)
        return self._functions[key]

    def launch(self, function: Any, grid: int, block: int, args: Sequence[int]) -> None:
        self._enter()
        count = len(args)
        values = (ctypes.c_int64 * count)(*args)
        start = ctypes.addressof(values)
        pointers = (ctypes.c_void_p * count)(*range(start, start + 8 * count, 8))  # the driver copies the values now
        call = self._driver.cuLaunchKernel
        done = call(function, grid, 1, 1, block, 1, 1, 0, self._stream, ctypes.addressof(pointers) if count else 0, 0)
        self._ok(done, f"launching a kernel in {grid} blocks of {block} threads")

    # ---- graphs

    @contextmanager
    def capture(self) -> Generator[NvidiaGraph]:
        self._enter("another recording")
        d = self._driver
        # Relaxed: nothing recorded depends on other streams, and a library may load its kernels at the first use.
        self._ok(d.cuStreamBeginCapture(self._stream, getattr(d.CUstreamCaptureMode, _RELAXED_CAPTURE)), "recording")
        self.capturing = True
        graph, done = NvidiaGraph(self), False
        try:
            yield graph
            done = True
        finally:
            result = d.cuStreamEndCapture(self._stream)
            self.capturing = False
            while self._to_free:
                self.free(self._to_free.pop())
            if not done and int(result[0]) == 0:  # the error under way is the cause, whatever the driver says
                d.cuGraphDestroy(result[1])
        recorded = self._ok(result, "recording")
        try:
            graph.executable = self._ok(d.cuGraphInstantiate(recorded, 0), "preparing a recorded step")
        finally:
            d.cuGraphDestroy(recorded)

    def launch_graph(self, executable: Any) -> None:
        """Run an instantiated graph."""
        self._enter("a recorded step")
        self._ok(self._driver.cuGraphLaunch(executable, self._stream), "launching a recorded step")

    def destroy_graph(self, executable: Any) -> None:
        """Release an instantiated graph; work of it that is under way still ends."""
        self._enter()
        self._ok(self._driver.cuGraphExecDestroy(executable), "releasing a recorded step")

    # ---- order and time

    def wait_for(self, stream: int | None) -> None:
        self._enter("waiting for another stream")
        if stream is None or stream == self.stream:
            return
        other = self._driver.CUstream(stream or 1)  # 0 is the legacy default stream too
        self._ok(self._driver.cuEventRecord(self._arrival, other), "waiting for another stream")
        done = self._driver.cuStreamWaitEvent(self._stream, self._arrival, 0)
        self._ok(done, "waiting for another stream")

    def synchronize(self) -> None:
        self._enter("waiting for the device")
        self._ok(self._driver.cuStreamSynchronize(self._stream), "waiting for the device")

    def elapsed(self, work: Callable[[], None], repeats: int) -> float:
        self._enter("timing")
        d = self._driver
        start, end = self._event(timing=True), self._event(timing=True)
        try:
            self._ok(d.cuEventRecord(start, self._stream), "timing")
            for _ in range(repeats):
                work()
            self._ok(d.cuEventRecord(end, self._stream), "timing")
            self._ok(d.cuEventSynchronize(end), "timing")
            milliseconds: float = self._ok(d.cuEventElapsedTime(start, end), "timing")
        finally:
            d.cuEventDestroy(start)
            d.cuEventDestroy(end)
        return milliseconds / 1000 / repeats

    # ---- calls

    def enter(self) -> None:
        # Other threads, and other libraries for other GPUs, have their own current context.
        self._ok(self._driver.cuCtxSetCurrent(self._context), "entering the context")

    def _enter(self, refused: str | None = None) -> None:
        """`enter`, unless `refused`, a name for what is about to be done, meets a recording."""
        if refused is not None and self.capturing:
            raise refused_in_capture(refused)
        self.enter()

    def _attribute(self, attribute: Any) -> int:
        return int(self._ok(self._driver.cuDeviceGetAttribute(attribute, self._handle), "describing the GPU"))

    def _event(self, timing: bool) -> Any:
        flags = self._driver.CUevent_flags
        flag = flags.CU_EVENT_DEFAULT if timing else flags.CU_EVENT_DISABLE_TIMING
        return self._ok(self._driver.cuEventCreate(int(flag)), "making an event")

    def _ok(self, result: tuple[Any, ...], what: str) -> Any:
        """The value of a driver call (a tuple of them if it has several), or DeviceError."""
        status, *values = result
        if int(status) != 0:
            raise self._error(status, what)
        return values[0] if len(values) == 1 else tuple(values)

    def _error(self, status: Any, what: str) -> DeviceError:
        code = int(status)
        said: bytes | None = self._driver.cuGetErrorString(status)[1]
        reason = f"{getattr(status, 'name', code)}: {said.decode() if said else 'no description'}"
        if code in _LOST:
            return DeviceError(
                "the GPU reported a fault, and the device context is lost",
                details=[reason, f"seen while {what}; it may come from work before that"],
                help="this process must be restarted; a checkpoint saved before is good",
                code="SW605",
            )
        if code == _OUT_OF_MEMORY:
            return DeviceError(
                f"too little device memory while {what}",
                details=[reason],
                help="use a smaller batch, or keep fewer programs and trainers alive",
                code="SW603",
            )
        return DeviceError(
            f"the driver refused {what}",
            details=[reason],
            notes=["the trainer is unchanged, and usable"],
            help="this is a fault of shapewright: please report it with the program",
            code="SW604",
        )

    # ---- for uploads

    def page_locked(self, nbytes: int) -> int:
        """The address of new host memory that the GPU can read by itself."""
        return int(self._ok(self._driver.cuMemHostAlloc(nbytes, 0), "allocating page-locked memory"))

    def send(self, target: int, source: int, nbytes: int) -> None:
        """Start a copy from page-locked memory."""
        self._ok(self._driver.cuMemcpyHtoDAsync(target, source, nbytes, self._stream), "uploading an array")

    def mark(self, event: Any) -> Any:
        """Let an event (a new one for None) happen when the work so far is done."""
        event = self._event(timing=False) if event is None else event
        self._ok(self._driver.cuEventRecord(event, self._stream), "uploading an array")
        return event

    def wait_until(self, event: Any) -> None:
        """Wait for an event."""
        self._ok(self._driver.cuEventSynchronize(event), "uploading an array")


@final
class _Staging:
    """Page-locked memory in two halves, filled in turn: a half is written again only when its copies are done."""

    def __init__(self, device: NvidiaDevice) -> None:
        self._device = device
        self._address = 0
        self._events: list[Any] = [None, None]  # per half: its copies of last time
        self._half = 0
        self._used = 0

    def upload(self, target: int, source: int, nbytes: int) -> None:
        """Copy host memory to the device, in pieces of at most one half."""
        if not self._address and nbytes:
            self._address = self._device.page_locked(2 * STAGING)
        done = 0
        while done < nbytes:
            if self._used == STAGING:
                self._turn()
            piece = min(nbytes - done, STAGING - self._used)
            place = self._address + self._half * STAGING + self._used
            ctypes.memmove(place, source + done, piece)
            self._device.send(target + done, place, piece)
            self._used = min(self._used + -(-piece // ALIGNMENT) * ALIGNMENT, STAGING)
            done += piece

    def _turn(self) -> None:
        self._events[self._half] = self._device.mark(self._events[self._half])
        self._half = 1 - self._half
        self._used = 0
        if self._events[self._half] is not None:
            self._device.wait_until(self._events[self._half])
