"""How long the digits program takes to become machine code for a GPU, in new processes, and where the time goes.

Run `python benchmarks/gpu.py --compile [--repeats 5]`. No GPU is needed: the kernels are compiled for sm_90, not loaded.
Cold: with an empty cache. Cached: the next process, which finds the machine code on disk and never imports Numba.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict, cast

BATCH, ARCH = 64, "sm_90"
GOALS = {"cold": 8.0, "cached": 1.0}
"""Seconds."""
STAGES = {
    "import": "import shapewright",
    "text": "loss to text",
    "numba": "import numba.cuda",
    "front": "Python to LLVM",
    "nvvm": "LLVM to PTX",
    "link": "PTX to machine code",
    "read": "read from disk",
}


WHAT = (
    "From the first line of a new process to the machine code of every kernel that a step launches; opening a GPU and "
    "loading the code are not part of it. Medians; *cold* with an empty cache, *cached* the next process, which imports "
    "no Numba."
)


class Times(TypedDict):
    """Seconds of one new process by stage, and by kernel; `total` counts from its first line."""

    stages: dict[str, float]
    kernels: dict[str, float]
    total: float


def measure_compilation(repeats: int, *, readme: bool) -> None:
    """Print the tables; every number is the median over `repeats` new processes."""
    from benchmarks.gpu_report import host, today, versions
    from benchmarks.report import write_section

    runs: dict[str, list[Times]] = {name: [] for name in GOALS}
    for _ in range(repeats):
        with tempfile.TemporaryDirectory(prefix="shapewright-bench-") as caches:
            for name in runs:
                runs[name].append(_child(name, Path(caches)))
    used = ", ".join(f"{name} {version}" for name, version in versions())
    text = "\n\n".join(
        [f"{today()}, {host()}, {len(os.sched_getaffinity(0))} cores, no GPU, {used}", _by_stage(runs), WHAT,
         _by_kernel(runs["cold"])]
    )  # fmt: skip
    print(text)
    if readme:
        write_section("Compile time for a GPU", text)


def _by_stage(runs: dict[str, list[Times]]) -> str:
    lines = [
        f"| digits program, batch {BATCH}, {ARCH} | {' | '.join(STAGES.values())} | in all | goal |",
        f"|{'---|' * (len(STAGES) + 3)}",
    ]
    for name, times in runs.items():
        cells = [_median([t["stages"].get(stage, 0.0) for t in times]) for stage in STAGES]
        lines.append(f"| {name} | {' | '.join(cells)} | {_median([t['total'] for t in times])} | {GOALS[name]:.0f} s |")
    return "\n".join(lines)


def _by_kernel(times: Sequence[Times]) -> str:
    cells = [f"`{kernel}` {_median([t['kernels'][kernel] for t in times])}" for kernel in times[0]["kernels"]]
    return f"By kernel, in the order of compilation (the first one also starts Numba): {', '.join(cells)}."


def _median(seconds: Sequence[float]) -> str:
    middle = statistics.median(seconds)
    return f"{middle:.2f} s" if middle else "-"


def _child(name: str, caches: Path) -> Times:
    """The times of one new process that keeps what it compiles in `caches`."""
    from benchmarks.processes import ROOT, environment

    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu_compile", name],
        cwd=ROOT, env=environment(None, caches) | {"NUMBA_ENABLE_CUDASIM": "0"}, stdout=subprocess.PIPE, text=True,
        check=True,
    )  # fmt: skip
    return cast("Times", json.loads(done.stdout.splitlines()[-1]))


# ---- in the new process


@dataclass
class Clock:
    """Adds up the time since it was last asked, by stage."""

    stages: dict[str, float] = field(default_factory=dict[str, float])
    start: float = field(default_factory=time.perf_counter)

    def stop(self, stage: str) -> float:
        """The time since the last stop goes to this stage; it is returned."""
        now = time.perf_counter()
        self.stages[stage] = self.stages.get(stage, 0.0) + now - self.start
        passed, self.start = now - self.start, now
        return passed


def compile_digits(name: str) -> Times:
    """From the loss of the digits program to the machine code of all kernels of its Adam step."""
    clock = Clock()
    import shapewright as sw

    trainer = sw.ScalarTrainer  # loads what trains
    clock.stop("import")
    program = _program(trainer)
    modules = _modules(program)
    clock.stop("text")
    kernels: dict[str, float] = {}
    if name == "cached":
        for module, kernel in modules:
            module.cubin(kernel, ARCH)
            kernels[kernel] = clock.stop("read")
        if "numba" in sys.modules:
            raise RuntimeError("a cached start imported Numba")
        return Times(stages=clock.stages, kernels=kernels, total=sum(clock.stages.values()))
    modules[0][0].kernel(modules[0][1])  # imports numba.cuda and what kernels are written with
    clock.stop("numba")
    nvvm = _watch_nvvm()
    for module, kernel in modules:
        module.ptx(kernel, ARCH)
        took = clock.stop("front")
        module.cubin(kernel, ARCH)
        kernels[kernel] = took + clock.stop("link")
    clock.stages["nvvm"] = sum(nvvm)
    clock.stages["front"] -= sum(nvvm)
    return Times(stages=clock.stages, kernels=kernels, total=sum(clock.stages.values()))


def _program(kind: Callable[..., Any]) -> Any:
    """The step's program for CUDA, recorded and written down, but bound to no device."""
    import numpy as np

    import shapewright as sw
    from shapewright import digits
    from shapewright.compiler.compile import compile_graph
    from shapewright.runtime import programs

    rng = np.random.default_rng(0)
    x = sw.Tensor[digits.Batch, digits.Pixels](rng.random((BATCH, 64), np.float32))
    y = sw.IntTensor[digits.Batch](rng.integers(0, 10, BATCH))
    unbound = programs.Target(
        lambda graph, name, example: compile_graph(graph, name=name, example=example, target="cuda"),
        lambda program, storage: cast("programs.ExecutorLike", None),
    )
    programs.target = lambda options: unbound
    return kind(digits.initial(), digits.loss).lower(x, y, method="adam_step")


def _modules(program: Any) -> list[tuple[Any, str]]:
    """Every kernel that a step launches, with its loaded text: the program's own, and the runtime's folds."""
    from shapewright.compiler.cuda_calls import KernelLaunch
    from shapewright.compiler.cuda_plan import cuda_plan
    from shapewright.runtime.cuda import builtins
    from shapewright.runtime.cuda.loader import load

    module = load(program.source, program.name)
    launched = [c.kernel for c in cuda_plan(program, program.sizes).calls if isinstance(c, KernelLaunch)]
    return [
        (module if kernel in module.kernels else builtins.module(), kernel) for kernel in dict.fromkeys(launched)
    ]  # fmt: skip


def _watch_nvvm() -> list[float]:
    """Lets every call of NVVM from here on append its seconds."""
    import importlib

    compiler: Any = importlib.import_module("numba.cuda.codegen").nvvm
    seconds, compile_ir = list[float](), compiler.compile_ir

    def timed(*arguments: Any, **options: Any) -> Any:
        start = time.perf_counter()
        try:
            return compile_ir(*arguments, **options)
        finally:
            seconds.append(time.perf_counter() - start)

    compiler.compile_ir = timed
    return seconds


if __name__ == "__main__":
    print(json.dumps(compile_digits(sys.argv[1])))
