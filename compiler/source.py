"""The text of a user's file as far as Python still has it, and its expressions by where they stand."""

from __future__ import annotations

import ast
import linecache
from functools import lru_cache
from typing import TypeAlias

Range: TypeAlias = "tuple[int, int, int, int]"  # line, column, end line, end column; columns in bytes, as `ast` counts


def source_of(file: str) -> str:
    """The whole text of a file, of a cell of a notebook or of a line typed in; "" where it is not known."""
    return "".join(linecache.getlines(file))


def nodes_of(file: str) -> tuple[ast.AST, ...]:
    """Every node of the syntax tree of a file; none where the text is not known or cannot be parsed."""
    return _nodes(source_of(file))


def expression_at(file: str, where: Range) -> ast.expr | ast.AugAssign | None:
    """The outermost expression with exactly this range."""
    return _expressions(source_of(file)).get(where)


def range_of(node: ast.expr | ast.stmt) -> Range:
    """Where a node stands."""
    return node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0


@lru_cache(maxsize=16)
def _nodes(source: str) -> tuple[ast.AST, ...]:
    try:
        return tuple(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError):  # a cell with lines for the shell, for instance
        return ()


@lru_cache(maxsize=16)
def _expressions(source: str) -> dict[Range, ast.expr | ast.AugAssign]:
    found: dict[Range, ast.expr | ast.AugAssign] = {}
    for node in _nodes(source):
        if isinstance(node, ast.expr | ast.AugAssign):
            found.setdefault(range_of(node), node)
    return found
