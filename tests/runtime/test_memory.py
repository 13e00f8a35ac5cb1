"""Training does not grow: neither the process nor what Python holds, on either backend, in a thousand steps."""

from __future__ import annotations

import gc
import resource
import tracemalloc
from typing import Any

import pytest

import shapewright as sw

from . import models

STEPS = 1000


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_a_thousand_steps(backend: Any) -> None:
    trainer = sw.ScalarTrainer(
        models.mlp(), models.dropout_loss, sw.Options(backend=backend), optimizer=sw.optim.Adam()
    )
    data = [models.class_data(n, seed=n) for n in (8, 3, 17)]

    def run(steps: int) -> None:
        for i in range(steps):
            trainer.step(*data[i % 3], lr=1e-3)

    tracemalloc.start()
    run(200)
    gc.collect()
    peak, (held, _) = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, tracemalloc.get_traced_memory()
    run(STEPS)
    gc.collect()
    after, (kept, _) = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept - held < 20_000  # bytes: fewer than 20 for each step
    assert after - peak < 4096  # KiB
