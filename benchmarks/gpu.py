"""Training steps and kernels on a GPU: shapewright beside PyTorch and JAX, and beside what the hardware allows.

Run `python benchmarks/gpu.py` (or `make bench-gpu`); README.md in this folder says how to read the table.
One process per peer; the peers take turns in short blocks, so that a slow phase of the machine falls on all of them.
`--smoke` runs everything at tiny sizes, in the simulator where there is no GPU. `--compile` measures something else: how
long the digits program takes to become machine code, for which no GPU is needed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

if __name__ == "__main__":  # as a script: the first entry of the path is this folder, not the one above
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks.gpu_peers import BY_NAME, OURS, PEERS, REFERENCE, Peer
from benchmarks.gpu_report import Result, Times, as_markdown, new_report, save
from benchmarks.gpu_worker import Block, Ready
from benchmarks.gpu_workloads import WORKS, Answer, Work, disagreements, make_data, sampled, sized
from benchmarks.processes import ROOT, PeerFailed, environment

RESULTS = Path(__file__).with_name("results")
SECONDS = 0.2
"""Length of a block."""


class PeerAbsent(Exception):
    """A library that is not installed, or has no GPU; the message says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark. Exit status 1: a peer failed or disagreed with the reference, or we have no device."""
    options = _parser().parse_args(arguments)
    if options.compile:
        from benchmarks.gpu_compile import measure_compilation

        measure_compilation(options.repeats, readme=options.readme)
        return 0
    from shapewright.runtime.cuda.folders import simulated
    from shapewright.runtime.cuda.probe import driver_facts, missing

    lacks = ["a GPU (the simulator is on)"] if simulated() else [k.what for k in missing() if not k.optional]
    if lacks and not options.smoke:
        print(f"no device to measure on; missing: {'; '.join(lacks)}. --smoke needs none", file=sys.stderr)
        return 1
    extra = {"NUMBA_ENABLE_CUDASIM": "1"} if lacks else {}
    facts = None if lacks else driver_facts()
    report = new_report(facts.gpus[0].name if facts and facts.gpus else "CUDA simulator", smoke=options.smoke)
    path = options.results
    with tempfile.TemporaryDirectory(prefix="shapewright-bench-") as folder:
        bench = Bench(Path(folder), extra, options.peers, options.smoke, 1 if options.smoke else options.rounds)
        for work in options.rows:
            report["rows"][work.name] = bench.measure(work)
            report, path = save(report, options.results)  # after every row: a run may be cut off
    print(as_markdown(report))
    print(f"written to {path}", file=sys.stderr)
    return int(any(report["rows"][w.name]["failed"] for w in options.rows))


class Bench:
    """A run: its folder, the environment of its workers, and the float64 answers that it has."""

    def __init__(self, folder: Path, extra: Mapping[str, str], peers: Sequence[Peer], smoke: bool, rounds: int) -> None:
        self.folder, self.extra, self.peers, self.smoke, self.rounds = folder, extra, peers, smoke, rounds
        self.answers: dict[tuple[object, ...], Answer] = {}

    def measure(self, work: Work) -> Result:
        """Check every peer against float64, then time those that agree, in turns."""
        result = Result(copy_bandwidth=None, launches=None, peers={}, absent={}, failed={})
        running = list[Contestant]()
        try:
            answer, at = self._answer(work), sized(work, smoke=self.smoke)
            start = sampled(make_data(at).params)
            for peer in self.peers:
                try:
                    running.append(self._start(work, peer))
                    wrong = disagreements(at, start, answer, running[-1].ready["losses"], running[-1].results())
                    if wrong:
                        running.pop().close()
                        raise PeerFailed(f"computes something else: {'; '.join(wrong)}")
                except PeerAbsent as reason:
                    result["absent"][peer.name] = str(reason)
                except PeerFailed as failure:
                    _say(f"{work.name} {peer.name}: FAILED {failure}")
                    result["failed"][peer.name] = str(failure)
            for c in running:
                ready = c.ready
                times = Times(steps=[], replays=[], import_s=ready["import_s"], first_step_s=ready["first_step_s"])
                result["peers"][c.peer.name] = times
                if c.peer is OURS:
                    result["copy_bandwidth"], result["launches"] = ready["copy_bandwidth"], ready["launches"]
            self._take_turns(work, running, result)
        except PeerFailed as failure:  # of the reference
            result["failed"][REFERENCE.name] = str(failure)
        finally:
            for c in running:
                c.close()
        return result

    def _answer(self, work: Work) -> Answer:
        """The float64 answer; rows that differ in precision share it."""
        key = (work.kind, work.rows, work.widths)
        if key not in self.answers:
            _say(f"{work.name}: the answer in float64")
            reference = Contestant(REFERENCE, work, self.folder / work.name / REFERENCE.name, self.extra, self.smoke)
            reference.close()
            results = tuple(np.asarray(r, np.float64) for r in reference.results())
            self.answers[key] = Answer(tuple(reference.ready["losses"]), results)
        return self.answers[key]

    def _start(self, work: Work, peer: Peer) -> Contestant:
        if not peer.installed():
            raise PeerAbsent(f"{peer.package} is not installed")
        _say(f"{work.name} {peer.name}: compiling")
        return Contestant(peer, work, self.folder / work.name / peer.name, self.extra, self.smoke)

    def _take_turns(self, work: Work, running: Sequence[Contestant], result: Result) -> None:
        """Round robin in a new order every round, so that no peer always follows the same one."""
        order, rng = list(running), random.Random(0)
        for turn in range(self.rounds):
            _say(f"{work.name} round {turn + 1} of {self.rounds}")
            rng.shuffle(order)
            for contestant in list(order):
                name = contestant.peer.name
                try:
                    block = contestant.block(0.0 if self.smoke else SECONDS)
                except PeerFailed as failure:
                    order.remove(contestant)
                    result["failed"][name] = str(failure)
                    del result["peers"][name]
                    continue
                result["peers"][name]["steps"].append(block["step"])
                if block["replay"] is not None:
                    result["peers"][name]["replays"].append(block["replay"])


class Contestant:
    """A running `benchmarks.gpu_worker`. The constructor returns when the check steps are done."""

    def __init__(self, peer: Peer, work: Work, scratch: Path, extra: Mapping[str, str], smoke: bool) -> None:
        """Start the worker; `scratch` holds its results and its log, compile caches lie beside it.

        Raises PeerAbsent: the library has no GPU. PeerFailed: the worker ended early.
        """
        scratch.mkdir(parents=True, exist_ok=True)
        self.peer, self._results, self._log = peer, scratch / "results.npz", scratch / "log.txt"
        command = [sys.executable, "-m", "benchmarks.gpu_worker", peer.name, work.name, str(self._results)]
        env = environment(None, scratch.parent / "caches") | {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"} | dict(extra)
        if peer is REFERENCE:  # large products in float64: as many threads as there are
            env = {name: value for name, value in env.items() if not name.endswith("_NUM_THREADS")}
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                command + ["--smoke"] * smoke, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                cwd=ROOT, env=env,
            )  # fmt: skip
        try:
            said = self._line()
            if "absent" in said:
                raise PeerAbsent(said["absent"])
        except BaseException:
            self.close()
            raise
        self.ready = cast("Ready", said)

    def results(self) -> list[np.ndarray[Any, Any]]:
        """Samples of what the check steps left."""
        with np.load(self._results) as stored:
            return [stored[name] for name in stored.files]

    def block(self, seconds: float) -> Block:
        """Run blocks of about this length."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it ended: reading says why
            print(seconds, file=self._process.stdin, flush=True)
        return cast("Block", self._line())

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _line(self) -> dict[str, Any]:
        """The next line of the protocol; libraries may print lines of their own, which are skipped."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                return cast("dict[str, Any]", json.loads(line))
        log = self._log.read_text().strip()
        print(log[-4000:], file=sys.stderr)
        errors = [line for line in log.splitlines() if re.match(r"[\w.]*(Error|Exception)\b", line)]
        raise PeerFailed(f"ended early: {(errors or ['see its output above'])[-1][:300]}")


def _say(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    def rows(text: str) -> list[Work]:
        return [WORKS[name] for name in text.split(",")]

    def peers(text: str) -> list[Peer]:
        return [BY_NAME[name] for name in text.split(",")]

    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rows", type=rows, default=list(WORKS.values()), help=",".join(WORKS))
    p.add_argument("--peers", type=peers, default=list(PEERS), help=",".join(p.name for p in PEERS))
    p.add_argument("--rounds", type=int, default=15, help="blocks per peer (default 15)")
    p.add_argument("--smoke", action="store_true", help="tiny sizes, one round, in the simulator if there is no GPU")
    p.add_argument("--results", type=Path, default=RESULTS, help="folder of gpu-DATE.md and gpu-DATE.json")
    p.add_argument("--compile", action="store_true", help="measure compile times instead; needs numba-cuda, but no GPU")
    p.add_argument("--repeats", type=int, default=5, help="with --compile: processes per line (default 5)")
    p.add_argument("--readme", action="store_true", help="with --compile: also write the table into README.md")
    return p


if __name__ == "__main__":
    sys.exit(main())
