"""Training does not grow: neither the process nor the objects that Python holds, on either backend, in 1,000 steps."""

from __future__ import annotations

import gc
import resource
from pathlib import Path
from typing import Any

import pytest

import shapewright as sw

from . import models

STEPS = 1000
STATM = Path("/proc/self/statm")


def resident() -> int:
    """Bytes of memory the process has now."""
    return int(STATM.read_text().split()[1]) * resource.getpagesize()


@pytest.mark.skipif(not STATM.exists(), reason="reads /proc")
@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_a_thousand_steps(backend: Any) -> None:
    trainer = sw.ScalarTrainer(
        models.mlp(), models.dropout_loss, sw.Options(backend=backend), optimizer=sw.optim.Adam()
    )
    data = [models.class_data(n, seed=n) for n in (8, 3, 17)]

    def run(steps: int) -> None:
        for i in range(steps):
            trainer.step(*data[i % 3], lr=1e-3)

    run(STEPS)  # what is kept once is there
    gc.collect()
    objects, before = len(gc.get_objects()), resident()
    run(STEPS)
    gc.collect()
    assert len(gc.get_objects()) - objects < 50
    assert resident() - before < 2**20  # a leaked tape of one step would be 1,000 times some KiB
