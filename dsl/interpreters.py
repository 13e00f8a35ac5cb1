"""Interpreters: what performs an operation, and which one is current.

Every operation goes to the interpreter that its operands belong to. Operations without such an operand (creation,
random, concrete tensors) go to the current one, kept in a context variable; without one they run eagerly.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeVar, runtime_checkable

from ..compiler.sizes import Size
from ..compiler.types import DType

if TYPE_CHECKING:
    from .array import Array

V = TypeVar("V")
V_co = TypeVar("V_co", covariant=True)


class Ops(Protocol[V]):
    """Performs operations on values of type `V`. `lift` takes a concrete tensor; `apply` an operation of the table."""

    def lift(self, x: Array[*tuple[Any, ...]]) -> V:
        """The value for a concrete tensor."""
        ...

    def apply(self, op: str, args: Sequence[V], attrs: Mapping[str, object]) -> V:
        """The value of an operation of the table, on values of this interpreter."""
        ...


@runtime_checkable
class RandomOps(Protocol[V_co]):
    """An interpreter with random numbers of its own, for draws that name no key."""

    def key(self) -> V_co:
        """The implicit key: two uint32 words."""
        ...

    def stream(self) -> int:
        """The number of the next draw: its order since the run (or the recording) began."""
        ...


@runtime_checkable
class ExampleOps(Protocol):
    """An interpreter whose sizes may be symbolic, with an example in which they are known."""

    def example(self, size: Size) -> int:
        """The size in the example."""
        ...


@runtime_checkable
class SymbolicOps(ExampleOps, Protocol):
    """One that can start again: what eager execution accepts for the sizes of the example, it accepts too."""

    def specialise(self, sizes: Sequence[Size], reason: str) -> NoReturn:
        """Start again with the symbols in `sizes` replaced by the example's numbers."""
        ...


@runtime_checkable
class AssumingOps(ExampleOps, Protocol):
    """One whose program is run only with sizes for which a slice with run-time bounds lies inside its axis."""

    assuming: bool


_current: ContextVar[Ops[Any] | None] = ContextVar("shapewright_interpreter", default=None)
_float: ContextVar[DType | None] = ContextVar("shapewright_float", default=None)
_eager: Ops[Any] | None = None
_load_eager: Callable[[], Ops[Any]] | None = None


def set_eager(ops: Ops[Any]) -> None:
    """Register the interpreter that runs at once, used where no other is current. Its values are NumPy arrays."""
    global _eager
    _eager = ops


def set_eager_loader(load: Callable[[], Ops[Any]]) -> None:
    """Register how to get the eager interpreter when it is first needed."""
    global _load_eager
    _load_eager = load


def eager() -> Ops[Any]:
    """The interpreter that runs at once."""
    global _eager
    if _eager is None:
        if _load_eager is None:
            raise RuntimeError("no eager interpreter is registered: import shapewright")
        _eager = _load_eager()
    return _eager


def current() -> Ops[Any]:
    """The interpreter that creation and random operations go to."""
    return _current.get() or eager()


@contextmanager
def use(ops: Ops[Any]) -> Generator[None]:
    """Make `ops` the current interpreter."""
    token = _current.set(ops)
    try:
        yield
    finally:
        _current.reset(token)


def program_dtype() -> DType | None:
    """The floating element type of the program that runs or is recorded now; None outside one."""
    return _float.get()


@contextmanager
def float_dtype(dtype: DType | None) -> Generator[None]:
    """Make `dtype` the element type of new floating tensors, and of numbers, lists and arrays that meet no tensor."""
    token = _float.set(dtype)
    try:
        yield
    finally:
        _float.reset(token)


def sizes_agree(a: Size, b: Size, reason: str) -> bool:
    """Whether two sizes are equal. Two that differ only as symbols, but not in the example that is recorded, make the
    recorder start again with numbers (so that recording accepts what eager execution accepts)."""
    if a == b or (isinstance(a, int) and isinstance(b, int)):
        return a == b
    ops = _current.get()
    if isinstance(ops, SymbolicOps) and ops.example(a) == ops.example(b):
        ops.specialise((a, b), reason)
    return False
