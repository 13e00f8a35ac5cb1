"""One peer, one row, one process: `python -m benchmarks.gpu_worker PEER ROW RESULTS.npz [--smoke]`.

Prints one JSON line when the check steps are done (`Ready`, or `Absent` where the library has no GPU), then answers
every line on standard input, a number of seconds, with the times of blocks of about that length (`Block`).
"""

from __future__ import annotations

import gc
import json
import sys
import time
from typing import TypedDict

import numpy as np

from benchmarks.gpu_peers import BY_NAME, REFERENCE, Replay, Running
from benchmarks.gpu_workloads import CHECK_STEPS, WORKS, make_data, sampled, sized
from benchmarks.timing import mean_step

WARM_UP = 3


class Ready(TypedDict):
    """Losses of the check steps; seconds to import the library, and from there to the end of the first step; for us
    also bytes per second of a copy within the device, and how many launches a step has."""

    losses: list[float]
    import_s: float
    first_step_s: float
    copy_bandwidth: float | None
    launches: int | None


class Absent(TypedDict):
    """Why there is nothing to measure."""

    absent: str


class Block(TypedDict):
    """Seconds per step, by the host's clock from the first call to the end of the last; and of our graph alone, by the
    device's clock."""

    step: float
    replay: float | None


def main(peer_name: str, row: str, results_path: str, *, smoke: bool) -> None:
    """Set up, run the check steps, then measure on request."""
    peer, work = BY_NAME[peer_name], sized(WORKS[row], smoke=smoke)
    data = make_data(work)
    start = time.perf_counter()
    module = peer.load()
    imported = time.perf_counter()
    why = None if smoke or peer is REFERENCE else module.unavailable()
    if why is not None:
        print(json.dumps(Absent(absent=why)), flush=True)
        return
    running, losses, first_step_s = module.make(work, data, peer.form), list[float](), 0.0
    for i in range(CHECK_STEPS):
        value = running.step()
        if i == 0:
            running.sync()
            first_step_s = time.perf_counter() - imported
        if running.loss is not None:
            losses.append(running.loss(value))
    running.sync()
    np.savez(results_path, *sampled(running.results()))
    replay = running.replay() if peer.form == "cuda" and running.replay is not None else None
    ready = Ready(
        losses=losses, import_s=imported - start, first_step_s=first_step_s, copy_bandwidth=None, launches=None
    )
    if replay is not None:
        ready["copy_bandwidth"], ready["launches"] = _copy_bandwidth(smoke=smoke), replay.launches
    print(json.dumps(ready), flush=True)
    if peer is not REFERENCE:
        _serve(running, replay, 1 if smoke else WARM_UP)


def _copy_bandwidth(*, smoke: bool) -> float:
    from benchmarks.peers.shapewright_gpu import COPY_BYTES, copy_bandwidth

    return copy_bandwidth(1 << 20 if smoke else COPY_BYTES)


def _serve(running: Running, replay: Replay | None, least: int) -> None:
    step = mean_step(running.step, running.sync, least)
    alone = None if replay is None else replay.seconds(least)
    for line in sys.stdin:
        seconds = float(line)
        gc.collect()
        step = mean_step(running.step, running.sync, max(least, round(seconds / step)))
        if replay is not None and alone is not None:
            alone = replay.seconds(max(least, round(seconds / alone)))
        print(json.dumps(Block(step=step, replay=alone)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:4], smoke="--smoke" in sys.argv)
