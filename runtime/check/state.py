"""One run of a typed function on tensors without values: the interpreter, and what has been found so far."""

from __future__ import annotations

import sys
import traceback
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, NoReturn, TypeAlias, cast, final

from ...compiler import sizes
from ...compiler.errors import ShapewrightError
from ...compiler.ir.attrs import Attrs, AttrValue
from ...compiler.loc import Loc, frame_loc, is_users_frame, user_loc
from ...compiler.ops.table import infer
from ...compiler.sizes import Poly, Size, Symbol, symbols
from ...compiler.types import DType, TensorType
from ...dsl import elsewhere
from ...dsl.any_keys import AnyKeys
from ...dsl.array import AnyArray, is_array, make, type_of, type_text, value_of
from ...dsl.dispatch import KEY_TYPE
from ...dsl.pack import Pack, children
from ...dsl.repairs import closest
from .caught import is_caught

if TYPE_CHECKING:
    from .trail import Trail

Key: TypeAlias = "tuple[str, int, int, int, int]"  # file and range


@final
class State(Enum):
    """What a tensor holds of which nothing is known."""

    UNKNOWN = 1


@final
@dataclass(frozen=True, slots=True)
class Known:
    """What a tensor without values holds. literal: the operation that makes it, if it is a number of the program."""

    type: TensorType
    literal: tuple[str, Attrs] | None = None


Held: TypeAlias = "Known | State"


@final
@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of the table that was applied, with what its operands hold."""

    op: str
    operands: tuple[Known, ...]
    attrs: Attrs


class Stop(BaseException):
    """The rest of a function cannot be checked, for a reason that has been reported."""


class Restart(BaseException):
    """Python code needs these sizes as numbers. Neither is an Exception: user code must not catch it."""

    def __init__(self, needed: frozenset[Symbol]) -> None:
        super().__init__()
        self.needed = needed


@final
class ShapeOps:
    """`Ops[Held]`: nothing is computed.

    log: the operations of the expressions that are being evaluated. lines: where operations stand, by file and line.
    """

    def __init__(self, example: Callable[[Size], int]) -> None:
        self._example = example
        self._draws = 0
        self.log: list[Operation] = []
        self.lines: set[tuple[str, int]] = set()

    def lift(self, x: AnyArray) -> Held:
        """A concrete tensor: only its type is used."""
        return Known(type_of(x))

    def apply(self, op: str, args: Sequence[Held], attrs: Mapping[str, object]) -> Held:
        """The result of an operation whose operands fit."""
        at = attrs if isinstance(attrs, Attrs) else Attrs(cast("Mapping[str, AttrValue]", attrs))
        operands = tuple(x for x in args if isinstance(x, Known))
        if len(operands) < len(args):
            return State.UNKNOWN
        out = infer(op, tuple(x.type for x in operands), at)
        if op in ("const", "size"):
            return Known(out, (op, at))
        self.log.append(Operation(op, operands, at))
        loc = user_loc()
        if loc is not None:
            self.lines.add((loc.file, loc.line))
        return Known(out)

    def key(self) -> Held:
        """The implicit key of draws."""
        return Known(KEY_TYPE)

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
    """An error with its place, which is not None. own: an exception of the program, not ours, and not a wrong name."""

    error: ShapewrightError
    loc: Loc
    own: bool = False


@final
@dataclass(slots=True)
class Seen:
    """What an expression was found to be. texts: its types, several where it is evaluated with several. facts, work: the
    first one's type in parts, and the operations that made it."""

    facts: Facts
    texts: list[str]
    work: tuple[Operation, ...]


@final
@dataclass(slots=True)
class Run:
    """place: that of the function, for errors that no line of it makes. inside: the library runs. depth: typed calls that
    run. lost: an operation has failed, so its result is unknown. muted: nothing is collected. trail: where it comes
    past, if that is asked for. any_keys: nobody knows the keys of a dict that it was given."""

    ops: ShapeOps
    place: Loc
    inside: bool = False
    depth: int = 0
    lost: bool = False
    muted: bool = False
    trail: Trail | None = None
    any_keys: bool = False
    errors: dict[Key, Found] = field(default_factory=dict[Key, Found])
    values: dict[Loc, Seen] = field(default_factory=dict[Loc, Seen])
    truths: Counter[Loc | None] = field(default_factory=Counter["Loc | None"])

    def report(self, error: ShapewrightError, loc: Loc | None = None, *, own: bool = False) -> None:
        """Keep an error, the first at its place; one that the program catches is raised."""
        if is_caught(error):
            raise error
        self.lost = True
        at = error.diagnostic.loc = in_file(loc or error.diagnostic.loc) or self.place
        if not self.muted:
            self.errors.setdefault(key_of(at), Found(error, at, own))

    def report_exception(self, error: BaseException) -> None:
        """Keep an exception that is none of ours, unless it may come from a tensor whose type is unknown.

        One that the program catches is raised.
        """
        if is_caught(error):
            raise error
        if self.any_keys and isinstance(error, KeyError) and error.args and isinstance(error.args[0], str):
            self.lost = True  # it may be an entry of a dict that was made of one that has any
            return
        own = not _is_wrong_name(error)
        if not (self.lost and own):
            self.report(ShapewrightError(text_of(error), help=what_was_meant(error)), raised_at(error), own=own)

    def mark(self, *, skipped: bool = False) -> None:
        """The user's line was evaluated, or was not since an operand is unknown."""
        if self.trail is not None and not self.muted:
            self.trail.mark(user_loc(), skipped=skipped)

    def unknown(self) -> AnyArray:
        """A tensor of which nothing is known."""
        return make(TensorType(DType.float32, ()), State.UNKNOWN, self.ops)

    def stop(self) -> NoReturn:
        """Leave the function that runs."""
        raise Stop

    def observe(self, value: object, before: int) -> None:
        """Keep the type of what the user's line has computed, in the function that is checked itself.

        before: how long the log of operations was before they were applied.
        """
        if self.depth != 1 or self.muted:
            return
        work = tuple(self.ops.log[before:])
        del self.ops.log[before:]
        facts = facts_of(value)
        loc = None if facts is None else user_loc()
        if facts is not None and loc is not None:
            seen = self.values.setdefault(loc, Seen(facts, [], work))
            if facts.text not in seen.texts:
                seen.texts.append(facts.text)


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


def has_any_keys(value: object) -> bool:
    """Whether a value is, or contains, a dict of any keys."""
    if isinstance(value, AnyKeys):
        return True
    if isinstance(value, dict):
        return any(map(has_any_keys, cast("Mapping[object, object]", value).values()))
    parts = children(cast("object", value)) if isinstance(value, Pack | tuple) else None
    return parts is not None and any(map(has_any_keys, parts[2]))


@final
@dataclass(frozen=True, slots=True)
class Facts:
    """The type of a value as text, and in parts: of a tensor its element type and axes, with names and sizes; of a pack
    or tuple the types of its fields or items, by name."""

    text: str
    dtype: str | None = None
    axes: tuple[tuple[str | None, str], ...] = ()
    fields: tuple[tuple[str, str], ...] = ()


def facts_of(value: object) -> Facts | None:
    """The type of a tensor, a tuple or dict of tensors or a pack; None for anything else."""
    if is_array(value):
        if is_unknown(value):
            return None
        t = type_of(value)
        axes = tuple((n, str(s)) for n, s in zip(t.names, t.shape, strict=True))
        return Facts(type_text(t), t.dtype.value, axes)
    if isinstance(value, dict):
        return _facts_of_entries(cast("Mapping[object, object]", value))
    if isinstance(value, Pack):
        parts = [(n, facts_of(x)) for n, x in value.__dict__.items()]
        return Facts(type(value).__name__, fields=tuple((n, f.text) for n, f in parts if f is not None))
    if isinstance(value, tuple):
        items = [facts_of(x) for x in cast("tuple[object, ...]", value)]
        texts = [f.text for f in items if f is not None]
        if not texts or len(texts) < len(items):
            return None
        return Facts(f"tuple[{', '.join(texts)}]", fields=tuple((str(i), t) for i, t in enumerate(texts)))
    return None


def _facts_of_entries(entries: Mapping[object, object]) -> Facts | None:
    found = {str(n): facts_of(x) for n, x in entries.items()}
    fields = tuple((n, f.text) for n, f in found.items() if f is not None)
    texts = dict.fromkeys(text for _, text in fields)
    if not fields or len(fields) < len(found):
        return None
    return Facts(f"dict[str, {' | '.join(texts)}]", fields=() if isinstance(entries, AnyKeys) else fields)


def _is_wrong_name(error: BaseException) -> bool:
    """Whether an exception is made by what is written, whatever tensors there are: a name that does not exist, in the
    module or of something whose class is known."""
    if isinstance(error, AttributeError):
        of = error.obj
        return isinstance(of, ModuleType | type | Pack) or (is_array(of) and not is_unknown(of))
    return type(error) is NameError and "free variable" not in str(error)


def what_was_meant(error: BaseException) -> str | None:
    """What exists, where another attribute or keyword was written."""
    known = elsewhere.meant(error)
    if known is not None or not isinstance(error, AttributeError) or error.obj is None:
        return known
    close = closest(str(error.name), [n for n in dir(error.obj) if not n.startswith("_")])
    return None if close is None else f"did you mean `{close}`?"


# ---- places
def key_of(loc: Loc) -> Key:
    """What tells one error from others."""
    return (loc.file, loc.line, loc.col, loc.end_line, loc.end_col)


def text_of(error: BaseException) -> str:
    """An exception of the program's own, without characters that command terminals."""
    try:
        text = f"{type(error).__name__}: {error.msg if isinstance(error, SyntaxError) else error}".removesuffix(": ")
    except Exception:  # its own
        return type(error).__name__
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def raised_at(error: BaseException) -> Loc | None:
    """The innermost line of the user's files that an exception passed."""
    found: Loc | None = None
    tb = error.__traceback__
    for (frame, _), s in zip(traceback.walk_tb(tb), traceback.extract_tb(tb), strict=True):
        if s.lineno is not None and is_users(frame):
            found = Loc(s.filename, s.lineno, s.end_lineno or s.lineno, s.colno or 0, s.end_colno or 0, s.name)
    return found


def in_file(loc: Loc | None) -> Loc | None:
    """The place, if it is in a file; else the innermost line of the user that runs and is in one: that which called `eval`
    or `exec`."""
    frame: FrameType | None = None if loc is None or is_file(loc.file) else sys._getframe(1)  # pyright: ignore[reportPrivateUsage]  there is no public way
    while frame is not None and not is_users(frame):
        frame = frame.f_back
    return frame_loc(frame) if frame is not None else loc if loc is not None and is_file(loc.file) else None


def is_file(name: str) -> bool:
    """Whether code was read from a file, and not from a string (`<string>`, `<unknown>`)."""
    return not (name.startswith("<") and name.endswith(">"))


def is_users(frame: FrameType) -> bool:
    """Whether a frame executes code of the user that was read from a file."""
    return is_file(frame.f_code.co_filename) and is_users_frame(frame)
