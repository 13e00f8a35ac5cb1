"""How long a user waits: `import shapewright`, and the first training step of the digits program, in new processes.

Run `python benchmarks/compile_time.py [--repeats 3]`. Cold: nothing was compiled on this machine before, neither the
program's kernels nor our runtime (table driver, worker pool). Warm: a new process that finds both in the disk cache.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict, cast

import numpy as np

if __name__ == "__main__":  # as a script: the first entry of the path is this folder, not the one above
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks.processes import ROOT, environment, limit_cores
from benchmarks.report import machine, write_section

BATCH = 64


class Times(TypedDict):
    """Seconds of one new process. `total_s` counts from its first line, so it leaves out the interpreter's start."""

    import_s: float
    trainer_s: float
    first_step_s: float
    total_s: float
    second_step_s: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; every number is the median over `--repeats` new processes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3, help="processes per line (default 3)")
    parser.add_argument("--readme", action="store_true", help="also write the table into README.md in this folder")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        print(json.dumps(first_step()))
        return 0
    limit_cores()
    cold, warm = list[Times](), list[Times]()
    for _ in range(options.repeats):
        with tempfile.TemporaryDirectory(prefix="shapewright-bench-") as caches:
            cold.append(run_child(Path(caches)))
            warm.append(run_child(Path(caches)))
    lines = [
        "| digits program, batch 64 | import | trainer | first step | import to first step | second step |",
        "|---|---|---|---|---|---|",
        *(f"| {name} | {' | '.join(_cells(runs))} |" for name, runs in (("cold", cold), ("warm, new process", warm))),
    ]
    table = "\n".join(lines)
    print(table)
    if options.readme:
        write_section("Compile time", f"{machine()}\n\n{table}")
    return 0


def _cells(runs: Sequence[Times]) -> list[str]:
    keys = ("import_s", "trainer_s", "first_step_s", "total_s")
    medians = [statistics.median(r[key] for r in runs) for key in keys]
    return [f"{m:.2f} s" for m in medians] + [f"{statistics.median(r['second_step_s'] for r in runs) * 1e6:.0f} us"]


def run_child(caches: Path) -> Times:
    """The times of one new process that keeps what it compiles in `caches`."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.compile_time", "--child"],
        cwd=ROOT,
        env=environment(None, caches),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return cast("Times", json.loads(done.stdout))


def first_step() -> Times:
    """Import, build the digits trainer, run two steps."""
    rng = np.random.default_rng(0)
    images, labels = rng.random((BATCH, 64), np.float32), rng.integers(0, 10, BATCH)
    start = time.perf_counter()
    import shapewright as sw

    imported = time.perf_counter()
    from shapewright import digits

    x, y = sw.Tensor[digits.Batch, digits.Pixels](images), sw.IntTensor[digits.Batch](labels)
    trainer = sw.ScalarTrainer(digits.initial(), digits.loss, sw.Options(backend="compiled"))
    built = time.perf_counter()
    trainer.adam_step(x, y, lr=1e-3)
    first = time.perf_counter()
    trainer.adam_step(x, y, lr=1e-3)
    return {
        "import_s": imported - start,
        "trainer_s": built - imported,
        "first_step_s": first - built,
        "total_s": first - start,
        "second_step_s": time.perf_counter() - first,
    }


if __name__ == "__main__":
    sys.exit(main())
