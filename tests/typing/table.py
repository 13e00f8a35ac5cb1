"""What is stored of the corpus, and the table in the documentation that is made of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .checkers import CHECKERS, Outcomes, versions
from .corpus import Program

START = "<!-- made from tests/typing/outcomes.json by pytest --update-golden -->\n\n"
END = "\n<!-- end of the table -->\n"
_RELEASE = {"mypy+plugin": "mypy"}  # the tool whose version a column shows
_TITLES = {"check": "`shapewright check`"}


def stored(programs: Iterable[Program], found: Mapping[str, Outcomes]) -> str:
    """Versions, and [line, rule] of every error by program and checker, as JSON with a line for each checker."""
    lines = [f' "versions": {json.dumps(versions())},', ' "programs": {']
    blocks: list[str] = []
    for p in programs:
        inner = [f"   {json.dumps(c)}: {json.dumps(sorted(found[c][p.name].errors))}" for c in CHECKERS]
        blocks.append(f"  {json.dumps(p.name)}: {{\n" + ",\n".join(inner) + "\n  }")
    return "\n".join(["{", *lines, ",\n".join(blocks), " }", "}", ""])


def table(programs: Sequence[Program], outcomes: Mapping[str, Any]) -> str:
    """How many mistakes of each kind each checker refuses, how many right lines, and the versions."""
    rows = [["mistakes in", "", *(_TITLES.get(c, c) for c in CHECKERS)], ["---", *["---:"] * (len(CHECKERS) + 1)]]
    wrong = [p for p in programs if p.name.startswith("wrong/")]
    for kind in sorted({p.kind for p in wrong}):
        rows.append([kind.lower(), *_counts([p for p in wrong if p.kind == kind], outcomes)])
    rows.append(["**all**", *_counts(wrong, outcomes)])
    rows.append(["right lines that are refused", "0", *(str(_refused(programs, outcomes, c)) for c in CHECKERS)])
    rows.append(
        [
            "right lines of the limits above that are refused",
            *_counts([p for p in programs if p.name.startswith("limits/")], outcomes),
        ]
    )
    release = outcomes["versions"]
    rows.append(["version", "", *(release.get(_RELEASE.get(c, c), "") for c in CHECKERS)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _counts(programs: Sequence[Program], outcomes: Mapping[str, Any]) -> list[str]:
    """The number of mistakes, and how many of them each checker refuses."""
    caught = [sum(len(_lines(p, outcomes, c) & p.mistakes.keys()) for p in programs) for c in CHECKERS]
    return [str(sum(len(p.mistakes) for p in programs)), *map(str, caught)]


def _refused(programs: Sequence[Program], outcomes: Mapping[str, Any], column: str) -> int:
    return sum(len(_lines(p, outcomes, column) - p.mistakes.keys()) for p in programs)


def _lines(program: Program, outcomes: Mapping[str, Any], column: str) -> set[int]:
    return {line for line, _ in outcomes["programs"][program.name][column]}
