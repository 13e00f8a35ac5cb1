"""The tables of the GPU benchmark: ours beside the best peer and beside what the hardware allows; and every peer."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import platform
import re
import shutil
import statistics
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypedDict, cast

from benchmarks.gpu_peers import OURS, PEERS
from benchmarks.gpu_workloads import NOMINAL_BANDWIDTH, PEAK, WORKS, Work, sized
from benchmarks.report import duration

LIBRARIES = (
    "shapewright", "numpy", "numba", "numba-cuda", "cuda-bindings", "nvidia-nvvm", "nvidia-nvjitlink", "nvidia-cublas",
    "nvmath-python", "torch", "triton", "jax", "jaxlib",
)  # fmt: skip
HOST_BOUND = 1.5
"""A step that takes this many times as long as its graph is limited by the calls of the host."""


class Times(TypedDict):
    """One peer on one row: seconds per step of every block, of our graph alone, to import, and of the first step."""

    steps: list[float]
    replays: list[float]
    import_s: float
    first_step_s: float


class Result(TypedDict):
    """One row: what a copy reached, launches of our step, the peers that ran, and why the others did not."""

    copy_bandwidth: float | None
    launches: int | None
    peers: dict[str, Times]
    absent: dict[str, str]
    failed: dict[str, str]


class Report(TypedDict):
    """A run, or several of one day on one machine."""

    date: str
    device: str
    driver: str
    host: str
    versions: dict[str, str]
    smoke: bool
    rows: dict[str, Result]


def new_report(device: str, *, smoke: bool) -> Report:
    """Where and when, without rows yet; `device`: its name."""
    return Report(
        date=today(), device=device, driver=driver(), host=host(), versions=dict(versions()), smoke=smoke, rows={}
    )


def today() -> str:
    """The date, as in the names of files."""
    return datetime.datetime.now(tz=datetime.UTC).date().isoformat()


def versions() -> Iterator[tuple[str, str]]:
    """The libraries that are installed."""
    for name in LIBRARIES:
        try:
            yield name, importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue


def driver() -> str:
    """The version of the NVIDIA driver, or "no NVIDIA driver"."""
    path = Path("/proc/driver/nvidia/version")
    found = re.search(r"(?<=\s)\d+\.\d+(\.\d+)?(?=\s)", path.read_text()) if path.exists() else None
    if found is not None:
        return found[0]
    tool = shutil.which("nvidia-smi")
    command = [tool or "", "--query-gpu=driver_version", "--format=csv,noheader"]
    done = subprocess.run(command, capture_output=True, text=True, check=False) if tool else None
    return done.stdout.splitlines()[0].strip() if done and done.returncode == 0 else "no NVIDIA driver"


def host() -> str:
    """The processor and the interpreter."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    return f"{model}, Python {platform.python_version()}"


# ---- files


def save(report: Report, folder: Path) -> tuple[Report, Path]:
    """Write `gpu-DATE.md` and `gpu-DATE.json` (`gpu-smoke-DATE` for a smoke run); rows that an earlier run of the day on
    this machine left there stay."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"gpu-{'smoke-' * report['smoke']}{report['date']}.json"
    if path.exists():
        earlier = cast("Report", json.loads(path.read_text()))
        if {**earlier, "rows": {}} == {**report, "rows": {}}:
            report = {**report, "rows": {**earlier["rows"], **report["rows"]}}
    path.write_text(json.dumps(report, indent=1) + "\n")
    text = path.with_suffix(".md")
    text.write_text(as_markdown(report))
    return report, text


# ---- tables


def as_markdown(report: Report) -> str:
    """Everything for people."""
    rows = [(sized(work, smoke=report["smoke"]), report["rows"][name]) for name, work in WORKS.items()
            if name in report["rows"]]  # fmt: skip
    facts = [report["date"], report["device"], f"driver {report['driver']}", report["host"]]
    facts += [f"{name} {version}" for name, version in report["versions"].items()]
    copies = [r["copy_bandwidth"] for _, r in rows if r["copy_bandwidth"]]
    copied = f"{_gb(statistics.median(copies))} GB/s" if copies else "not measured"
    parts = [
        f"# GPU benchmark, {report['date']}",
        *(["A smoke run: tiny sizes, which say nothing about speed."] if report["smoke"] else []),
        ", ".join(facts),
        f"A copy within the device moves {copied} (nominal {_gb(NOMINAL_BANDWIDTH)}). README.md in the folder above says "
        "how to read this.",
        _table(OURS_HEAD, [_ours(work, r) for work, r in rows]),
        _table(["row", *(p.title for p in PEERS), "first step, ours"], [_peers(work, r) for work, r in rows]),
        *_missing(rows),
    ]
    return "\n\n".join(parts) + "\n"


OURS_HEAD = (
    "row", "ours: step", "ours: graph", "best peer", "ours / best", "quartiles", "at least", "nominal", "limit", "rate",
    "share",
)  # fmt: skip


def best(result: Result) -> str | None:
    """The name of the fastest peer."""
    others = {name: t for name, t in result["peers"].items() if name != OURS.name}
    return min(others, key=lambda name: statistics.median(others[name]["steps"]), default=None)


def compared(work: Work, times: Times) -> list[float]:
    """Our blocks that are compared with the peers' steps: see `Work.whole_step`."""
    return times["steps"] if work.whole_step else times["replays"]


def _ours(work: Work, result: Result) -> Sequence[str]:
    ours, peer = result["peers"].get(OURS.name), best(result)
    title = f"{work.title}, {work.precision}"
    if ours is None:
        return title, *[_absence(OURS.name, result)] * 2, *["-"] * (len(OURS_HEAD) - 3)
    step, alone = statistics.median(ours["steps"]), statistics.median(ours["replays"])
    mine = compared(work, ours)
    ratio, quartiles, rival = "-", "-", "-"
    if peer is not None:
        theirs = result["peers"][peer]["steps"]
        rival = f"{peer} {duration(statistics.median(theirs))}"
        ratio = f"{statistics.median(mine) / statistics.median(theirs):.2f}"
        ratios = [a / b for a, b in zip(mine, theirs, strict=True)]
        if len(ratios) > 1:
            low, _, high = statistics.quantiles(ratios, n=4)
            quartiles = f"{low:.2f}-{high:.2f}"
    bandwidth, launches = result["copy_bandwidth"] or NOMINAL_BANDWIDTH, result["launches"] or 0
    least = work.estimates(bandwidth, launches)
    limit = max(least, key=lambda name: least[name])
    if work.whole_step and step > HOST_BOUND * max(alone, *least.values()):
        limit = f"host calls ({limit} on the device)"
    cells = [duration(max(e["memory"], e["arithmetic"])) for e in (least, work.estimates(NOMINAL_BANDWIDTH, 0))]
    return (
        title,
        duration(step),
        duration(alone),
        rival,
        ratio,
        quartiles,
        *cells,
        limit,
        *_rate(work, alone, bandwidth),
    )


def _rate(work: Work, seconds: float, bandwidth: float) -> tuple[str, str]:
    """What our graph reached of what limits it, memory or arithmetic."""
    if work.flops / PEAK[work.precision] > work.bytes / bandwidth:
        reached = work.flops / seconds
        return f"{reached / 1e12:.3g} TFLOP/s", f"{reached / PEAK[work.precision]:.2f}"
    reached = work.bytes / seconds
    return f"{_gb(reached)} GB/s", f"{reached / bandwidth:.2f}"


def _peers(work: Work, result: Result) -> Sequence[str]:
    cells = [f"{work.title}, {work.precision}"]
    for peer in PEERS:
        times = result["peers"].get(peer.name)
        mine = compared(work, times) if times and peer is OURS else times["steps"] if times else []
        cells.append(duration(statistics.median(mine)) if mine else _absence(peer.name, result))
    ours = result["peers"].get(OURS.name)
    return *cells, f"{ours['first_step_s']:.2f} s" if ours else "-"


def _absence(peer: str, result: Result) -> str:
    return "absent" if peer in result["absent"] else "failed" if peer in result["failed"] else "not asked for"


def _missing(rows: Sequence[tuple[Work, Result]]) -> list[str]:
    """Why peers are not there, each reason once, with the rows."""
    lines = list[str]()
    for kind in ("absent", "failed"):
        reasons: dict[tuple[str, str], list[str]] = {}
        for work, result in rows:
            said = cast("Mapping[str, str]", result[kind])
            for peer, why in said.items():
                reasons.setdefault((peer, why), []).append(work.name)
        for (peer, why), names in reasons.items():
            where = "every row" if len(names) == len(rows) else ", ".join(names)
            lines.append(f"* {peer} {kind}: {why} ({where})")
    return ["\n".join(lines)] if lines else []


def _gb(bandwidth: float) -> str:
    return f"{bandwidth / 1e9:.4g}"


def _table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    body = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([f"| {' | '.join(header)} |", f"|{'---|' * len(header)}", *body])
