"""The typed call in which an error is met: what its annotations say about the axes of the tensors that it was given."""

from __future__ import annotations

import dis
import inspect
import weakref
from collections.abc import Callable, Iterator, Sequence
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, cast

from ..compiler.errors import ShapewrightError
from ..compiler.sizes import Size
from ..compiler.types import TensorType
from .annotations import AxisSpec
from .check import Item, Walk
from .scope import Source

if TYPE_CHECKING:
    from .typed import Plan

_plans = weakref.WeakKeyDictionary[CodeType, "weakref.ref[Plan]"]()


def remember(f: object, plan: Plan) -> None:
    """Note which code a typed function runs."""
    code: object = getattr(inspect.unwrap(cast("Any", f)), "__code__", None)
    if isinstance(code, CodeType):
        _plans[code] = weakref.ref(plan)


def running_items(frame: FrameType | None) -> list[Item]:
    """The tensors that the innermost typed call around a frame was given, with their annotations."""
    while frame is not None:
        known = _plans.get(frame.f_code)
        plan = None if known is None else known()
        if plan is not None:
            return _items(plan, frame)
        frame = frame.f_back
    return []


def _items(plan: Plan, frame: FrameType) -> list[Item]:
    changed = _changed(frame.f_code)
    walk = Walk()
    for name, p in plan.parameters.items():
        if name in frame.f_locals and name not in changed:
            for value in _values(p.kind, frame.f_locals[name]):
                try:
                    plan.given(walk, p, value)
                except ShapewrightError:
                    continue
    return walk.items


def _values(kind: object, value: object) -> Sequence[object]:
    if kind is inspect.Parameter.VAR_POSITIONAL:
        return cast("tuple[object, ...]", value)
    return tuple(cast("dict[str, object]", value).values()) if kind is inspect.Parameter.VAR_KEYWORD else (value,)


def _changed(code: CodeType) -> set[object]:
    """The variables that a function assigns or deletes."""
    return {i.argval for i in dis.get_instructions(code) if i.opname.startswith(("STORE_", "DELETE_"))}


def named(types: Sequence[TensorType], items: Sequence[Item]) -> list[TensorType]:
    """Types of operands; those that are the types of arguments, and have no names of axes, with the names annotated."""
    found: dict[int, tuple[str | None, ...]] = {}
    for item in items:
        names = tuple(axis.label for axis, _ in _axes(item))
        if found.setdefault(id(item.type), names) != names:  # one tensor for two parameters
            found[id(item.type)] = ()
    return [t if any(t.names) or not found.get(id(t)) else TensorType(t.dtype, t.shape, found[id(t)]) for t in types]


def who_bound(
    name: str, size: Size, items: Sequence[Item], example: Callable[[Size], int] | None = None
) -> Source | None:
    """The first tensor with a type variable of this name, if it has this size; `example`: numbers for symbolic ones."""
    for item in items:
        for axis, found in _axes(item):
            if axis.kind == "typevar" and axis.name == name:
                return item.source if found == size or (example is not None and example(found) == size) else None
    return None


def _axes(item: Item) -> Iterator[tuple[AxisSpec, Size]]:
    """The axes of a tensor as they are annotated, with their sizes, if there is one for each."""
    if len(item.hint.axes) == item.type.ndim and not any(a.kind == "variadic" for a in item.hint.axes):
        yield from zip(item.hint.axes, item.type.shape, strict=True)
