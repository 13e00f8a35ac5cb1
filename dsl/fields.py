"""The fields that a Pack class declares, looked at when it is defined: names and types that can never work are refused."""

from __future__ import annotations

import inspect
import re
from dataclasses import FrozenInstanceError, fields
from typing import Any, Literal, cast, get_args, get_origin

from ..compiler.errors import DTypeError, ShapeError
from ..compiler.loc import Loc, user_loc

_LIST = re.compile(r"(?:\w+\.)?[Ll]ist(?:\[|$)")  # an annotation as text, as written


def check_declared(cls: type[object], base: type[object]) -> None:
    """Refuse the fields of a new class that no pack can have; `base` is Pack itself.

    Raises:
        ShapeError: a name that every pack has for a method. DTypeError: a list.
    """
    own = inspect.get_annotations(cls)
    for name in (f.name for f in fields(cast("Any", cls)) if f.name in own):
        if name in vars(base) and not name.startswith("_"):
            raise ShapeError(
                f"a field cannot be called `{name}`: `{cls.__name__}.{name}()` is a method of every pack",
                loc=_place(cls, name),
                help="give the field another name",
                code="SW103",
            )
        if is_list(own[name]):
            raise DTypeError(
                f"field `{name}` of `{cls.__name__}` is a list, and a pack does not change",
                loc=_place(cls, name),
                help=f"declare it as `{_tuple_of(own[name])}` (or a sw.TList)",
                code="SW204",
            )


def is_list(annotation: object) -> bool:
    """Whether an annotation, or its text, is that of a list."""
    if isinstance(annotation, str):
        return _LIST.match(annotation.strip()) is not None
    return annotation is list or get_origin(annotation) is list


def _tuple_of(annotation: object) -> str:
    """The tuple for a list."""
    if isinstance(annotation, str):
        inner = annotation.strip().partition("[")[2].rstrip("]")
        closed = inner + "]" * (inner.count("[") - inner.count("]"))
        return f"tuple[{closed}, ...]" if inner else "tuple"
    from .hints import lower

    args = get_args(annotation)
    return f"tuple[{lower(args[0]).text}, ...]" if args else "tuple"


def _place(cls: type[object], name: str) -> Loc | None:
    from .places import mention_loc

    return mention_loc(cls, name) or user_loc()


# ---- packs do not change
def freeze(cls: type[object]) -> None:
    """Give a frozen class its errors: what to write instead of an assignment."""

    def changed(what: Literal["assign to", "delete"]) -> Any:
        def refuse(self: object, name: str, *_: object) -> None:
            raise FrozenInstanceError(
                f"cannot {what} field {name!r} of a pack, which does not change: "
                f"make a changed copy, pack = pack.replace({name}=...), or let a trainer update it"
            )

        return refuse

    setattr(cls, "__setattr__", changed("assign to"))
    setattr(cls, "__delattr__", changed("delete"))
