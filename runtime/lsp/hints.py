"""Inlay hints: the shape of what is assigned, or of every expression that computes something."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from lsprotocol import types
from pygls.workspace import PositionCodec

from ..check import CheckResult, FunctionResult, Span
from .settings import Hints
from .text import LineMap, position_of

Place: TypeAlias = "tuple[int, int]"  # line and column, from 1, in characters
Range: TypeAlias = "tuple[int, int, int, int]"  # from one place to another


def inlay_hints(
    result: CheckResult, checked: Sequence[str], edits: LineMap, which: Hints, shown: types.Range, codec: PositionCodec
) -> list[types.InlayHint]:
    """The hints in a range of the text as it is now. A line that has changed since the check has none."""
    found: list[types.InlayHint] = []
    for (line, column), (first, text) in sorted(_places(result, checked, which).items()):
        by = edits.moved(first, line)
        if by is None or not shown.start.line <= line + by - 1 <= shown.end.line:
            continue
        at = position_of(line, column, checked, codec)
        found.append(
            types.InlayHint(types.Position(at.line + by, at.character), f": {text}", kind=types.InlayHintKind.Type)
        )
    return found


def _places(result: CheckResult, checked: Sequence[str], which: Hints) -> dict[Place, tuple[int, str]]:
    """By the place of a hint: the first line of the expression, and the text."""
    if which == "off":
        return {}
    values = {_key(v.span): (v, f) for f in result.functions for v in f.values if v.span.file == result.file}
    found: dict[Place, tuple[int, str]] = {}
    assigned: set[Range] = set()
    for target, key, part in _assignments(checked):
        if key in values:
            value, function = values[key]
            if part is None or part < len(value.fields):
                text = value.text if part is None else value.fields[part][1]
                found[target] = (target[0], without_numbers(text, function))
                assigned.add(key)
    if which == "all":
        longest = sorted((k for k, (v, _) in values.items() if v.work is not None and k not in assigned), key=_start)
        for key in longest:  # of expressions that end at one place, the outermost
            value, function = values[key]
            found.setdefault((key[2], key[3]), (key[0], without_numbers(value.text, function)))
    return found


def without_numbers(text: str, function: FunctionResult) -> str:
    """The text of a type without the numbers that stand for any size."""
    for name, number in function.numbers.items():
        text = re.sub(rf"\b{re.escape(name)}={number}\b", name, text)
    return text


def _key(span: Span) -> Range:
    return span.line, span.column, span.end_line, span.end_column


def _start(key: Range) -> Place:
    return key[:2]


# ---- assignments
def _assignments(lines: Sequence[str]) -> Iterator[tuple[Place, Range, int | None]]:
    """The ends of the names that are assigned to, the range of the value, and which item of it a name gets."""
    try:
        tree = ast.parse("\n".join(lines))
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    yield from _targets(target, value, lines)
            case ast.AugAssign(target=ast.Name() as name):
                yield _end(name, lines), _range(node, lines), None
            case ast.NamedExpr(target=name, value=value):
                yield _end(name, lines), _range(value, lines), None
            case _:
                pass


def _targets(target: ast.expr, value: ast.expr, lines: Sequence[str]) -> Iterator[tuple[Place, Range, int | None]]:
    if isinstance(target, ast.Name):
        yield _end(target, lines), _range(value, lines), None
    elif isinstance(target, ast.Tuple | ast.List) and not any(isinstance(x, ast.Starred) for x in target.elts):
        items = value.elts if isinstance(value, ast.Tuple | ast.List) else []
        if len(items) == len(target.elts):  # `a, b = x, y`
            for one, item in zip(target.elts, items, strict=True):
                yield from _targets(one, item, lines)
            return
        for i, one in enumerate(target.elts):
            if isinstance(one, ast.Name):
                yield _end(one, lines), _range(value, lines), i


def _range(node: ast.expr | ast.AugAssign, lines: Sequence[str]) -> Range:
    return (node.lineno, _column(lines, node.lineno, node.col_offset), *_end(node, lines))


def _end(node: ast.expr | ast.AugAssign, lines: Sequence[str]) -> Place:
    line = node.end_lineno or node.lineno
    return line, _column(lines, line, node.end_col_offset or 0)


def _column(lines: Sequence[str], line: int, offset: int) -> int:
    """The column of an offset in bytes."""
    return len(lines[line - 1].encode()[:offset].decode(errors="ignore")) + 1
