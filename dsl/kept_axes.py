"""The reduction that an operand comes from, where `keepdims=True` was forgotten: in the user's line, or in one before."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from types import FrameType, FunctionType, ModuleType
from typing import final

from ..compiler.errors import Help
from ..compiler.source import nodes_of
from ..compiler.types import TensorType
from .blame import UserCall
from .pack import Pack
from .rewrite import LONGEST, replaced, rewritten

_UNKNOWN = object()
_OURS = (__name__.partition(".")[0], "numpy")
_REDUCTIONS = frozenset(["sum", "mean", "max", "min", "logsumexp", "var", "std", "prod", "any", "all"])


@final
@dataclass(frozen=True, slots=True)
class Kept:
    """A call of a reduction that should keep its axis. type: what its result then is. line: where it stands, if that is
    another line than the one that fails."""

    call: ast.Call
    type: TensorType
    line: int | None

    def help(self, at: UserCall) -> Help:
        """The help line."""
        file = "" if at.loc is None else at.loc.file
        keywords = [*(k for k in self.call.keywords if k.arg != "keepdims"), _keepdims()]
        changed = ast.Call(func=self.call.func, args=self.call.args, keywords=keywords)
        new = rewritten(file, changed)
        whole = "" if at.node is None else rewritten(file, at.node, {id(self.call): changed})
        if self.line is not None:
            text = f"write `{new}` in line {self.line}"
        elif 0 < len(whole) <= LONGEST:
            text = f"write `{whole}`"
        else:
            text = f"write `{new}` for `{rewritten(file, self.call)}`"
        return Help(f"keep the axis: {text}", replaced(file, self.call, new))


def kept_axis(call: UserCall, expr: ast.expr | None, type_: TensorType) -> Kept | None:
    """The reduction along axes that are written as numbers, of which an operand is the result."""
    if isinstance(expr, ast.Name) and call.loc is not None:
        found = _assigned(call.loc.file, call.loc.line, expr.id)
        line = None if found is None else found.lineno
    else:
        found, line = expr, None
    if not isinstance(found, ast.Call) or not _is_reduction(found.func, call.frame):
        return None
    axes = _axes_of(found)
    if axes is None:
        return None
    rank = type_.ndim + len(axes)
    shape, names = list(type_.shape), list(type_.names)
    for axis in sorted(a % rank for a in axes):
        if axis > len(shape):
            return None
        shape.insert(axis, 1)
        names.insert(axis, None)
    return Kept(found, TensorType(type_.dtype, tuple(shape), tuple(names)), line)


def _is_reduction(func: ast.expr, frame: FrameType | None) -> bool:
    """Whether a call is of a reduction of this library or NumPy, as far as names tell: not of `max` of Python."""
    if isinstance(func, ast.Name):
        return _module_of(_named(func, frame)) in _OURS
    return isinstance(func, ast.Attribute) and (frame is None or _is_ours(func.value, frame))


def _is_ours(expr: ast.expr, frame: FrameType) -> bool:
    """Whether an expression is a tensor or an array, or their module, as far as its names tell."""
    match expr:
        case ast.BinOp(left=left, right=right):
            return _is_ours(left, frame) or _is_ours(right, frame)
        case ast.UnaryOp(operand=inner) | ast.Subscript(value=inner) | ast.Call(func=ast.Attribute(value=inner)):
            return _is_ours(inner, frame)
        case ast.Call(func=inner):
            return _module_of(_named(inner, frame)) in _OURS
        case _:
            return _module_of(_named(expr, frame)) in _OURS


def _named(expr: ast.expr, frame: FrameType | None) -> object:
    """What a dotted name stands for in a frame, if looking at it runs nothing of the user's."""
    if isinstance(expr, ast.Attribute):
        owner = _named(expr.value, frame)
        return owner.__dict__.get(expr.attr, _UNKNOWN) if isinstance(owner, ModuleType | Pack) else _UNKNOWN
    if not isinstance(expr, ast.Name) or frame is None:
        return _UNKNOWN
    return frame.f_locals.get(expr.id, frame.f_globals.get(expr.id, _UNKNOWN))


def _module_of(value: object) -> str:
    if isinstance(value, ModuleType):
        return value.__name__.partition(".")[0]
    name = value.__module__ if isinstance(value, FunctionType) else type(value).__module__
    return str(name).partition(".")[0]


def _axes_of(call: ast.Call) -> list[int] | None:
    """The axes of a call of a reduction, as a method or a function; None if it is none, or they are not numbers."""
    func = call.func
    name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
    if name not in _REDUCTIONS or any(isinstance(a, ast.Starred) for a in call.args):
        return None
    keywords = {k.arg: k.value for k in call.keywords}
    if None in keywords or len(call.args) > 2:
        return None
    if "axis" in keywords:
        given: ast.expr | None = keywords["axis"]
    else:  # x.sum(1), or sw.sum(x, 1): the axis comes last
        method = isinstance(func, ast.Attribute) and len(call.args) == 1
        given = call.args[-1] if method or len(call.args) == 2 else None
    if given is None or _is_true(keywords.get("keepdims")):
        return None
    items = given.elts if isinstance(given, ast.Tuple | ast.List) else [given]
    axes = [_integer(e) for e in items]
    return [a for a in axes if a is not None] if None not in axes and axes else None


def _integer(expr: ast.expr) -> int | None:
    try:
        value = ast.literal_eval(expr)
    except ValueError:
        return None
    return value if type(value) is int else None


def _is_true(expr: ast.expr | None) -> bool:
    return isinstance(expr, ast.Constant) and expr.value is True


def _keepdims() -> ast.keyword:
    return ast.keyword(arg="keepdims", value=ast.Constant(True))


def _assigned(file: str, line: int, name: str) -> ast.expr | None:
    """The value of a variable that the function around a line assigns once, before that line, and reads once."""
    bodies = [
        n
        for n in nodes_of(file)
        if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.lineno <= line <= (n.end_lineno or 0)
    ]
    body = max(bodies, key=lambda n: n.lineno, default=None)
    if body is None:
        return None
    uses = [n for n in ast.walk(body) if isinstance(n, ast.Name) and n.id == name]
    stores = [n for n in uses if isinstance(n.ctx, ast.Store)]
    values = [
        n.value
        for n in ast.walk(body)
        if isinstance(n, ast.Assign) and len(n.targets) == 1 and n.targets[0] in stores and n.lineno < line
    ]
    return values[0] if len(values) == len(stores) == 1 and len(uses) == 2 else None
