"""Atomic operations on 64-bit words by address, and the waiting of one thread for another.

A word that is waited for only grows. Who waits spins, then yields the processor, then sleeps on a condition variable;
who writes wakes the sleepers if there are any. All accesses are sequentially consistent, so no wake-up is lost: the
sleeper counts itself before it looks at the word again, the writer writes before it looks at the count.
"""

from __future__ import annotations

import ctypes
import platform
from typing import Final

from .jit import (
    Builder,
    I,
    Value,
    add_symbol,
    emit,
    external,
    int32,
    int64,
    llvm_i64,
    llvm_intrinsic,
    llvm_pointer,
    llvm_void,
    njit,
    void,
)

_X86: Final = platform.machine().lower() in ("x86_64", "amd64")


@emit(int64, I, int64)
def atomic_add(b: Builder, address: Value, value: Value) -> Value:
    """Add to the word; returns what it was."""
    return b.atomic_rmw("add", b.inttoptr(address, llvm_pointer), value, "seq_cst")


@emit(int64, I, int64)
def atomic_swap(b: Builder, address: Value, value: Value) -> Value:
    """Store into the word; returns what it was. (llvmlite's atomic store refuses opaque pointers.)"""
    return b.atomic_rmw("xchg", b.inttoptr(address, llvm_pointer), value, "seq_cst")


@emit(int64, I)
def atomic_load(b: Builder, address: Value) -> Value:
    """The word."""
    return b.load_atomic(b.inttoptr(address, llvm_pointer), "seq_cst", 8, typ=llvm_i64)


@emit(void)
def pause(b: Builder) -> None:
    """Tell the processor that this loop is waiting."""
    name = "llvm.x86.sse2.pause" if _X86 else "llvm.donothing"
    b.call(llvm_intrinsic(b, name, llvm_void, []), [])


def _libc(name: str, *parameters: object) -> int | None:
    function = getattr(ctypes.CDLL(None), name, None)
    return ctypes.cast(function, ctypes.c_void_p).value if function is not None else None


_NAMES: Final = ("sched_yield", "pthread_mutex_lock", "pthread_mutex_unlock", "pthread_cond_wait", "pthread_cond_broadcast")


def threads_available() -> bool:
    """Whether the C library has the functions of POSIX threads; else only one worker can run."""
    return platform.system() != "Windows" and all(_libc(name) is not None for name in _NAMES)


if threads_available():
    for _name in _NAMES:
        add_symbol(f"shapewright_{_name}", _libc(_name) or 0)

_yield = external("shapewright_sched_yield", int32)
_lock = external("shapewright_pthread_mutex_lock", int32, I)
_unlock = external("shapewright_pthread_mutex_unlock", int32, I)
_sleep = external("shapewright_pthread_cond_wait", int32, I, I)
_broadcast = external("shapewright_pthread_cond_broadcast", int32, I)

# A block of waiting words starts with these (offsets in bytes, one cache line apart).
SLEEPERS: Final = 0
MUTEX: Final = 128
CONDITION: Final = 256
SLEEP_BYTES: Final = 384
_SPINS: Final = 2000  # about 20 to 80 microseconds
_YIELDS: Final = 200


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
