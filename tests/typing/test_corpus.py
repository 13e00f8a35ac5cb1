"""The corpus under every checker, at call time, and against what is stored: see README.md."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import shapewright as sw

from .checkers import CHECKERS, PACKAGE, TOOLS, Outcome, Outcomes, install_library, run_all, versions
from .corpus import HERE, PROGRAMS, Program, corpus, parse, problems, used_names
from .table import END, START, stored, table

ROOT = HERE.parents[1]
OUTCOMES = HERE / "outcomes.json"
DOCS = ROOT / "docs" / "static-checking.md"
UPDATE = os.environ.get("SHAPEWRIGHT_UPDATE_GOLDEN") == "1"
CORPUS = corpus()
WRONG = [p for p in CORPUS if p.name.startswith("wrong/")]
RIGHT = [p for p in CORPUS if p.name.startswith("right/")]
LIMITS = [p for p in CORPUS if p.name.startswith("limits/")]  # right programs that some checkers refuse

CONTROL = '''"""Control: a mistake that is marked, one that is not, and a mark without a mistake."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Pixels(sw.Dim): ...


@sw.typed
def marked(x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Pixels]:
    return x.T  # E


@sw.typed
def unmarked(x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Pixels, Batch]:
    return x


@sw.typed
def right(x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Pixels]:
    return x  # E
'''

pytestmark = pytest.mark.checkers


@pytest.fixture(scope="session")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcomes]:
    """What every checker says of the corpus and of the control: one process each."""
    folder = tmp_path_factory.mktemp("corpus")
    for program in CORPUS:
        path = folder / program.name
        path.parent.mkdir(exist_ok=True)
        path.write_text(program.text)
    (folder / "control").mkdir()
    (folder / "control" / "control.py").write_text(CONTROL)
    return run_all(folder, [*(p.name for p in CORPUS), "control/control.py"])


# ---- what lines promise
@pytest.mark.parametrize("column", CHECKERS)
def test_exactly_the_marked_lines_are_refused(found: dict[str, Outcomes], column: str) -> None:
    """And right programs, which have none, by nobody; revealed types are those that the programs say."""
    assert [text for p in CORPUS for text in problems(p, column, found[column][p.name])] == []


@pytest.mark.parametrize("column", CHECKERS)
def test_the_comparison_sees_what_is_missing_and_what_is_too_much(found: dict[str, Outcomes], column: str) -> None:
    control = parse(CONTROL, "control/control.py")
    lines = {n for n, text in enumerate(CONTROL.splitlines(), 1) if text.startswith("    return")}
    marked, unmarked, right = sorted(lines)
    outcome = found[column]["control/control.py"]
    texts = problems(control, column, outcome)
    assert len(texts) == 2
    assert f":{right}: {column} does not refuse it" in texts[0]
    assert f":{unmarked}: {column} refuses it: " in texts[1]
    silent = Outcome({e for e in outcome.errors if e[0] != marked})
    assert any(f":{marked}: {column} does not refuse it" in t for t in problems(control, column, silent))


def test_folders_say_which_programs_are_wrong() -> None:
    assert len(WRONG) + len(RIGHT) + len(LIMITS) == len(CORPUS)
    assert all(p.mistakes for p in WRONG)
    assert not any(p.mistakes for p in RIGHT)
    assert all(p.mistakes and not p.refused("check") for p in LIMITS)
    assert len(WRONG) >= 60
    assert len(RIGHT) >= 40


def test_arithmetic_mistakes_are_caught_by_pyrefly_and_check() -> None:
    """Lines that name the columns which refuse them need sizes to be computed: those two see all of them."""
    listed = [(p, n) for p in WRONG for n, text in enumerate(p.text.splitlines(), 1) if re.search(r"# E: (?!-)", text)]
    assert len(listed) >= 20
    for program, line in listed:
        assert {"pyrefly", "check"} <= program.mistakes[line], f"{program.name}:{line}"


# ---- call time
def at_call_time(tmp_path: Path, what: str, programs: list[Program]) -> dict[str, list[tuple[int, str]]]:
    """What calls.py prints for programs of the corpus."""
    env = {
        **os.environ,
        "PYTHONPATH": str(PACKAGE.parent),
        "SHAPEWRIGHT_CACHE": os.environ.get("SHAPEWRIGHT_CACHE", ""),
    }
    command = [sys.executable, str(HERE / "calls.py"), what, *(str(PROGRAMS / p.name) for p in programs)]
    env = {k: v for k, v in env.items() if v}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return {Path(f).relative_to(PROGRAMS).as_posix(): errors for f, errors in json.loads(done.stdout).items()}


def test_right_programs_run(tmp_path: Path) -> None:
    assert {n: e for n, e in at_call_time(tmp_path, "run", RIGHT + LIMITS).items() if e} == {}


def test_call_time_agrees_with_check(tmp_path: Path) -> None:
    """The functions with a mistake that `check` sees raise, at such a line; no other raises."""
    raised = at_call_time(tmp_path, "call", WRONG)
    for program in WRONG:
        starts = [n for n, text in enumerate(program.text.splitlines(), 1) if re.match(r"\s*def ", text)]
        refused = program.refused("check")
        lines = {line for line, _ in raised[program.name]}
        assert lines - set(starts) <= refused, program.name  # a wrong result is an error of the call: no line inside
        assert {function_of(n, starts) for n in lines} == {function_of(n, starts) for n in refused}, program.name


def function_of(line: int, starts: list[int]) -> int:
    """The first line of the function that a line is in."""
    return max(start for start in starts if start <= line)


# ---- what is stored
def test_outcomes_are_those_stored(found: dict[str, Outcomes]) -> None:
    now = stored(CORPUS, found)
    if UPDATE:
        OUTCOMES.write_text(now)
    assert now == OUTCOMES.read_text()


def test_the_table_of_the_documentation_is_up_to_date() -> None:
    before, start, rest = DOCS.read_text().partition(START)
    old, end, after = rest.partition(END)
    assert start and end, "the markers of the table are gone"
    now = table(CORPUS, json.loads(OUTCOMES.read_text()))
    if UPDATE:
        DOCS.write_text(before + START + now + END + after)
    else:
        assert old == now


def test_versions_are_pinned() -> None:
    """The extra `dev` names exactly the versions that the stored outcomes were made with."""
    dev = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["dev"]
    pins = {found[1]: found[2] for text in dev if (found := re.match(r"([\w-]+)(?:\[\w+\])?==([\d.]+)$", text))}
    assert {name: pins.get(name) for name in TOOLS} == versions()
    assert json.loads(OUTCOMES.read_text())["versions"] == versions()


def test_every_public_name_is_in_a_program() -> None:
    assert sorted(set(sw.__all__) - used_names(CORPUS)) == []
    optim = {n for n in vars(sw.optim) if not n.startswith("_") and n != "annotations"}
    assert sorted(optim - used_names(CORPUS, "sw.optim")) == []


def test_markers_are_read() -> None:
    head = '"""Kind: title."""\n'
    program = parse(head + "f()  # E: pyrefly, check\ng()  # E: -check\nreveal_type(x)  # A; pyrefly, ty: B\n", "p.py")
    assert program.mistakes[2] == {"pyrefly", "check"}
    assert "check" not in program.mistakes[3] and "ty" in program.mistakes[3]
    assert (program.types[4]["mypy"], program.types[4]["ty"]) == ("A", "B")
    for bad in ("x = 1  # E: nobody", "x = 1  # E: ty, -mypy", "reveal_type(x)  # A; nobody: B"):
        with pytest.raises(AssertionError):
            parse(head + bad + "\n", "p.py")
    with pytest.raises(AssertionError):
        parse('"""No kind."""\n', "p.py")
    assert problems(program, "mypy", Outcome({(3, "call-arg")}, {4: "B"})) == ["p.py:4: mypy reveals B, not A"]


def test_the_library_is_apart_from_this_checkout(tmp_path: Path) -> None:
    install_library(tmp_path)
    assert not any(p.is_symlink() for p in (tmp_path / "lib").rglob("*"))
