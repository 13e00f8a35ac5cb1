"""One peer, one workload, one process: `python -m benchmarks.worker PEER WORKLOAD RESULTS.npz [--once]`.

Prints one JSON line when the check steps are done (see `Ready`), then answers every line on standard input, a number
of seconds, with the mean time of one step in a block of about that length. With `--once` it ends after its first line.
"""

from __future__ import annotations

import gc
import importlib
import json
import sys
import time
from typing import Protocol, TypedDict, cast

import numpy as np

from benchmarks.peers import BY_NAME, Running
from benchmarks.timing import mean_step
from benchmarks.workloads import CHECK_STEPS, WORKLOADS, Data, Workload, make_data

WARM_UP = 3


class Ready(TypedDict):
    """Losses of the check steps, seconds to import the library, and seconds from there to the end of the first step."""

    losses: list[float]
    import_s: float
    first_step_s: float


class PeerModule(Protocol):
    """What every module in `benchmarks/peers` offers."""

    def make(self, workload: Workload, data: Data, form: str) -> Running: ...


def main(peer_name: str, workload_name: str, results_path: str, *, once: bool) -> None:
    """Set up, run the check steps, then measure on request."""
    peer, workload = BY_NAME[peer_name], WORKLOADS[workload_name]
    data = make_data(workload)
    before_import = time.perf_counter()
    module = cast("PeerModule", importlib.import_module(peer.module))
    imported = time.perf_counter()
    running = module.make(workload, data, peer.form)
    losses = [] if running.loss is None else [0.0] * CHECK_STEPS
    first_step_s = 0.0
    for i in range(CHECK_STEPS):
        value = running.step()
        if i == 0:
            running.sync()
            first_step_s = time.perf_counter() - imported
        if running.loss is not None:
            losses[i] = running.loss(value)
    running.sync()
    np.savez(results_path, *running.results())
    report: Ready = {"losses": losses, "import_s": imported - before_import, "first_step_s": first_step_s}
    print(json.dumps(report), flush=True)
    if not once:
        _serve(running)


def _serve(running: Running) -> None:
    estimate = mean_step(running.step, running.sync, WARM_UP)
    for line in sys.stdin:
        count = max(WARM_UP, round(float(line) / estimate))
        gc.collect()
        estimate = mean_step(running.step, running.sync, count)
        print(repr(estimate), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:4], once="--once" in sys.argv)
