"""One next step for a call that does not fit its annotations: each idea is checked like the call, and shown only if it
fits. An idea exchanges two arguments, or changes one: converted, transposed, with an axis of size 1 more or less, made
a tensor, given the names of its axes.
"""

from __future__ import annotations

import ast
import difflib
import inspect
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, cast, final

import numpy as np

from ..compiler.errors import DTypeError, Help, ShapewrightError
from ..compiler.loc import Loc
from ..compiler.types import DType, TensorType
from .array import AnyArray, Array, is_array, make, ops_of, type_of, value_of
from .blame import entry_frames
from .check import Item, Walk, bind, check_names
from .conversion import as_array
from .hints import ArrayHint, Hint, PackHint
from .pack import Pack, rebuilt
from .places import Written as Place
from .places import written_call
from .report import shape_text
from .rewrite import LONGEST, Written, attribute_written, code_of, index_written, method_written, replaced, rewritten
from .scope import Scope, Source, bindings_of, exact_sizes, is_outermost, scope_now

if TYPE_CHECKING:
    from .typed import Plan

Keywords: TypeAlias = "Mapping[str, object]"
_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_CAST = {"Tensor": DType.float32, "IntTensor": DType.int64}


@final
@dataclass(frozen=True, slots=True)
class Idea:
    """A change of one argument: what it is, the argument then, and how it is written. undone: attributes that do the
    same once more, so that they are left out instead."""

    what: str
    value: object
    written: Written
    undone: tuple[str, ...] = ()

    def of(self, expr: ast.expr) -> tuple[str, ast.expr]:
        """What is said of an argument, and what is written for it."""
        if isinstance(expr, ast.Attribute) and expr.attr in self.undone:
            return "leave out the transpose", expr.value
        return self.what, self.written(expr)


@final
@dataclass(frozen=True, slots=True)
class Given:
    """One argument of a call, or field of a pack: what it must be, where that is written, and what was given."""

    hint: Hint
    source: Source
    value: object


def repair(
    plan: Plan, scope: Scope, args: tuple[object, ...], kwargs: Keywords, error: ShapewrightError
) -> Help | None:
    """The help line for a refused call; None if nothing is known to help."""
    parameters = plan.parameters
    by_position = [n for n, p in parameters.items() if p.kind in _BY_POSITION]
    positional = dict(zip(by_position, args, strict=False))
    named = {n: x for n, x in kwargs.items() if n in parameters}
    given = {n: Given(parameters[n].hint, parameters[n].source, x) for n, x in (positional | named).items()}

    def items(changes: Keywords) -> list[Item]:
        walk = Walk()
        new = tuple(changes.get(n, x) for n, x in positional.items()) + args[len(positional) :]
        plan.walk(walk, new, {n: changes.get(n, x) for n, x in kwargs.items()})
        if is_outermost(scope):
            check_names(walk.items)
        return walk.items

    call = _Refused(given, list(positional), items, scope, error)
    return call.exchanged() or call.changed() or _said(call.needs() or _renamed(plan, args, kwargs))


def repair_pack(pack: Pack, hint: PackHint, error: ShapewrightError) -> Help | None:
    """The help line for a new pack that was refused."""
    at = Source("", "", type(pack).__name__, type(pack), "")
    given = {s.name: Given(h, s, pack.__dict__[n]) for n, h, s in hint.sources(at)}

    def items(changes: Keywords) -> list[Item]:
        walk = Walk()
        walk.fields(hint, rebuilt(pack, changes), at)
        if changes:  # a typed call would refuse a pack with axes of other names
            check_names(walk.items)
        return walk.items

    made = _Refused(given, list(given), items, scope_now(), error)
    return made.exchanged() or made.changed() or made.numbers() or _said(made.needs())


def _said(text: str | None) -> Help | None:
    return None if text is None else Help(text)


def _renamed(plan: Plan, args: tuple[object, ...], kwargs: Keywords) -> str | None:
    """A keyword that is almost the name of a parameter without an argument."""
    taken = {*list(plan.parameters)[: len(args)], *kwargs}
    for name in kwargs:
        close = closest(name, [p for p in plan.parameters if p not in taken])
        if name not in plan.parameters and close is not None:
            return f"`{name}` is no parameter: did you mean `{close}`?"
    return None


def closest(name: str, names: Iterable[str]) -> str | None:
    """The name that is meant where another was written, if one is close enough."""
    found = difflib.get_close_matches(name, [n for n in names if n != name], 1, 0.6)
    return found[0] if found else None


@final
class _Refused:
    """Arguments that do not fit. `items`: the tensors of the arguments with some changed, if their structure fits."""

    def __init__(
        self,
        given: dict[str, Given],
        positional: list[str],
        items: Callable[[Keywords], list[Item]],
        scope: Scope,
        error: ShapewrightError,
    ) -> None:
        self._given, self._positional, self._items, self._scope, self._error = given, positional, items, scope, error

    def _fits(self, changes: Keywords) -> bool:
        try:
            with exact_sizes():  # an idea must not ask for the number behind a size
                bind(self._items(changes), bindings_of(self._scope), {})
        except ShapewrightError:
            return False
        return True

    # ---- ideas
    def exchanged(self) -> Help | None:
        """Two positional arguments that would fit in each other's place."""
        for a, b in itertools.combinations(self._positional, 2):
            if self._fits({a: self._given[b].value, b: self._given[a].value}):
                return self._say_exchanged(a, b)
        return None

    def _say_exchanged(self, a: str, b: str) -> Help:
        said = f"exchange `{a}` and `{b}`"
        place, other = (written_call(self._given[n].source) for n in (a, b))
        if place is None or other is None:
            return Help(f"{said}: then the arguments fit")
        swapped = {id(place.argument): other.argument, id(other.argument): place.argument}
        old, new = rewritten(place.file, place.call), rewritten(place.file, place.call, swapped)
        edit = replaced(place.file, place.call, new)
        long = len(old) > LONGEST
        return Help(f"{said}: then the arguments fit" if long else f"{said}: write `{new}` for `{old}`", edit)

    def changed(self) -> Help | None:
        """One argument in another form."""
        for name, given in self._given.items():
            for idea in _ideas(given.hint, given.value) if isinstance(given.hint, ArrayHint) else ():
                if self._fits({name: idea.value}):
                    return self._say(idea, name, written_call(given.source))
        return None

    def numbers(self) -> Help | None:
        """Several numbers, all of them made tensors."""
        changes: dict[str, object] = {}
        written: dict[int, ast.expr] = {}
        place: Place | None = None
        for name, given in self._given.items():
            if not isinstance(given.hint, ArrayHint) or type(given.value) not in (int, float):
                continue
            made, prefix = _made(given.hint, given.value), _prefix(given.hint.cls)
            place = written_call(given.source)
            if made is None or prefix is None or place is None:
                return None
            changes[name] = made
            written[id(place.argument)] = _constructed(prefix + given.hint.cls.__name__)(place.argument)
        if place is None or not self._fits(changes):
            return None
        said, new = "make tensors of the numbers", rewritten(place.file, place.call, written)
        edit = replaced(place.file, place.call, new)
        return Help(said if len(new) > LONGEST else f"{said}: write `{new}`", edit)

    def _say(self, idea: Idea, name: str, place: Place | None) -> Help:
        if place is None:
            return Help(f"{idea.what.format(name)}: `{code_of(idea.written(ast.Name(name)))}` fits")
        what, changed = idea.of(place.argument)
        old, new = rewritten(place.file, place.argument), rewritten(place.file, changed)
        said, edit = what.format(name), replaced(place.file, place.argument, new)
        if len(new) > LONGEST:
            return Help(f"{said}: `{code_of(idea.written(ast.Name(name)))}` fits", edit)
        here = self._error.diagnostic.loc
        underlined = here is not None and _same_place(here, place.argument)
        return Help(f"{said}: write `{new}`" if underlined else f"{said}: write `{new}` for `{old}`", edit)

    # ---- the shape that is needed
    def needs(self) -> str | None:
        """The shape that the argument (or the field of one) would have to have, all its axes considered."""
        if self._error.needs is None:
            return None
        path, shape = self._error.needs
        try:
            items = self._items({})
        except ShapewrightError:
            return None
        at = next((i for i, item in enumerate(items) if item.source.path == path), None)
        if at is None:
            return None
        given = items[at].type
        for _ in given.shape:
            items[at] = items[at]._replace(type=TensorType(given.dtype, shape, given.names))
            try:
                with exact_sizes():
                    bind(items, bindings_of(self._scope), {})
            except ShapewrightError as other:
                if other.needs is not None and other.needs[0] == path and other.needs[1] != shape:
                    shape = other.needs[1]
                    continue
            given_text, needed = shape_text(given.shape), shape_text(items[at].type.shape)
            return f"`{path}` was given shape {given_text}; {items[at].hint.text} needs {needed}"
        return None


def _same_place(loc: Loc, expr: ast.expr) -> bool:
    return (loc.line, loc.col, loc.end_line, loc.end_col) == (
        expr.lineno,
        expr.col_offset,
        expr.end_lineno,
        expr.end_col_offset,
    )


def _ideas(hint: ArrayHint, value: object) -> Iterator[Idea]:
    array = _as_tensor(value)
    if array is None:
        return
    given = is_array(value)
    if not given and not isinstance(value, np.ndarray | np.generic):
        cell = getattr(value, "value", None)
        if isinstance(cell, Array):
            yield Idea("pass the tensor of `{}`", cast("object", cell), attribute_written("value"))
        else:
            made = _made(hint, value)
            prefix = _prefix(hint.cls)
            if made is not None and prefix is not None:
                yield Idea("make a tensor of `{}`", made, _constructed(prefix + hint.cls.__name__))
        return
    t = type_of(array)
    want = _CAST.get(hint.cls.__name__)
    if want is not None and not isinstance(array, hint.cls):
        cast_to = method_written("astype", ast.Constant(want.value))
        yield Idea("convert `{}`", _like(array, TensorType(want, t.shape, t.names)), cast_to)
        return
    if t.ndim >= 2:
        turned = TensorType(t.dtype, (*t.shape[:-2], *t.shape[:-3:-1]), (*t.names[:-2], *t.names[:-3:-1]))
        yield Idea(
            "transpose `{}`", _like(array, turned), attribute_written("mT"), ("mT", "T") if t.ndim == 2 else ("mT",)
        )
    if t.ndim + 1 == len(hint.axes):
        for axis in range(t.ndim + 1):
            longer = TensorType(
                t.dtype, (*t.shape[:axis], 1, *t.shape[axis:]), (*t.names[:axis], None, *t.names[axis:])
            )
            yield Idea("insert an axis into `{}`", _like(array, longer), index_written(axis))
    if t.ndim == len(hint.axes) + 1:
        for axis in (a for a in reversed(range(t.ndim)) if t.shape[a] == 1):
            rest = [a for a in range(t.ndim) if a != axis]
            shorter = TensorType(t.dtype, tuple(t.shape[a] for a in rest), tuple(t.names[a] for a in rest))
            at = method_written("squeeze", ast.Constant(axis))
            yield Idea("take the axis of size 1 from `{}`", _like(array, shorter), at)
    prefix = _prefix(hint.cls)
    if any(t.names) and given and prefix is not None and _are_named(hint):
        renamed = TensorType(t.dtype, t.shape, tuple(a.label for a in hint.axes)[: t.ndim])
        said = "if it is the same axis, give `{}` its name"
        yield Idea(said, _like(array, renamed), _constructed(prefix + hint.text))


def _as_tensor(value: object) -> AnyArray | None:
    """A tensor for anything that one can be made of (for a cell, the tensor it holds)."""
    cell = getattr(value, "value", None)
    if is_array(value) or isinstance(cell, Array):
        return value if is_array(value) else cast("AnyArray", cell)
    if isinstance(value, str | bytes | type) or value is None:
        return None
    try:
        return as_array(value)
    except ShapewrightError:
        return None


def _made(hint: ArrayHint, value: object) -> object:
    """`sw.Tensor(value)`, None if it is refused."""
    try:
        return cast("Callable[[object], object]", hint.cls)(value)
    except (DTypeError, TypeError):
        return None


def _like(array: AnyArray, type: TensorType) -> AnyArray:
    """A tensor of another type for a trial: only the type is looked at."""
    return make(type, value_of(array), cast("Any", ops_of(array)))


def _constructed(text: str) -> Written:
    """`sw.Tensor[Batch, Pixels](x)`."""
    return lambda e: ast.Call(func=ast.Name(text), args=[e], keywords=[])


def _prefix(cls: type[object]) -> str | None:
    """What stands in front of the name of a class in the user's file: "sw.", or nothing; None if it is not imported."""
    names = _user_names()
    if names.get(cls.__name__) is cls:
        return ""
    package = sys.modules[__name__.partition(".")[0]]
    return next((f"{n}." for n, x in names.items() if x is package), None)


def _are_named(hint: ArrayHint) -> bool:
    """Whether the user's file can name the axes of an annotation."""
    names = _user_names()
    return all(names.get(a.name) is a.key for a in hint.axes if a.kind == "dim") and all(
        a.kind in ("dim", "any") for a in hint.axes
    )


def _user_names() -> Mapping[str, object]:
    frame = entry_frames()[1]
    return {} if frame is None else {**frame.f_globals, **frame.f_locals}
