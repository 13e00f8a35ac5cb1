"""The static checkers, each run once over a folder of programs, and what they say of each: from their JSON alone.

A column of the corpus is an entry of `CHECKERS`: a function from a folder (with the library in its `lib`) and the
programs' paths in it to their outcomes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

import pytest

import shapewright

PACKAGE = Path(shapewright.__file__).parent
PYTHON = "3.11"
Json: TypeAlias = "dict[str, Any]"


@dataclass
class Outcome:
    """What a checker says of a program: the rules that its lines break, and the types it reveals."""

    errors: set[tuple[int, str]] = field(default_factory=set[tuple[int, str]])
    types: dict[int, str] = field(default_factory=dict[int, str])

    @property
    def lines(self) -> set[int]:
        """The lines that are refused."""
        return {line for line, _ in self.errors}


Outcomes: TypeAlias = "dict[str, Outcome]"
Checker: TypeAlias = "Callable[[Path, Sequence[str]], Outcomes]"


def install_library(folder: Path) -> None:
    """The package as it lies when installed: apart from the configuration of this checkout."""
    shutil.copytree(PACKAGE, folder / "lib" / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))


def _tool(name: str) -> str:
    beside = Path(sysconfig.get_path("scripts")) / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (it is in the extra dev)")
    return found


def _run(folder: Path, *command: str) -> str:
    env = {**os.environ, "PYTHONPATH": str(folder / "lib")}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout.strip(), f"{command[0]} said nothing: {done.stderr}"
    return done.stdout


def _empty(programs: Sequence[str]) -> Outcomes:
    return {p: Outcome() for p in programs}


def _plain(text: str) -> str:
    """A revealed type as users read it: no modules, scalars as Tensor[()], TLists by their name."""
    text = re.sub(r"\b[a-z_]\w*\.(?=\w)", "", text).replace("*tuple[()]", "()")
    return re.sub(r"^tuple\[.*, fallback=(TList\[.*\])\]$", r"\1", text)


# ---- pyright and its fork
def pyright(folder: Path, programs: Sequence[str], command: str = "pyright") -> Outcomes:
    """pyright, strict; `command` "basedpyright" for its fork."""
    config = {
        "extraPaths": ["lib"],
        "typeCheckingMode": "strict",
        "pythonVersion": PYTHON,
        "include": list(programs),
        "reportMissingTypeStubs": False,  # of scikit-learn, in the examples
    }
    project = folder / f"{command}.json"
    project.write_text(json.dumps(config))
    text = _run(folder, _tool(command), "-p", str(project), "--outputjson", "--pythonpath", sys.executable)
    report = json.loads(text)
    assert report["summary"]["filesAnalyzed"] == len(programs)
    found = _empty(programs)
    for entry in report["generalDiagnostics"]:
        outcome = found[_relative(entry["file"], folder)]
        line = entry["range"]["start"]["line"] + 1
        if entry["severity"] != "information":
            outcome.errors.add((line, entry.get("rule", "syntax")))
        elif (shown := re.match(r'Type of ".*" is "(.*)"$', entry["message"], re.DOTALL)) is not None:
            outcome.types[line] = _plain(shown[1])
    return found


def basedpyright(folder: Path, programs: Sequence[str]) -> Outcomes:
    """basedpyright, strict."""
    return pyright(folder, programs, "basedpyright")


# ---- mypy
def mypy(folder: Path, programs: Sequence[str], plugins: str = "") -> Outcomes:
    """mypy, strict; `plugins` as in its configuration."""
    name = f"mypy-{plugins or 'plain'}"
    config = ["[mypy]", "strict = true", "mypy_path = lib", f"python_version = {PYTHON}"]
    config += ["namespace_packages = true", "explicit_package_bases = true", f"cache_dir = {name}.cache"]
    config += [f"plugins = {plugins}"] if plugins else []
    config += ["[mypy-sklearn.*]", "ignore_missing_imports = true"]
    (folder / f"{name}.ini").write_text("\n".join(config) + "\n")
    options = ("--config-file", f"{name}.ini", "--python-executable", sys.executable, "--output", "json")
    found = _empty(programs)
    for entry in map(json.loads, _run(folder, _tool("mypy"), *options, *programs).splitlines()):
        outcome = found[entry["file"]]
        if entry["severity"] == "error":
            outcome.errors.add((entry["line"], entry["code"]))
        elif (shown := re.match(r'Revealed type is "(.*)"$', entry["message"])) is not None:
            outcome.types[entry["line"]] = _plain(shown[1])
    return found


def mypy_with_plugin(folder: Path, programs: Sequence[str]) -> Outcomes:
    """mypy, strict, with our plugin."""
    return mypy(folder, programs, "shapewright.mypy")


# ---- pyrefly and ty
def pyrefly(folder: Path, programs: Sequence[str], packages: str = "") -> Outcomes:
    """Pyrefly with the preset "default"; `packages` is a folder to look for packages in, instead of this environment."""
    where = f'python-interpreter-path = "{sys.executable}"'
    where = f'skip-interpreter-query = true\nsite-package-path = ["{packages}"]' if packages else where
    lines = ['preset = "default"', f'python-version = "{PYTHON}"', where]
    (folder / "pyrefly.toml").write_text("\n".join([*lines, 'search-path = [".", "lib"]']) + "\n")
    found = _empty(programs)
    for entry in json.loads(_run(folder, _tool("pyrefly"), "check", "--output-format", "json", *programs))["errors"]:
        outcome = found[_relative(entry["path"], folder)]
        if entry["name"] == "reveal-type":
            outcome.types[entry["line"]] = _plain(entry["description"].removeprefix("revealed type: "))
        else:
            outcome.errors.add((entry["line"], entry["name"]))
    return found


def ty(folder: Path, programs: Sequence[str]) -> Outcomes:
    """ty as it comes."""
    where = ("--python", sys.prefix, "--extra-search-path", "lib", "--python-version", PYTHON)
    text = _run(folder, _tool("ty"), "check", "--no-progress", "--output-format", "gitlab", *where, *programs)
    found = _empty(programs)
    for entry in json.loads(text):
        outcome = found[_relative(entry["location"]["path"], folder)]
        line = entry["location"]["positions"]["begin"]["line"]
        if entry["check_name"] != "revealed-type":
            outcome.errors.add((line, entry["check_name"]))
        elif (shown := re.search(r"Revealed type: `(.*)`$", entry["description"], re.DOTALL)) is not None:
            outcome.types[line] = _plain(shown[1])
    return found


# ---- our own
def check(folder: Path, programs: Sequence[str]) -> Outcomes:
    """`shapewright check`, which runs the typed functions of a program on tensors without values."""
    found = _empty(programs)
    text = _run(folder, sys.executable, "-m", "shapewright", "check", "--json", "--timeout", "120", *programs)
    for entry in json.loads(text):
        found[_relative(entry["file"], folder)].errors.add((entry["line"], entry["code"]))
    return found


def _relative(path: str, folder: Path) -> str:
    return Path(os.path.relpath(folder / path, folder)).as_posix()


# To add a column: an entry here, and its name in the programs whose lines only it and some others refuse.
CHECKERS: dict[str, Checker] = {
    "pyright": pyright,
    "basedpyright": basedpyright,
    "mypy": mypy,
    "mypy+plugin": mypy_with_plugin,
    "pyrefly": pyrefly,
    "ty": ty,
    "check": check,
}
TOOLS = ("pyright", "basedpyright", "mypy", "pyrefly", "pyrefly-shape-extensions", "ty")


def versions() -> dict[str, str]:
    """The versions of the checkers that are installed."""
    return {name: version(name) for name in TOOLS}


def run_all(folder: Path, programs: Sequence[str]) -> dict[str, Outcomes]:
    """Every checker over the same programs of a folder, which gets the library."""
    install_library(folder)
    with ThreadPoolExecutor(2) as pool:
        running = {name: pool.submit(checker, folder, programs) for name, checker in CHECKERS.items()}
        return {name: done.result() for name, done in running.items()}
