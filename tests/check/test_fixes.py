"""Whatever the help of an error says to write corrects that error: in every wrong program of the corpus."""

from __future__ import annotations

from pathlib import Path

import pytest

from shapewright.runtime.check import Diagnostic, check_source
from shapewright.runtime.lsp.fixes import applied

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
    assert (error.fix.span.line, error.fix.span.end_line, error.fix.text) == (8, 9, "x @ w.mT")
    file.write_text(applied(error.fix, text.split("\n")))
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
