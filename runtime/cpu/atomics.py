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
from .llvm import I64, POINTER, VOID, Builder, Value, add_symbol, declare, emit, external

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


def threads_available() -> bool:
    """Whether the C library has the functions of POSIX threads; else only one worker can run."""
    return platform.system() != "Windows" and all(_libc(name) is not None for name in _NAMES)


if threads_available():
    for _name in _NAMES:
        add_symbol(f"shapewright_{_name}", _libc(_name) or 0)

_yield = external("shapewright_sched_yield", np.int32)
_lock = external("shapewright_pthread_mutex_lock", np.int32, int)
_unlock = external("shapewright_pthread_mutex_unlock", np.int32, int)
_sleep = external("shapewright_pthread_cond_wait", np.int32, int, int)
_broadcast = external("shapewright_pthread_cond_broadcast", np.int32, int)

# A block of waiting words starts with these (offsets in bytes, one cache line apart).
SLEEPERS: Final = 0
MUTEX: Final = 128
CONDITION: Final = 256
SLEEP_BYTES: Final = 384
_SPINS: Final = 1000  # 10 to 50 microseconds
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


@njit(nogil=True)
def wake(block: int) -> None:
    """Wake every sleeper of `block`, to be called after a word was written."""
    if atomic_load(block + SLEEPERS) != 0:
        _lock(block + MUTEX)
        _broadcast(block + CONDITION)
        _unlock(block + MUTEX)
