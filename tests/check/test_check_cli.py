"""`shapewright check`: what it prints, its exit status, and the process in which the file is imported."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
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
import sys, tracemalloc
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

@sw.typed
def last() -> None:
    tell()
"""


HEAD = "import shapewright as sw\nclass Batch(sw.Dim): ...\n"
WRONG_FUNCTION = (
    "@sw.typed\ndef wrong(x: sw.Tensor[Batch, Batch, Batch]) -> sw.Scalar:\n    return x.sum(0) @ sw.ones(3)\n"
)
RIGHT_FUNCTION = "@sw.typed\ndef right(x: sw.Tensor[Batch]) -> sw.Scalar:\n    return x.sum()\n"


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


def test_an_import_that_does_not_end(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text("while True: pass\n")
    assert invoke(str(path), "--timeout", "3") == (
        2,
        f"{path}:1:1: error[SW000]: the import of the file takes longer than 3 s\n  help: pass a larger --timeout\n",
    )


@pytest.mark.parametrize(
    ("body", "why", "help"),
    [
        (
            "while True: pass",
            "takes longer than 4 s",
            "  help: see whether every loop of it ends; if it only takes long, pass a larger --timeout\n",
        ),
        ("__import__('os')._exit(5)", "ended the process (status 5)", ""),
    ],
)
def test_a_function_that_does_not_end_leaves_what_others_have(tmp_path: Path, body: str, why: str, help: str) -> None:
    path = tmp_path / "program.py"
    path.write_text(
        f"{HEAD}{WRONG_FUNCTION}@sw.typed\ndef stuck(x: sw.Scalar) -> sw.Scalar:\n    {body}\n{RIGHT_FUNCTION}"
    )
    status, out = invoke(str(path), "--timeout", "4")
    assert status == 1
    assert f"{path}:5:12: error[SW101]" in out
    assert f"{path}:7:5: error[SW000]: checking `stuck` {why}\n{help}" in out
    assert out.endswith(
        f"{path}:10: note: `right` is not checked: the check of `stuck` did not end\n"
        "2 errors in 2 functions, 1 function checked\n"
    )


@pytest.mark.parametrize("error", ["SystemExit(3)", "KeyboardInterrupt", "GeneratorExit"])
def test_what_is_no_exception_ends_its_function_only(tmp_path: Path, error: str) -> None:
    path = tmp_path / "program.py"
    path.write_text(f"{HEAD}@sw.typed\ndef leaves(x: sw.Scalar) -> sw.Scalar:\n    raise {error}\n{WRONG_FUNCTION}")
    status, out = invoke(str(path))
    assert status == 1
    assert f"{path}:5:5: error[SW000]: {error.replace('(', ': ').rstrip(')')}\n" in out
    assert out.endswith("2 errors in 2 functions, 2 functions checked\n")


@pytest.mark.parametrize(
    "more",
    ["import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n",
     "import atexit, time\natexit.register(time.sleep, 600)\n"],
)  # fmt: skip
def test_threads_and_handlers_do_not_hold_up_the_result(tmp_path: Path, more: str) -> None:
    path = tmp_path / "program.py"
    path.write_text(f"{HEAD}{more}{RIGHT_FUNCTION}")
    assert invoke(str(path), "--timeout", "100") == (0, "1 function checked, no errors\n")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ('eval("1 +")', "SyntaxError: invalid syntax"),
        ('exec("x = 1 / 0")', "ZeroDivisionError: division by zero"),
        ('__import__("ast").literal_eval("x +")', "SyntaxError: invalid syntax"),
        ('exec("sw.ones(3) + sw.ones(4)")', "add: "),
    ],
)
def test_errors_in_code_that_is_a_string_are_where_it_is_run(tmp_path: Path, call: str, message: str) -> None:
    path = tmp_path / "program.py"
    for text, line in ((f"{HEAD}y = {call}\n", 3), (f"{HEAD}@sw.typed\ndef f() -> None:\n    {call}\n", 5)):
        path.write_text(text)
        (error,) = json.loads(invoke(str(path), "--json")[1])
        assert (error["file"], error["line"]) == (str(path), line)
        assert message in error["message"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_file_that_forks_is_checked_once(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(f"{HEAD}import os\nos.fork()\n{RIGHT_FUNCTION}")
    assert invoke(str(path)) == (0, "1 function checked, no errors\n")


def test_a_module_that_answers_every_question_with_an_error(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(
        f"{HEAD}import sys\nclass Lazy:\n    def __getattr__(self, name):\n        raise RuntimeError(name)\n"
        f"sys.modules['lazy'] = Lazy()\n{RIGHT_FUNCTION}"
    )
    assert invoke(str(path)) == (0, "1 function checked, no errors\n")


def test_characters_that_command_a_terminal_are_escaped(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(f"{HEAD}@sw.typed\ndef f() -> None:\n    raise ValueError('\\x1b[31mred')\n")
    assert "ValueError: \\x1b[31mred" in invoke(str(path))[1]


def test_nothing_is_allocated_and_numba_is_not_imported(tmp_path: Path) -> None:
    told = tmp_path / "told.txt"
    (tmp_path / "program.py").write_text(WATCH.format(told=str(told)))
    assert invoke(str(tmp_path / "program.py")) == (0, "2 functions checked, no errors\n")
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


def test_what_is_wrong_with_one_path_leaves_the_others(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(HEAD + WRONG_FUNCTION)
    (tmp_path / "notes.txt").write_text("")
    done = run(tmp_path, "nothing.py", "program.py", "notes.txt")
    assert done.returncode == 2
    assert "program.py:5:12: error[SW101]" in done.stdout
    assert "there is no file nothing.py" in done.stderr and "notes.txt is not a Python file" in done.stderr
    done = run(tmp_path, "--json", "nothing.py", "program.py")
    assert [(e["file"], e["code"]) for e in json.loads(done.stdout)] == [
        ("nothing.py", "SW801"),
        ("program.py", "SW101"),
    ]


def test_a_folder_means_its_files_that_import_shapewright(tmp_path: Path) -> None:
    for name in ("a/one.py", "a/b/two.py", "a/.hidden/no.py", "a/env/lib/no.py", "a/__pycache__/no.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(HEAD + WRONG_FUNCTION)
    (tmp_path / "a" / "env" / "pyvenv.cfg").write_text("")
    (tmp_path / "a" / "other.py").write_text("raise SystemExit\n")
    done = run(tmp_path, "a")
    assert done.returncode == 1
    assert [line.partition(":")[0] for line in done.stdout.splitlines() if ": error[" in line] == [
        "a/one.py",
        "a/b/two.py",
    ]
    (tmp_path / "empty").mkdir()
    done = run(tmp_path, "empty")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no Python file in empty imports shapewright" in done.stderr


def test_output_that_is_ascii(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "program.py").write_text(f"{HEAD}@sw.typed\ndef f() -> None:\n    raise ValueError('\u00e9')\n")
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    done = run(tmp_path, "program.py")
    assert (done.returncode, done.stderr) == (1, "")
    assert "ValueError: \\xe9" in done.stdout


# ---- processes
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks at /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, None], ids=["killed", "interrupted", "too long"])
def test_no_process_is_left(tmp_path: Path, how: signal.Signals | None) -> None:
    """Neither that of the check nor what the file starts."""
    told = tmp_path / "told.txt"
    (tmp_path / "program.py").write_text(
        "import os, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(told)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}} ')\nwhile True: pass\n"
    )
    path = os.pathsep.join(p for p in sys.path if p)
    command = [sys.executable, "-m", "shapewright", "check", "program.py", "--timeout", "6" if how is None else "100"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(
            signal.SIGINT, signal.SIG_DFL
        ),  # a job in the background of a shell ignores it
    ) as process:
        end = time.monotonic() + 60
        while not (told.exists() and told.read_text().endswith(" ")):
            assert time.monotonic() < end
            time.sleep(0.01)
        if how is not None:
            process.send_signal(how)
        process.communicate(timeout=60)
    end = time.monotonic() + 60
    while any(_alive(int(n)) for n in told.read_text().split()):
        assert time.monotonic() < end
        time.sleep(0.01)


def _alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
