"""The language server, in sessions over standard input and output with a client."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pygls", reason="pygls (the extra `lsp`) is not installed")

from lsprotocol import types

from shapewright.runtime.check import check_source

from .client import Client, alive, capabilities
from .programs import FIRST, GOOD, HEAD, LINE, LOOP, WRONG


def texts(hints: list[tuple[int, int, str]]) -> list[tuple[int, str]]:
    return [(line, text) for line, _, text in hints]


def span(line: int, start: int, end: int) -> types.Range:
    return types.Range(types.Position(line, start), types.Position(line, end))


# ---- diagnostics
def test_what_the_server_can_do(client: Client) -> None:
    able = client.server.capabilities
    assert client.server.server_info is not None and client.server.server_info.name == "shapewright"
    assert able.position_encoding == "utf-16"
    assert able.hover_provider and able.inlay_hint_provider and able.code_action_provider
    assert able.code_lens_provider is not None and able.code_lens_provider.resolve_provider
    assert able.execute_command_provider is not None
    assert list(able.execute_command_provider.commands) == ["shapewright.showKernel"]


def test_an_error_comes_and_goes(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    uri = client.open(path, GOOD)
    assert client.diagnostics(uri) == []
    client.save(uri, path, WRONG)
    found = client.diagnostics(uri)
    (error,) = check_source(path).diagnostics
    assert error.message.startswith("matmul: ") and len(error.details) >= 2 and error.help is not None
    related = found[0].related_information  # the notes that name a place
    assert found == [
        types.Diagnostic(
            span(LINE, 16, 26),
            "\n".join([error.message, *error.details, f"help: {error.help}"]),
            severity=types.DiagnosticSeverity.Error,
            code="SW101",
            code_description=types.CodeDescription("https://example.org/docs/errors/SW101/"),
            source="shapewright",
            related_information=related,
        )
    ]
    assert len(related or []) == len(error.notes)
    client.save(uri, path, GOOD)
    assert client.diagnostics(uri) == []
    client.save(uri, path, WRONG)
    assert len(client.diagnostics(uri)) == 1
    client.close_file(uri)
    assert client.diagnostics(uri) == []


@pytest.mark.parametrize("shown", [True, False], ids=["shown", "not shown"])
def test_notes_that_name_a_place_belong_to_it(client: Client, cache: Path, tmp_path: Path, shown: bool) -> None:
    """Where the client shows places that belong to a diagnostic; else they are in its text."""
    session = client if shown else Client(cache, types.ClientCapabilities())
    path = tmp_path / "program.py"
    uri = session.open(
        path, HEAD + "@sw.typed\ndef f(x: sw.Tensor[Batch, Hidden]) -> sw.Tensor[Batch]:\n    return x.sum(0)\n"
    )
    (found,) = session.diagnostics(uri)
    assert (found.code, found.range) == ("SW102", span(FIRST + 2, 4, 19))
    (error,) = check_source(path).diagnostics
    lines = found.message.split("\n")
    assert lines[: 1 + len(error.details)] == [error.message, *error.details]
    notes = lines[1 + len(error.details) :]
    bound = "Batch was bound by `x: Tensor[Batch, Hidden]`"
    place = types.Location(uri, span(FIRST + 1, 0, 55))
    if shown:
        assert notes == []
        assert types.DiagnosticRelatedInformation(place, bound) in (found.related_information or [])
    else:
        assert f"note: {bound} (program.py:{FIRST + 2})" in notes
        assert found.related_information is None
        assert session.leave() == (0, "")


def test_functions_that_cannot_be_checked(client: Client, tmp_path: Path) -> None:
    uri = client.open(
        tmp_path / "program.py", HEAD + "@sw.typed\ndef f(x: sw.Tensor) -> sw.Scalar:\n    return x.sum()\n"
    )
    (found,) = client.diagnostics(uri)
    assert (found.severity, found.range) == (types.DiagnosticSeverity.Information, span(FIRST + 1, 0, 33))
    assert found.message.startswith("`f` is not checked: cannot be bound")


@pytest.mark.parametrize(
    ("encoding", "start", "end"), [("utf-8", 24, 31), ("utf-16", 20, 25), ("utf-32", 18, 23)], ids=str
)
def test_columns_in_the_encoding_of_the_client(
    client: Client, cache: Path, tmp_path: Path, encoding: str, start: int, end: int
) -> None:
    """Two characters of two UTF-16 units stand before the error, and two of two bytes in it."""
    session = client if encoding == "utf-16" else Client(cache, capabilities(encoding))
    text = HEAD + (
        "@sw.typed\n"
        "def f(é: sw.Tensor[Batch, Hidden]) -> sw.Scalar:\n"
        '    a, e = "😀😁", (é @ é).sum()\n'
        '    "😀"; s = é.sum()\n'
        "    return s\n"
    )
    uri = session.open(tmp_path / "program.py", text)
    (found,) = session.diagnostics(uri)
    assert session.server.capabilities.position_encoding == encoding
    assert found.range == span(FIRST + 2, start, end)
    by = {"utf-8": 4, "utf-16": 2, "utf-32": 1}[encoding]
    assert session.hints(uri) == [(FIRST + 3, 9 + by, ": Tensor[()]")]
    shown = session.hover(uri, FIRST + 3, 12 + by)
    assert shown is not None and shown[0].startswith("```python\né: Tensor[Batch, Hidden=8]\n```")
    assert shown[1] == span(FIRST + 3, 12 + by, 13 + by + (encoding == "utf-8"))
    assert session is client or session.leave() == (0, "")


def test_a_file_that_cannot_be_imported(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    uri = client.open(path, GOOD)
    client.diagnostics(uri)
    hints = client.hints(uri)
    for broken, line, message in [
        ("x = 1 / 0", FIRST, "ZeroDivisionError: division by zero"),
        ("x = (", FIRST, "SyntaxError: '(' was never closed"),
        ("sys.exit(3)", FIRST, "SystemExit: 3"),
    ]:
        client.save(uri, path, HEAD + broken + "\n" + GOOD.removeprefix(HEAD))
        (found,) = client.diagnostics(uri)
        assert found.range.start.line == line
        assert found.message == f"the file cannot be imported: {message}"
        assert client.hints(uri) == [(n + 1, column, text) for n, column, text in hints]  # of the last good check
    client.save(uri, path, GOOD)
    assert client.diagnostics(uri) == []


def test_a_check_that_takes_too_long(client: Client, tmp_path: Path) -> None:
    client.configure({"shapewright": {"timeout": 3}})
    uri = client.open(tmp_path / "program.py", HEAD + "while True: pass\n")
    (found,) = client.diagnostics(uri)
    assert found.message == (
        "the import of the file takes longer than 3 s\n"
        "help: set `timeout` to more seconds in the settings of the language server"
    )
    client.configure({"shapewright": {"timeout": 20}})


def test_other_files_are_left_alone(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "plain.py"
    uri = client.open(path, "import numpy as shapewright\nprint(shapewright\n")
    ours = client.open(tmp_path / "ours.py", GOOD)
    assert client.diagnostics(ours) == []
    assert client.hints(uri) == [] and client.lenses(uri) == [] and client.hover(uri, 0, 0) is None
    assert uri not in [p.uri for p in client.published]
    client.save(uri, path, WRONG)  # now it is one of ours
    assert len(client.diagnostics(uri)) == 1
    client.save(uri, path, "x = 1\n")
    assert client.diagnostics(uri) == []


def test_files_that_import_a_saved_one_are_checked_again(client: Client, tmp_path: Path) -> None:
    axes = tmp_path / "axes.py"
    text = "import shapewright as sw\nclass Batch(sw.Dim): ...\nclass Two(sw.Dim):\n    size = 2\n"
    helper = "def twice(x):\n    return x + x.sum(0)\n"
    axes_uri = client.open(axes, text + helper)
    assert client.diagnostics(axes_uri) == []
    uri = client.open(
        tmp_path / "net.py",
        "import shapewright as sw\nfrom axes import Batch, Two, twice\n\n"
        "@sw.typed\ndef f(x: sw.Tensor[Batch, Two]) -> sw.Scalar:\n    return twice(x).sum()\n",
    )
    assert client.diagnostics(uri) == []
    client.save(axes_uri, axes, text + "def twice(x)\n")
    (noted,) = client.diagnostics(uri)  # the error is in the other file, of which both checks speak
    assert (noted.severity, noted.range) == (types.DiagnosticSeverity.Error, span(1, 0, 34))
    assert noted.message == "the file cannot be imported: SyntaxError: expected ':' (axes.py:5)"
    client.save(axes_uri, axes, text + helper.replace("x.sum(0)", "x.sum(1)"))
    found = client.error(axes_uri, "SW101")  # the check of the file itself says nothing of it
    assert found.message.startswith("add: ") and "x.sum(1): Tensor[Batch]" in found.message
    assert found.range == span(5, 11, 23)
    spoken = [d.message for p in client.published if p.uri == axes_uri for d in p.diagnostics]
    assert spoken[0] == "the file cannot be imported: SyntaxError: expected ':'"
    client.close_file(uri)
    assert client.diagnostics(axes_uri) == []


# ---- processes
def test_the_server_answers_while_a_check_runs_and_a_newer_save_ends_it(client: Client, tmp_path: Path) -> None:
    good = client.open(tmp_path / "good.py", GOOD)
    client.diagnostics(good)
    told = tmp_path / "told.txt"
    path = tmp_path / "slow.py"
    slow = f"import os, time\nopen({str(told)!r}, 'w').write(f'{{os.getpid()}} ')\nwhile True: time.sleep(0.01)\n"
    uri = client.open(path, HEAD + slow)
    client.until(lambda: told.exists() and told.read_text().endswith(" "))
    assert client.hover(good, LINE, 4) is not None
    assert uri not in [p.uri for p in client.published]
    client.save(uri, path, WRONG)
    assert [d.code for d in client.diagnostics(uri)] == ["SW101"]
    client.until(lambda: not alive(int(told.read_text())))


# ---- shapes
HINTS = [
    (LINE, 5, ": Tensor[Batch, Hidden=8]"),
    (LINE + 1, 5, ": Tensor[Batch, Hidden=8]"),
    (LINE + 2, 7, ": Tensor[Batch, 4]"),
    (LINE + 2, 13, ": Tensor[Batch, 4]"),
    (LINE + 3, 8, ": Tensor[4, Batch]"),
]


def test_hints_of_assignments(client: Client, tmp_path: Path) -> None:
    uri = client.open(tmp_path / "program.py", GOOD)
    client.diagnostics(uri)
    assert client.hints(uri) == HINTS
    windows = client.open(tmp_path / "windows.py", GOOD.replace("\n", "\r\n"))
    client.diagnostics(windows)
    assert client.hints(windows) == HINTS
    assert set(client.refreshed) == {types.WORKSPACE_INLAY_HINT_REFRESH, types.WORKSPACE_CODE_LENS_REFRESH}


def test_hints_of_all_expressions_and_none(client: Client, tmp_path: Path) -> None:
    uri = client.open(tmp_path / "program.py", GOOD)
    client.diagnostics(uri)
    client.configure({"shapewright": {"hints": "all"}})
    assert client.hints(uri) == [
        HINTS[0],
        (LINE, 24, ": Tensor[Batch, Hidden=8]"),
        (LINE, 31, ": Tensor[Batch, Hidden=8]"),
        *HINTS[1:],
        (LINE + 4, 36, ": Tensor[Batch, Digits=4]"),
        (LINE + 4, 40, ": Tensor[()]"),
        (LINE + 5, 18, ": Tensor[Batch, 4]"),
        (LINE + 6, 11, ": Tensor[()]"),
    ]
    client.configure({"shapewright": {"hints": "off"}})
    assert client.hints(uri) == []
    client.configure({"shapewright": {"hints": "assignments"}})


def test_a_number_that_stands_for_any_size_is_not_shown(client: Client, tmp_path: Path) -> None:
    uri = client.open(tmp_path / "program.py", HEAD + LOOP)
    client.diagnostics(uri)
    assert texts(client.hints(uri)) == [
        (FIRST + 3, ": Tensor[8]"),
        (FIRST + 5, ": Tensor[Hidden=8]"),
        (FIRST + 6, ": Tensor[Hidden=8]"),
    ]
    shown = client.hover(uri, FIRST + 5, 14)
    assert shown is not None and shown[0] == (
        "```python\nx: Tensor[Batch, Hidden=8]\n```\n\nfloat32, axes `Batch` of any size, `Hidden` = 8\n\n"
        "with Batch=101, which stands for any size"
    )


def test_edits_move_hints_and_take_those_of_changed_lines(client: Client, tmp_path: Path) -> None:
    uri = client.open(tmp_path / "program.py", GOOD)
    client.diagnostics(uri)
    client.edit(uri, GOOD.replace("class MLP", "# one\n# two\nclass MLP"))
    assert client.hints(uri) == [(line + 2, column, text) for line, column, text in HINTS]
    shown = client.hover(uri, LINE + 2, 4)
    assert shown is not None and shown[1] == span(LINE + 2, 4, 5)
    client.edit(uri, GOOD.replace("    h = h * 2.0\n", "    h = h * 3.0\n"))
    assert client.hints(uri) == [HINTS[0], *HINTS[2:]]
    assert client.hover(uri, LINE + 1, 4) is None
    client.edit(uri, GOOD.replace("    h = h * 2.0\n", ""))
    assert client.hints(uri) == [HINTS[0], *((line - 1, column, text) for line, column, text in HINTS[2:])]
    client.edit(uri, GOOD.replace("        top * tail\n", "        tail\n"))
    assert client.hover(uri, LINE + 4, 45) is None  # the sum ends behind the line that has changed
    client.edit(uri, GOOD)
    assert client.hints(uri) == HINTS


def test_hover(client: Client, tmp_path: Path) -> None:
    text = GOOD.replace("class Pixels(sw.Dim):\n    size = 16\n", "class Pixels(sw.Dim): ...\n# any size\n")
    uri = client.open(tmp_path / "program.py", text)
    client.diagnostics(uri)
    axes = "float32, axes `Batch` of any size, `Hidden` = 8"
    for line, column, first, last, shown in [
        (LINE, 18, 16, 24, f"```python\nx @ p.w1: Tensor[Batch, Hidden=8]\n```\n\n{axes}\n\n"
         "matmul: `16*Batch*Pixels` FLOPs, `4*Batch*Pixels + 32*Batch + 32*Pixels` bytes"),
        (LINE, 9, 8, 32, f"```python\nh: Tensor[Batch, Hidden=8]\n```\n\n{axes}\n\n"
         "relu: `8*Batch` FLOPs, `64*Batch` bytes"),
        (LINE, 16, 16, 17, "```python\nx: Tensor[Batch, Pixels]\n```\n\n"
         "float32, axes `Batch` of any size, `Pixels` of any size"),
        (LINE, 28, 27, 31, "```python\np.b1: Tensor[Hidden=8]\n```\n\nfloat32, axis `Hidden` = 8"),
        (LINE + 2, 20, 16, 24, "```python\nh[:, :4]: Tensor[Batch, 4]\n```\n\n"
         "float32, axes `Batch` of any size, axis 1 = `4`\n\nslice: an index map, which moves nothing"),
        (FIRST + 1, 9, 9, 10, "```python\np: MLP\n```\n- `w1: Tensor[Pixels, Hidden=8]`\n- `b1: Tensor[Hidden=8]`\n"
         "- `w2: Tensor[Hidden=8, Digits=4]`"),
    ]:  # fmt: skip
        assert client.hover(uri, line, column) == (shown, span(line, first, last))
    assert client.hover(uri, 0, 0) is None


ANNOTATED = """\
import shapewright as sw
class Batch(sw.Dim): ...
class Ten(sw.Dim):
    size = 10
class Net(sw.Pack):
    w: sw.Tensor[Ten, Ten]
    scale: dict[str, sw.Tensor[Ten]]
@sw.typed
def f(p: Net, x: sw.Tensor[Batch, Ten]) -> sw.Scalar:
    both: sw.Tensor[Batch, Ten] = x @ p.w
    return (both * p.scale["x"]).sum()
"""


def test_hover_of_an_annotated_variable_and_of_dicts(client: Client, tmp_path: Path) -> None:
    uri = client.open(tmp_path / "program.py", ANNOTATED)
    assert client.diagnostics(uri) == []
    both = "```python\nboth: Tensor[Batch, Ten=10]\n```\n\nfloat32, axes `Batch` of any size, `Ten` = 10"
    scale = "dict[str, Tensor[Ten=10]]"
    for line, column, first, last, shown in [
        (9, 5, 4, 8, both),
        (10, 13, 12, 16, both),
        (8, 6, 6, 7, f"```python\np: Net\n```\n- `w: Tensor[Ten=10, Ten=10]`\n- `scale: {scale}`"),
        (10, 22, 19, 26, f"```python\np.scale: {scale}\n```"),
    ]:
        assert client.hover(uri, line, column) == (shown, span(line, first, last))
    assert client.hints(uri) == []  # the type stands there


# ---- settings, and the end
def test_settings_that_are_wrong_are_refused(client: Client) -> None:
    client.said.clear()
    client.configure({"shapewright": {"hints": "some", "colour": "red", "timeout": 0}})
    client.until(lambda: len(client.said) == 3)
    assert client.said == [
        "shapewright: hints is 'some'; it must be one of assignments, all, off",
        "shapewright: there is no setting 'colour'; there are hints, lenses, timeout, optimizer, docs",
        "shapewright: timeout is 0; it must be a number of seconds",
    ]


def test_a_client_that_leaves_without_a_word(cache: Path) -> None:
    assert Client(cache).leave(politely=False) == (1, "")
