"""Training does not grow: neither the process nor the objects that Python holds, on either backend, in 1,000 steps."""

from __future__ import annotations

import gc
import itertools
import mmap
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import shapewright as sw

from . import models

STEPS = 1000
WINDOWS = 10
LEAK = 128  # bytes that a step may not leave behind: one array, or one node of a tape, is as large
STATM = Path("/proc/self/statm")

pytestmark = pytest.mark.skipif(not STATM.exists(), reason="reads /proc")


def resident() -> int:
    """Bytes of memory the process has now."""
    return int(STATM.read_text().split()[1]) * resource.getpagesize()


def growth(step: Callable[[int], object]) -> list[tuple[int, int]]:
    """Objects and bytes more after each of ten windows of 1,000 steps; empty if in one of them nothing stayed.

    What is kept once, and what an allocator holds back, grow at first; what each step leaks grows in every window.
    """
    grown: list[tuple[int, int]] = []
    while len(grown) < WINDOWS:
        gc.collect()
        objects, before = len(gc.get_objects()), resident()
        for i in range(STEPS):
            step(i)
        gc.collect()
        grown.append((len(gc.get_objects()) - objects, resident() - before))
        if grown[-1][0] < 50 and grown[-1][1] < STEPS * LEAK:
            return []
    return grown


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_a_thousand_steps(backend: Any) -> None:
    trainer = sw.ScalarTrainer(
        models.mlp(), models.dropout_loss, sw.Options(backend=backend), optimizer=sw.optim.Adam()
    )
    data = [models.class_data(n, seed=n) for n in (8, 3, 17)]
    assert not growth(lambda i: trainer.step(*data[i % 3], lr=1e-3))


def test_leaked_objects_are_seen() -> None:
    kept: list[list[int]] = []
    assert len(growth(lambda i: kept.append([i]))) == WINDOWS


def test_leaked_bytes_are_seen() -> None:
    """Each step touches a page of its own, so that no allocator has room for it already."""
    page, steps = resource.getpagesize(), itertools.count()
    with mmap.mmap(-1, WINDOWS * STEPS * page) as region:
        assert len(growth(lambda _: region.__setitem__(next(steps) * page, 1))) == WINDOWS
