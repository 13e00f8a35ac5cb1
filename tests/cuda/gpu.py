"""Everything that needs an NVIDIA GPU, with a summary: `python -m tests.cuda.gpu` (or `make test-gpu`).

Every section runs in processes of its own, so that one that loses the device does not take the others with it.
`--simulator` runs the same at tiny sizes in Numba's simulator. The log goes to benchmarks/results/gpu-tests-DATE.log.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO, TypedDict, cast, final

from benchmarks.gpu_report import driver, host, today, versions
from tests.cuda.gpu_sections import Outcome, Section, Setting

ROOT = Path(__file__).resolve().parents[2]
SECTIONS = {
    "ops": ("gpu_graphs", "ops", 4),
    "programs": ("gpu_graphs", "programs", 8),
    "accuracy": ("gpu_training", "accuracy", 1),
    "bits": ("gpu_training", "bits", 2),
    "memory": ("gpu_training", "memory", 1),
    "products": ("gpu_training", "products", 1),
    "errors": ("gpu_training", "errors", 1),
}
"""Module, function, and how many processes share the work: those of one section run side by side."""
OTHERS = ("pytest", "sanitizer")
SANITIZED = ("ops", "bits", "products")
"""What compute-sanitizer watches, at tiny sizes."""
IN_SIMULATOR = "SHAPEWRIGHT_GPU_TESTS"
"""Set to "simulator", it lets the tests marked `cuda` run there."""
MARK = r"pytest\.mark\.cuda\b"
"""What files with marked tests contain: collecting all others would take longer than running these."""
PYTEST_NO_TESTS = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sections. Exit status 1: one failed. Without a device nothing is run, and the reason is printed."""
    options = _parser().parse_args(arguments)
    if options.section:
        setting = Setting(options.tiny, options.seed, *map(int, options.share.split("/")))
        print(json.dumps(section(options.section)(setting).as_json()), flush=True)
        return 0
    env = {**os.environ, "NUMBA_ENABLE_CUDASIM": str(int(options.simulator))}
    env["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "src"), *filter(None, [env.get("PYTHONPATH")])])
    facts = facts_of(env)
    if facts["missing"]:
        print(f"skipped: there is no CUDA device to test on; missing: {'; '.join(facts['missing'])}")
        return 0
    options.results.mkdir(parents=True, exist_ok=True)
    path = options.results / f"gpu-tests-{'simulator-' * options.simulator}{today()}.log"
    with path.open("w") as log:
        run = Run(env, log, options.simulator, options.seed, options.jobs)
        run.say(f"{today()}, {facts['device']}, driver {driver()}, {host()}")
        run.say(", ".join(f"{name} {version}" for name, version in versions()))
        run.say(f"seed {options.seed}: --seed {options.seed} repeats these inputs")
        for name in options.only:
            run.section(name)
        run.summary()
    print(f"written to {path}")
    return int(any(r.outcome.failures for r in run.results))


def section(name: str) -> Section:
    """The function of a section; in a process of its own, since it opens the device."""
    module, function, _ = SECTIONS[name]
    return cast("Section", getattr(importlib.import_module(f"tests.cuda.{module}"), function))


@final
@dataclass(slots=True)
class Result:
    """A section that ran."""

    name: str
    outcome: Outcome
    seconds: float


@final
@dataclass(slots=True)
class Run:
    """Runs sections and collects what they say."""

    env: Mapping[str, str]
    log: TextIO
    tiny: bool
    seed: int
    jobs: int
    results: list[Result] = field(default_factory=list[Result])

    def say(self, text: str) -> None:
        """On the terminal and in the log."""
        print(text, flush=True)
        print(text, file=self.log, flush=True)

    def section(self, name: str) -> None:
        """Run one and tell how it went."""
        self.say(f"== {name}")
        start = time.perf_counter()
        outcome = getattr(self, f"_{name}")() if name in OTHERS else self._shared(name)
        self.results.append(Result(name, outcome, time.perf_counter() - start))
        self.say(f"-- {name}: {_status(outcome)}")
        for failure in outcome.failures:
            self.say(f"   {failure}")

    def summary(self) -> None:
        """The table."""
        self.say("\n| section | result | checks | seconds | |\n|---|---|---|---|---|")
        for r in self.results:
            o = r.outcome
            self.say(f"| {r.name} | {_status(o)} | {o.checked} | {r.seconds:.1f} | {o.skipped or o.note} |")
        counts = [sum(_status(r.outcome) == s for r in self.results) for s in ("passed", "FAILED", "skipped")]
        self.say("\n{} passed, {} failed, {} skipped".format(*counts))

    # ---- sections in processes of their own
    def _shared(self, name: str) -> Outcome:
        """All shares of a section, at most `jobs` at a time; their outcomes as one."""
        shares = 1 if self.tiny and name != "bits" else SECTIONS[name][2]
        outcomes: list[Outcome] = []
        for first in range(0, shares, self.jobs):
            together = range(first, min(first + self.jobs, shares))
            started = [self._start(self._command(name, f"{i}/{shares}")) for i in together]
            outcomes += [self._finish(process) for process in started]
        digests = sorted({o.digest for o in outcomes})
        merged = Outcome(
            sum(o.checked for o in outcomes), [f for o in outcomes for f in o.failures], outcomes[-1].note,
            skipped=next((o.skipped for o in outcomes if o.skipped), ""),
        )  # fmt: skip
        if shares > 1 and any(digests) and not merged.failures:
            merged.expect(len(digests) == 1, f"processes differ: {digests}")
        return merged

    def _command(self, name: str, share: str) -> list[str]:
        command = [
            sys.executable,
            "-m",
            "tests.cuda.gpu",
            "--section",
            name,
            "--share",
            share,
            "--seed",
            str(self.seed),
        ]
        return command + ["--tiny"] * self.tiny

    def _start(self, command: Sequence[str], extra: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        both = subprocess.STDOUT
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=both, text=True, cwd=ROOT, env={**self.env, **(extra or {})}
        )

    def _finish(self, process: subprocess.Popen[str]) -> Outcome:
        """Its output goes to the log; its last line of JSON is the outcome."""
        out, _ = process.communicate()
        print(out, file=self.log, flush=True)
        said = [line for line in out.splitlines() if line.startswith('{"checked"')]
        if process.returncode or not said:
            tail = " / ".join(out.strip().splitlines()[-3:])
            return Outcome(failures=[f"ended with status {process.returncode}: {tail}"[:1000]])
        return Outcome(**json.loads(said[-1]))

    # ---- other tools
    def _pytest(self) -> Outcome:
        """The tests marked `cuda`."""
        if importlib.util.find_spec("pytest") is None:
            return Outcome(skipped="pytest is not installed")
        marked = [str(f) for f in sorted((ROOT / "tests").rglob("test_*.py")) if re.search(MARK, f.read_text())]
        command = [sys.executable, "-m", "pytest", "-q", "-rs", "-m", "cuda", "-p", "no:cacheprovider", *marked]
        process = self._start(command, {IN_SIMULATOR: "simulator"} if self.tiny else {})
        out, _ = process.communicate()
        print(out, file=self.log, flush=True)
        last = (out.strip().splitlines() or ["it printed nothing"])[-1].strip("= ")
        if process.returncode == PYTEST_NO_TESTS:
            return Outcome(skipped="no test is marked cuda")
        return Outcome(1, [last] if process.returncode else [], f"tests marked cuda: {last}")

    def _sanitizer(self) -> Outcome:
        """Small sections again, under compute-sanitizer's memcheck."""
        tool = shutil.which("compute-sanitizer")
        if tool is None:
            return Outcome(skipped="compute-sanitizer is not installed, or not on PATH")
        if self.tiny:
            return Outcome(skipped="compute-sanitizer watches a GPU, not the simulator")
        merged = Outcome(note=f"memcheck of {', '.join(SANITIZED)} at tiny sizes")
        for name in SANITIZED:
            command = [tool, "--tool", "memcheck", "--error-exitcode", "99", *self._command(name, "0/1"), "--tiny"]
            outcome = self._finish(self._start(command))
            merged.checked += outcome.checked
            merged.failures += [f"{name}: {failure}" for failure in outcome.failures]
        return merged


def _status(outcome: Outcome) -> str:
    return "FAILED" if outcome.failures else "skipped" if outcome.skipped else "passed"


class Facts(TypedDict):
    """What is missing for a device, and the name of the device."""

    missing: list[str]
    device: str


def facts_of(env: Mapping[str, str]) -> Facts:
    """Asked in a process with the environment of the sections: this one may have the simulator on, or not."""
    code = """
import json
from shapewright.runtime.cuda.folders import simulated
from shapewright.runtime.cuda.probe import driver_facts, missing
found = None if simulated() else driver_facts()
name = found.gpus[0].name if found is not None and found.gpus else "CUDA simulator" if simulated() else ""
print(json.dumps({"missing": [lack.what for lack in missing() if not lack.optional], "device": name}))
"""
    done = subprocess.run([sys.executable, "-c", code], env=dict(env), stdout=subprocess.PIPE, text=True, check=True)
    return cast("Facts", json.loads(done.stdout))


def _parser() -> argparse.ArgumentParser:
    def names(text: str) -> list[str]:
        return text.split(",")

    every = [*SECTIONS, *OTHERS]
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--only", type=names, default=every, help=",".join(every))
    p.add_argument("--simulator", action="store_true", help="tiny sizes in Numba's simulator, without a GPU")
    p.add_argument("--seed", type=int, default=int(time.time()) % 100_000, help="of the inputs (default: fresh ones)")
    p.add_argument("--jobs", type=int, default=min(8, os.cpu_count() or 1), help="processes at a time")
    p.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results", help="folder of the log")
    for hidden in ("--section", "--share"):
        p.add_argument(hidden, help=argparse.SUPPRESS)
    p.add_argument("--tiny", action="store_true", help=argparse.SUPPRESS)
    return p


if __name__ == "__main__":
    sys.exit(main())
