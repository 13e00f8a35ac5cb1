"""The table driver: one compiled function that runs any plan by calling kernels through their addresses.

A plan is data. Its phases are separated by barriers; in a phase every worker runs its items in order; an item is a
range of rows of the table, applied to one tile; a row is a kernel's address with, for every argument, a linear form

    (slots[slot] if slot >= 0 else 0) + base + start*per_start + worker*per_worker + count*per_count + tile*per_tile

of the item's first index, its number of indices and its tile number, and of the worker's number. That one form covers
buffers sliced by the tile, scratch memory per worker, partial results per tile and ragged last tiles.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias, cast, final

import numpy as np

from .atomics import (
    MASK_BYTES,
    atomic_add,
    atomic_load,
    atomic_swap,
    current_processor,
    flush_denormals,
    leave_processor,
    restore,
    wait_until,
    wake,
)
from .jit import KW, I, address_of, njit, void
from .llvm import call_by_address, numba_type, view

# ---- the plan: an int64 array whose address is the only argument of `step`
N_PHASES: Final = 0
N_WORKERS: Final = 1
ROWS: Final = 2
"""address of int64[rows, 2]: (function address, number of arguments)"""
COEF: Final = 3
"""address of int64[rows, max_args, 6]: (slot, base, per_start, per_worker, per_count, per_tile)"""
ITEMS: Final = 4
"""address of int64[items, 5]: (first row, end row, start, count, tile)"""
RANGES: Final = 5
"""address of int64[phases, workers, 2]: (first item, end item)"""
ARGBUF: Final = 6
"""address of int64[workers, ARITY_MAX]: scratch memory for arguments"""
SLOTS: Final = 7
"""address of int64[...]: what changes from step to step, such as the addresses of inputs"""
FLAGS: Final = 8
"""address of int64[...]: flags[0] is set to 0 when a step begins, and to anything else by a kernel that met an error"""
FIRST_UPDATE: Final = 9
"""phases from this one on are skipped when flags[0] is not 0 at its beginning; `n_phases` if there is none"""
MAX_ARGS: Final = 10
"""second extent of `coef`"""
CONTROL: Final = 11
"""address of the pool's control block; unused by plans with one worker"""
PHASES: Final = 12
"""address of the function `phases`"""
PLAN_LENGTH: Final = 16

ARITIES: Final = (4, 8, 12, 20, 32, 64)
ARITY_MAX: Final = 64
"""The most arguments a kernel can take."""

MAX_WORKERS: Final = 64

# ---- the pool's control block, after the sleepers' words (offsets in bytes)
PLAN: Final = 512
ARRIVED: Final = 640
RELEASED: Final = 768
DONE: Final = 896
SKIP: Final = 1024
STOP: Final = 1152
STEPPER: Final = 1216
"""the processor that the stepping thread was on when the step began; -1 if it cannot tell"""
LOCK_WORD: Final = 1280
MAILBOX: Final = 1408
"""first of one word per worker, MAILBOX_STRIDE apart: the number of steps this worker was asked for"""
MAILBOX_STRIDE: Final = 128
ALLOWED: Final = MAILBOX + MAILBOX_STRIDE * (MAX_WORKERS + 1)
"""the set of processors that the pool's threads may use, one bit each"""
CONTROL_BYTES: Final = ALLOWED + MASK_BYTES

IntArray: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[np.int64]]"


class Words(Protocol):
    """An int64 array as compiled code indexes it."""

    def __getitem__(self, index: int | tuple[int, int]) -> int: ...
    def __setitem__(self, index: int, value: int) -> None: ...


_i64 = cast("Callable[[int, int | tuple[int, int]], Words]", view(np.int64))
_call2 = call_by_address(2)
_call4, _call8, _call12, _call20, _call32, _call64 = (call_by_address(n) for n in ARITIES)


@njit(nogil=True, error_model="numpy")
def _run_item(plan: int, item: int, worker: int) -> None:
    head = _i64(plan, PLAN_LENGTH)
    it = _i64(head[ITEMS] + 40 * item, 5)
    start, count, tile = it[2], it[3], it[4]
    width = head[MAX_ARGS]
    slots = head[SLOTS]
    arguments = head[ARGBUF] + 8 * ARITY_MAX * worker
    out = _i64(arguments, ARITY_MAX)
    for r in range(it[0], it[1]):
        row = _i64(head[ROWS] + 16 * r, 2)
        n = row[1]
        coef = _i64(head[COEF] + 48 * width * r, (width, 6))
        for k in range(n):
            value = coef[k, 1] + start * coef[k, 2] + worker * coef[k, 3] + count * coef[k, 4] + tile * coef[k, 5]
            if coef[k, 0] >= 0:
                value += _i64(slots + 8 * coef[k, 0], 1)[0]
            out[k] = value
        if n <= 4:
            _call4(row[0], arguments)
        elif n <= 8:
            _call8(row[0], arguments)
        elif n <= 12:
            _call12(row[0], arguments)
        elif n <= 20:
            _call20(row[0], arguments)
        elif n <= 32:
            _call32(row[0], arguments)
        else:
            _call64(row[0], arguments)


@njit(nogil=True, error_model="numpy")
def _barrier(head: Words, control: int, phase: int, workers: int) -> bool:
    """The end of `phase` for one worker; True if the step ends here because an error was met.

    The last to arrive looks at the flag, so that all workers act on one answer.
    """
    if atomic_add(control + ARRIVED, 1) + 1 == workers * (phase + 1):
        if phase + 1 == head[FIRST_UPDATE] and atomic_load(head[FLAGS]) != 0:
            atomic_swap(control + SKIP, 1)
        atomic_swap(control + RELEASED, phase + 1)
        wake(control)
    else:
        wait_until(control, control + RELEASED, phase + 1)
    return atomic_load(control + SKIP) != 0


@njit(void(I, I), **KW)
def phases(plan: int, worker: int) -> None:
    """What one worker does in one step. `step` and `serve` reach it by address, so it is compiled once."""
    head = _i64(plan, PLAN_LENGTH)
    workers, count = head[N_WORKERS], head[N_PHASES]
    for phase in range(count):
        if workers == 1 and phase == head[FIRST_UPDATE] and _i64(head[FLAGS], 1)[0] != 0:
            return
        bounds = _i64(head[RANGES] + 16 * (phase * workers + worker), 2)
        for item in range(bounds[0], bounds[1]):
            _run_item(plan, item, worker)
        if workers > 1 and phase + 1 < count and _barrier(head, head[CONTROL], phase, workers):
            return


@njit(nogil=True)
def _run(head: Words, plan: int, worker: int) -> None:
    arguments = _i64(head[ARGBUF] + 8 * ARITY_MAX * worker, 2)
    arguments[0] = plan
    arguments[1] = worker
    _call2(head[PHASES], head[ARGBUF] + 8 * ARITY_MAX * worker)


@njit(numba_type(int)(I), **KW)
def step(plan: int) -> int:
    """Run the plan at this address; returns flags[0], which is 0 if no kernel met an error.

    With more than one worker the pool's threads must have been started; `pool.run` sees to that, and to steps from
    several Python threads.
    """
    head = _i64(plan, PLAN_LENGTH)
    workers = head[N_WORKERS]
    flags = _i64(head[FLAGS], 1)
    flags[0] = 0
    mode = flush_denormals()
    if workers == 1:
        _run(head, plan, 0)
        restore(mode)
        return flags[0]
    control = head[CONTROL]
    words = _i64(control, MAILBOX // 8)
    for word in (ARRIVED, RELEASED, DONE, SKIP):
        words[word // 8] = 0
    words[PLAN // 8] = plan
    words[STEPPER // 8] = current_processor()
    for worker in range(1, workers):
        atomic_add(control + MAILBOX + MAILBOX_STRIDE * worker, 1)
    wake(control)
    _run(head, plan, 0)
    wait_until(control, control + DONE, workers - 1)
    restore(mode)
    return flags[0]


@njit(void(I, I, I), **KW)
def serve(control: int, worker: int, served: int) -> None:
    """The life of a pool thread: run the plans that `step` announces, until told to stop."""
    mailbox = control + MAILBOX + MAILBOX_STRIDE * worker
    flush_denormals()
    while True:
        served += 1
        wait_until(control, mailbox, served)
        if atomic_load(control + STOP) != 0:
            return
        leave_processor(atomic_load(control + STEPPER), control + ALLOWED)
        plan = atomic_load(control + PLAN)
        _run(_i64(plan, PLAN_LENGTH), plan, worker)
        atomic_add(control + DONE, 1)
        wake(control)


@njit(void(I, I), **KW)
def dismiss(control: int, threads: int) -> None:
    """Tell pool threads 1 to `threads` to end."""
    atomic_swap(control + STOP, 1)
    for worker in range(1, threads + 1):
        atomic_add(control + MAILBOX + MAILBOX_STRIDE * worker, 1)
    wake(control)


# ---- making a plan


@final
@dataclass(frozen=True, slots=True)
class Plan:
    """A plan with the arrays that its header points to; `address` is what `step` takes while this object lives."""

    address: int
    workers: int
    header: IntArray
    rows: IntArray
    coef: IntArray
    items: IntArray
    ranges: IntArray
    slots: IntArray
    flags: IntArray
    argbuf: IntArray


def make_plan(
    rows: IntArray,
    coef: IntArray,
    items: IntArray,
    ranges: IntArray,
    slots: IntArray,
    flags: IntArray,
    *,
    first_update: int | None = None,
    control: int = 0,
) -> Plan:
    """Put the tables, all int64 and C-contiguous, together: see the fields above for their shapes.

    `control` is the pool's control block, wanted with more than one worker. Raises ValueError for wrong shapes.
    """
    n_rows, n_phases, workers = len(rows), ranges.shape[0], ranges.shape[1]
    expected = {"rows": (n_rows, 2), "coef": (n_rows, coef.shape[1], 6), "items": (len(items), 5)}
    expected |= {"ranges": (n_phases, workers, 2), "slots": slots.shape, "flags": flags.shape}
    given = {"rows": rows, "coef": coef, "items": items, "ranges": ranges, "slots": slots, "flags": flags}
    for name, array in given.items():
        if array.dtype != np.int64 or array.shape != expected[name] or not array.flags.c_contiguous:
            raise ValueError(f"{name} must be a contiguous int64 array of shape {expected[name]}")
    if n_rows and int(rows[:, 1].max()) > min(ARITY_MAX, coef.shape[1]):
        raise ValueError(f"a row has more than {min(ARITY_MAX, coef.shape[1])} arguments")
    if workers > MAX_WORKERS or (workers > 1 and not control):
        raise ValueError(f"{workers} workers: at most {MAX_WORKERS}, and several need the control block of the pool")
    argbuf = np.zeros((workers, ARITY_MAX), np.int64)
    header = np.zeros(PLAN_LENGTH, np.int64)
    header[: PHASES + 1] = (
        n_phases, workers, rows.ctypes.data, coef.ctypes.data, items.ctypes.data, ranges.ctypes.data,
        argbuf.ctypes.data, slots.ctypes.data, flags.ctypes.data,
        n_phases if first_update is None else first_update, coef.shape[1], control, address_of(phases),
    )  # fmt: skip
    return Plan(int(header.ctypes.data), workers, header, rows, coef, items, ranges, slots, flags, argbuf)
