"""The parts of the language server that need no session: texts, settings, links, programs, and what it writes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pygls", reason="pygls (the extra `lsp`) is not installed")

from shapewright.runtime.check import Diagnostic, Fix, Span
from shapewright.runtime.check.files import imports_us
from shapewright.runtime.check.fix import applied
from shapewright.runtime.lsp import diagnostics
from shapewright.runtime.lsp.diagnostics import docs_link, title_of
from shapewright.runtime.lsp.kernels import Compiled, read_compiled, text_for
from shapewright.runtime.lsp.settings import Settings, changed
from shapewright.runtime.lsp.text import LineMap, lines_of

from .client import WAIT, alive, environment

LOSSES = """\
import shapewright as sw
class Batch(sw.Dim): ...
class Wide(sw.Dim): ...
class Ten(sw.Dim):
    size = 10
class Line(sw.Pack):
    w: sw.Tensor[Ten]
    @sw.typed
    def method(self, x: sw.Tensor[Batch, Ten], *, y: sw.Tensor[Batch]) -> sw.Scalar:
        return sw.mse_loss(x @ self.w, y)
class Running(sw.Pack):
    mean: sw.Tensor[Ten]
@sw.typed
def stateful(p: Line, s: Running, x: sw.Tensor[Batch, Ten]) -> tuple[sw.Scalar, Running]:
    return ((x - s.mean) @ p.w).mean(), Running(mean=0.9 * s.mean + 0.1 * x.mean(0))
@sw.typed
def random(p: Line, x: sw.Tensor[Batch, Ten], key: sw.Key, n: int = 3) -> sw.Scalar:
    return ((x + sw.normal(x.shape, key=key)) @ p.w).sum() * n
@sw.typed
def tensor(w: sw.Tensor[Wide], x: sw.Tensor[Batch, Wide]) -> sw.Scalar:
    return (x @ w).mean()
@sw.typed
def many(*xs: sw.Tensor[Batch, Ten]) -> sw.Tensor[Batch, Ten]:
    return xs[0] + xs[1]
@sw.typed
def nothing() -> sw.Tensor[Ten]:
    return sw.ones(10) + 1.0
@sw.typed
def loop(x: sw.Tensor[Batch, Ten]) -> sw.Tensor[Ten]:
    total = sw.zeros(10)
    for t in range(x.shape[0]):
        total = total + sw.softmax(x[t])
    return total / x.shape[0] ** 0.5
@sw.typed
def even(x: sw.Tensor[Batch, Ten]) -> sw.Tensor[Batch]:
    return (x.reshape(-1, 20) * 2.0).reshape(-1, 10).sum(1)
@sw.typed
def unbound(x: sw.Tensor) -> sw.Scalar:
    return x.sum()
@sw.typed
def fails(x: sw.Tensor[Batch]) -> sw.Scalar:
    return x.nothing
"""


# ---- texts
def test_lines_are_those_of_editors() -> None:
    assert lines_of("a\r\nb\x0cc\u2028d\re\n") == ["a", "b\x0cc\u2028d", "e", ""]


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("import shapewright as sw", True),
        ("import numpy, shapewright.optim", True),
        ("def f():\n    from shapewright import typed", True),
        ("import shapewright as sw\nx = (", True),
        ("import shapewrights", False),
        ("from .shapewright import x", False),
        ("text = '''\nimport shapewright\n'''", False),
        ("shapewright = (", False),
    ],
)
def test_files_that_are_ours(text: str, ours: bool) -> None:
    assert imports_us(text) is ours


def test_lines_that_edits_have_moved() -> None:
    edits = LineMap(["a", "b", "c", "d"], ["new", "a", "b", "changed", "d"])
    assert [edits.new(line) for line in (1, 2, 3, 4)] == [2, 3, None, 5]
    assert [edits.old(line) for line in (1, 2, 3, 4, 5)] == [None, 1, 2, None, 4]
    assert edits.moved(1, 2) == 1
    assert edits.moved(2, 3) is None
    assert LineMap(["a", "b"], ["a", "between", "b"]).moved(1, 2) is None
    assert [LineMap([], ["a"]).old(1), LineMap(["a"], []).new(1)] == [None, None]
    grown = LineMap(["a", "a"], ["a", "a", "a"])
    assert [grown.new(line) for line in (1, 2)] == [1, 2]
    apart = LineMap(["x", "a", "b", "c", "y"], ["z", "c", "a", "b", "w"])
    assert [apart.new(line) for line in range(1, 6)] == [None, 3, 4, None, None]
    old = [line for n in range(2000) for line in ("", "    x = 1", f"def f{n}():")]
    new = [f" {line}" if line else line for line in old]
    new[30:30] = old[300:330]
    long = LineMap(["first", *old], ["other", *new])
    places = [(n, long.new(n + 2)) for n in range(len(old))]
    assert all(now is None or new[now - 2] == old[n] for n, now in places)
    assert long.new(304) is not None


# ---- corrections
def test_corrections_are_put_into_the_text() -> None:
    lines = ["a = é(x,", "      y) @ b", "c = 1"]
    assert applied(Fix(Span("program.py", 1, 5, 1, 6), "f"), lines).split("\n") == ["a = f(x,", *lines[1:]]
    assert applied(Fix(Span("program.py", 1, 5, 2, 13), "x @ y"), lines).split("\n") == ["a = x @ y", "c = 1"]
    assert applied(Fix(Span("program.py", 3, 6, 3, 6), "0"), lines).split("\n") == [*lines[:2], "c = 10"]
    error = Diagnostic(Span("program.py", 2, 9, 2, 9), "SW101", "", "f", help="transpose `w`: write `x @ w.mT`")
    assert title_of(error) == "Transpose w: write x @ w.mT"


# ---- settings and links
def test_settings() -> None:
    start = Settings()
    assert changed(start, None) == (start, [])
    assert changed(start, {"hints": "all", "timeout": 2}) == (Settings(hints="all", timeout=2), [])
    assert changed(start, {"shapewright": {"lenses": False}}) == (Settings(lenses=False), [])
    for wrong in (
        {"lenses": 1},
        {"timeout": True},
        {"timeout": -1},
        {"optimizer": "lion"},
        {"docs": 3},
        {"new": 0},
        [1],
    ):
        after, reasons = changed(start, wrong)
        assert after == start and len(reasons) == 1


def test_links_lead_to_the_page_of_a_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert docs_link("SW101", "https://example.org/") == "https://example.org/errors/SW101/"
    monkeypatch.setattr(diagnostics, "PAGES", tmp_path)
    (tmp_path / "SW101.md").write_text("# SW101\n")
    assert docs_link("SW101", None) == (tmp_path / "SW101.md").as_uri()
    assert docs_link("SW102", None) is None


# ---- programs
@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Compiled, str]:
    """The programs of LOSSES, made in a process that tells what it has loaded, and the file."""
    folder = tmp_path_factory.mktemp("programs")
    file, answer = folder / "losses.py", folder / "answer.jsonl"
    file.write_text(LOSSES)
    code = (
        f"import sys; sys.path[:] = {sys.path!r}\n"
        "from shapewright.runtime.lsp.programs import main\n"
        f"main({str(file)!r}, {str(answer)!r}, 'adam')\n"
        "print(*sorted({'numba', 'llvmlite', 'scipy', 'pygls'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=WAIT, check=True)
    assert done.stdout == "\n"  # nothing is compiled to machine code, and nothing runs
    return read_compiled(json.loads(answer.read_text().splitlines()[-1])["result"]), str(file)


def test_programs_of_all_kinds_of_functions(compiled: tuple[Compiled, str]) -> None:
    programs = {p.function: p for p in compiled[0].programs}
    step = "forward, backward and update (Adam)"
    assert {name: p.kind for name, p in programs.items()} == {
        "Line.method": step,
        "stateful": step,
        "random": step,
        "tensor": "forward and backward",
        "many": "forward",
        "nothing": "forward",
        "loop": "forward",
        "even": "forward",
    }
    assert [p.name for p in programs.values()][:2] == ["method_step", "stateful_step"]
    sizes = {name: (dict(p.sizes), dict(p.fixed)) for name, p in programs.items()}
    assert all(sizes[name] == ({"Batch": 101}, {}) for name in ("Line.method", "stateful", "random", "many"))
    assert sizes["tensor"] == ({"Batch": 103}, {"Wide": 101})
    assert sizes["nothing"] == ({}, {})
    assert sizes["loop"] == ({}, {"Batch": 7})  # a short loop
    assert sizes["even"] == ({}, {"Batch": 168})  # a multiple of two
    assert any("-> mean" in r.text.replace("[t]", "") for r in programs["stateful"].rows)  # the state is written


def test_functions_that_have_no_program_say_why(compiled: tuple[Compiled, str]) -> None:
    missing = compiled[0].missing
    assert list(missing) == ["unbound", "fails"]
    assert missing["unbound"].startswith("`x` has any axes")
    assert missing["fails"] == "AttributeError: 'Tensor' object has no attribute 'nothing'"


def test_the_text_for_a_line(compiled: tuple[Compiled, str]) -> None:
    made, file = compiled
    text = text_for(made, file, 21, "    return (x @ w).mean()")
    assert text.startswith(
        "# return (x @ w).mean()\n\nlosses.py:21\n\n## Program tensor_value_and_grad\n\nForward and backward of `tensor`.\n"
        "Figures are for Batch=103; the kernels work for every size.\n"
        "Written for Wide=101, in the place of sizes that the arguments give.\n\n### Forward\n\n```text\nmatmul  "
    )
    assert text_for(made, file, 2, "class Batch") == (
        "# class Batch\n\nlosses.py:2\n\nNo kernel computes this line.\n\nFunctions without a program:\n\n"
        f"- `unbound`: {made.missing['unbound']}\n- `fails`: {made.missing['fails']}\n"
    )


# ---- what the server writes
def test_only_the_protocol_is_on_the_standard_output(tmp_path: Path) -> None:
    """The whole output of a session, cut into messages by their lengths; the file prints and starts a process that does."""
    path = tmp_path / "program.py"
    path.write_text(
        "import os, subprocess, sys\nimport shapewright as sw\nprint('noise', flush=True)\nos.write(1, b'noise')\n"
        "subprocess.run([sys.executable, '-c', 'print(1)'])\nx = sys.stdin.read()\nassert x == ''\n"
    )
    item = {"uri": path.as_uri(), "languageId": "python", "version": 1, "text": path.read_text()}
    with subprocess.Popen(
        [sys.executable, "-m", "shapewright", "lsp", "--stdio"],  # as some clients add by themselves
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(tmp_path),
        bufsize=0,
    ) as server:
        assert server.stdin is not None and server.stdout is not None
        server.stdin.write(message("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, 1))
        server.stdin.write(message("initialized", {}))
        server.stdin.write(message("textDocument/didOpen", {"textDocument": item}))
        output = b""
        while b"publishDiagnostics" not in output:
            got: bytes = server.stdout.read(1 << 16)
            assert got, "the server has ended"
            output += got
        server.stdin.write(message("shutdown", None, 2) + message("exit", None))
        rest, errors = server.communicate(timeout=WAIT)
    assert (server.returncode, errors) == (0, b"")
    seen = messages(output + rest)
    assert [m.get("method", m.get("id")) for m in seen] == [1, "textDocument/publishDiagnostics", 2]
    assert seen[1]["params"]["diagnostics"] == []


def test_a_check_ends_with_the_server(tmp_path: Path) -> None:
    path, told = tmp_path / "program.py", tmp_path / "told.txt"
    path.write_text(f"import os, shapewright\nopen({str(told)!r}, 'w').write(f'{{os.getpid()}} ')\nwhile True: pass\n")
    item = {"uri": path.as_uri(), "languageId": "python", "version": 1, "text": path.read_text()}
    with subprocess.Popen(
        [sys.executable, "-m", "shapewright", "lsp"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment(tmp_path),
    ) as server:
        assert server.stdin is not None and server.stderr is not None
        server.stdin.write(message("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, 1))
        server.stdin.write(message("textDocument/didOpen", {"textDocument": item}))
        server.stdin.flush()
        wait(lambda: told.exists() and told.read_text().endswith(" "))
        assert alive(int(told.read_text()))
        server.kill()
        wait(lambda: not alive(int(told.read_text())))


def wait(holds: Callable[[], bool]) -> None:
    """Until something holds."""
    end = time.monotonic() + WAIT
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def message(method: str, params: object, number: int | None = None) -> bytes:
    content = {"jsonrpc": "2.0", "method": method, "params": params} | ({} if number is None else {"id": number})
    body = json.dumps(content).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def messages(output: bytes) -> list[dict[str, Any]]:
    """An output that consists of messages only, taken apart."""
    found: list[dict[str, Any]] = []
    while output:
        head, _, output = output.partition(b"\r\n\r\n")
        length = re.fullmatch(rb"Content-Length: (\d+)(?:\r\nContent-Type: [^\r\n]+)?", head)
        assert length is not None, head
        body, output = output[: int(length[1])], output[int(length[1]) :]
        found.append(json.loads(body))
    return found
