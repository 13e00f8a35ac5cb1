"""How a line of the user would read with a part of it changed."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable
from typing import TypeAlias, cast, final

Written: TypeAlias = "Callable[[ast.expr], ast.expr]"  # an expression -> the expression that replaces it
LONGEST = 88  # columns of code in a help line


def code_of(node: ast.AST) -> str:
    """The text of a syntax tree, in one line, with double quotes."""
    text = ast.unparse(node)
    return text if '"' in text else text.replace("'", '"')


def replaced(node: ast.AST, new: dict[int, ast.expr]) -> ast.AST:
    """A copy of a tree with some expressions, which are given by `id`, replaced."""
    return _Replace(new).visit(node)


@final
class _Replace(ast.NodeTransformer):
    def __init__(self, new: dict[int, ast.expr]) -> None:
        self._new = new

    def visit(self, node: ast.AST) -> ast.AST:
        found = self._new.get(id(node))
        return found if found is not None else super().visit(copy.copy(node))

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for name, value in ast.iter_fields(node):
            if isinstance(value, list):
                items = cast("list[object]", value)
                setattr(node, name, [self.visit(v) if isinstance(v, ast.AST) else v for v in items])
            elif isinstance(value, ast.AST):
                setattr(node, name, self.visit(value))
        return node


# ---- what stands around an expression
def attribute_written(name: str) -> Written:
    """`x.mT`."""
    return lambda e: ast.Attribute(value=e, attr=name, ctx=ast.Load())


def method_written(name: str, *args: ast.expr) -> Written:
    """`x.squeeze(-1)`."""
    return lambda e: ast.Call(func=attribute_written(name)(e), args=list(args), keywords=[])


def index_written(axis: int) -> Written:
    """`x[:, None]`: with a new axis there."""
    parts: list[ast.expr] = [*(ast.Slice() for _ in range(axis)), ast.Constant(None)]
    key = parts[0] if len(parts) == 1 else ast.Tuple(elts=parts, ctx=ast.Load())
    return lambda e: ast.Subscript(value=e, slice=key, ctx=ast.Load())


def number_written(n: int) -> ast.expr:
    """`-1`."""
    return ast.Constant(n) if n >= 0 else ast.UnaryOp(op=ast.USub(), operand=ast.Constant(-n))
