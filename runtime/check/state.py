"""One run of a typed function on tensors without values: the interpreter, and what has been found so far."""

from __future__ import annotations

import sysconfig
import traceback
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import NoReturn, TypeAlias, cast, final

from ...compiler import sizes
from ...compiler.errors import ShapewrightError
from ...compiler.loc import Loc, is_library_frame, user_loc
from ...compiler.sizes import Poly, Size, Symbol, symbols
from ...compiler.types import DType, TensorType
from ...dsl.array import AnyArray, is_array, make, type_of, type_text, value_of
from ...dsl.pack import Pack
from ...dsl.repairs import closest

Key: TypeAlias = "tuple[str, int, int, int, int]"  # file and range
_STDLIB = sysconfig.get_path("stdlib")


@final
class State(Enum):
    """What a tensor without values holds: whether its type is known."""

    KNOWN = 0
    UNKNOWN = 1


class Stop(BaseException):
    """The rest of a function cannot be checked, for a reason that has been reported."""


class Restart(BaseException):
    """Python code needs these sizes as numbers. Neither is an Exception: user code must not catch it."""

    def __init__(self, needed: frozenset[Symbol]) -> None:
        super().__init__()
        self.needed = needed


@final
class ShapeOps:
    """`Ops[State]`: nothing is computed. The shape rules have been applied before `apply` is called."""

    def __init__(self, example: Callable[[Size], int]) -> None:
        self._example = example
        self._draws = 0

    def lift(self, x: AnyArray) -> State:
        """A concrete tensor: only its type is used."""
        return State.KNOWN

    def apply(self, op: str, args: Sequence[State], attrs: Mapping[str, object]) -> State:
        """The result of an operation whose operands fit."""
        return State.KNOWN

    def key(self) -> State:
        """The implicit key of draws."""
        return State.KNOWN

    def stream(self) -> int:
        """The number of the next draw."""
        self._draws += 1
        return self._draws - 1

    def example(self, size: Size) -> int:
        """A number that a size may have."""
        return self._example(size)


@final
@dataclass(frozen=True, slots=True)
class Found:
    """An error with its place, which is not None."""

    error: ShapewrightError
    loc: Loc


@final
@dataclass(slots=True)
class Run:
    """place: that of the function, for errors that no line of it makes. inside: the library runs. depth: typed calls that
    run. lost: an operation has failed, so its result is unknown. muted: nothing is collected."""

    ops: ShapeOps
    place: Loc
    inside: bool = False
    depth: int = 0
    lost: bool = False
    muted: bool = False
    errors: dict[Key, Found] = field(default_factory=dict[Key, Found])
    values: dict[Loc, list[str]] = field(default_factory=dict[Loc, list[str]])
    truths: Counter[Loc | None] = field(default_factory=Counter["Loc | None"])

    def report(self, error: ShapewrightError, loc: Loc | None = None) -> None:
        """Keep an error, the first at its place."""
        self.lost = True
        at = error.diagnostic.loc = loc or error.diagnostic.loc or self.place
        if not self.muted:
            self.errors.setdefault(key_of(at), Found(error, at))

    def report_exception(self, error: Exception) -> None:
        """Keep an exception that is none of ours, unless it may come from a tensor whose type is unknown."""
        if not self.lost:
            text = f"{type(error).__name__}: {error}".removesuffix(": ")
            self.report(ShapewrightError(text, help=_meant(error)), raised_at(error))

    def unknown(self) -> AnyArray:
        """A tensor of which nothing is known."""
        return make(TensorType(DType.float32, ()), State.UNKNOWN, self.ops)

    def stop(self) -> NoReturn:
        """Leave the function that runs."""
        raise Stop

    def observe(self, value: object) -> None:
        """Keep the type of what the user's line has computed, in the function that is checked itself."""
        if self.depth != 1 or self.muted:
            return
        text = text_of(value)
        loc = None if text is None else user_loc()
        if text is not None and loc is not None:
            seen = self.values.setdefault(loc, [])
            if text not in seen:
                seen.append(text)


_active: Run | None = None


def active() -> Run | None:
    """The run that goes on now."""
    return _active


@contextmanager
def activate(run: Run) -> Generator[None]:
    """Let the guards report to `run`; a size that is needed as a number ends it with Restart."""
    global _active

    def needed(size: Poly) -> int:
        raise Restart(symbols(size))

    saved, sizes.concretize, _active = sizes.concretize, needed, run
    try:
        yield
    finally:
        sizes.concretize, _active = saved, None


# ---- values
def is_unknown(value: object) -> bool:
    """Whether a value is, or contains, a tensor of which nothing is known."""
    if is_array(value):
        return value_of(value) is State.UNKNOWN
    if isinstance(value, tuple | list):
        return any(map(is_unknown, cast("Iterable[object]", value)))
    if isinstance(value, dict):
        return any(map(is_unknown, cast("Mapping[object, object]", value).values()))
    return isinstance(value, Pack) and any(map(is_unknown, value.__dict__.values()))


def text_of(value: object) -> str | None:
    """The type of a tensor, a tuple of tensors or a pack; None for anything else."""
    if is_array(value):
        return None if is_unknown(value) else type_text(type_of(value))
    if isinstance(value, Pack):
        return type(value).__name__
    if isinstance(value, tuple):
        parts = [text_of(x) for x in cast("tuple[object, ...]", value)]
        return None if None in parts or not parts else f"tuple[{', '.join(map(str, parts))}]"
    return None


def _meant(error: Exception) -> str | None:
    """The attribute that exists, where another was written."""
    if not isinstance(error, AttributeError) or error.obj is None:
        return None
    close = closest(str(error.name), [n for n in dir(error.obj) if not n.startswith("_")])
    return None if close is None else f"did you mean `{close}`?"


# ---- places
def key_of(loc: Loc) -> Key:
    """What tells one error from others."""
    return (loc.file, loc.line, loc.col, loc.end_line, loc.end_col)


def raised_at(error: BaseException) -> Loc | None:
    """The innermost line of the user's files that an exception passed."""
    found: Loc | None = None
    tb = error.__traceback__
    for (frame, _), s in zip(traceback.walk_tb(tb), traceback.extract_tb(tb), strict=True):
        installed = is_library_frame(frame) or s.filename.startswith(_STDLIB) or "site-packages" in s.filename
        if s.lineno is not None and not installed:
            found = Loc(s.filename, s.lineno, s.end_lineno or s.lineno, s.colno or 0, s.end_colno or 0, s.name)
    return found
