"""What to write where the annotations of a function do not say what it can be called with: code that can be pasted."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any, get_origin

from ...compiler.errors import ShapewrightError
from ...dsl.example import Example
from ...dsl.hints import ArrayHint, Hint, PackHint, PlainHint, TupleHint, resolve
from ...dsl.pack import Pack

_CONSTANTS: dict[object, str] = {int: "1", float: "0.5", bool: "True", str: '""'}
_SIZES = (3, 5, 7, 11, 13, 17)


def advice(open_: Mapping[str, Hint], f: Callable[..., object], example: Example) -> str:
    """What to do about parameters that have no value; `f`: the function, undecorated."""
    sizes: dict[str, int] = {}
    values = {name: _value(hint, f, sizes) for name, hint in open_.items()}
    given = [f"{name}={value}" for name, value in values.items() if value is not None]
    given += [f"{axis}={size}" for axis, size in sizes.items() if axis not in example.named]
    if len(given) < len(values) or None in values.values():
        names = " and ".join(f"`{n}`" for n in open_)
        return f"sw.example can say what {names} may be"
    code = ", ".join(given)
    return f"add {code} to its sw.example" if example.values or example.named else f"write @sw.example({code})"


def _value(hint: Hint, f: Callable[..., object], sizes: dict[str, int]) -> str | None:
    """An argument as code, None if there is not enough to go by. sizes: of axes with names, which it fixes."""
    match hint:
        case ArrayHint():
            return _shape(hint, sizes)
        case PackHint(cls=cls):
            return _maker(cls, f)
        case PlainHint(annotation=annotation):
            return _CONSTANTS.get(annotation) if isinstance(annotation, type) else None
        case TupleHint(items=items, cls=cls) if cls is tuple:
            parts = [_value(h, f, sizes) for h in items]
            known = [p for p in parts if p is not None]
            return f"({', '.join(known)},)" if len(known) == len(parts) else None
        case _:
            return None


def _shape(hint: ArrayHint, sizes: dict[str, int]) -> str | None:
    shape: list[int] = []
    for i, axis in enumerate(hint.axes):
        if axis.size is not None:
            shape.append(axis.size)
        elif axis.kind == "any":
            shape.append(_SIZES[i % len(_SIZES)])
        elif axis.kind == "variadic" and axis.key is None:
            shape += _SIZES[:2]
        elif axis.kind in ("dim", "typevar") and axis.name.isidentifier():
            shape.append(sizes.setdefault(axis.name, _SIZES[len(sizes) % len(_SIZES)]))
        else:
            return None
    return repr(tuple(shape))


def _maker(cls: type[Pack], f: Callable[..., object]) -> str | None:
    """A call of a function that makes such a pack of nothing, and is there where `f` is defined."""
    code = inspect.unwrap(f).__code__
    space: Mapping[str, object] = inspect.unwrap(f).__globals__
    for name, g in space.items():
        inner: object = inspect.unwrap(g) if callable(g) else None
        if not isinstance(inner, FunctionType) or not _is_without_arguments(inner):
            continue
        above = inner.__code__.co_filename != code.co_filename or inner.__code__.co_firstlineno < code.co_firstlineno
        if above and _returned(inner) is cls:
            return f"{name}()"
    return None


def _is_without_arguments(f: FunctionType) -> bool:
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = inspect.signature(f).parameters.values()
    return all(p.default is not inspect.Parameter.empty or p.kind in optional for p in parameters)


def _returned(f: FunctionType) -> object:
    try:
        result: Any = resolve(f, {}, frozenset(["return"])).get("return")
    except (ShapewrightError, TypeError):
        return None
    return get_origin(result) or result


__all__ = ["advice"]
