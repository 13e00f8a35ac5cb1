"""The programs of the corpus and what their lines promise. How to add one is said in README.md beside this file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import final

from .checkers import CHECKERS, Outcome

HERE = Path(__file__).resolve().parent
PROGRAMS = HERE / "programs"
COLUMNS = tuple(CHECKERS)


@final
@dataclass(frozen=True)
class Program:
    """A program, `name` "wrong/mlp.py". kind: what its docstring says before the colon, a row of the table.

    mistakes: by line, the columns that refuse it. types: by line and column, the revealed type.
    """

    name: str
    text: str
    kind: str
    mistakes: dict[int, frozenset[str]]
    types: dict[int, dict[str, str]]

    def refused(self, column: str) -> set[int]:
        """The lines that this checker must refuse."""
        return {line for line, columns in self.mistakes.items() if column in columns}

    def shown(self, column: str) -> dict[int, str]:
        """The types that this checker must reveal."""
        return {line: types[column] for line, types in self.types.items()} if column != "check" else {}


def read(path: Path, name: str) -> Program:
    """The program of a file. AssertionError: a marker names no column, or there is no title."""
    return parse(path.read_text(), name)


def parse(text: str, name: str) -> Program:
    """The program of a text."""
    title = (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
    kind, colon, _ = title.partition(": ")
    assert colon and title.endswith("."), f'{name}: the docstring begins with "Kind: title."'
    mistakes: dict[int, frozenset[str]] = {}
    types: dict[int, dict[str, str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if (marker := re.search(r"  # E(?:: (.+))?$", line)) is not None:
            mistakes[number] = _columns(marker[1] or "", name, number)
        elif (shown := re.search(r"\breveal_type\(.*\)  # (.+)$", line)) is not None:
            types[number] = _types(shown[1], name, number)
    return Program(name, text, kind, mistakes, types)


def _columns(listed: str, name: str, line: int) -> frozenset[str]:
    """`# E` is every column, `# E: -check` all but one, `# E: pyrefly, check` these two."""
    names = [n.strip() for n in listed.split(",")] if listed else []
    left_out = frozenset(n[1:] for n in names if n.startswith("-"))
    only = frozenset(n for n in names if not n.startswith("-"))
    assert not (left_out and only), f"{name}:{line}: either columns or columns to leave out"
    assert left_out | only <= set(COLUMNS), f"{name}:{line}: columns are {', '.join(COLUMNS)}"
    return only or frozenset(COLUMNS) - left_out


def _types(listed: str, name: str, line: int) -> dict[str, str]:
    """`# TYPE` is what every checker says, `# TYPE; pyrefly, ty: OTHER` what all but these two say."""
    first, *others = listed.split("; ")
    types = dict.fromkeys(COLUMNS, first)
    for other in others:
        names, colon, text = other.partition(": ")
        columns = [n.strip() for n in names.split(",")]
        assert colon and set(columns) <= set(COLUMNS), f"{name}:{line}: columns are {', '.join(COLUMNS)}"
        types.update(dict.fromkeys(columns, text))
    return types


def corpus() -> list[Program]:
    """Every program, by name."""
    paths = sorted(PROGRAMS.glob("*/*.py"))
    return [read(p, f"{p.parent.name}/{p.name}") for p in paths]


def problems(program: Program, column: str, outcome: Outcome) -> list[str]:
    """What a checker says of a program and should not, or should and does not."""
    want, have = program.refused(column), outcome.lines
    found = [f"{program.name}:{n}: {column} does not refuse it" for n in sorted(want - have)]
    rules = {n: ", ".join(sorted(r for line, r in outcome.errors if line == n)) for n in have - want}
    found += [f"{program.name}:{n}: {column} refuses it: {rules[n]}" for n in sorted(rules)]
    types = program.shown(column)
    for n in sorted(types.keys() | outcome.types.keys()):
        expected, shown = types.get(n, "no type"), outcome.types.get(n, "no type")
        if expected != shown:
            found.append(f"{program.name}:{n}: {column} reveals {shown}, not {expected}")
    return found


def used_names(programs: Iterable[Program], module: str = "sw") -> set[str]:
    """The names `sw.NAME` (or `sw.optim.NAME`) that programs use."""
    names: set[str] = set()
    for program in programs:
        for node in ast.walk(ast.parse(program.text)):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == module:
                names.add(node.attr)
    return names
