"""The worker threads of the process: one pool for all plans, started with the first step that wants it.

A worker that waits longer than a fraction of a millisecond sleeps, so an idle trainer costs nothing. Threads are
joined when the interpreter exits; a forked child starts its own.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import threading
from typing import Final, final

import numpy as np

from ...compiler.errors import OptionError
from . import driver
from .atomics import CONDITION, MASK_BYTES, MUTEX, threads_available


def default_workers() -> int:
    """Workers of a plan unless the user says: the processors this process may use, at most 8.

    `SHAPEWRIGHT_THREADS` overrides it. Raises OptionError if that is no number from 1 to 64.
    """
    text = os.environ.get("SHAPEWRIGHT_THREADS")
    if text is None:
        available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return min(available, 8) if threads_available() else 1
    if not text.isdecimal() or not 1 <= int(text) <= driver.MAX_WORKERS:
        raise OptionError(
            f"SHAPEWRIGHT_THREADS is {text!r}",
            help=f"set it to a number of workers from 1 to {driver.MAX_WORKERS}",
            code="SW801",
        )
    return int(text)


@final
class Pool:
    """Threads 1, 2, ... of the process; the thread that calls `run` is worker 0."""

    def __init__(self) -> None:
        self._memory = np.zeros(driver.CONTROL_BYTES // 8 + 16, np.int64)
        self.control: Final = (int(self._memory.ctypes.data) + 127) // 128 * 128
        """Address of the control block, for the CONTROL field of plans; the same for the life of the process."""
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._clear()

    def _clear(self) -> None:
        """No threads, and a control block as if there had never been any."""
        self._threads = []
        self._memory[:] = 0
        if threads_available():
            libc = ctypes.CDLL(None)
            libc.pthread_mutex_init(ctypes.c_void_p(self.control + MUTEX), None)
            libc.pthread_cond_init(ctypes.c_void_p(self.control + CONDITION), None)

    def forked(self) -> None:
        """Called in a child process, which has the parent's memory but none of its threads."""
        self._lock = threading.Lock()
        self._clear()

    @property
    def threads(self) -> int:
        """How many threads are running now."""
        return len(self._threads)

    def run(self, plan: int, workers: int) -> int:
        """Run the plan at this address, which was made for `workers` workers; returns its flag (0: no error).

        Plans with more than one worker take turns, from whichever threads they are run. One plan must not be run
        from two threads at a time: its buffers would be shared.
        """
        if workers == 1:
            return driver.step(plan)
        with self._lock:
            if len(self._threads) < workers - 1:
                self._grow(workers)
            return driver.step(plan)

    def _grow(self, workers: int) -> None:
        if hasattr(os, "sched_getaffinity"):
            bits = sum(1 << cpu for cpu in os.sched_getaffinity(0) if cpu < 8 * MASK_BYTES)
            ctypes.memmove(self.control + driver.ALLOWED, bits.to_bytes(MASK_BYTES, "little"), MASK_BYTES)
        for worker in range(len(self._threads) + 1, workers):
            mailbox = self.control + driver.MAILBOX + driver.MAILBOX_STRIDE * worker
            served = ctypes.c_int64.from_address(mailbox).value
            thread = threading.Thread(
                target=driver.serve, args=(self.control, worker, served), name=f"shapewright-{worker}", daemon=True
            )
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End the threads; the next step that wants them starts new ones."""
        with self._lock:
            if self._threads:
                driver.dismiss(self.control, len(self._threads))
                for thread in self._threads:
                    thread.join()
                self._clear()


pool: Final = Pool()
"""The pool of this process."""

atexit.register(pool.stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=pool.forked)
