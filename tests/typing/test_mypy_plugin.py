"""mypy with the plugin: what it computes, what it refuses, and that it refuses nothing that is right.

A line of a program may end in `# E: TEXT`, an error of the plugin whose message has the text, or `# E[code]`, an error
of mypy itself that the plugin's types make; no other line may be refused. `reveal_type(x)  # TYPE` says what is revealed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import pytest

from .checkers import PACKAGE, PYTHON, install_library
from .corpus import HERE

pytest.importorskip("mypy")
pytestmark = pytest.mark.checkers

PROGRAMS = HERE / "plugin"
COMPUTES, REFUSES, RIGHT = ((PROGRAMS / f"{name}.py").read_text() for name in ("computes", "refuses", "right"))
HEAD = """
from __future__ import annotations

from typing import Literal

import shapewright as sw

L2 = Literal[2]
"""


@dataclass
class Said:
    """What mypy says: errors (code, message) and revealed types by line, and everything else."""

    errors: dict[int, list[tuple[str, str]]] = field(default_factory=dict[int, "list[tuple[str, str]]"])
    types: dict[int, str] = field(default_factory=dict[int, str])


Folder: TypeAlias = Path


def configure(folder: Folder, plugin: bool = True, path: str = "lib") -> None:
    """A strict configuration, with the plugin or without it."""
    lines = ["[mypy]", "strict = true", f"mypy_path = {path}", f"python_version = {PYTHON}"]
    lines += ["plugins = shapewright.mypy"] if plugin else []
    (folder / "mypy.ini").write_text("\n".join([*lines, ""]))


def run_mypy(folder: Folder, *files: str, path: str = "lib", command: tuple[str, ...] = ("-m", "mypy")) -> Said:
    """Run mypy in a folder with the library, and read its JSON."""
    env = {**os.environ, "PYTHONPATH": str(folder / path)}
    options = ["--output", "json", "--python-executable", sys.executable]
    done = subprocess.run(
        [sys.executable, *command, *options, *files],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return read(done.stdout)


def read(text: str) -> Said:
    said = Said()
    for entry in (json.loads(line) for line in text.splitlines() if line.startswith("{")):
        line, message = entry["line"], entry["message"]
        if entry["severity"] == "error":
            said.errors.setdefault(line, []).append((entry["code"], message))
        elif (shown := re.match(r'Revealed type is "(.*)"$', message)) is not None:
            said.types[line] = re.sub(r"\b[a-z_]\w*\.(?=\w)", "", shown[1])
    return said


def wrong_lines(text: str, said: Said) -> list[str]:
    """What mypy says of a program and should not, or should and does not."""
    found: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        errors = said.errors.get(number, [])
        own = re.search(r"  # E: (.*)$", line)
        of_mypy = re.search(r"  # E\[([\w-]+)\]$", line)
        shown = re.search(r"\breveal_type\(.*\)  # (?!E[:\[])(.*)$", line)
        if own is not None:
            fits = len(errors) == 1 and errors[0][0] == "shapewright" and own[1] in errors[0][1]
            found += [] if fits else [f"{line.strip()}: {errors}"]
        elif of_mypy is not None:
            found += [] if [e[0] for e in errors] == [of_mypy[1]] else [f"{line.strip()}: {errors}"]
        elif errors:
            found.append(f"{line.strip()}: {errors}")
        if shown is not None and said.types.get(number) != shown[1]:
            found.append(f"{line.strip()}: reveals {said.types.get(number)}")
    return found


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """A user's folder, and the package in it as a wheel lays it out: apart from this checkout."""
    folder = tmp_path_factory.mktemp("plugin")
    install_library(folder)
    configure(folder)
    return folder


def check(folder: Folder, name: str, text: str) -> Said:
    (folder / f"{name}.py").write_text(text)
    return run_mypy(folder, f"{name}.py")


# ---- what it computes


def test_what_is_computed(library: Folder) -> None:
    assert wrong_lines(COMPUTES, check(library, "computes", COMPUTES)) == []


# ---- what it refuses


def test_what_is_refused(library: Folder) -> None:
    assert wrong_lines(REFUSES, check(library, "refuses", REFUSES)) == []


# ---- what is right


def test_right_programs_are_accepted(library: Folder) -> None:
    """Above all those where mypy would take one computed number for a mistake: sizes that are given a name later, and
    variables that hold one size after another."""
    assert wrong_lines(RIGHT, check(library, "right", RIGHT)) == []


def test_without_the_plugin_nothing_of_this_is_seen(library: Folder, tmp_path: Path) -> None:
    """The programs above are about the plugin: without it, mypy refuses next to nothing of REFUSES."""
    (tmp_path / "lib").symlink_to(library / "lib")
    configure(tmp_path, plugin=False)
    (tmp_path / "refuses.py").write_text(REFUSES)
    refused = run_mypy(tmp_path, "refuses.py").errors
    assert "shapewright" not in {code for errors in refused.values() for code, _ in errors}
    marked = [n for n, line in enumerate(REFUSES.splitlines(), 1) if "  # E" in line]
    assert len(refused.keys() & set(marked)) < len(marked) / 2


# ---- how it is run
USE = """from __future__ import annotations

from typing import Literal

import shapewright as sw
from axes import Rows


def use(x: sw.Tensor[Rows, Literal[3]]) -> None:
    x.reshape(2, 6)
"""
AXES = "import shapewright as sw\n\n\nclass Rows(sw.Dim):\n    size = {}\n"


@pytest.fixture
def modules(library: Folder, tmp_path: Path) -> Folder:
    """A module that uses a Dim of another."""
    (tmp_path / "lib").symlink_to(library / "lib")
    configure(tmp_path)
    (tmp_path / "use.py").write_text(USE)
    (tmp_path / "axes.py").write_text(AXES.format(4))
    return tmp_path


def is_wrong(said: Said) -> bool:
    """Whether the reshape is refused, with the size that Rows has now, and nothing else."""
    (found,) = said.errors.get(10, [("", "")])
    return list(said.errors) == [10] and found[0] == "shapewright" and "Tensor[Rows=5, Literal[3]] has 15" in found[1]


def test_kept_results_are_right_when_a_size_changes(modules: Folder) -> None:
    """Dims of modules that mypy has in its cache, and modules whose Dims have changed since."""
    assert run_mypy(modules, "axes.py", "use.py").errors == {}
    (modules / "use.py").write_text(USE + "    x.reshape(5, 3)\n")
    assert list(run_mypy(modules, "axes.py", "use.py").errors) == [11]  # the Dim comes from the cache
    (modules / "use.py").write_text(USE)
    (modules / "axes.py").write_text(AXES.format(5))
    assert is_wrong(run_mypy(modules, "axes.py", "use.py"))


def test_the_daemon_checks_again_when_a_size_changes(modules: Folder) -> None:
    daemon = ("-m", "mypy.dmypy", "--status-file", str(modules / "status.json"))
    env = {**os.environ, "PYTHONPATH": str(modules / "lib")}

    def ask(*words: str) -> str:
        command = [sys.executable, *daemon, *words]
        done = subprocess.run(command, cwd=modules, env=env, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode in (0, 1), done.stdout + done.stderr
        return done.stdout

    def after(size: int, seconds: int) -> str:
        """The daemon looks at the size of a file and at whole seconds to see whether it has changed."""
        axes = modules / "axes.py"
        axes.write_text(AXES.format(size))
        written = axes.stat().st_mtime + seconds
        os.utime(axes, (written, written))
        return ask("check", "axes.py", "use.py")

    try:
        first = ask("run", "--", "--output", "json", "axes.py", "use.py")
        second, third = after(5, 10), after(4, 20)
    finally:
        ask("stop")
    assert (read(first).errors, is_wrong(read(second)), read(third).errors) == ({}, True, {})


def test_another_plugin_version_forgets_kept_results(modules: Folder) -> None:
    from shapewright.runtime.mypy_plugin.plugin import digest

    before = digest(PACKAGE / "runtime" / "mypy_plugin")
    copy = modules / "copy"
    copy.mkdir()
    for file in (PACKAGE / "runtime" / "mypy_plugin").glob("*.py"):
        (copy / file.name).write_bytes(file.read_bytes())
    assert digest(copy) == before
    (copy / "names.py").write_text("")
    assert digest(copy) != before


def test_an_error_can_be_silenced_by_its_code(library: Folder) -> None:
    text = HEAD + "\ndef f(x: sw.Tensor[L2]) -> None:\n    x.reshape(3)  # type: ignore[shapewright]\n"
    assert check(library, "silenced", text).errors == {}
    unused = HEAD + "\ndef f(x: sw.Tensor[L2]) -> None:\n    x.reshape(2)  # type: ignore[shapewright]\n"
    assert [e[0][0] for e in check(library, "unused", unused).errors.values()] == ["unused-ignore"]


def test_an_editable_installation(tmp_path: Path) -> None:
    """There the rooms are links: the names of the functions are the same."""
    source = str(PACKAGE.parent)
    configure(tmp_path, path=source)
    (tmp_path / "refuses.py").write_text(REFUSES)
    assert wrong_lines(REFUSES, run_mypy(tmp_path, "refuses.py", path=source)) == []


def test_nothing_is_loaded_before_it_is_needed() -> None:
    """mypy loads the plugin whenever it starts."""
    code = (
        f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r})\n"
        "import shapewright\nbefore = set(sys.modules)\nimport shapewright.mypy\n"
        "print(*sorted(m for m in set(sys.modules) - before if m.startswith('shapewright')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    names = [m.removeprefix("shapewright.") for m in done.stdout.split()]
    plugin = [f"runtime.mypy_plugin{m}" for m in ("", ".names", ".plugin", ".tensors")]
    assert set(names) <= {"mypy", "runtime", *plugin}


# ---- the documentation
def test_the_output_in_the_documentation(library: Folder) -> None:
    """The program under "mypy plugin", and what mypy says of it, to the letter."""
    section = (HERE.parents[1] / "docs" / "static-checking.md").read_text().partition("## mypy plugin\n")[2]
    blocks = re.findall(r"```(python|text)\n(.*?)```", section, re.DOTALL)
    assert [kind for kind, _ in blocks] == ["python", "text"]
    (library / "patches.py").write_text(blocks[0][1])
    command = [sys.executable, "-m", "mypy", "--python-executable", sys.executable, "patches.py"]
    env = {**os.environ, "PYTHONPATH": str(library / "lib")}
    done = subprocess.run(command, cwd=library, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout == blocks[1][1]
