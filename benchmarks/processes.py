"""Peers as processes: start them, ask them for blocks of steps, and see what else the machine was doing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import cast

from benchmarks.peers import Peer
from benchmarks.worker import Ready
from benchmarks.workloads import Workload

ROOT = Path(__file__).resolve().parents[1]
THREADS = 2


class PeerFailed(Exception):
    """A peer's process ended early, or its numbers are wrong; the message says which peer and why."""


def limit_cores() -> None:
    """Give this process and its children as many cores as threads: XLA takes one thread per core, unasked."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) > THREADS:
        os.sched_setaffinity(0, allowed[:THREADS])


def environment(peer: Peer | None, caches: Path) -> dict[str, str]:
    """The environment of a worker: two threads, the libraries' own BLAS choices, and compile caches in `caches`."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
    path = [str(ROOT), str(ROOT / "src"), *filter(None, [env.get("PYTHONPATH")])]
    return env | {
        "PYTHONPATH": os.pathsep.join(path),
        "OMP_NUM_THREADS": str(THREADS),
        "NUMBA_NUM_THREADS": str(THREADS),
        "SHAPEWRIGHT_THREADS": str(THREADS),
        "SHAPEWRIGHT_CACHE": str(caches / "shapewright"),
        "NUMBA_CACHE_DIR": str(caches / "numba"),
        "TORCHINDUCTOR_CACHE_DIR": str(caches / "inductor"),
        "JAX_COMPILATION_CACHE_DIR": str(caches / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        **(peer.env if peer else {}),
    }


class PeerProcess:
    """A running `benchmarks.worker`. The constructor returns when the check steps are done."""

    def __init__(self, peer: Peer, workload: Workload, scratch: Path, *, once: bool = False) -> None:
        """Start the worker; `scratch` holds its compile caches, its results and its log."""
        scratch.mkdir(parents=True, exist_ok=True)
        self.peer = peer
        self.results = scratch / "results.npz"
        self._log = scratch / "log.txt"
        command = [sys.executable, "-m", "benchmarks.worker", peer.name, workload.name, str(self.results)]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                command + ["--once"] * once,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=ROOT,
                env=environment(peer, scratch),
            )
        try:
            self.ready = cast("Ready", json.loads(self._line()))
        except BaseException:
            self.close()
            raise

    def block(self, seconds: float) -> tuple[float, float]:
        """Run a block of steps: seconds per step, and the share of the cores that other processes used meanwhile."""
        assert self._process.stdin is not None
        busy, own, start = _busy_ticks(), self._own_ticks(), time.perf_counter()
        print(seconds, file=self._process.stdin, flush=True)
        step = float(self._line())
        ticks = (_busy_ticks() - busy) - (self._own_ticks() - own)
        cores = len(os.sched_getaffinity(0))
        return step, max(0.0, ticks / os.sysconf("SC_CLK_TCK") / ((time.perf_counter() - start) * cores))

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _line(self) -> str:
        """The next line of the protocol; libraries may print lines of their own, which are skipped."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line[0] in "{0123456789":
                return line
        log = self._log.read_text().strip()
        print(log[-4000:], file=sys.stderr)
        errors = [line for line in log.splitlines() if re.match(r"[\w.]+(Error|Exception|OutOfRange)\b", line)]
        raise PeerFailed(f"{self.peer.name} ended early: {(errors or ['see its output above'])[-1]}")

    def _own_ticks(self) -> int:
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])


def _busy_ticks() -> int:
    """Clock ticks that all cores together spent working since the machine started (user, nice, system, interrupts)."""
    fields = [int(f) for f in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(fields) - fields[3] - fields[4]
