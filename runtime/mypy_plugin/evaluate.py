"""What a function of the language gives for tensors of known sizes: the function itself, run on tensors without values.

No shape rule is written down a second time here: what the op table refuses is refused, in its words.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from types import EllipsisType
from typing import NoReturn, TypeAlias, cast, final

from ...compiler import sizes
from ...compiler.errors import IndexOutOfRange, OptionError, ShapeError, ShapewrightError
from ...compiler.ops.shapes import never_below
from ...compiler.sizes import Poly, Size, Symbol, symbol
from ...compiler.types import TensorType
from ...dsl.array import is_array, make, type_of
from ...dsl.blame import CALLERS
from ...dsl.interpreters import use
from ..check.arguments import DTYPES
from ..check.state import Known, ShapeOps
from .names import EQUAL, Kind

Argument: TypeAlias = "Operand | Cut | Poly | float | str | None | EllipsisType | tuple[Argument, ...]"
Result: TypeAlias = "Operand | tuple[Result, ...]"
Bound: TypeAlias = "dict[Symbol, Size]"

_LARGE = 10**9  # a size that nobody knows, where code asks for an example of it
_OPEN = "?"  # how the keys of the symbols begin that may turn out to be any size
_DEEPEST = 6  # sizes that are supposed at a time
_REPORTED = (ShapeError, IndexOutOfRange, OptionError)
_TENSOR = re.compile(r"\b(Tensor|IntTensor|BoolTensor|f32|i64|b1)\[([^\[\]()]*)\]")
_LETTERS: dict[str, Kind] = {"f32": "Tensor", "i64": "IntTensor", "b1": "BoolTensor"}


@final
@dataclass(frozen=True, slots=True)
class Operand:
    """A tensor as far as its type says what it is. names: labels of its axes; they go where the axes go."""

    kind: Kind
    shape: tuple[Size, ...]
    names: tuple[str | None, ...]


@final
@dataclass(frozen=True, slots=True)
class Cut:
    """A slice `start:stop:step` that can be hashed."""

    start: Argument
    stop: Argument
    step: Argument


@final
@dataclass(frozen=True, slots=True)
class Call:
    """A function of the language by its full name (`shapewright.dsl.shapes.concat`), and what it is called with."""

    function: str
    args: tuple[Argument, ...]
    kwargs: tuple[tuple[str, Argument], ...] = ()
    kinds: object = field(init=False)  # 1 and True are equal, and are not the same argument

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", (_kinds(self.args), _kinds(tuple(v for _, v in self.kwargs))))


def _kinds(argument: object) -> object:
    match argument:
        case tuple():
            return tuple(map(_kinds, cast("tuple[object, ...]", argument)))
        case Cut(start=start, stop=stop, step=step):
            return _kinds((start, stop, step))
        case _:
            return type(argument)


@final
@dataclass(frozen=True, slots=True)
class Refusal:
    """The call is an error whenever it is executed. The message is that of the error; kind: that of the first operand."""

    message: str
    kind: Kind = field(default="Tensor", compare=False)


class _Unclear(Exception):
    """The result depends on a number that is not known."""


def open_size(key: str) -> Poly:
    """An axis of which nothing is known: it may be of the size of any other."""
    return symbol("Any", _OPEN + key)


def is_open(size: Size) -> bool:
    """Whether a size is just such an axis."""
    only = single_symbol(size)
    return only is not None and _is_open(only)


def single_symbol(size: Size) -> Symbol | None:
    """The symbol that a size consists of."""
    match size:
        case Poly(terms=(((Symbol() as only,), 1),)):
            return only
        case _:
            return None


@lru_cache(maxsize=4096)
def evaluate(call: Call) -> Result | Refusal | None:
    """The tensors that a call gives, or why it is an error. None: that depends on sizes which are not known."""
    found = _supposing(call, {}, certain=True)
    return Refusal(found.message, _first_kind(call.args) or "Tensor") if isinstance(found, Refusal) else found


def _first_kind(args: tuple[Argument, ...]) -> Kind | None:
    for a in args:
        kind = a.kind if isinstance(a, Operand) else _first_kind(a) if isinstance(a, tuple) else None
        if kind is not None:
            return kind
    return None


def _supposing(call: Call, bound: Bound, *, certain: bool) -> Result | Refusal | None:
    """The same with some sizes bound. certain: only sizes that may be any other are.

    Where two sizes would have to be equal, or one of them 1, the call is an error if it is one in both cases.
    """
    try:
        found = _described(_performed(call, bound))
        return found if certain else None
    except ShapewrightError as error:
        name = call.function.rpartition(".")[2]
        if error.sizes is None or (name == "reshape" and _never_equal(*error.sizes)):
            return _refusal(error)
        pair = _clashing(*error.sizes)
        if pair is None or len(bound) > _DEEPEST or name not in EQUAL:
            return None
        symbol, other = pair
        first = _supposing(call, bound | {symbol: other}, certain=certain and _is_open(symbol))
        if not isinstance(first, Refusal):
            return first
        return first if isinstance(_supposing(call, bound | {symbol: 1}, certain=False), Refusal) else None
    except Exception:
        # Not known, or no call at all (an argument too many): the signature says so.
        return None


def _performed(call: Call, bound: Bound) -> object:
    ops = ShapeOps(lambda size: size if isinstance(size, int) else _LARGE)

    def value(argument: Argument) -> object:
        match argument:
            case Operand(kind=kind, shape=shape, names=names):
                known = tuple(_resolved(s, bound) for s in shape)
                type_ = TensorType(DTYPES[kind], known, names)
                return make(type_, Known(type_), ops)
            case Cut(start=start, stop=stop, step=step):
                return slice(value(start), value(stop), value(step))
            case Poly():
                return _resolved(argument, bound)
            case tuple():
                return tuple(map(value, argument))
            case _:
                return argument

    args, kwargs = [value(a) for a in call.args], {k: value(a) for k, a in call.kwargs}
    saved, sizes.concretize = sizes.concretize, _not_known
    try:
        with use(ops):
            return function_named(call.function)(*args, **kwargs)
    finally:
        sizes.concretize = saved


CALLERS.add(_performed.__code__)


def _not_known(size: Poly) -> NoReturn:
    raise _Unclear


@lru_cache(maxsize=256)
def function_named(name: str) -> Callable[..., object]:
    """The function or method of a full name below this package."""
    parts = name.split(".")
    module = 3 if len(parts) > 3 and parts[2].islower() else 2  # shapewright.dsl.tensor.Tensor.reshape
    found: object = importlib.import_module(f"...{'.'.join(parts[1:module])}", __package__)
    for part in parts[module:]:
        found = getattr(found, part)
    return cast("Callable[..., object]", found)


# ---- sizes that are not known
def _is_open(only: Symbol) -> bool:
    return only.key.startswith(_OPEN)


def _resolved(size: Size, bound: Bound) -> Size:
    while (only := single_symbol(size)) is not None and only in bound:
        size = bound[only]
    return size


def _clashing(a: Size, b: Size) -> tuple[Symbol, Size] | None:
    """A symbol among two sizes that would have to be equal, an open one if there is one, and the other size."""
    pairs = [(only, other) for this, other in ((a, b), (b, a)) if (only := single_symbol(this)) is not None]
    return min(pairs, key=lambda pair: not _is_open(pair[0]), default=None)


def _never_equal(a: Size, b: Size) -> bool:
    """Whether no sizes make them equal, such as 32*Batch and 64*Batch: a size is at least 1."""
    return never_below(a - b, 1) or never_below(b - a, 1)


def _refusal(error: ShapewrightError) -> Refusal | None:
    """What to report: not what is said of element types, which are not in a type."""
    if not isinstance(error, _REPORTED):
        return None
    d = error.diagnostic
    return Refusal(in_words_of_types(": ".join([d.message, *d.details])))


def in_words_of_types(message: str) -> str:
    """A message of the runtime, with the tensors in it as types."""
    return _TENSOR.sub(_as_type, message)


def _as_type(found: re.Match[str]) -> str:
    """A tensor in a message as a type: f32[2, Pixels=64] is Tensor[Literal[2], Pixels=64]."""
    axes = [a for a in found[2].split(", ") if a]
    inside = ", ".join(f"Literal[{a}]" if a.isdigit() else a for a in axes)
    return f"{_LETTERS.get(found[1], found[1])}[{inside or '()'}]"


# ---- results
def _described(value: object) -> Result | None:
    if is_array(value):
        t = type_of(value)
        kind: Kind = "Tensor" if t.dtype.is_float else "IntTensor" if t.dtype.is_int else "BoolTensor"
        return Operand(kind, t.shape, t.names)
    if isinstance(value, tuple):
        parts = [_described(v) for v in cast("tuple[object, ...]", value)]
        known = tuple(p for p in parts if p is not None)
        return known if len(known) == len(parts) else None
    return None
