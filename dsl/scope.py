"""Which size each axis has now: one size per `Dim` for the whole of an outermost typed call."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias, cast, final

from ..compiler import sizes
from ..compiler.errors import OptionError
from ..compiler.sizes import Poly, Shape, Size
from .dims import Dim

ChecksMode: TypeAlias = Literal["off", "boundary", "all"]


@final
@dataclass(frozen=True, slots=True)
class Source:
    """Something with an annotation: a parameter, a result, or a field of a pack.

    path: "x", "p.blocks.0.w". text: its annotation. function: the call that is being checked. owner: the function or
    Pack class where the annotation stands; name: the parameter or field there ("return" for a result). position: which
    argument of the call it came in.
    """

    path: str
    text: str
    function: str
    owner: object
    name: str
    position: int | None = None


class Binding(NamedTuple):
    """The size of an axis (the sizes, for `*Bs`), and what bound it."""

    sizes: Shape
    source: Source


Bindings: TypeAlias = "dict[object, Binding]"  # by Dim class; those of type variables: by (frame, variable)

# What typed calls do in a scope. "open": the next is checked, labels of axes included; "running": they are checked,
# inside of one; "boundary": the next is checked, those inside of it are not; "inside": they are not; "off": they are
# not, and neither are new packs.
State: TypeAlias = Literal["open", "running", "boundary", "inside", "off", "given"]
Sizes: TypeAlias = "dict[type[Dim], Size]"
Sources: TypeAlias = "Mapping[type[Dim], Source]"

# The size of every `Dim`; who bound it (the first of the mappings that has it); what calls do. Plain, since every outermost
# typed call makes one. That of a quick check is a list, [sizes, sources, "given"], until something inside asks for it
# (`shared`): the sizes of the `Dim`s of a mapping, in its order, and that mapping.
Scope: TypeAlias = "tuple[Sizes, list[Sources], State]"

_IDLE: dict[ChecksMode, State] = {"all": "open", "boundary": "boundary", "off": "off"}
_ENTERED: dict[State, State] = {"open": "running", "boundary": "inside"}


def _from_environment(variable: str, default: str, allowed: tuple[str, ...]) -> str:
    chosen = os.environ.get(variable, default)
    if chosen not in allowed:
        listed = ", ".join(f'"{a}"' for a in allowed[:-1]) + f' or "{allowed[-1]}"'
        raise OptionError(f"{variable}={chosen!r}", help=f"write {listed}", code="SW801")
    return chosen


@final
@dataclass(slots=True)
class Checker:
    """Who judges a call: "compiled" (a check in full, with a quick one in front), "full", or "reference" (jaxtyping and
    beartype alone). All three accept the same calls.
    """

    kind: Literal["compiled", "full", "reference"]


DEFAULT_MODE = cast("ChecksMode", _from_environment("SHAPEWRIGHT_CHECKS", "all", ("off", "boundary", "all")))
checker = Checker(cast("Any", _from_environment("SHAPEWRIGHT_CHECKER", "compiled", ("compiled", "full", "reference"))))
current_scope: ContextVar[Scope | None] = ContextVar("current_scope", default=None)


def new_scope(mode: ChecksMode = DEFAULT_MODE) -> Scope:
    """A scope without sizes, in which nothing runs yet."""
    return {}, [], _IDLE[mode]


def scope_now() -> Scope:
    """The open scope, or a new one."""
    scope = current_scope.get()
    return new_scope() if scope is None else shared(scope)


_sharing = threading.Lock()


def shared(scope: Scope) -> Scope:
    """The scope, written out for all contexts that have it if a quick check made it."""
    if scope[2] == "given":
        with _sharing:
            if scope[2] == "given":
                given = cast("list[Any]", scope)
                sizes_, sources, _ = given
                given[:2] = dict(zip(sources, sizes_, strict=True)), [sources]
                given[2] = "running"
    return scope


def is_outermost(scope: Scope) -> bool:
    """Whether no typed call is running in a scope."""
    return scope[2] not in ("running", "inside")


def checks_are_off() -> bool:
    """Whether nothing is checked here."""
    return scope_now()[2] == "off"


@contextmanager
def axis_scope(
    mode: ChecksMode | None = None, *, sizes_of: Literal["open", "copy", "new"] = "open"
) -> Generator[Sizes]:
    """Typed calls inside share the sizes of their `Dim` axes, which it gives.

    mode: how often they are checked; None leaves that as it is. sizes_of: the open scope, if there is one, is joined;
    or they begin as a "copy" of its sizes; or "new", without any.
    """
    sizes_, sources, state = new_scope() if sizes_of == "new" else scope_now()
    if sizes_of == "copy":
        sizes_, sources = dict(sizes_), list(sources)
    if mode is not None:
        running = state in ("running", "inside")
        state = _ENTERED.get(_IDLE[mode], "off") if running else _IDLE[mode]
    token = current_scope.set((sizes_, sources, state))
    try:
        yield sizes_
    finally:
        current_scope.reset(token)


@contextmanager
def entered(scope: Scope) -> Generator[None]:
    """Inside, a typed call is running in `scope`."""
    sizes_, sources, state = scope
    token = current_scope.set((sizes_, sources, _ENTERED.get(state, state)))
    try:
        yield
    finally:
        current_scope.reset(token)


def bindings_of(scope: Scope) -> Bindings:
    """The sizes of a scope, each with what bound it."""
    sizes_, sources, _ = scope
    return {dim: Binding((size,), next(s[dim] for s in sources if dim in s)) for dim, size in sizes_.items()}


def extend(scope: Scope, bindings: Bindings) -> None:
    """Add the sizes that are new."""
    sizes_, sources, _ = scope
    new = {dim: bound for dim, bound in cast("dict[type[Dim], Binding]", bindings).items() if dim not in sizes_}
    if new:
        sources.append({dim: bound.source for dim, bound in new.items()})
        sizes_.update({dim: bound.sizes[0] for dim, bound in new.items()})


def join(scope: Scope, given: Sizes, sources: Sources) -> bool:
    """Whether the sizes agree with the scope's; those that are new are added if so."""
    sizes_, bound, _ = shared(scope)
    known = [sizes_.get(dim) for dim in given]
    if any(have is not None and have != size for have, size in zip(known, given.values(), strict=True)):
        return False
    if None in known:
        new = [dim for dim in given if dim not in sizes_]
        bound.append({dim: sources[dim] for dim in new})
        sizes_.update({dim: given[dim] for dim in new})
    return True


def same_size(a: Size, b: Size) -> bool:
    """Whether two sizes are equal; while recording, a symbolic one that has to be is asked for its number."""
    if a == b:
        return True
    if sizes.concretize is None or not (isinstance(a, Poly) or isinstance(b, Poly)):
        return False
    return int(a) == int(b)


def same_sizes(a: Shape, b: Shape) -> bool:
    """`same_size` of every pair."""
    return a == b or (len(a) == len(b) and all(map(same_size, a, b)))


@contextmanager
def exact_sizes() -> Generator[None]:
    """Two sizes are the same only if they are for all values of their symbols."""
    saved, sizes.concretize = sizes.concretize, None
    try:
        yield
    finally:
        sizes.concretize = saved
