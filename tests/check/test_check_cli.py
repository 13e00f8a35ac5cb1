"""`shapewright check`: what it prints, its exit status, and the process in which the file is imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shapewright.runtime.cli import app

WRONG = """
import sys
import shapewright as sw

print("printed by the program")
print("and to the other stream", file=sys.stderr)

class Batch(sw.Dim): ...

class Ten(sw.Dim):
    size = 10

@sw.typed
def good(x: sw.Tensor[Batch, Ten]) -> sw.Scalar:
    print("while it is checked")
    return x.sum()

@sw.typed
def bad(x: sw.Tensor[Batch, Ten]) -> sw.Tensor[Batch]:
    return x.sum(0)

@sw.typed
def open_axis(x: sw.Tensor) -> sw.Scalar:
    return x.sum()

if __name__ == "__main__":
    raise SystemExit("the main part ran")
"""

TEXT = """\
program.py:20:5: error[SW102]: axis `Batch` has two sizes: Batch and 10
    --> program.py:20:5   return x.sum(0)
                          ^^^^^^^^^^^^^^^
     | result: Tensor[Batch]   was given shape (10,)
     = axis 0 (`Batch`) of the result of `bad` is 10, where Batch is bound
  note: Batch was bound by `x: Tensor[Batch, Ten]` (program.py:19)
  note: `result: Tensor[Batch]` is declared at program.py:19
program.py:23: note: `open_axis` is not checked: cannot be bound: `x` has any axes; \
write @sw.example(x=(3, 5))
1 error in 1 function, 2 functions checked
"""

# What the process that imports the file has loaded and allocated, told by the file itself.
WATCH = """
import atexit, sys, tracemalloc
import shapewright as sw

class Batch(sw.Dim): ...

class Huge(sw.Dim):
    size = 10**9

class Layer(sw.Pack):
    w: sw.Tensor[Huge, Huge]
    b: sw.Tensor[Huge]

@sw.typed
def f(p: Layer, x: sw.Tensor[Batch, Huge], y: sw.IntTensor[Batch]) -> sw.Scalar:
    noise = sw.normal((10**9, 10**9)) + sw.zeros(10**9) + sw.eye(10**9)
    return sw.cross_entropy(sw.relu(x @ (p.w + noise)) + p.b, y)

tracemalloc.start()
before = set(sys.modules)

def tell():
    _, peak = tracemalloc.get_traced_memory()
    with open({told!r}, "w") as out:
        print(peak, *sorted({{m.partition(".")[0] for m in sys.modules}}), file=out)

atexit.register(tell)
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A new interpreter in `folder` that sees the same packages as this one."""
    path = os.pathsep.join(p for p in sys.path if p)
    return subprocess.run(
        [sys.executable, "-m", "shapewright", "check", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def invoke(*arguments: str) -> tuple[int, str]:
    """The same without the process of the command line itself: the status and the standard output."""
    result = CliRunner().invoke(app, ["check", *arguments])
    return result.exit_code, result.stdout


def test_the_report(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(WRONG)
    done = run(tmp_path, "program.py")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == TEXT


def test_json(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(WRONG)
    done = run(tmp_path, "program.py", "--json", "--verbose")
    assert done.returncode == 1
    assert json.loads(done.stdout) == [
        {
            "file": "program.py",
            "line": 20,
            "column": 5,
            "end_line": 20,
            "end_column": 20,
            "code": "SW102",
            "message": "axis `Batch` has two sizes: Batch and 10",
            "details": [
                "result: Tensor[Batch]   was given shape (10,)",
                "axis 0 (`Batch`) of the result of `bad` is 10, where Batch is bound",
            ],
            "notes": [
                "Batch was bound by `x: Tensor[Batch, Ten]` (program.py:19)",
                "`result: Tensor[Batch]` is declared at program.py:19",
            ],
            "help": None,
            "fix": None,
            "page": "errors/SW102.md",
            "function": "bad",
        }
    ]
    note, times = done.stderr.splitlines()
    assert "`open_axis` is not checked" in note
    assert times.startswith("import ") and times.endswith(" ms")


def test_no_errors(tmp_path: Path) -> None:
    path = tmp_path / "empty.py"
    path.write_text("x = 1\n")
    assert invoke(str(path)) == (0, "0 functions checked, no errors\n")
    assert invoke(str(path), "--json") == (0, "[]\n")


def test_several_files(tmp_path: Path) -> None:
    """In the order in which they are given, each with its own summary; the status is that of the worst."""
    paths = [tmp_path / "right.py", tmp_path / "program.py", tmp_path / "broken.py"]
    for path, text in zip(paths, ("x = 1\n", WRONG, "import no_such_module\n"), strict=True):
        path.write_text(text)
    right, wrong, broken = map(str, paths)
    status, out = invoke(right, wrong)
    assert status == 1
    assert out.splitlines()[0] == f"{right}: 0 functions checked, no errors"
    assert out.splitlines()[-1].startswith(f"{wrong}: 1 error in 1 function")
    status, out = invoke(broken, wrong, right, "--json")
    assert status == 2
    assert [(e["file"], e["code"]) for e in json.loads(out)] == [(broken, "SW000"), (wrong, "SW102")]


def test_no_such_file(tmp_path: Path) -> None:
    done = run(tmp_path, "nothing.py")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no file nothing.py" in done.stderr


@pytest.mark.parametrize("name", ["pyproject.toml", "script"])
def test_a_file_that_is_not_python(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("")
    done = run(tmp_path, name)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{name} is not a Python file" in done.stderr and "pass a file that ends in .py" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("\nimport no_such_module\n", 2, "ModuleNotFoundError: No module named 'no_such_module'"),
        ("def f():\n    return 1 +\n", 2, "SyntaxError: invalid syntax"),
        ("import sys\n\ndef f():\n    sys.exit(3)\nf()\n", 4, "SystemExit: 3"),
        ("import shapewright as sw\nx = sw.zeros(3) + sw.zeros(4)\n", 2, "do not broadcast"),
        ("import os\nos._exit(5)\n", 1, "the import of the file ended the process (status 5)"),
    ],
)
def test_a_file_that_cannot_be_imported(tmp_path: Path, text: str, line: int, message: str) -> None:
    path = tmp_path / "program.py"
    path.write_text(text)
    status, out = invoke(str(path), "--json")
    (error,) = json.loads(out)
    assert (status, error["file"], error["line"]) == (2, str(path), line)
    assert message in error["message"]


@pytest.mark.parametrize(
    ("text", "line", "stage"),
    [
        ("while True: pass\n", 1, "the import of the file"),
        (
            "import shapewright as sw\n@sw.typed\ndef f(x: sw.Scalar) -> sw.Scalar:\n    while True: pass\n",
            3,
            "checking `f`",
        ),
    ],
)
def test_timeout(tmp_path: Path, text: str, line: int, stage: str) -> None:
    path = tmp_path / "program.py"
    path.write_text(text)
    status, out = invoke(str(path), "--timeout", "3")
    assert status == 2
    assert out == f"{path}:{line}:1: error[SW000]: {stage} takes longer than 3 s\n  help: pass a larger --timeout\n"


def test_nothing_is_allocated_and_numba_is_not_imported(tmp_path: Path) -> None:
    told = tmp_path / "told.txt"
    (tmp_path / "program.py").write_text(WATCH.format(told=str(told)))
    assert invoke(str(tmp_path / "program.py")) == (0, "1 function checked, no errors\n")
    peak, *modules = told.read_text().split()
    assert int(peak) < 20_000_000
    assert not {"numba", "llvmlite", "scipy", "rich", "typer", "jaxtyping", "beartype"} & set(modules)


def test_a_file_of_a_package(tmp_path: Path) -> None:
    """Relative imports work, and an error in another file is shown there."""
    package = tmp_path / "models"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "axes.py").write_text(
        "import shapewright as sw\nclass Batch(sw.Dim): ...\ndef wrong(x):\n    return x @ x\n"
    )
    (package / "net.py").write_text(
        "import shapewright as sw\nfrom .axes import Batch, wrong\n"
        "@sw.typed\ndef f(x: sw.Tensor[Batch, Batch, Batch]) -> sw.Scalar:\n    return x @ x\n"
        "class Two(sw.Dim):\n    size = 2\n"
        "@sw.typed\ndef g(x: sw.Tensor[Batch, Two]) -> sw.Scalar:\n    return wrong(x).sum()\n"
    )
    done = run(tmp_path, "models/net.py")
    assert done.returncode == 1
    places = [line.partition(" ")[0] for line in done.stdout.splitlines() if ": error" in line]
    assert places == ["models/net.py:5:5:", "models/axes.py:4:12:"]
    assert done.stdout.endswith("2 errors in 2 functions, 2 functions checked\n")


def test_a_file_with_the_name_of_a_module(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text(WRONG)
    status, out = invoke(str(tmp_path / "json.py"))
    assert status == 1
    assert out.endswith("1 error in 1 function, 2 functions checked\n")
