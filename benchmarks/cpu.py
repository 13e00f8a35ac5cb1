"""Training steps and kernels on the CPU: shapewright beside PyTorch and JAX.

Run `python benchmarks/cpu.py` (or `make bench`); README.md in this folder says how to read the table.
One process per peer; the peers take turns in short blocks, so that a slow phase of the machine falls on all of them.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

if __name__ == "__main__":  # as a script: the first entry of the path is this folder, not the one above
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks.peers import BY_NAME, PEERS, Peer
from benchmarks.processes import PeerFailed, PeerProcess, limit_cores
from benchmarks.reference import Answer, disagreements, solve
from benchmarks.report import Row, Timing, as_markdown, as_text, write_section
from benchmarks.worker import Ready
from benchmarks.workloads import WORKLOADS, Data, Workload, make_data

PAUSE_S = 0.15
"""Between two peers: OpenBLAS keeps its threads spinning for 0.1 s after a call, on the next peer's cores."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark. Exit status 1: a peer failed or disagreed with the reference, and was left out."""
    options = _parser().parse_args(arguments)
    limit_cores()
    absent = sorted({p.package for p in options.peers if not p.installed()})
    if absent:
        print(f"left out, not installed: {', '.join(absent)} (pip install 'shapewright[peers]')", file=sys.stderr)
    peers = [p for p in options.peers if p.installed()]
    rows, failures = list[Row](), list[str]()
    with tempfile.TemporaryDirectory(prefix="shapewright-bench-") as folder:
        for workload in options.workloads:
            row, failed = measure(
                workload,
                [p for p in peers if p.runs(workload)],
                Path(folder) / workload.name,
                rounds=options.rounds,
                seconds=options.seconds,
                warm=not options.no_warm,
            )
            rows.append(row)
            failures += failed
    print(as_markdown(rows) if options.markdown else as_text(rows))
    if options.readme:
        write_section("Results", as_markdown(rows))
    if options.json:
        options.json.write_text(json.dumps([r.as_json() for r in rows], indent=1))
    for failure in failures:
        print(f"FAILED {failure}", file=sys.stderr)
    return 1 if failures else 0


def measure(
    workload: Workload, peers: Sequence[Peer], scratch: Path, *, rounds: int, seconds: float, warm: bool
) -> tuple[Row, list[str]]:
    """Check every peer against the reference, then time those that agree, in turns."""
    data = make_data(workload)
    answer = solve(workload, data)
    running, timings, failures = list[PeerProcess](), dict[str, Timing](), list[str]()
    try:
        for peer in peers:
            try:
                process, timing = _start(workload, data, answer, peer, scratch / peer.name, warm=warm)
            except PeerFailed as failure:
                failures.append(f"{workload.name} {failure}")
                continue
            running.append(process)
            timings[peer.name] = timing
        _take_turns(workload, running, timings, rounds, seconds)
    finally:
        for process in running:
            process.close()
    return Row(workload, timings), failures


def _start(
    workload: Workload, data: Data, answer: Answer, peer: Peer, scratch: Path, *, warm: bool
) -> tuple[PeerProcess, Timing]:
    """Start a peer with empty compile caches, check it, and start it once more to see what its caches save."""
    _say(f"{workload.name} {peer.name}: compiling")
    process = PeerProcess(peer, workload, scratch)
    with np.load(process.results) as stored:
        results = [stored[name] for name in stored.files]
    wrong = disagreements(workload, data, answer, process.ready["losses"], results)
    if wrong:
        process.close()
        raise PeerFailed(f"{peer.name} computes something else: " + "; ".join(wrong))
    again: Ready | None = None
    if warm:
        second = PeerProcess(peer, workload, scratch, once=True)
        second.close()
        again = second.ready
    return process, Timing(process.ready, again)


def _take_turns(
    workload: Workload, running: Sequence[PeerProcess], timings: dict[str, Timing], rounds: int, seconds: float
) -> None:
    """Round robin in a new order every round, so that no peer always follows the same one."""
    order, rng = list(running), random.Random(0)
    for turn in range(rounds):
        _say(f"{workload.name} round {turn + 1} of {rounds}")
        rng.shuffle(order)
        for process in order:
            time.sleep(PAUSE_S)
            step, others = process.block(seconds)
            timings[process.peer.name].add(step, others)


def _say(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    def workloads(text: str) -> list[Workload]:
        return [WORKLOADS[name] for name in text.split(",")]

    def peers(text: str) -> list[Peer]:
        return [BY_NAME[name] for name in text.split(",")]

    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--workloads", type=workloads, default=list(WORKLOADS.values()), help=",".join(WORKLOADS))
    p.add_argument("--peers", type=peers, default=list(PEERS), help=",".join(BY_NAME))
    p.add_argument("--rounds", type=int, default=21, help="blocks per peer (default 21)")
    p.add_argument("--seconds", type=float, default=0.15, help="length of a block (default 0.15)")
    p.add_argument("--no-warm", action="store_true", help="skip the second start of every peer (warm compile times)")
    p.add_argument("--markdown", action="store_true", help="print the tables as markdown")
    p.add_argument("--readme", action="store_true", help="also write them into README.md in this folder")
    p.add_argument("--json", type=Path, help="write every block's time to this file")
    return p


if __name__ == "__main__":
    sys.exit(main())
