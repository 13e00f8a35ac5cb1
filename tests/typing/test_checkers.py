"""Users' programs under pyright, mypy and pyrefly: exactly the expected errors and revealed types.

A line of a program may end in `# E` (every checker must refuse it; no other line may be refused) or, after `reveal_type`,
in `# TYPE`. Types are compared without module names.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import shapewright

HERE = Path(__file__).resolve().parent
PROGRAMS = ["train_mlp.py", "generic_layers.py", "wrong.py"]
LIBRARY = str(Path(shapewright.__file__).parent.parent)


@dataclass
class Outcome:
    """What a checker says of a program, by line."""

    errors: set[int] = field(default_factory=set[int])
    types: dict[int, str] = field(default_factory=dict[int, str])


def expected(program: Path) -> Outcome:
    outcome = Outcome()
    for number, line in enumerate(program.read_text().splitlines(), 1):
        if line.endswith("  # E"):
            outcome.errors.add(number)
        elif (found := re.search(r"reveal_type\(.*\)  # (.*)$", line)) is not None:
            outcome.types[number] = found[1]
    return outcome


def plain(text: str) -> str:
    """A revealed type as users read it: no modules, scalars as Tensor[()], TLists by their name."""
    text = re.sub(r"\b[a-z_]\w*\.(?=\w)", "", text).replace("*tuple[()]", "()")
    return re.sub(r"^tuple\[.*, fallback=(TList\[.*\])\]$", r"\1", text)


def tool(name: str) -> str:
    beside = Path(sysconfig.get_path("scripts")) / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (it is in the extra dev)")
    return found


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout.strip(), f"{command[0]} said nothing: {done.stderr}"
    return done.stdout


def pyright(folder: Path, program: str) -> Outcome:
    config = {"extraPaths": [LIBRARY], "typeCheckingMode": "strict", "pythonVersion": "3.11"}
    (folder / "pyrightconfig.json").write_text(json.dumps(config))
    text = run(folder, tool("pyright"), "--outputjson", "--pythonpath", sys.executable, program)
    outcome = Outcome()
    for entry in json.loads(text)["generalDiagnostics"]:
        line = entry["range"]["start"]["line"] + 1
        if entry["severity"] == "error":
            outcome.errors.add(line)
        elif (found := re.match(r'Type of ".*" is "(.*)"$', entry["message"])) is not None:
            outcome.types[line] = plain(found[1])
    return outcome


def mypy(folder: Path, program: str) -> Outcome:
    (folder / "mypy.ini").write_text(f"[mypy]\nstrict = true\nmypy_path = {LIBRARY}\npython_version = 3.11\n")
    text = run(folder, tool("mypy"), "--python-executable", sys.executable, "--no-error-summary", program)
    outcome = Outcome()
    for line, severity, message in re.findall(rf"^{program}:(\d+): (error|note): (.*)$", text, re.MULTILINE):
        if severity == "error":
            outcome.errors.add(int(line))
        elif (found := re.match(r'Revealed type is "(.*)"$', message)) is not None:
            outcome.types[int(line)] = plain(found[1])
    return outcome


def pyrefly(folder: Path, program: str) -> Outcome:
    interpreter = f'python-interpreter-path = "{sys.executable}"\nsearch-path = ["{LIBRARY}"]\n'
    (folder / "pyrefly.toml").write_text(f'preset = "default"\npython-version = "3.11"\n{interpreter}')
    text = run(folder, tool("pyrefly"), "check", "--output-format", "json", program)
    outcome = Outcome()
    for entry in json.loads(text)["errors"]:
        if entry["name"] == "reveal-type":
            outcome.types[entry["line"]] = plain(entry["description"].removeprefix("revealed type: "))
        elif entry["severity"] == "error":
            outcome.errors.add(entry["line"])
    return outcome


@pytest.mark.checkers
@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("checker", [pyright, mypy, pyrefly], ids=lambda c: c.__name__)
def test_programs(checker: Callable[[Path, str], Outcome], program: str, tmp_path: Path) -> None:
    shutil.copy(HERE / program, tmp_path / program)
    got, want = checker(tmp_path, program), expected(HERE / program)
    assert sorted(got.errors) == sorted(want.errors)
    assert got.types == want.types


@pytest.mark.parametrize("program", ["train_mlp.py", "generic_layers.py"])
def test_clean_programs_also_run(program: str) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {LIBRARY!r}); import runpy; runpy.run_path({program!r})",
        ],
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
