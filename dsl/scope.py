"""Which size each axis has now: one size per `Dim` for the whole of an outermost typed call."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias, cast, final

from ..compiler import sizes
from ..compiler.errors import OptionError
from ..compiler.sizes import Poly, Shape, Size
from .dims import Dim

ChecksMode: TypeAlias = Literal["off", "boundary", "all"]


def _mode_from_environment() -> ChecksMode:
    mode = os.environ.get("SHAPEWRIGHT_CHECKS", "all")
    match mode:
        case "off" | "boundary" | "all":
            return mode
        case _:
            raise OptionError(f"SHAPEWRIGHT_CHECKS={mode!r}", help='write "off", "boundary" or "all"', code="SW801")


# "all": every typed call is checked; "boundary": only the outermost one; "off": none.
checks_mode: ContextVar[ChecksMode] = ContextVar("checks_mode", default=_mode_from_environment())


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


@final
@dataclass(slots=True)
class Scope:
    """Sizes of the axes of one outermost typed call (or of a program that is being recorded)."""

    bindings: dict[object, Binding] = field(default_factory=dict[object, Binding])
    depth: int = 0  # typed calls that are running

    @property
    def dims(self) -> Mapping[type[Dim], Size]:
        """Size of every `Dim` bound so far."""
        return {cast("type[Dim]", dim): b.sizes[0] for dim, b in self.bindings.items()}


current_scope: ContextVar[Scope | None] = ContextVar("current_scope", default=None)


@contextmanager
def axis_scope(scope: Scope | None = None) -> Generator[Scope]:
    """Typed calls inside share the sizes of their `Dim` axes; an open scope is joined unless one is given."""
    inner = scope or current_scope.get() or Scope()
    token = current_scope.set(inner)
    try:
        yield inner
    finally:
        current_scope.reset(token)


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
