"""The lines of an error that show the user's source, with carets under the expression.

Carets are placed by the width that characters have on a screen: wide ones take two columns, combining ones none. Tabs
become spaces, and long lines are cut around the expression. Where Python keeps no columns (`-X no_debug_ranges`) or the
source is not there (`exec`, an interactive prompt), the place is named without them.
"""

from __future__ import annotations

import ast
import linecache
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from .source import expression_at

if TYPE_CHECKING:
    from .loc import Loc

_WIDEST = 96  # columns of the user's text in one line
_BEFORE = 24  # of them in front of the expression, where the line has to be cut
_MOST = 5  # lines of one expression
_CUT = "..."
_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@", ast.Pow: "**", ast.Mod: "%",
    ast.FloorDiv: "//", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>",
}  # fmt: skip


def excerpt(loc: Loc) -> list[str]:
    """`  --> file:line:column   source`, and a line of carets under it; more of both for an expression of many lines."""
    linecache.checkcache(loc.file)  # it may have been edited since it was read
    raw = [linecache.getline(loc.file, n).rstrip("\r\n") for n in range(loc.line, loc.end_line + 1)]
    if not raw or not raw[0].strip():
        inside = "" if loc.function in ("", "<module>") else f"   in {loc.function}"
        return [f"  --> {loc.file}:{loc.line}{inside}"]
    name = Path(loc.file).name
    if not loc.has_columns:
        return [f"  --> {name}:{loc.line}   {_shown(raw[0].strip())[0]}"]
    marks = _marks(loc, raw)
    if len(raw) > _MOST:  # the beginning and the end
        raw, marks = [*raw[:2], _CUT, raw[-1]], [*marks[:2], "   ", marks[-1]]
    indent = min(len(line) - len(line.lstrip()) for line in raw if line.strip() and line != _CUT)
    column = len(_before(raw[0], loc.col)) + 1
    head = f"  --> {name}:{loc.line}:{column}   "
    lines: list[str] = []
    for text, marked in zip(raw, marks, strict=True):
        margin = " " * len(head) if lines else head
        at = 0 if text == _CUT else indent
        shown, under = _window(text[at:].rstrip(), marked[at:])
        lines.append((margin + shown).rstrip())
        if under.strip():
            lines.append(" " * len(head) + under)
    return lines


def _marks(loc: Loc, raw: list[str]) -> list[str]:
    """Under every character of the lines a space, a caret, or `~` for the operands of an operator."""
    marks: list[str] = []
    for i, line in enumerate(raw):
        first = len(_before(line, loc.col)) if i == 0 else len(line) - len(line.lstrip())
        last = len(_before(line, loc.end_col)) if i == len(raw) - 1 else len(line.rstrip())
        marks.append(" " * first + "^" * max(last - first, 1))
    at = _operator(loc, raw[0]) if len(raw) == 1 else None
    if at is not None:
        start, length = at
        text = marks[0]
        marks[0] = text[:start].replace("^", "~") + "^" * length + text[start + length :].replace("^", "~")
    return marks


def _operator(loc: Loc, line: str) -> tuple[int, int] | None:
    """Where in its line the operator of `a + b` stands, and how long it is."""
    node = expression_at(loc.file, (loc.line, loc.col, loc.end_line, loc.end_col))
    if not isinstance(node, ast.BinOp):
        return None
    sign = _OPERATORS[type(node.op)]
    behind = len(_before(line, node.left.end_col_offset or 0))
    at = line.find(sign, behind)
    return None if at < 0 else (at, len(sign))


def _before(line: str, offset: int) -> str:
    """The part of a line in front of an offset in bytes of UTF-8."""
    return line.encode()[:offset].decode(errors="ignore")


# ---- on a screen
def _window(text: str, marks: str) -> tuple[str, str]:
    """A line and its marks as they are shown: cut around the first mark where the line is too long."""
    marks = marks[: len(text)].ljust(len(text))
    if sum(map(_width, text)) <= _WIDEST:
        return _shown(text, marks)
    first = len(marks) - len(marks.lstrip())
    start = max(first - _BEFORE, 0) if first > _BEFORE + len(_CUT) else 0
    stop, used = start, 0
    while stop < len(text) and used + _width(text[stop]) <= _WIDEST - 2 * len(_CUT):
        used += _width(text[stop])
        stop += 1
    shown, under = _shown(text[start:stop], marks[start:stop])
    head, tail = _CUT if start else "", _CUT if stop < len(text) else ""
    return head + shown + tail, " " * len(head) + under


def _shown(text: str, marks: str = "") -> tuple[str, str]:
    """The text with tabs and control characters as spaces, and marks as wide as what stands above them."""
    under = "".join(mark * _width(char) for char, mark in zip(text, marks, strict=False))
    return "".join(_printed(c) for c in text), under.rstrip()


def _printed(char: str) -> str:
    if char == "\t":
        return "    "
    return " " if unicodedata.category(char) == "Cc" else char


def _width(char: str) -> int:
    if char == "\t":
        return 4
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1
