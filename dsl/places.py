"""Where things stand in the user's files: an annotation, the size of a Dim, an argument of the call that failed."""

from __future__ import annotations

import ast
import inspect
import linecache
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from ..compiler.loc import Loc, user_loc
from .scope import Source


def argument_loc(at: Source) -> Loc | None:
    """The user's line, narrowed to the argument that `at` came in where the call in the source shows it."""
    loc = user_loc()
    if loc is None or at.position is None:
        return loc
    for node in _nodes(loc.file):
        if isinstance(node, ast.Call) and _span(node) == (loc.line, loc.col, loc.end_line, loc.end_col):
            argument = _argument(node, at, at.position)
            if argument is not None:
                line, col, end_line, end_col = _span(argument)
                return Loc(loc.file, line, end_line, col, end_col, loc.function)
    return loc


def _argument(call: ast.Call, at: Source, position: int) -> ast.expr | None:
    """None where the call is of something else (a trainer's method, an alias), or its arguments are starred."""
    func = call.func.value if isinstance(call.func, ast.Subscript) else call.func  # Dense[Pixels, Hidden](...)
    called = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", None)
    if called != at.function.rpartition(".")[2]:
        return None
    root = at.path.partition(".")[0]
    for keyword in call.keywords:
        if keyword.arg == root:
            return keyword.value
    before = call.args[: position + 1]
    return before[-1] if len(before) == position + 1 and not any(isinstance(a, ast.Starred) for a in before) else None


def _span(node: ast.expr) -> tuple[int, int, int, int]:
    return node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0


def place_of(at: Source) -> str | None:
    """File and line of the annotation."""
    if isinstance(at.owner, type):
        from .hints import field_owner

        return _line_of_field(field_owner(at.owner, at.name), at.name)
    function = inspect.unwrap(cast("Any", at.owner))
    code = getattr(function, "__code__", None)
    return None if code is None else _line_of_parameter(code.co_filename, code.co_firstlineno, code.co_name, at.name)


def class_place(cls: object) -> str:
    """ " (file:line)" of the size of a Dim class, for the end of a sentence; "" if it is not known."""
    if not isinstance(cls, type):
        return ""
    place = _line_of_field(cls, "size")
    return f" ({place})" if place else ""


def _line_of_field(cls: type[object], name: str) -> str | None:
    try:
        file = inspect.getsourcefile(cls) or ""
        first = inspect.getsourcelines(cls)[1]
    except (OSError, TypeError):
        return None
    for node in _nodes(file):
        if isinstance(node, ast.ClassDef) and node.name == cls.__name__ and _first_line(node) == first:
            for entry in node.body:
                targets = [entry.target] if isinstance(entry, ast.AnnAssign) else getattr(entry, "targets", [])
                if any(isinstance(t, ast.Name) and t.id == name for t in targets):
                    return f"{Path(file).name}:{entry.lineno}"
    return f"{Path(file).name}:{first}"


@lru_cache(maxsize=256)
def _line_of_parameter(file: str, first: int, function: str, name: str) -> str | None:
    for node in _nodes(file):
        if isinstance(node, ast.FunctionDef) and node.name == function and _first_line(node) == first:
            if name == "return" and node.returns is not None:
                return f"{Path(file).name}:{node.returns.lineno}"
            a = node.args
            for arg in (*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, (a.vararg, a.kwarg))):
                if arg.arg == name:
                    return f"{Path(file).name}:{arg.lineno}"
    return f"{Path(file).name}:{first}" if linecache.getline(file, first) else None


def _first_line(node: ast.ClassDef | ast.FunctionDef) -> int:
    return min([node.lineno, *(d.lineno for d in node.decorator_list)])


@lru_cache(maxsize=16)
def _nodes(file: str) -> tuple[ast.AST, ...]:
    try:
        return tuple(ast.walk(ast.parse("".join(linecache.getlines(file)))))
    except (SyntaxError, ValueError):
        return ()
