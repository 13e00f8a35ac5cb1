"""Atomic operations on 64-bit words by address, and the waiting of one thread for another.

A word that is waited for only grows. Who waits spins, then yields the processor, then sleeps on a condition variable;
who writes wakes the sleepers if there are any. All accesses are sequentially consistent, so no wake-up is lost: the
sleeper counts itself before it looks at the word again, the writer writes before it looks at the count.
"""

from __future__ import annotations

import ctypes
import platform
from typing import Final

import numpy as np

from .jit import njit
from .llvm import I64, POINTER, VOID, Builder, Value, add_symbol, declare, emit, external, stack, view

_i32 = view(np.int32)
_X86: Final = platform.machine().lower() in ("x86_64", "amd64")


@emit(int, int, int)
def atomic_add(b: Builder, address: Value, value: Value) -> Value:
    """Add to the word; returns what it was."""
    return b.atomic_rmw("add", b.inttoptr(address, POINTER), value, "seq_cst")


@emit(int, int, int)
def atomic_swap(b: Builder, address: Value, value: Value) -> Value:
    """Store into the word; returns what it was. (llvmlite's atomic store refuses opaque pointers.)"""
    return b.atomic_rmw("xchg", b.inttoptr(address, POINTER), value, "seq_cst")


@emit(int, int)
def atomic_load(b: Builder, address: Value) -> Value:
    """The word."""
    return b.load_atomic(b.inttoptr(address, POINTER), "seq_cst", 8, typ=I64)


@emit(type(None))
def pause(b: Builder) -> None:
    """Tell the processor that this loop is waiting."""
    name = "llvm.x86.sse2.pause" if _X86 else "llvm.donothing"
    b.call(declare(b, name, VOID, []), [])


_FLUSH: Final = 0x8040  # MXCSR: results and operands below the normal range count as zero
_control_word = stack(8)


@emit(type(None), int)
def _store_control(b: Builder, address: Value) -> None:
    if _X86:
        b.call(declare(b, "llvm.x86.sse.stmxcsr", VOID, [POINTER]), [b.inttoptr(address, POINTER)])


@emit(type(None), int)
def _load_control(b: Builder, address: Value) -> None:
    if _X86:
        b.call(declare(b, "llvm.x86.sse.ldmxcsr", VOID, [POINTER]), [b.inttoptr(address, POINTER)])


@njit(nogil=True)
def flush_denormals() -> int:
    """Treat numbers below the normal range (1e-38 in float32) as zero in this thread; returns what `restore` takes.

    Gradients of a converged model, and their squares above all, fall into that range, where every operation is a
    hundred times slower. XLA flushes them too.
    """
    if _X86:
        word = _i32(_control_word(), 2)
        address = word.ctypes.data
        _store_control(address)
        old = word[0]
        word[0] = old | _FLUSH
        _load_control(address)
        return int(old)
    return 0


@njit(nogil=True)
def restore(old: int) -> None:
    """Undo `flush_denormals`."""
    if _X86:
        word = _i32(_control_word(), 2)
        word[0] = old
        _load_control(word.ctypes.data)


def _libc(name: str) -> int | None:
    function = getattr(ctypes.CDLL(None), name, None)
    return ctypes.cast(function, ctypes.c_void_p).value if function is not None else None


_NAMES: Final = (
    "sched_yield",
    "pthread_mutex_lock",
    "pthread_mutex_unlock",
    "pthread_cond_wait",
    "pthread_cond_broadcast",
)


_PLACING: Final = ("sched_getcpu", "sched_setaffinity")
CAN_MOVE: Final = platform.system() == "Linux" and all(_libc(name) is not None for name in _PLACING)
"""Whether a thread can say which processor it is on, and leave it."""


def threads_available() -> bool:
    """Whether the C library has the functions of POSIX threads; else only one worker can run."""
    return platform.system() != "Windows" and all(_libc(name) is not None for name in _NAMES)


if threads_available():
    for _name in _NAMES:
        add_symbol(f"shapewright_{_name}", _libc(_name) or 0)

if threads_available():
    for _name in _PLACING:  # where they are missing, no code that calls them is made
        add_symbol(f"shapewright_{_name}", _libc(_name) or _libc("sched_yield") or 0)

_yield = external("shapewright_sched_yield", np.int32)
_current = external("shapewright_sched_getcpu", np.int32)
_allow = external("shapewright_sched_setaffinity", np.int32, np.int32, int, int)
_lock = external("shapewright_pthread_mutex_lock", np.int32, int)
_unlock = external("shapewright_pthread_mutex_unlock", np.int32, int)
_sleep = external("shapewright_pthread_cond_wait", np.int32, int, int)
_broadcast = external("shapewright_pthread_cond_broadcast", np.int32, int)

# A block of waiting words starts with these (offsets in bytes, one cache line apart).
SLEEPERS: Final = 0
MUTEX: Final = 128
CONDITION: Final = 256
SLEEP_BYTES: Final = 384
_SPINS: Final = 60_000  # some milliseconds: sleeping inside a step costs more, and wakes on the processor of the waker
_YIELDS: Final = 300


@njit(nogil=True)
def wait_until(block: int, word: int, value: int) -> None:
    """Return when the word at address `word` is at least `value`; `block` holds the sleepers' condition variable."""
    tries = 0
    while atomic_load(word) < value:
        tries += 1
        if tries < _SPINS:
            pause()
        elif tries < _SPINS + _YIELDS:
            _yield()
        else:
            atomic_add(block + SLEEPERS, 1)
            _lock(block + MUTEX)
            while atomic_load(word) < value:
                _sleep(block + CONDITION, block + MUTEX)
            _unlock(block + MUTEX)
            atomic_add(block + SLEEPERS, -1)


MASK_BYTES: Final = 128
"""Size of a set of processors, one bit each."""
_mask, _i64 = stack(MASK_BYTES), view(np.int64)


@njit(nogil=True)
def current_processor() -> int:
    """The processor that this thread is on; -1 where it cannot tell."""
    if CAN_MOVE:
        return int(_current())
    return -1


@njit(nogil=True)
def leave_processor(other: int, allowed: int) -> None:
    """Go elsewhere if this thread is on processor `other`; `allowed` is the address of the set it may use.

    A thread that wakes where its waker runs shares that processor with it for long: both look busy, so the system sees
    no reason to move either.
    """
    if CAN_MOVE:
        if other < 0 or other >= 8 * MASK_BYTES or _current() != other:
            return
        room = _mask()
        ours, all_of_them = _i64(room, MASK_BYTES // 8), _i64(allowed, MASK_BYTES // 8)
        left = 0
        for i in range(MASK_BYTES // 8):
            ours[i] = all_of_them[i]
            if i == other >> 6:
                ours[i] &= ~(1 << (other & 63))
            left |= ours[i]
        if left != 0:
            _allow(np.int32(0), MASK_BYTES, room)
            _allow(np.int32(0), MASK_BYTES, allowed)


@njit(nogil=True)
def wake(block: int) -> None:
    """Wake every sleeper of `block`, to be called after a word was written."""
    if atomic_load(block + SLEEPERS) != 0:
        _lock(block + MUTEX)
        _broadcast(block + CONDITION)
        _unlock(block + MUTEX)
