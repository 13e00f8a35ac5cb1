"""The tables: one line per workload (ours against the best peer), and one line per peer."""

from __future__ import annotations

import datetime
import importlib.metadata
import platform
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.peers import BY_NAME, OURS
from benchmarks.worker import Ready
from benchmarks.workloads import Workload

Table = tuple[Sequence[str], Sequence[Sequence[str]]]
LIBRARIES = ("numpy", "numba", "scipy", "torch", "jax", "jaxlib")


@dataclass(slots=True)
class Timing:
    """What one peer did on one workload: its starts (cold, warm), seconds per step of every block, and the neighbours.

    `others` is the share of the cores that other processes used during each block.
    """

    cold: Ready
    warm: Ready | None
    steps: list[float] = field(default_factory=list[float])
    others: list[float] = field(default_factory=list[float])

    def add(self, step: float, others: float) -> None:
        """Append one block."""
        self.steps.append(step)
        self.others.append(others)

    @property
    def median(self) -> float:
        """Median over all blocks, in seconds: no block is thrown away."""
        return statistics.median(self.steps)


@dataclass(frozen=True, slots=True)
class Row:
    """All peers on one workload."""

    workload: Workload
    timings: dict[str, Timing]

    @property
    def ours(self) -> Timing | None:
        """Our own timing, if we ran."""
        return self.timings.get(OURS.name)

    def best(self, package: str | None = None) -> str | None:
        """The name of the fastest peer (of a package) other than ours."""
        names = [n for n in self.timings if n != OURS.name and package in (None, BY_NAME[n].package)]
        return min(names, key=lambda n: self.timings[n].median, default=None)

    def ratio(self, peer: str | None) -> float | None:
        """Ours / peer, of the medians."""
        return self.ours.median / self.timings[peer].median if self.ours and peer else None

    def spread(self, peer: str | None) -> tuple[float, float] | None:
        """Lower and upper quartile of ours / peer over the rounds."""
        if self.ours is None or peer is None or len(self.ours.steps) < 2:
            return None
        ratios = [a / b for a, b in zip(self.ours.steps, self.timings[peer].steps, strict=True)]
        low, _, high = statistics.quantiles(ratios, n=4)
        return low, high

    def as_json(self) -> dict[str, object]:
        """Everything measured, for later analysis."""
        return {
            "workload": self.workload.name,
            "peers": {
                name: {"cold": t.cold, "warm": t.warm, "step_s": t.steps, "others": t.others}
                for name, t in self.timings.items()
            },
        }


README = Path(__file__).with_name("README.md")


def as_markdown(rows: Sequence[Row]) -> str:
    """Both tables for a README."""
    return _page(rows, _markdown)


def as_text(rows: Sequence[Row]) -> str:
    """Both tables for a terminal."""
    return _page(rows, _text)


def write_section(title: str, text: str, readme: Path = README) -> None:
    """Put `text` in the place of the section `title` of the README, up to the next heading, or append the section."""
    heading = f"## {title}\n"
    before, found, rest = readme.read_text().partition(heading)
    _, next_heading, after = rest.partition("\n## ") if found else ("", "", "")
    readme.write_text(f"{before.rstrip()}\n\n{heading}\n{text.strip()}\n{next_heading}{after}")


def _page(rows: Sequence[Row], form: Callable[[Table], str]) -> str:
    return f"{machine()}\n\n{form(_summary(rows))}\n\n{form(_details(rows))}\n\n{_load(rows)}"


def machine() -> str:
    """Where and when, in one line."""
    model = next(
        (line.split(":", 1)[1].strip() for line in _cpuinfo() if line.startswith("model name")), platform.machine()
    )
    versions = [f"{name} {version}" for name in LIBRARIES if (version := _version(name))]
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    return f"{today}, {model}, 2 threads, Python {platform.python_version()}, {', '.join(versions)}"


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _summary(rows: Sequence[Row]) -> Table:
    header = ("workload", "ours", "best peer", "ours / best", "quartiles", "best torch", "best jax", "mark", "target")
    return header, [_summary_line(row) for row in rows]


def _summary_line(row: Row) -> Sequence[str]:
    best, ours = row.best(), row.ours
    ratio, spread = row.ratio(best), row.spread(best)
    return (
        f"{row.workload.name} {row.workload.title}",
        duration(ours.median) if ours else "-",
        f"{best} {duration(row.timings[best].median)}" if best else "-",
        f"{ratio:.2f}" if ratio else "-",
        f"{spread[0]:.2f}-{spread[1]:.2f}" if spread else "-",
        *(_named(row, row.best(package)) for package in ("torch", "jax")),
        f"{row.workload.mark:.2f}" if row.workload.mark else "-",
        f"{row.workload.target:.2f}",
    )


def _named(row: Row, peer: str | None) -> str:
    return duration(row.timings[peer].median) if peer else "-"


def _details(rows: Sequence[Row]) -> Table:
    header = ("workload", "peer", "median step", "fastest block", "first step, cold", "warm", "import")
    lines = [
        (
            row.workload.name,
            name,
            duration(timing.median),
            duration(min(timing.steps)),
            f"{timing.cold['first_step_s']:.2f} s",
            f"{timing.warm['first_step_s']:.2f} s" if timing.warm else "-",
            f"{(timing.warm or timing.cold)['import_s']:.2f} s",
        )
        for row in rows
        for name, timing in sorted(row.timings.items(), key=lambda item: item[1].median)
    ]
    return header, lines


def _load(rows: Sequence[Row]) -> str:
    others = [o for row in rows for t in row.timings.values() for o in t.others]
    if not others:
        return "nothing was measured"
    return (
        f"Other processes used {statistics.median(others):.0%} of the cores in the median block, "
        f"{max(others):.0%} in the worst; {len(others)} blocks."
    )


def duration(seconds: float) -> str:
    """Three digits and a unit: 1.90 us, 681 us, 20.9 ms."""
    for scale, unit in ((1e-6, "us"), (1e-3, "ms"), (1.0, "s")):
        value = seconds / scale
        if value < 999.5 or unit == "s":
            return f"{value:.{max(0, 2 - (value >= 9.995) - (value >= 99.95))}f} {unit}"
    raise AssertionError("unreachable: the last unit takes every value")


def _markdown(table: Table) -> str:
    header, lines = table
    body = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([f"| {' | '.join(header)} |", f"|{'---|' * len(header)}", *body])


def _text(table: Table) -> str:
    header, lines = table
    widths = [max(len(line[i]) for line in (header, *lines)) for i in range(len(header))]
    return "\n".join(
        "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in (header, *lines)
    )
