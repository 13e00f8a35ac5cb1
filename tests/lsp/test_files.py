"""The language server with several files: those that import each other, and those that it leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pygls", reason="pygls (the extra `lsp`) is not installed")

from lsprotocol import types

from .client import Client
from .programs import HEAD, WRONG

HELPER = "import shapewright as sw\ndef twice(x):\n    return x @ x\n"
MAIN = (
    "import shapewright as sw\nfrom {name} import twice\nclass Batch(sw.Dim): ...\n"
    "@sw.typed\ndef f(x: sw.Tensor[Batch, Batch, Batch]) -> sw.Tensor[Batch]:\n    return twice(x.sum(0)) @ x\n"
    "class Two(sw.Dim):\n    size = 2\n"
    "@sw.typed\ndef g(x: sw.Tensor[Batch, Two]) -> sw.Scalar:\n    return twice(x).sum()\n"
)


def lines(found: list[types.Diagnostic]) -> list[int]:
    return [d.range.start.line for d in found]


def last(client: Client, uri: str) -> list[types.Diagnostic]:
    """The last diagnostics of a file that have come."""
    return list(next(p.diagnostics for p in reversed(client.published) if p.uri == uri))


def test_stubs_are_left_alone_and_scripts_without_a_suffix_are_checked(client: Client, tmp_path: Path) -> None:
    stub = client.open(tmp_path / "program.pyi", WRONG)
    script = client.open(tmp_path / "script", WRONG)
    assert [d.code for d in client.diagnostics(script)] == ["SW101"]
    assert stub not in [p.uri for p in client.published]


def test_a_file_in_no_encoding(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_bytes(HEAD.encode() + b"# caf\xe9\n")
    uri = client.open(path)
    (found,) = client.diagnostics(uri)
    assert found.range.start.line == HEAD.count("\n")
    assert "Non-UTF-8 code starting with '\\xe9'" in found.message


def test_errors_in_a_file_with_unsaved_edits_are_where_its_lines_are(client: Client, tmp_path: Path) -> None:
    helper, main = tmp_path / "edited.py", tmp_path / "main.py"
    helper_uri = client.open(helper, HELPER)
    assert client.diagnostics(helper_uri) == []
    text = MAIN.format(name="edited")
    uri = client.open(main, text)
    assert lines(client.diagnostics(helper_uri)) == [2]
    client.edit(helper_uri, "# one\n# two\n" + HELPER)
    client.save(uri, main, text + "\n")
    assert lines(client.diagnostics(helper_uri)) == [4]
    client.close_file(helper_uri)
    client.until(lambda: lines(last(client, helper_uri)) == [2])
    client.close_file(uri)
    client.until(lambda: last(client, helper_uri) == [])


def test_a_file_is_checked_again_when_a_module_that_it_lacks_is_saved(client: Client, tmp_path: Path) -> None:
    later, main = tmp_path / "later.py", tmp_path / "needs.py"
    uri = client.open(main, "import shapewright as sw\nimport later\n")
    (found,) = client.diagnostics(uri)
    assert "No module named 'later'" in found.message
    later_uri = client.open(later, HELPER)
    client.save(later_uri, later, HELPER + "\n")
    assert client.diagnostics(uri) == []


def test_a_file_is_checked_again_when_one_between_it_and_the_error_is_saved(client: Client, tmp_path: Path) -> None:
    mid = tmp_path / "mid.py"
    (tmp_path / "low.py").write_text("x = (\n")
    mid_uri = client.open(mid, "import shapewright\nimport low\n")
    assert lines(client.diagnostics(mid_uri)) == [1]
    uri = client.open(tmp_path / "top.py", "import shapewright\n\nimport mid\n")
    (found,) = client.diagnostics(uri)
    assert found.range.start.line == 2
    assert found.message == "the file cannot be imported: SyntaxError: '(' was never closed (low.py:1)"
    client.save(mid_uri, mid, "import shapewright\n")
    assert client.diagnostics(uri) == []


def test_a_place_in_one_of_several_files_of_a_name_is_not_guessed(client: Client, tmp_path: Path) -> None:
    text = HEAD + "@sw.typed\ndef total(x: sw.Tensor[Batch, Hidden]) -> sw.Tensor[Batch]:\n    return x.sum(0)\n"
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").write_text("")
    (tmp_path / "two" / "model.py").write_text(HEAD)
    uri = client.open(tmp_path / "one" / "model.py", text)
    (found,) = client.diagnostics(uri)
    assert found.related_information
    client.save(uri, tmp_path / "one" / "model.py", "from two import model\n" + text)
    (found,) = client.diagnostics(uri)
    assert not found.related_information
    assert "note: Batch was bound by `x: Tensor[Batch, Hidden]` (model.py:" in found.message


def test_an_address_is_written_as_the_client_writes_it(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "caf\u00e9.py"
    uri = path.as_uri().replace("%C3%A9", "%c3%a9")
    client.open(path, WRONG, uri)
    assert len(client.diagnostics(uri)) == 1
    client.close_file(uri)
    assert client.diagnostics(uri) == []
