"""How a line of the user would read with a part of it changed."""

from __future__ import annotations

import ast
import copy
import io
import tokenize
from collections.abc import Callable, Mapping
from typing import TypeAlias, cast, final

from ..compiler.errors import Edit
from ..compiler.source import range_of, source_of

Written: TypeAlias = "Callable[[ast.expr], ast.expr]"  # an expression -> the expression that replaces it
_ATOMS = (ast.Name, ast.Constant, ast.JoinedStr, ast.Attribute, ast.Subscript, ast.Call, ast.List, ast.Tuple, ast.Dict)
LONGEST = 88  # columns of code in a help line


def code_of(node: ast.AST) -> str:
    """The text of a syntax tree, in one line, with double quotes."""
    text = ast.unparse(node)
    return text if '"' in text else text.replace("'", '"')


def rewritten(file: str, node: ast.AST, new: Mapping[int, ast.expr] | None = None) -> str:
    """The text of a tree with some expressions, which are given by `id`, replaced; the rest is as the user wrote it."""
    return ast.unparse(_Rewrite(source_of(file), new or {}).visit(node))


def replaced(file: str, node: ast.expr | ast.AugAssign, text: str) -> Edit | None:
    """The change that puts a text in the place of what the user wrote.

    None where that is not in the file as it was read, where a comment would be lost, and where the file could not be parsed
    afterwards (quotes inside of an f-string).
    """
    source = source_of(file)
    old = ast.get_source_segment(source, node)
    if old is None or old == text or not _is_text_of(old, node) or _has_comment(old):
        return None
    edit = Edit(file, *range_of(node), text)
    return edit if _is_python(_edited(source, edit)) else None


def _has_comment(code: str) -> bool:
    tokens = tokenize.generate_tokens(io.StringIO(f"({code})").readline)
    return "#" in code and any(t.type == tokenize.COMMENT for t in tokens)


def _edited(source: str, edit: Edit) -> str:
    lines = source.split("\n")
    before = lines[edit.line - 1].encode()[: edit.col].decode()
    after = lines[edit.end_line - 1].encode()[edit.end_col :].decode()
    return "\n".join([*lines[: edit.line - 1], before + edit.text + after, *lines[edit.end_line :]])


def _is_python(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return True


@final
class _Rewrite(ast.NodeTransformer):
    """Puts names in the place of what does not change; a name is written as it is."""

    def __init__(self, source: str, new: Mapping[int, ast.expr]) -> None:
        self._source, self._new = source, new

    def visit(self, node: ast.AST) -> ast.AST:
        found = self._new.get(id(node))
        if found is not None:
            return _Rewrite(self._source, {}).visit(found)
        text = self._text(node)
        return super().visit(copy.copy(node)) if text is None else ast.Name(text)

    def _text(self, node: ast.AST) -> str | None:
        """What the user wrote in one line; only of what needs no parentheses, wherever it stands."""
        if isinstance(node, _ATOMS) and not any(id(n) in self._new for n in ast.walk(node)):
            text = ast.get_source_segment(self._source, node) if hasattr(node, "lineno") else None
            if text is not None and "\n" not in text and _is_text_of(text, node):
                return text
        return code_of(node) if isinstance(node, ast.Constant) else None

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for name, value in ast.iter_fields(node):
            if isinstance(value, list):
                items = cast("list[object]", value)
                setattr(node, name, [self.visit(v) if isinstance(v, ast.AST) else v for v in items])
            elif isinstance(value, ast.AST):
                setattr(node, name, self.visit(value))
        return node


def _is_text_of(text: str, node: ast.expr | ast.AugAssign) -> bool:
    """Whether a text reads as a node: Python's columns are not those of the file inside of some f-strings."""
    try:
        if isinstance(node, ast.AugAssign):
            return ast.dump(ast.parse(text).body[0]) == ast.dump(node)
        return ast.dump(ast.parse(f"({text})", mode="eval").body) == ast.dump(node)
    except (SyntaxError, ValueError):
        return False


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
