"""Where things stand in the user's files: an annotation, the size of a Dim, an argument of the call that failed."""

from __future__ import annotations

import ast
import inspect
import linecache
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, cast, final

from ..compiler.loc import Loc, frame_loc, user_loc
from ..compiler.source import nodes_of, range_of
from .blame import UNKNOWN, entry_frames, known_value, node_at
from .dims import DEFINED
from .scope import Source

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_PACKS = 2  # parameters and state come in front of the inputs of a trainer


@final
@dataclass(frozen=True, slots=True)
class Written:
    """A call as the user wrote it, and the expression of one argument."""

    file: str
    call: ast.Call
    argument: ast.expr


def argument_loc(at: Source) -> Loc | None:
    """The user's line, narrowed to the argument that `at` came in where the call in the source shows it."""
    loc = user_loc()
    if at.name == "return":
        return return_loc(at) or loc
    written = None if loc is None else written_call(at)
    if loc is None or written is None:
        return loc
    line, col, end_line, end_col = range_of(written.argument)
    return Loc(loc.file, line, end_line, col, end_col, loc.function)


def return_loc(at: Source) -> Loc | None:
    """The `return` of a function whose result does not fit, if it has only one."""
    code = getattr(inspect.unwrap(cast("Any", at.owner)), "__code__", None)
    node = None if code is None else _function(code.co_filename, code.co_firstlineno, code.co_name)
    if code is None or node is None:
        return None
    inner = [n for n in ast.walk(node) if n is not node and isinstance(n, _SCOPES)]
    hidden = {id(r) for n in inner for r in ast.walk(n)}
    found = [n for n in ast.walk(node) if isinstance(n, ast.Return) and id(n) not in hidden]
    if len(found) != 1:
        return None
    line, col, end_line, end_col = range_of(found[0])
    return Loc(code.co_filename, line, end_line, col, end_col, code.co_qualname)


def _function(file: str, first: int, name: str) -> ast.FunctionDef | None:
    """The definition of a function, by its first line (that of a decorator, if it has one)."""
    for node in nodes_of(file):
        if isinstance(node, ast.FunctionDef) and node.name == name and _first_line(node) == first:
            return node
    return None


def written_call(at: Source) -> Written | None:
    """The user's call, and the argument in it that `at` came in; None where the source does not show it."""
    entry, frame = entry_frames()
    call = None if frame is None else node_at(frame_loc(frame))
    if frame is None or not isinstance(call, ast.Call) or at.position is None or at.name == "return":
        return None
    argument = _argument(call, at, at.position, None if entry is None else entry.f_code, frame)
    return None if argument is None else Written(frame.f_code.co_filename, call, argument)


def _argument(call: ast.Call, at: Source, position: int, entry: CodeType | None, frame: FrameType) -> ast.expr | None:
    """None where the arguments are starred, or it is not known which parameters they are for."""
    func = call.func.value if isinstance(call.func, ast.Subscript) else call.func  # Dense[Pixels, Hidden](...)
    called = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", None)
    shift: int | None = 0
    if entry is not None and entry.co_qualname == "Pack.replace" and isinstance(at.owner, type):
        return next((k.value for k in call.keywords if k.arg == at.path.partition(".")[0]), None)
    if entry is not None and _is_typed(entry) and (callee := known_value(func, frame)) is not UNKNOWN:
        shift = _in_front(func, callee, at, frame)
    elif called is None and entry is not None and _is_typed(entry):
        return None  # functools.partial(f, ...)(x)
    elif called != at.function.rpartition(".")[2]:
        shift = _passed_on(call, at, entry)
    if shift is None:
        return None
    root = at.path.partition(".")[0]
    for keyword in call.keywords:
        if keyword.arg == root:
            return keyword.value
    position -= shift
    before = call.args[: position + 1]
    if position < 0 or len(before) != position + 1 or any(isinstance(a, ast.Starred) for a in before):
        return None
    return before[-1]


def _is_typed(entry: CodeType) -> bool:
    """Whether what the user's line called is a typed function itself, and nothing that calls one."""
    return entry.co_filename.startswith("<shapewright check") or entry.co_qualname in ("_function", "_method")


def _in_front(func: ast.expr, callee: object, at: Source, frame: FrameType) -> int | None:
    """How many parameters come in front of the first argument of a call of a typed function (-1: it is `self`). None
    where the callee is something else that calls it: `map`, `functools.partial`."""
    owner = inspect.unwrap(cast("Any", at.owner))
    found: Any = callee
    if isinstance(found, classmethod | staticmethod):
        found = cast("Any", found).__func__
    function = inspect.unwrap(found) if callable(found) else found
    field = isinstance(owner, type) and getattr(function, "__name__", None) == at.function.rpartition(".")[2]
    if function is owner or field:  # the annotation of a field stands in the class of a pack
        base = known_value(func.value, frame) if isinstance(func, ast.Attribute) else None
        return -1 if isinstance(base, type) and _takes_self(function) else 0
    method = inspect.getattr_static(cast("Any", type(found)), "__call__", None)
    return 0 if callable(method) and inspect.unwrap(method) is owner else None


def _takes_self(owner: object) -> bool:
    return next(iter(inspect.signature(cast("Any", owner)).parameters), "") == "self"


def _passed_on(call: ast.Call, at: Source, entry: CodeType | None) -> int | None:
    """How many arguments come in front of those of a call that hands all of its own on, such as `trainer.step(x, y)`:
    the packs of a trainer. None where that is not known."""
    if entry is None or not entry.co_flags & inspect.CO_VARARGS or isinstance(at.owner, type):
        return None
    try:
        listed = list(inspect.signature(cast("Any", at.owner)).parameters.values())
    except (TypeError, ValueError):
        return None
    own = [p for p in listed if p.name not in ("self", "cls")]
    fixed = all(p.kind is p.POSITIONAL_OR_KEYWORD and p.default is p.empty for p in own)
    shift = len(own) - len(call.args)
    return shift if fixed and 0 <= shift <= _PACKS else None


def place_of(at: Source) -> str | None:
    """File and line of the annotation."""
    if isinstance(at.owner, type):
        from .hints import field_owner

        return _line_of_field(field_owner(at.owner, at.name), at.name)
    function = inspect.unwrap(cast("Any", at.owner))
    code = getattr(function, "__code__", None)
    return None if code is None else _line_of_parameter(code.co_filename, code.co_firstlineno, code.co_name, at.name)


def mention_loc(owner: object, name: str) -> Loc | None:
    """Where the annotations of a function or class mention a name."""
    found = inspect.unwrap(cast("Any", owner))
    code = getattr(found, "__code__", None)
    place = _class_source(found) if isinstance(found, type) else None
    if code is not None:
        place = code.co_filename, code.co_firstlineno
    if place is None:
        return None
    file, first = place
    for node in nodes_of(file):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and _first_line(node) == first:
            for inner in ast.walk(node):
                named = isinstance(inner, ast.Name) and inner.id == name
                if named or (isinstance(inner, ast.Constant) and name in str(inner.value)):
                    line, col, end_line, end_col = range_of(cast("ast.expr", inner))
                    return Loc(file, line, end_line, col, end_col, str(getattr(found, "__qualname__", "")))
    return None


def bound_note(name: str, size: object, source: Source) -> str:
    """Which argument or field gave an axis its size, and where its annotation stands."""
    place = place_of(source)
    text = name if str(size) == name else f"{name}={size}"  # a symbolic size is called as its axis
    return f"{text} was bound by `{source.path}: {source.text}`" + (f" ({place})" if place else "")


def fixed_note(dim: object, size: object) -> str:
    """Where the class of a Dim says its size."""
    name = str(getattr(dim, "__name__", dim))
    return f"{name}={size} is fixed by the class `{name}`{class_place(dim)}"


def class_place(cls: object) -> str:
    """ " (file:line)" of the size of a Dim class, for the end of a sentence; "" if it is not known."""
    if not isinstance(cls, type):
        return ""
    place = _line_of_field(cls, "size")
    return f" ({place})" if place else ""


def _class_source(cls: type[object]) -> tuple[str, int] | None:
    """The file of a class, and the first line of its definition (that of a decorator, if it has one)."""
    noted = DEFINED.get(cls)
    if noted is not None and linecache.getline(*noted):
        file, line = noted
        for node in nodes_of(file):
            if (
                isinstance(node, ast.ClassDef)
                and node.name == cls.__name__
                and _first_line(node) <= line <= node.lineno
            ):
                return file, _first_line(node)
        return noted
    try:
        return inspect.getsourcefile(cls) or "", inspect.getsourcelines(cls)[1]
    except (OSError, TypeError):
        return None


def _line_of_field(cls: type[object], name: str) -> str | None:
    found = _class_source(cls)
    if found is None:
        return None
    file, first = found
    for node in nodes_of(file):
        if isinstance(node, ast.ClassDef) and node.name == cls.__name__ and _first_line(node) == first:
            for entry in node.body:
                targets = [entry.target] if isinstance(entry, ast.AnnAssign) else getattr(entry, "targets", [])
                if any(isinstance(t, ast.Name) and t.id == name for t in targets):
                    return f"{Path(file).name}:{entry.lineno}"
    return f"{Path(file).name}:{first}"


@lru_cache(maxsize=256)
def _line_of_parameter(file: str, first: int, function: str, name: str) -> str | None:
    node = _function(file, first, function)
    if node is not None:
        if name == "return" and node.returns is not None:
            return f"{Path(file).name}:{node.returns.lineno}"
        a = node.args
        for arg in (*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, (a.vararg, a.kwarg))):
            if arg.arg == name:
                return f"{Path(file).name}:{arg.lineno}"
    return f"{Path(file).name}:{first}" if linecache.getline(file, first) else None


def _first_line(node: ast.ClassDef | ast.FunctionDef) -> int:
    return min([node.lineno, *(d.lineno for d in node.decorator_list)])
