"""The user's line in an error: carets by display width, long and multi-line expressions, and sources that are not there."""

from __future__ import annotations

import ast
import linecache
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import shapewright as sw
from shapewright.compiler.loc import Loc

FILE = "some_program.py"
HEAD = "import shapewright as sw\nx, w = sw.zeros((2, 3)), sw.zeros((2, 3))\n"


@pytest.fixture
def file() -> Iterator[str]:
    yield FILE
    linecache.cache.pop(FILE, None)


def give_source(file: str, text: str) -> None:
    """What a notebook does for its cells."""
    lines: list[str] = list(text.splitlines(keepends=True))
    linecache.cache[file] = (len(text), None, lines, file)


def loc_of(text: str, code: str, file: str = FILE) -> Loc:
    """The place of the expression `code` in a program, as `ast` gives it."""
    give_source(file, text)
    wanted = ast.dump(ast.parse(code, mode="eval").body)
    (node, *_) = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.expr) and ast.dump(n) == wanted]
    assert node.end_lineno is not None and node.end_col_offset is not None
    return Loc(file, node.lineno, node.end_lineno, node.col_offset, node.end_col_offset, "f")


def width(text: str) -> int:
    """Columns on a screen."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


def underlined(lines: list[str]) -> str:
    """What stands above the marks of the first two lines, by columns of the screen."""
    source, marks = lines[:2]
    start, stop = len(marks) - len(marks.lstrip()), len(marks)
    at, found = 0, ""
    for c in source:
        if start <= at < stop or (found and width(c) == 0):
            found += c
        at += width(c)
    return found


# ---- one line
def test_the_layout(file: str) -> None:
    assert loc_of("if True:\n    y = f(a + b)\n", "a + b").excerpt() == [
        "  --> some_program.py:2:11   y = f(a + b)",
        "                                   ~~^~~",
    ]


@pytest.mark.parametrize(
    "code",
    [
        "größe @ w",
        "重み @ 入力",
        "f('日本語', 重み)",
        "e\u0301te\u0301 + x",
        "f('\uff46\uff55\uff4c\uff4c')",
        "f('emoji 😀😀') @ w",
    ],
)
def test_carets_stand_under_wide_and_combining_characters(code: str, file: str) -> None:
    code = ast.unparse(ast.parse(code))  # identifiers are normalised
    text = f"値 = g('全角', {code}, 1)\n"
    lines = loc_of(text, code).excerpt()
    assert underlined(lines) == code


def test_tabs_become_spaces(file: str) -> None:
    lines = loc_of("if x:\n\ty =\tf(a,\tb)\n", "f(a, b)").excerpt()
    assert lines == [
        "  --> some_program.py:2:6   y =    f(a,    b)",
        "                                   ^^^^^^^^^^",
    ]
    assert "\t" not in "".join(lines)


@pytest.mark.parametrize("before", [0, 10, 30, 200])
def test_a_long_line_is_cut_around_the_expression(before: int, file: str) -> None:
    text = f"y = [{'1, ' * before}left @ right{', 1' * 200}]\n"
    lines = loc_of(text, "left @ right").excerpt()
    assert underlined(lines) == "left @ right"
    assert all(len(line) <= 130 for line in lines)
    assert lines[0].endswith("...")
    assert (lines[0].split("   ", 1)[1].startswith("...")) == (before >= 10)
    assert f":1:{text.index('left') + 1} " in lines[0]


def test_a_long_expression_shows_its_beginning(file: str) -> None:
    code = " + ".join(["operand"] * 60)
    lines = loc_of(f"y = {code}\n", code).excerpt()
    assert all(len(line) <= 130 for line in lines)
    assert "operand + operand" in underlined(lines)


def test_a_nested_operator_is_marked_itself(file: str) -> None:
    text = "y = (a * b) ** (c - d)\n"
    assert loc_of(text, "(a * b) ** (c - d)").excerpt()[1].strip() == "~~~~~~~~^^~~~~~~~~"
    assert loc_of(text, "c - d").excerpt()[1].strip() == "~~^~~"


# ---- several lines
def test_an_expression_of_several_lines(file: str) -> None:
    text = "def f():\n    return g(\n        first,\n        second,\n    )\n"
    assert loc_of(text, "g(first, second)").excerpt() == [
        "  --> some_program.py:2:12   return g(",
        "                                    ^^",
        "                                 first,",
        "                                 ^^^^^^",
        "                                 second,",
        "                                 ^^^^^^^",
        "                             )",
        "                             ^",
    ]


def test_the_middle_of_many_lines_is_left_out(file: str) -> None:
    text = "y = g(\n" + "".join(f"    argument_{i},\n" for i in range(40)) + ")\n"
    code = f"g({', '.join(f'argument_{i}' for i in range(40))})"
    lines = loc_of(text, code).excerpt()
    assert len(lines) <= 8
    assert lines[4].strip() == "..." and lines[-2].strip() == ")"


def test_an_operator_between_lines_is_underlined_as_a_whole(file: str) -> None:
    lines = loc_of("y = (\n    a\n    + b\n)\n", "a + b").excerpt()
    assert [line.strip() for line in lines] == ["--> some_program.py:2:5   a", "^", "+ b", "^^^"]


# ---- sources of other kinds
def message(text: str, file: str) -> str:
    with pytest.raises(sw.ShapewrightError) as error:
        exec(compile(text, file, "exec", dont_inherit=True), {"__name__": "somewhere"})
    return str(error.value)


def test_a_cell_of_a_notebook() -> None:
    """IPython names its cells and gives their text to linecache; a cell with a line for the shell cannot be parsed."""
    cell = "<ipython-input-3-0123456789ab>"
    text = f"{HEAD}x @ w\n"
    for shown in (text, text.replace(HEAD, "!pip list\n%time\n")):
        give_source(cell, shown)
        lines = message(text, cell).splitlines()
        assert lines[1] == f"  --> {cell}:3:1   x @ w"
        assert lines[2].strip() == ("~~^~~" if shown == text else "^^^^^")
        assert ("   | x: Tensor[2, 3]" in lines) == (shown == text)
    del linecache.cache[cell]


def test_notes_about_a_cell_of_a_notebook() -> None:
    """`inspect` does not find a class that is defined in a cell."""
    cell = "<ipython-input-7-0123456789ab>"
    text = (
        "import shapewright as sw\nclass Ten(sw.Dim):\n    size = 10\nclass P(sw.Pack):\n    w: sw.Tensor[Ten]\n"
        "P(sw.zeros(9))\n"
    )
    give_source(cell, text)
    lines = message(text, cell).splitlines()
    assert f"note: Ten=10 is fixed by the class `Ten` ({cell}:3)" in lines
    assert f"note: `w: Tensor[Ten]` is declared at {cell}:5" in lines
    del linecache.cache[cell]


def test_a_file_that_was_edited(tmp_path: Path) -> None:
    path = tmp_path / "edited.py"
    path.write_text(f"{HEAD}x @ w\n")
    assert "x @ w" in message(f"{HEAD}x @ w\n", str(path))
    path.write_text(f"{HEAD}w @ x   # turned\n")
    assert "w @ x   # turned" in message(f"{HEAD}w @ x\n", str(path))


def test_lines_typed_in_without_source() -> None:
    text = message(f"{HEAD}def f():\n    return x @ w\nf()\n", "<stdin>")
    assert text.splitlines()[1] == "  --> <stdin>:4   in f"
    assert "   | operand 1: Tensor[2, 3]" in text
    assert "help: transpose operand 2: then they fit" in text


def test_code_given_to_exec_is_the_users() -> None:
    text = message(f"{HEAD}x @ w\n", "<string>")
    assert text.splitlines()[1].startswith("  --> <string>:3")  # later Pythons show the text, too
    text = message(
        f"{HEAD}@sw.typed\ndef f(x: sw.Tensor[sw.D[sw.IntVar('N')]]): return x\nf(x)\n",
        "<string>",
    )
    assert "argument `x` of `f` has rank 2, where rank 1 is wanted" in text
    assert "  --> <string>:5" in text


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "gone.py"
    text = message(f"{HEAD}x @ w\n", str(path))
    assert text.splitlines()[1] == f"  --> {path}:3"


def test_a_pack_made_in_code_given_to_exec() -> None:
    """The constructor that a dataclass writes is in `<string>`, too, and is not the user's."""
    text = message(f"{HEAD}class P(sw.Pack):\n    w: sw.Tensor[()]\nP(x)\n", "<string>")
    assert text.splitlines()[1] == "  --> <string>:5"
    assert "field `w` of `P` has rank 2" in text


def python(tmp_path: Path, *options: str, text: str) -> str:
    """The message of a program that fails, run with these options of Python."""
    (tmp_path / "program.py").write_text(text)
    done = subprocess.run(
        [sys.executable, *options, "program.py"] if "-c" not in options else [sys.executable, *options],
        cwd=tmp_path,
        env={"PYTHONPATH": ":".join(p for p in sys.path if p), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    return done.stderr[done.stderr.index("error[") :]


def test_without_columns(tmp_path: Path) -> None:
    text = python(tmp_path, "-X", "no_debug_ranges", text=f"{HEAD}y = x @ w\n")
    lines = text.splitlines()
    assert lines[:2] == ["error[SW101]: matmul: 3 does not fit 2", "  --> program.py:3   y = x @ w"]
    assert "^" not in text
    assert "   | operand 1: Tensor[2, 3]" in lines


def test_a_call_without_columns(tmp_path: Path) -> None:
    program = f"{HEAD}@sw.typed\ndef f(x: sw.Tensor[()]) -> sw.Scalar:\n    return x\nf(x)\n"
    text = python(tmp_path, "-X", "no_debug_ranges", text=program)
    assert "  --> program.py:6   f(x)\n" in text
    assert "note: `x: Tensor[()]` is declared at program.py:4" in text


def test_a_program_given_on_the_command_line(tmp_path: Path) -> None:
    text = python(tmp_path, "-c", f"{HEAD}y = x @ w\n", text="")
    assert text.splitlines()[1].startswith("  --> <string>:3")  # later Pythons show the text, too


def test_optimized_code(tmp_path: Path) -> None:
    text = python(tmp_path, "-OO", text=f"{HEAD}y = x @ w\n")
    assert text.splitlines()[2].strip() == "~~^~~"


def test_the_page_of_a_code(file: str) -> None:
    """What an editor links to."""
    with pytest.raises(sw.ShapewrightError) as error:
        value: Any = sw.zeros((2, 3))
        _ = value @ value
    assert (error.value.code, error.value.diagnostic.code) == ("SW101", "SW101")
    assert error.value.diagnostic.page == "errors/SW101.md"
