"""Code lenses and code actions: the kernels of a line, and corrections of errors, in sessions with a client."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pygls", reason="pygls (the extra `lsp`) is not installed")

from lsprotocol import types

import shapewright as sw

from .client import Client, alive, capabilities
from .programs import FIRST, GOOD, HEAD, LINE


# ---- kernels
def loaded(path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module of a file."""
    spec = importlib.util.spec_from_file_location("program_of_the_test", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


def test_lenses_and_the_text_of_kernels(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "program.py"
    uri = client.open(path, GOOD)
    client.diagnostics(uri)
    lenses = client.lenses(uri)
    computing = list(range(LINE, LINE + 7))
    assert [(x.range.start.line, x.command) for x in lenses] == [(line, None) for line in computing]
    client.shown.clear()
    shows: list[str] = []
    commands = [client.resolve(x) for x in lenses]
    assert commands[0].arguments is not None and list(commands[0].arguments) == [uri, LINE]
    assert commands[3].title == "no kernel"  # a transpose that nothing reads
    assert [x.command for x in client.lenses(uri)] == commands  # they are known now

    module = loaded(path, monkeypatch)
    start = module.MLP(w1=sw.zeros((16, 8)), b1=sw.zeros(8), w2=sw.zeros((8, 4)))
    trainer = sw.ScalarTrainer(start, module.loss, optimizer=sw.optim.Adam())
    report = sw.inspect(trainer.lower(sw.zeros((101, 16)), sw.IntTensor([0] * 101), method="step"))
    for command, line in zip(commands, computing, strict=True):
        kernels = report.kernels_for(f"program.py:{line + 1}")
        names = command.title.removeprefix("show kernel: ").split(", ")
        assert {k.name for k in kernels} <= set(names)
        shown = client.execute(command)
        assert shown is not None
        assert all(k.source.rstrip() in shown["text"] for k in kernels)
        assert shown["text"].count("```python") == len(kernels)
        assert Path(shown["path"]).read_text() == shown["text"]
        shows.append(Path(shown["path"]).as_uri())
        client.until(lambda: len(client.shown) == len(shows))
        assert client.shown == shows
    first = client.execute(commands[0])
    assert first is not None and first["text"].startswith(f"# h = sw.relu(x @ p.w1 + p.b1)\n\nprogram.py:{LINE + 1}\n")
    for part in ("## Program loss_step", "### Forward", "### Backward", "### Update", "def adam(", "def relu"):
        assert part in first["text"]


def test_kernels_are_those_of_what_is_on_disk(client: Client, tmp_path: Path) -> None:
    axes, path = tmp_path / "sizes.py", tmp_path / "net.py"
    axes.write_text("import shapewright as sw\nclass Wide(sw.Dim):\n    size = 24\n")
    text = (
        "import shapewright as sw\nfrom sizes import Wide\nclass Batch(sw.Dim): ...\n"
        "@sw.typed\ndef f(x: sw.Tensor[Batch, Wide]) -> sw.Tensor[Batch]:\n    return x.sum(1)\n"
    )
    uri = client.open(path, text)
    client.diagnostics(uri)
    (lens,) = client.lenses(uri)
    command = client.resolve(lens)
    shown = client.execute(command)
    assert shown is not None and "Forward of `f`" in shown["text"] and "(n, 24)" in shown["text"]
    axes.write_text(axes.read_text().replace("24", "40"))
    (lens,) = client.lenses(uri)
    assert lens.command is None
    shown = client.execute(command)
    assert shown is not None and "(n, 40)" in shown["text"]
    client.edit(uri, text.replace("x.sum(1)", "x.sum(-1)"))
    assert client.execute(command) is None
    assert client.said[-1] == "this line has changed since the file was saved: save it first"


def test_functions_without_a_program(client: Client, tmp_path: Path) -> None:
    text = "@sw.typed\ndef f(x: sw.Tensor[Batch]) -> sw.Scalar:\n    return x.sum() * float(x[0])\n"
    uri = client.open(tmp_path / "program.py", HEAD + text)
    assert [d.code for d in client.diagnostics(uri)] == ["SW401"]
    shown = client.execute(client.resolve(client.lenses(uri)[0]))
    assert shown is not None
    assert "No kernel computes this line.\n" in shown["text"] and "- `f`: error[SW401]" in shown["text"]


def test_closing_a_file_ends_what_compiles_it(client: Client, tmp_path: Path) -> None:
    checked, told = tmp_path / "checked.txt", tmp_path / "told.txt"
    slow = (
        f"import os, pathlib, time\nif pathlib.Path({str(checked)!r}).exists():\n"
        f"    open({str(told)!r}, 'w').write(f'{{os.getpid()}} ')\n    while True: time.sleep(0.01)\n"
    )
    uri = client.open(tmp_path / "program.py", slow + GOOD)
    client.diagnostics(uri)
    checked.write_text("the next import is that of the compilation")
    lens = client.lenses(uri)[0]
    answer = client.resolve_and_close(lens, uri, lambda: told.exists() and told.read_text().endswith(" "))
    assert answer.command is None
    client.until(lambda: not alive(int(told.read_text())))


def test_kernels_without_lenses(cache: Path, tmp_path: Path) -> None:
    session = Client(cache, capabilities(show_document=False), {"lenses": False, "optimizer": "sgd"})
    uri = session.open(tmp_path / "program.py", GOOD)
    session.diagnostics(uri)
    assert session.lenses(uri) == []
    assert session.actions(uri, LINE, automatic=True) == session.actions(uri, 0) == []
    (command,) = session.actions(uri, LINE)
    shown = session.execute(command)
    assert shown is not None and "(SGD)" in shown["text"] and "adam" not in shown["text"]
    said = f"the kernels are in {shown['path']}"
    session.until(lambda: session.said == [said])
    assert session.shown == []
    assert session.leave() == (0, "")


def test_a_client_that_does_not_say_whether_it_opens_documents(cache: Path, tmp_path: Path) -> None:
    session = Client(cache, capabilities(show_document=None))
    uri = session.open(tmp_path / "program.py", GOOD)
    session.diagnostics(uri)
    command = types.Command("", "shapewright.showKernel", arguments=[uri, LINE])
    shown = session.execute(command)
    session.until(lambda: len(session.shown) == 1)
    session.opens = False
    assert shown is not None and session.execute(command) == shown
    session.until(lambda: (len(session.shown), session.said) == (2, [f"the kernels are in {shown['path']}"]))
    assert session.leave() == (0, "")


# ---- corrections
CORRECTED = """\
@sw.typed
def f(p: MLP, x: sw.Tensor[Batch, Pixels]) -> sw.Scalar:
    "😀"; return (x @ p.w1.T).sum()

@sw.typed
def g(p: MLP, x: sw.Tensor[Batch, Pixels]) -> sw.Scalar:
    return (x - x.mean(1)).sum()

@sw.typed
def h(p: MLP, x: sw.Tensor[Batch, Pixels]) -> sw.Scalar:
    return (x @ p.w1.T + p.w2).sum()
"""


def test_corrections(client: Client, tmp_path: Path) -> None:
    """They are applied as a client would; what only moves an error is none."""
    path = tmp_path / "program.py"
    uri = client.open(path, HEAD + CORRECTED)
    transposed, reduced, moved = client.diagnostics(uri)
    assert client.fixes(uri, moved) == []
    text: str = CORRECTED
    for error, wrong, right in [
        (transposed, "(x @ p.w1.T).", "(x @ p.w1)."),
        (reduced, "x.mean(1)", "x.mean(1, keepdims=True)"),
    ]:
        (fix,) = client.fixes(uri, error)
        assert (fix.kind, list(fix.diagnostics or [])) == (types.CodeActionKind.QuickFix, [error])
        assert fix.edit is not None and fix.edit.changes is not None
        (edit,) = fix.edit.changes[uri]
        lines: list[str] = text.split("\n")
        line, start, end = edit.range.start.line - FIRST, edit.range.start.character, edit.range.end.character
        units = lines[line].encode("utf-16-le")
        new = units[: 2 * start] + edit.new_text.encode("utf-16-le") + units[2 * end :]
        lines[line] = new.decode("utf-16-le")
        assert "\n".join(lines) == text.replace(wrong, right)
        text = "\n".join(lines)
    client.save(uri, path, HEAD + text)
    assert client.diagnostics(uri) == [moved]
    client.edit(uri, HEAD + text.replace("p.w1.T + p.w2", "p.w1.mT + p.w2"))
    assert client.fixes(uri, moved) == []
