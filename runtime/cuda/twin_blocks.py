"""What the threads of a block do together when Numba's simulator runs them: shared memory and reductions.

The facts about a thread come from the running Python thread, which the simulator gives a `threadIdx` and a
`syncthreads()`; its exchange of the module `cuda` reaches the globals of kernels only.
"""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, cast

import numpy as np

from .twins import Array, registers

_WARP: Final = 32


class _Thread(Protocol):
    """A simulated thread."""

    thread_id: int
    _manager: Any  # Any: the simulator's object for the block

    def syncthreads(self) -> None: ...


@dataclass(slots=True)
class _Meeting:
    """One call of a reduction by all threads of a block."""

    values: list[Any]
    result: Any = None
    done: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(slots=True)
class _Block:
    """What the threads of a block have in common."""

    threads: int
    meetings: dict[int, _Meeting] = field(default_factory=dict[int, _Meeting])
    calls: dict[int, int] = field(default_factory=dict[int, int])
    rooms: dict[tuple[str, int], Array] = field(default_factory=dict[tuple[str, int], Array])
    lock: threading.Lock = field(default_factory=threading.Lock)


_creating: Final = threading.Lock()


def _block(thread: _Thread) -> _Block:
    manager = thread._manager  # pyright: ignore[reportPrivateUsage] - the simulator has no public name for a block
    facts = cast("dict[str, Any]", vars(manager))
    if "shapewright" not in facts:
        with _creating:
            facts.setdefault("shapewright", _Block(math.prod(manager._block_dim)))
    return cast(_Block, facts["shapewright"])


def _meet(value: Any, fold: Callable[[list[Any]], Any]) -> Any:
    """The result of `fold(values of all threads)`, computed by the first thread past the barrier."""
    thread = cast(_Thread, threading.current_thread())
    block = _block(thread)
    number = block.calls.get(thread.thread_id, 0)
    block.calls[thread.thread_id] = number + 1
    with block.lock:
        meeting = block.meetings.setdefault(number, _Meeting([None] * block.threads))
    meeting.values[thread.thread_id] = value
    thread.syncthreads()
    with meeting.lock:
        if not meeting.done:
            meeting.result, meeting.done = fold(meeting.values), True
            block.meetings.pop(number - 1, None)  # every thread has left that one: it is here
    return meeting.result


def shared(count: int, dtype: Any) -> Array:
    """`count` elements that the threads of a block share; one array for each line of a kernel that asks."""
    thread = cast(_Thread, threading.current_thread())
    block, caller = _block(thread), sys._getframe(1)  # pyright: ignore[reportPrivateUsage] - where the call stands
    with block.lock:
        return block.rooms.setdefault((caller.f_code.co_filename, caller.f_lineno), registers(count, dtype))


# ---- reductions


def _fold(function: Any, dtype: Any) -> Callable[[list[Any]], Any]:
    """A butterfly inside each warp, then the warps in order: the additions of a device, in its order."""

    def fold(values: list[Any]) -> Any:
        with np.errstate(all="ignore"):
            lanes = np.array(values, dtype).reshape(-1, _WARP)
            numbers = np.arange(_WARP)
            for step in (16, 8, 4, 2, 1):
                lanes = function(lanes, lanes[:, numbers ^ step])
            total = lanes[0, 0]
            for warp in range(1, len(lanes)):
                total = function(total, lanes[warp, 0])
            return total

    return fold


def _reduction(function: Any, dtype: Any) -> Callable[[Any], Any]:
    fold = _fold(function, dtype)

    def reduce(value: Any) -> Any:
        return _meet(value, fold)

    return reduce


def _family(dtype: Any) -> tuple[Callable[[Any], Any], Callable[[Any], Any], Callable[[Any], Any]]:
    return _reduction(np.add, dtype), _reduction(np.maximum, dtype), _reduction(np.minimum, dtype)


block_sum_f32, block_max_f32, block_min_f32 = _family(np.float32)
block_sum_f64, block_max_f64, block_min_f64 = _family(np.float64)
block_sum_i32, block_max_i32, block_min_i32 = _family(np.int32)
block_sum_i64, block_max_i64, block_min_i64 = _family(np.int64)
block_sum_u32, block_max_u32, block_min_u32 = _family(np.uint32)
block_max_bool = _reduction(np.logical_or, np.bool_)
block_min_bool = _reduction(np.logical_and, np.bool_)


def _argmax(dtype: Any) -> Callable[[Any, Any], np.int64]:
    def fold(pairs: list[Any]) -> np.int64:
        values = np.array([value for value, _ in pairs], dtype)
        indices = np.array([index for _, index in pairs], np.int64)
        best = np.isnan(values) if np.isnan(values).any() else values == values.max()
        return np.int64(indices[best].min())

    def argmax(value: Any, index: Any) -> np.int64:
        return cast(np.int64, _meet((value, index), fold))

    return argmax


block_argmax_f32 = _argmax(np.float32)
block_argmax_f64 = _argmax(np.float64)
block_argmax_i32 = _argmax(np.int32)
block_argmax_i64 = _argmax(np.int64)
block_argmax_u32 = _argmax(np.uint32)
