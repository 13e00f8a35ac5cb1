"""Who to name in an error: the user's line, and the text of each operand as it is written there."""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import CodeType, FrameType
from typing import cast

from ..compiler.loc import Loc, frame_loc, is_library_frame

_LONGEST = 40
TRANSPARENT: set[CodeType] = set()  # wrappers that may stand between the user's line and the function called there


def operand_names(operands: Sequence[object]) -> list[str]:
    """The expression of each operand at the user's call; `operand 1`, ... where it cannot be found."""
    entry, loc = _entry()
    found = _arguments(entry, loc) if entry is not None and loc is not None else {}
    names: list[str] = []
    for i, operand in enumerate(operands):
        text = _lookup(operand, entry, found)
        names.append(text if text is not None and len(text) <= _LONGEST else f"operand {i + 1}")
    return names


def _entry() -> tuple[FrameType | None, Loc | None]:
    """The library function that the user called, and where."""
    entry: FrameType | None = None
    frame: FrameType | None = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]  there is no public way
    while frame is not None and is_library_frame(frame):
        if frame.f_code not in TRANSPARENT:
            entry = frame
        frame = frame.f_back
    return entry, None if frame is None else frame_loc(frame)


def _lookup(operand: object, entry: FrameType | None, found: dict[str, ast.expr]) -> str | None:
    """The source text of the argument that is this very object, or contains it."""
    values: Mapping[str, object] = {} if entry is None else entry.f_locals
    for name, value in values.items():
        expr = found.get(name)
        if expr is None:
            continue
        if value is operand:
            return _text(expr)
        if isinstance(value, tuple | list):
            items = cast("Sequence[object]", value)
            for i, item in enumerate(items):
                if item is operand:
                    inside = isinstance(expr, ast.Tuple | ast.List) and len(expr.elts) == len(items)
                    return _text(cast("ast.Tuple", expr).elts[i]) if inside else f"{_text(expr)}[{i}]"
    return None


def _text(expr: ast.expr) -> str:
    return ast.unparse(expr)


def _arguments(entry: FrameType, loc: Loc) -> dict[str, ast.expr]:
    """Parameter of the called function -> argument expression, from the call's place in the source."""
    node = _node_at(loc)
    code = entry.f_code
    params = list(code.co_varnames[: code.co_argcount])
    method = bool(params) and params[0] in ("self", "cls")
    if code.co_name == "__array_ufunc__" and isinstance(node, ast.BinOp):
        return {"inputs": ast.Tuple(elts=[node.left, node.right], ctx=ast.Load())}
    match node:
        case ast.BinOp(left=left, right=right) | ast.Compare(left=left, comparators=[right]):
            exprs = [right, left] if code.co_name.startswith("__r") and code.co_name != "__rshift__" else [left, right]
        case ast.AugAssign(target=target, value=value):
            exprs = [cast("ast.expr", target), value]
        case ast.UnaryOp(operand=operand):
            exprs = [operand]
        case ast.Subscript(value=value, slice=key):
            exprs = [value, key]
        case ast.Attribute(value=value):
            exprs = [value]
        case ast.Call(func=func, args=args):
            head = [func.value] if method and isinstance(func, ast.Attribute) else []
            exprs = [*head, *args]
        case _:
            return {}
    if any(isinstance(e, ast.Starred) for e in exprs):
        return {}
    found = dict(zip(params, exprs, strict=False))
    if code.co_flags & inspect.CO_VARARGS and len(exprs) > len(params):
        star = code.co_varnames[code.co_argcount + code.co_kwonlyargcount]
        found[star] = ast.Tuple(elts=list(exprs[len(params) :]), ctx=ast.Load())
    if isinstance(node, ast.Call):
        found |= {k.arg: k.value for k in node.keywords if k.arg is not None}
    return found


def _node_at(loc: Loc) -> ast.AST | None:
    """The expression with exactly this range."""
    wanted = (loc.line, loc.col, loc.end_line, loc.end_col)
    return _expressions("".join(linecache.getlines(loc.file))).get(wanted)


@lru_cache(maxsize=16)
def _expressions(source: str) -> dict[tuple[int, int, int | None, int | None], ast.AST]:
    """The outermost expression of every range of a file."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return {}
    found: dict[tuple[int, int, int | None, int | None], ast.AST] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.expr | ast.AugAssign):
            found.setdefault((node.lineno, node.col_offset, node.end_lineno, node.end_col_offset), node)
    return found
