"""Corrections that may be what an error's help means. Each is tried by a check before it is offered."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import final

from ..check import CheckResult, Diagnostic, Span

_WRITE = re.compile(r"write `([^`]+)`(?: for `([^`]+)`)?$")
_REDUCTIONS = frozenset(["sum", "mean", "max", "min", "var", "std", "logsumexp"])


@final
@dataclass(frozen=True, slots=True)
class Fix:
    """A change in one line: `text` in the place of columns `start` to `end`, which count from 1, in characters."""

    title: str
    line: int
    start: int
    end: int
    text: str

    def applied(self, lines: Sequence[str]) -> str:
        """The text with the change."""
        line = lines[self.line - 1]
        new = line[: self.start - 1] + self.text + line[self.end - 1 :]
        return "\n".join([*lines[: self.line - 1], new, *lines[self.line :]])


def candidates(error: Diagnostic, lines: Sequence[str]) -> list[Fix]:
    """What may correct an error: what its help says to write; else a transpose in a product, or a mean that keeps its
    axis."""
    written = _written(error, lines)
    return [written] if written is not None else _usual(error, lines)


def _written(error: Diagnostic, lines: Sequence[str]) -> Fix | None:
    """The code that the help gives for the expression of the error, or for a part of the line that stands there once."""
    found = _WRITE.search(error.help or "")
    span = error.span
    if found is None or span.line != span.end_line or span.line > len(lines):
        return None
    new, old = found[1], found[2]
    line, start, end = lines[span.line - 1], span.column, span.end_column
    if old is not None:
        if line.count(old) != 1:
            return None
        start = line.index(old) + 1
        end = start + len(old)
    return Fix(f"Write {new}", span.line, start, end, new)


def _usual(error: Diagnostic, lines: Sequence[str]) -> list[Fix]:
    node = _operation(error.span, lines)
    if node is None or error.code != "SW101":
        return []
    operands = [node.right, node.left]
    if isinstance(node.op, ast.MatMult):
        return [fix for x in operands for fix in _transposed(x, lines)]
    return [fix for x in operands for fix in _kept(x, lines)]


def corrects(before: CheckResult, error: Diagnostic, after: CheckResult) -> bool:
    """Whether a check finds the same errors, without this one."""
    return after.imported and _errors(after) == _errors(before) - Counter([_key(error)])


def _errors(result: CheckResult) -> Counter[tuple[str, str, str, int]]:
    return Counter(_key(d) for d in result.diagnostics)


def _key(d: Diagnostic) -> tuple[str, str, str, int]:
    return d.code, d.message, d.span.file, d.span.line


# ---- the text
def _operation(span: Span, lines: Sequence[str]) -> ast.BinOp | None:
    """The binary operation with this range, if it stands in one line."""
    if span.line != span.end_line or span.line > len(lines):
        return None
    try:
        tree = ast.parse("\n".join(lines))
    except (SyntaxError, ValueError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and (node.lineno, node.end_lineno) == (span.line, span.line):
            start, end = _columns(node, lines)
            if (start, end) == (span.column, span.end_column):
                return node
    return None


def _columns(node: ast.expr, lines: Sequence[str]) -> tuple[int, int]:
    """Where an expression in one line begins and ends."""
    data = lines[node.lineno - 1].encode()
    return len(data[: node.col_offset].decode()) + 1, len(data[: node.end_col_offset].decode()) + 1


def _transposed(x: ast.expr, lines: Sequence[str]) -> Iterator[Fix]:
    start, end = _columns(x, lines)
    code = lines[x.lineno - 1][start - 1 : end - 1]
    if isinstance(x, ast.Attribute) and x.attr in ("T", "mT"):
        inner = _columns(x.value, lines)
        kept = lines[x.lineno - 1][inner[0] - 1 : inner[1] - 1]
        yield Fix(f"Remove the transpose: {kept}", x.lineno, inner[1], end, "")
    elif isinstance(x, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
        yield Fix(f"Transpose: {code}.mT", x.lineno, end, end, ".mT")


def _kept(x: ast.expr, lines: Sequence[str]) -> Iterator[Fix]:
    match x:
        case ast.Call(func=ast.Attribute(attr=name), args=args, keywords=keywords) if name in _REDUCTIONS:
            if (args or keywords) and all(k.arg == "axis" for k in keywords):
                _, end = _columns(x, lines)
                comma = "" if lines[x.lineno - 1][: end - 2].rstrip().endswith(",") else ","
                yield Fix("Keep the reduced axis: keepdims=True", x.lineno, end - 1, end - 1, f"{comma} keepdims=True")
        case _:
            pass
