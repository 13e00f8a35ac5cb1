"""The typed call in which an error is met: what its annotations say about the axes of the tensors that it was given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple, cast

from ..compiler.sizes import Size
from ..compiler.types import TensorType
from .annotations import AxisSpec
from .check import Item, Walk
from .pack import children
from .quick import FILE_NAMES
from .scope import Source

if TYPE_CHECKING:
    from .typed import Plan


class Call(NamedTuple):
    """A typed function and the arguments of a call."""

    plan: Plan
    args: tuple[object, ...]
    kwargs: dict[str, object]


def running_items(frame: FrameType | None) -> list[Item]:
    """The tensors that the innermost typed call around a frame was given, with their annotations."""
    call = innermost_call(frame)
    if call is None:
        return []
    walk = Walk()
    try:
        call.plan.walk(walk, call.args, call.kwargs)
    except Exception:  # annotations that cannot be resolved: an error of theirs is none of this one's
        return []
    return walk.items


def innermost_call(frame: FrameType | None) -> Call | None:
    """The innermost typed call around a frame."""
    while frame is not None:
        call = _call(frame)
        if call is not None:
            return call
        frame = frame.f_back
    return None


def _call(frame: FrameType) -> Call | None:
    """The call that a frame makes of a typed function, if its arguments have been checked and cannot change."""
    from .typed import Plan

    variables, space = frame.f_locals, frame.f_globals
    if frame.f_code is Plan.body.__code__:
        found = Call(variables["self"], variables["args"], variables["kwargs"])
    elif frame.f_code.co_filename.startswith(FILE_NAMES):
        plan = cast("Plan", space["slow"].__self__)
        given = [variables.get(f"a{i}", space["missing"]) for i in range(len(plan.parameters))]
        found = Call(plan, tuple(x for x in given if x is not space["missing"]), {})
        if "kwargs" in variables:
            found = Call(plan, variables["args"], variables["kwargs"])
    else:
        return None
    return None if any(map(_changes, (*found.args, *found.kwargs.values()))) else found


def _changes(value: object) -> bool:
    """Whether a value is or has a dict, whose items may be others by now."""
    if isinstance(value, Mapping):
        return True
    parts = children(value)
    return parts is not None and any(map(_changes, parts[2]))


def named(types: Sequence[TensorType], items: Sequence[Item]) -> list[TensorType]:
    """Types of operands; those that are the types of arguments, and have no names of axes, with the names annotated."""
    found: dict[int, tuple[str | None, ...]] = {}
    for item in items:
        names = tuple(axis.label for axis, _ in _axes(item))
        if found.setdefault(id(item.type), names) != names:  # one tensor for two parameters
            found[id(item.type)] = ()
    return [t if any(t.names) or not found.get(id(t)) else TensorType(t.dtype, t.shape, found[id(t)]) for t in types]


def who_bound(name: str, operand: TensorType, items: Sequence[Item]) -> tuple[Size, Source] | None:
    """What gave the type variable of an axis of an operand its size. Packs have variables of their own: an operand that
    is no argument has those of the function."""
    frame = next((i.frame for i in items if i.type is operand), 0)
    for item in items:
        for axis, size in _axes(item):
            if axis.kind == "typevar" and axis.name == name and item.frame == frame:
                return size, item.source
    return None


def _axes(item: Item) -> Iterator[tuple[AxisSpec, Size]]:
    """The axes of a tensor as they are annotated, with their sizes, if there is one for each."""
    if len(item.hint.axes) == item.type.ndim and not any(a.kind == "variadic" for a in item.hint.axes):
        yield from zip(item.hint.axes, item.type.shape, strict=True)
