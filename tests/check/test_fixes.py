"""Whatever the help of an error says to write corrects that error: in every wrong program of the corpus."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import shapewright as sw
from shapewright.runtime.check import CheckResult, Diagnostic, check_source, fix
from shapewright.runtime.check.fix import applied, fix_file

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = sorted(
    [*(ROOT / "check" / "programs").glob("*.txt"), *(ROOT / "typing" / "programs" / "wrong").glob("*.py")]
)


def written(error: Diagnostic) -> bool:
    return error.help is not None and "write `" in error.help


def corrected(text: str, errors: list[Diagnostic]) -> str:
    """The text with all corrections that do not overlap, the last one first."""
    line = len(text)
    for error in sorted(errors, key=lambda e: e.span, reverse=True):
        assert error.fix is not None, error.help
        if error.fix.span.end_line < line:
            text = applied(error.fix, text.split("\n"))
            line = error.fix.span.line
    return text


@pytest.mark.checkers
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.stem)
def test_help_that_says_what_to_write_corrects_the_error(program: Path, tmp_path: Path) -> None:
    file, text = tmp_path / f"{program.stem}.py", program.read_text()
    file.write_text(text)
    errors = [d for d in check_source(file).diagnostics if written(d)]
    while errors:
        fixed = corrected(text, errors)
        file.write_text(fixed)
        after = check_source(file)
        assert after.imported
        left = [(d.code, d.message, d.function) for d in after.diagnostics if written(d)]
        done = [e for e in errors if (e.code, e.message, e.function) not in left]
        assert done
        errors = [e for e in errors if e not in done]


def test_an_expression_of_several_lines(tmp_path: Path) -> None:
    file = tmp_path / "program.py"
    text = (
        "import shapewright as sw\nclass Batch(sw.Dim): ...\nclass In(sw.Dim): ...\nclass Out(sw.Dim): ...\n"
        "@sw.typed\ndef f(x: sw.Tensor[Batch, In], w: sw.Tensor[Out, In]) -> sw.Tensor[Batch, Out]:\n"
        "    return (  # a product\n        x\n        @ w\n    )\n"
    )
    file.write_text(text)
    (error,) = check_source(file).diagnostics
    assert error.help == "transpose `w`: write `x @ w.mT`"
    assert error.fix is not None
    assert (error.fix.span.line, error.fix.span.end_line, error.fix.text) == (9, 9, "w.mT")
    file.write_text(applied(error.fix, text.split("\n")))
    assert "# a product" in file.read_text()
    assert check_source(file).diagnostics == ()


def test_help_about_another_line_is_a_change_of_that_line(tmp_path: Path) -> None:
    file = tmp_path / "program.py"
    text = (
        "import shapewright as sw\nclass Batch(sw.Dim): ...\nclass In(sw.Dim): ...\n"
        "@sw.typed\ndef f(x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, In]:\n"
        "    m = x.mean(1)\n    return x - m\n"
    )
    file.write_text(text)
    (error,) = check_source(file).diagnostics
    assert error.help == "keep the axis: write `x.mean(1, keepdims=True)` in line 6"
    assert (error.span.line, error.fix and error.fix.span.line) == (7, 6)
    assert error.to_json()["fix"] == {
        "file": str(file),
        "line": 6,
        "column": 9,
        "end_line": 6,
        "end_column": 18,
        "text": "x.mean(1, keepdims=True)",
    }


# ---- changes that would do harm
DIMS = """\
import shapewright as sw
class Batch(sw.Dim): ...
class In(sw.Dim): ...
class Out(sw.Dim): ...
"""


@pytest.mark.parametrize(
    ("signature", "body", "help", "fix"),
    [
        ("x: sw.Tensor[Out, In], w: sw.Tensor[Batch, Out]", "x @= w", None, None),  # w @= x is another variable
        (
            "x: sw.Tensor[Batch, In]",
            "x - x.mean(  # over the pixels\n        1)",
            "keep the axis: write `x - x.mean(1, keepdims=True)`",
            None,
        ),
        (
            "x: sw.Tensor[Batch, In], w: sw.Tensor[Out, In]",
            "(x  # the data\n        @ w  # the weight\n    )",
            "transpose `w`: write `x @ w.mT`",
            "w.mT",
        ),
        (
            "x: sw.Tensor[Batch], n: sw.IntTensor[Batch]",
            'f"{x + n}"',
            'convert `n`: write `x + n.astype("float32")`',
            None if sys.version_info < (3, 12) else 'n.astype("float32")',
        ),
    ],
)
def test_what_a_change_would_spoil(
    tmp_path: Path, signature: str, body: str, help: str | None, fix: str | None
) -> None:
    file = tmp_path / "program.py"
    file.write_text(
        f"{DIMS}\n@sw.typed\ndef f({signature}) -> object:\n    {'' if '@=' in body else 'return '}{body}\n"
    )
    (error,) = check_source(file).diagnostics
    assert (error.help, None if error.fix is None else error.fix.text) == (help, fix)


def test_a_tensor_in_a_list_is_not_called_by_what_is_written() -> None:
    both = [sw.ones((3, 4)), sw.ones((4,))]
    with pytest.raises(sw.ShapeError) as caught:
        sw.concat(both, 0)
    assert caught.value.diagnostic.help == "insert an axis into both[1]: then they fit"
    assert caught.value.diagnostic.edit is None


# ---- shapewright check --fix
HEAD = """\
import shapewright as sw
class Batch(sw.Dim): ...
class Pixels(sw.Dim):
    size = 6
class Hidden(sw.Dim):
    size = 4
class MLP(sw.Pack):
    w1: sw.Tensor[Pixels, Hidden]
    w2: sw.Tensor[Hidden]

"""
WRONG = """\
@sw.typed
def loss(p: MLP, x: sw.Tensor[Batch, Pixels]) -> sw.Scalar:
    "é 日本"; h = sw.relu(x @ p.w1.T)  # a comment
    h = (h - h.mean(1)) * 2.0
    return (h @ p.w2).sum()
"""
RIGHT = WRONG.replace("x @ p.w1.T", "x @ p.w1").replace("h.mean(1)", "h.mean(1, keepdims=True)")


def run(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "shapewright", "check", *args], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize(
    ("ends", "cookie", "encoding"),
    [
        *((e, "", code) for code in ("utf-8", "utf-8-sig") for e in ("\n", "\r\n", "\r")),
        *((e, "# coding: euc-jp\n", "euc-jp") for e in ("\n", "\r\n")),
    ],
)
def test_a_file_keeps_its_encoding_and_the_ends_of_its_lines(
    tmp_path: Path, ends: str, cookie: str, encoding: str
) -> None:
    def written(body: str) -> bytes:
        text = cookie + HEAD + (body if encoding != "euc-jp" else body.replace("é ", ""))
        return text.replace("\n", ends).encode(encoding)

    file = tmp_path / "program.py"
    file.write_bytes(written(WRONG))
    file.chmod(0o640)
    result, fixed = fix_file(file)
    assert file.read_bytes() == written(RIGHT)
    assert file.stat().st_mode & 0o777 == 0o640
    assert [d.help for d in fixed] == [
        "leave out the transpose: write `x @ p.w1`",
        "keep the axis: write `h - h.mean(1, keepdims=True)`",
    ]
    assert result.diagnostics == ()
    assert [p.name for p in tmp_path.iterdir() if p.name != "__pycache__"] == ["program.py"]


def test_the_command_corrects_files_and_says_so(tmp_path: Path) -> None:
    good, file = tmp_path / "good.py", tmp_path / "program.py"
    good.write_text(HEAD)
    file.write_text(HEAD + WRONG)
    done = run("--fix", str(good), str(file))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"{file}:13:25: fixed[SW101]: leave out the transpose: write `x @ p.w1`",
        f"{file}:14:10: fixed[SW101]: keep the axis: write `h - h.mean(1, keepdims=True)`",
        f"{good}: 0 functions checked, no errors",
        f"{file}: 1 function checked, no errors",
    ]
    assert file.read_text() == HEAD + RIGHT
    assert run("--fix", str(file)).stdout == "1 function checked, no errors\n"
    other = "@sw.typed\ndef other(x: sw.Tensor[Batch, Pixels]) -> sw.Scalar:\n    return x.foo\n"
    file.write_text(HEAD + WRONG + other)
    done = run("--fix", "--json", str(file))
    (left,) = json.loads(done.stdout)
    assert (done.returncode, left["function"], left["fix"]) == (1, "other", None)
    assert len(done.stderr.splitlines()) == 2
    assert file.read_text() == HEAD + RIGHT + other


def test_what_only_moves_an_error_is_left(tmp_path: Path) -> None:
    file = tmp_path / "program.py"
    text = HEAD + (
        "@sw.typed\ndef loss(p: MLP, x: sw.Tensor[Batch, Pixels]) -> sw.Scalar:\n    return (x @ p.w1.T + p.w1.T).sum()\n"
    )
    file.write_text(text)
    result, fixed = fix_file(file)
    assert (len(result.diagnostics), fixed, file.read_text()) == (1, [], text)
    file.write_text("x = (")
    result, fixed = fix_file(file)
    assert (result.imported, fixed) == (False, [])


def test_a_file_that_somebody_else_writes_meanwhile_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "program.py"
    file.write_text(HEAD + WRONG)

    def check(path: Path, *, timeout: float, text: str | None = None) -> CheckResult:
        result = check_source(path, timeout=timeout, text=text)
        if text is not None:
            file.write_text("# other")
        return result

    monkeypatch.setattr(fix, "check_source", check)
    with pytest.raises(sw.OptionError, match="was changed while it was checked"):
        fix_file(file)
    assert file.read_text() == "# other"
    assert [p.name for p in tmp_path.iterdir() if p.name != "__pycache__"] == ["program.py"]


@pytest.mark.parametrize("case", ["read-only", "no folder", "latin-1"])
def test_a_file_that_cannot_be_corrected_is_left_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    file = tmp_path / "program.py"
    text = (HEAD + WRONG).encode()
    file.write_bytes(text)
    if case == "read-only":
        file.chmod(0o440)
    elif case == "no folder":

        def refused(**_: object) -> tuple[int, str]:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("tempfile.mkstemp", refused)
    else:
        result = check_source(file)
        text = text.replace("é".encode(), b"\xe9")
        file.write_bytes(text)

        def known(path: Path, *, timeout: float) -> CheckResult:
            return result

        monkeypatch.setattr(fix, "check_source", known)
    with pytest.raises(sw.OptionError, match="cannot be"):
        fix_file(file)
    assert file.read_bytes() == text
    assert [p.name for p in tmp_path.iterdir()] == ["program.py"]


def test_the_command_says_what_it_cannot_correct(tmp_path: Path) -> None:
    file = tmp_path / "program.py"
    file.write_text(HEAD + WRONG)
    file.chmod(0o440)
    done = run("--fix", str(file))
    assert done.returncode == 2
    assert f"error[SW801]: {file} cannot be corrected: it is read-only" in done.stderr
    assert "Traceback" not in done.stderr and "error[SW101]" in done.stdout


def test_all_names_of_a_file_have_the_correction(tmp_path: Path) -> None:
    file, other = tmp_path / "program.py", tmp_path / "other.py"
    file.write_text(HEAD + WRONG)
    other.hardlink_to(file)
    fix_file(file)
    assert file.read_text() == other.read_text() == HEAD + RIGHT


def test_nothing_is_corrected_where_a_function_does_not_end(tmp_path: Path) -> None:
    """The functions behind it are not looked at: fewer errors would mean nothing."""
    file = tmp_path / "program.py"
    text = HEAD + WRONG + "@sw.typed\ndef stuck(p: MLP) -> sw.Scalar:\n    __import__('os')._exit(1)\n"
    file.write_text(text)
    result, fixed = fix_file(file)
    assert (result.finished, len(result.diagnostics), fixed, file.read_text()) == (False, 2, [], text)
