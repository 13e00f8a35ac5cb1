"""Who to name in an error: the user's line, and the text of each operand as it is written there."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import cast, final

from ..compiler.loc import Loc, frame_loc, user_frame
from ..compiler.source import expression_at
from .rewrite import rewritten

_LONGEST = 40
TRANSPARENT: set[CodeType] = set()  # wrappers that may stand between the user's line and the function called there
CALLERS: set[CodeType] = set()  # functions of ours that call the library as a user does


@final
@dataclass(frozen=True, slots=True)
class UserCall:
    """What the user's line calls: where, its expression if the source is there, and that of every operand in it.

    entry: the name of the library's function. names: the text of each operand; `operand 1`, ... where it is not found.
    """

    loc: Loc | None
    frame: FrameType | None
    entry: str
    node: ast.expr | ast.AugAssign | None
    operands: tuple[ast.expr | None, ...]
    names: tuple[str, ...]


def user_call(operands: Sequence[object]) -> UserCall:
    """The call of the library that the user's line makes now, with these operands."""
    entry, frame = entry_frames()
    loc = None if frame is None else frame_loc(frame)
    found = _arguments(entry, frame, loc) if entry is not None and loc is not None else {}
    exprs = _expressions(operands, entry, found)
    texts = [None if e is None or loc is None else rewritten(loc.file, e) for e in exprs]
    names = tuple(t if t and len(t) <= _LONGEST else f"operand {i + 1}" for i, t in enumerate(texts))
    called = "" if entry is None else entry.f_code.co_name
    return UserCall(loc, frame, called, None if loc is None else node_at(loc), exprs, names)


def entry_frames() -> tuple[FrameType | None, FrameType | None]:
    """The frame of the library function that the user called, and that of the user's code."""
    entry: FrameType | None = None
    frame: FrameType | None = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]  there is no public way
    users = user_frame(frame)
    while frame is not None and frame is not users and frame.f_code not in CALLERS:
        if frame.f_code not in TRANSPARENT:
            entry = frame
        frame = frame.f_back
    return entry, users


def _expressions(
    operands: Sequence[object], entry: FrameType | None, found: dict[str, ast.expr]
) -> tuple[ast.expr | None, ...]:
    """The expression of each operand; of an operand that is given twice, first the one and then the other."""
    out: list[ast.expr | None] = []
    for x in operands:
        places = list(_lookup(x, entry, found))
        out.append(next((e for e in places if all(e is not o for o in out)), places[0] if places else None))
    return tuple(out)


def _lookup(operand: object, entry: FrameType | None, found: dict[str, ast.expr]) -> Iterator[ast.expr]:
    """The expressions of the arguments that are this very object, or contain it."""
    values: Mapping[str, object] = {} if entry is None else entry.f_locals
    for name, value in values.items():
        expr = found.get(name)
        if expr is None:
            continue
        yield from _within(value, expr, operand, 2 if name == "args" else 1)


def _within(value: object, expr: ast.expr, operand: object, depth: int) -> Iterator[ast.expr]:
    """What is written for an operand that a value is, or contains at most so deep."""
    if value is operand:
        yield expr
    elif depth and isinstance(value, tuple | list):
        items = cast("Sequence[object]", value)
        written = expr.elts if isinstance(expr, ast.Tuple | ast.List) and len(expr.elts) == len(items) else None
        for i, item in enumerate(items):
            if item is operand or issubclass(type(item), tuple | list):
                yield from _within(item, _element(expr, i) if written is None else written[i], operand, depth - 1)


def _calls(func: ast.expr, code: CodeType) -> bool:
    """Whether a call may be of this function, by its name; a class or an object is called by any name."""
    if code.co_name in ("__init__", "__call__"):
        return True
    return code.co_name == (func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", None))


def _element(expr: ast.expr, i: int) -> ast.expr:
    """`both[0]`, which is not written in the source."""
    return ast.Subscript(value=expr, slice=ast.Constant(i), ctx=ast.Load())


UNKNOWN = object()  # the value of an expression that only running it would tell
_MIRRORED = {"Lt": "__gt__", "LtE": "__ge__", "Gt": "__lt__", "GtE": "__le__"}


def _reflected(entry: FrameType, frame: FrameType | None, left: ast.expr, right: ast.expr, op: ast.AST) -> bool:
    """Whether Python called the method of the operand at the right: `2 - x`, `0.5 < x`, `1 == x`."""
    name = entry.f_code.co_name
    if name not in ("__eq__", "__ne__"):
        return (name.startswith("__r") and name != "__rshift__") or _MIRRORED.get(type(op).__name__) == name
    mine: object = entry.f_locals.get("self")
    known = [known_value(e, frame) for e in (left, right)]
    return known[1] is mine if known[0] is UNKNOWN else known[0] is not mine


def known_value(expr: ast.expr, frame: FrameType | None) -> object:
    """What a constant, a name or an attribute of one is, without running code of the user; UNKNOWN if that is not known."""
    if isinstance(expr, ast.Constant):
        return expr.value
    if isinstance(expr, ast.Name) and frame is not None:
        spaces = (frame.f_locals, frame.f_globals, frame.f_builtins)
        return next((s[expr.id] for s in spaces if expr.id in s), UNKNOWN)
    if isinstance(expr, ast.Attribute) and (base := known_value(expr.value, frame)) is not UNKNOWN:
        return inspect.getattr_static(base, expr.attr, UNKNOWN)
    return UNKNOWN


def _arguments(entry: FrameType, frame: FrameType | None, loc: Loc) -> dict[str, ast.expr]:
    """Parameter of the called function -> argument expression, from the call's place in the source."""
    node = node_at(loc)
    code = entry.f_code
    params = list(code.co_varnames[: code.co_argcount])
    method = bool(params) and params[0] in ("self", "cls")
    if code.co_name == "__array_ufunc__" and isinstance(node, ast.BinOp | ast.Compare | ast.Call):
        return {"inputs": ast.Tuple(elts=_inputs(node), ctx=ast.Load())}
    if code.co_name == "__array_function__" and isinstance(node, ast.Call):
        return {"args": ast.Tuple(elts=list(node.args), ctx=ast.Load())}
    if isinstance(node, ast.Call) and not _calls(node.func, code):
        return {}  # sum(tensors), map(sw.exp, tensors): the library is called from inside of what is called here
    match node:
        case ast.BinOp(left=left, op=op, right=right) | ast.Compare(left=left, ops=[op], comparators=[right]):
            exprs = [right, left] if _reflected(entry, frame, left, right, op) else [left, right]
        case ast.AugAssign(target=target, value=value):
            exprs = [cast("ast.expr", target), value]
        case ast.UnaryOp(operand=operand):
            exprs = [operand]
        case ast.Subscript(value=value, slice=key):
            exprs = [value, key]
        case ast.Attribute(value=value):
            exprs = [value]
        case ast.Call(func=func, args=args):
            bound = isinstance(func, ast.Attribute) and code.co_name not in ("__init__", "__call__")
            params = params[1:] if method and not bound else params  # `self` is what is made or called
            exprs = [func.value, *args] if method and isinstance(func, ast.Attribute) and bound else list(args)
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


def _inputs(node: ast.BinOp | ast.Compare | ast.Call) -> list[ast.expr]:
    """The operands of a function of NumPy, in the order that it gets them."""
    match node:
        case ast.BinOp(left=left, right=right):
            return [left, right]
        case ast.Compare(left=left, comparators=others):
            return [left, *others]
        case ast.Call(args=args):
            return list(args)


def node_at(loc: Loc) -> ast.expr | ast.AugAssign | None:
    """The expression with exactly this range."""
    return expression_at(loc.file, (loc.line, loc.col, loc.end_line, loc.end_col)) if loc.has_columns else None
