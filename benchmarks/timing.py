"""The time of one step, as every worker measures it."""

from __future__ import annotations

import time
from collections.abc import Callable


def mean_step(step: Callable[[], object], sync: Callable[[], None], count: int) -> float:
    """Seconds per step over `count` steps, after one that is not counted (it wakes the library's threads)."""
    step()
    sync()
    start = time.perf_counter()
    for _ in range(count):
        step()
    sync()
    return (time.perf_counter() - start) / count
