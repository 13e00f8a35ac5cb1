"""Signatures that several methods share: each is written once, as what a decorated method of a tensor is to a checker.

When the program runs, the decorators give back the method itself, and nothing here is called. The functions of the same names are in `families`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeAlias, TypeVar, TypeVarTuple, cast, overload

if TYPE_CHECKING:
    from .discrete import BoolTensor, IntTensor
    from .movement import Axis
    from .tensor import Tensor

S = TypeVarTuple("S")
B = TypeVarTuple("B")
A = TypeVar("A")
C = TypeVar("C")
R1 = TypeVar("R1")
R2 = TypeVar("R2")
R3 = TypeVar("R3")
R4 = TypeVar("R4")
R5 = TypeVar("R5")
R = TypeVar("R")
One: TypeAlias = Literal[1]
No: TypeAlias = Literal[False]
Yes: TypeAlias = Literal[True]
FirstTwo: TypeAlias = "tuple[Literal[0], Literal[1]]"
LastTwo: TypeAlias = "tuple[Literal[-2], Literal[-1]]"


class ReductionOf(Generic[*S]):
    """A reduction of a floating tensor, to a floating one."""

    @overload
    def __call__(self, axis: None = None, keepdims: No = False) -> Tensor[()]: ...
    @overload
    def __call__(self: ReductionOf[*B, A], axis: Literal[-1], keepdims: No = False) -> Tensor[*B]: ...
    @overload
    def __call__(self: ReductionOf[*B, A], axis: Literal[-1], keepdims: Yes) -> Tensor[*B, One]: ...
    @overload
    def __call__(self: ReductionOf[A, *B], axis: Literal[0], keepdims: No = False) -> Tensor[*B]: ...
    @overload
    def __call__(self: ReductionOf[A, *B], axis: Literal[0], keepdims: Yes) -> Tensor[One, *B]: ...
    @overload
    def __call__(self: ReductionOf[A, C, *B], axis: Literal[1], keepdims: No = False) -> Tensor[A, *B]: ...
    @overload
    def __call__(self: ReductionOf[A, C, *B], axis: Literal[1], keepdims: Yes) -> Tensor[A, One, *B]: ...
    @overload
    def __call__(self: ReductionOf[*B, A, C], axis: Literal[-2], keepdims: No = False) -> Tensor[*B, C]: ...
    @overload
    def __call__(self: ReductionOf[A, C, *B], axis: FirstTwo, keepdims: No = False) -> Tensor[*B]: ...
    @overload
    def __call__(self: ReductionOf[*B, A, C], axis: LastTwo, keepdims: No = False) -> Tensor[*B]: ...
    @overload
    def __call__(self, axis: Axis = None, keepdims: bool = False) -> Any: ...
    def __call__(self, axis: Any = None, keepdims: bool = False) -> Any:
        raise AssertionError("its type alone is used")


class IndexOf(Generic[*S]):
    """A reduction of a floating tensor to indices."""

    @overload
    def __call__(self, axis: None = None, keepdims: No = False) -> IntTensor[()]: ...
    @overload
    def __call__(self: IndexOf[*B, A], axis: Literal[-1], keepdims: No = False) -> IntTensor[*B]: ...
    @overload
    def __call__(self: IndexOf[*B, A], axis: Literal[-1], keepdims: Yes) -> IntTensor[*B, One]: ...
    @overload
    def __call__(self: IndexOf[A, *B], axis: Literal[0], keepdims: No = False) -> IntTensor[*B]: ...
    @overload
    def __call__(self: IndexOf[A, *B], axis: Literal[0], keepdims: Yes) -> IntTensor[One, *B]: ...
    @overload
    def __call__(self: IndexOf[A, C, *B], axis: Literal[1], keepdims: No = False) -> IntTensor[A, *B]: ...
    @overload
    def __call__(self: IndexOf[A, C, *B], axis: Literal[1], keepdims: Yes) -> IntTensor[A, One, *B]: ...
    @overload
    def __call__(self: IndexOf[*B, A, C], axis: Literal[-2], keepdims: No = False) -> IntTensor[*B, C]: ...
    @overload
    def __call__(self, axis: int | None = None, keepdims: bool = False) -> Any: ...
    def __call__(self, axis: Any = None, keepdims: bool = False) -> Any:
        raise AssertionError("its type alone is used")


class IntReductionOf(Generic[*S]):
    """A reduction of an integer tensor."""

    @overload
    def __call__(self, axis: None = None, keepdims: No = False) -> IntTensor[()]: ...
    @overload
    def __call__(self: IntReductionOf[*B, A], axis: Literal[-1], keepdims: No = False) -> IntTensor[*B]: ...
    @overload
    def __call__(self: IntReductionOf[*B, A], axis: Literal[-1], keepdims: Yes) -> IntTensor[*B, One]: ...
    @overload
    def __call__(self: IntReductionOf[A, *B], axis: Literal[0], keepdims: No = False) -> IntTensor[*B]: ...
    @overload
    def __call__(self: IntReductionOf[A, *B], axis: Literal[0], keepdims: Yes) -> IntTensor[One, *B]: ...
    @overload
    def __call__(self: IntReductionOf[A, C, *B], axis: Literal[1], keepdims: No = False) -> IntTensor[A, *B]: ...
    @overload
    def __call__(self: IntReductionOf[A, C, *B], axis: Literal[1], keepdims: Yes) -> IntTensor[A, One, *B]: ...
    @overload
    def __call__(self: IntReductionOf[*B, A, C], axis: Literal[-2], keepdims: No = False) -> IntTensor[*B, C]: ...
    @overload
    def __call__(self: IntReductionOf[A, C, *B], axis: FirstTwo, keepdims: No = False) -> IntTensor[*B]: ...
    @overload
    def __call__(self: IntReductionOf[*B, A, C], axis: LastTwo, keepdims: No = False) -> IntTensor[*B]: ...
    @overload
    def __call__(self, axis: Axis = None, keepdims: bool = False) -> Any: ...
    def __call__(self, axis: Any = None, keepdims: bool = False) -> Any:
        raise AssertionError("its type alone is used")


class ConditionOf(Generic[*S]):
    """A reduction of conditions."""

    @overload
    def __call__(self, axis: None = None, keepdims: No = False) -> BoolTensor[()]: ...
    @overload
    def __call__(self: ConditionOf[*B, A], axis: Literal[-1], keepdims: No = False) -> BoolTensor[*B]: ...
    @overload
    def __call__(self: ConditionOf[*B, A], axis: Literal[-1], keepdims: Yes) -> BoolTensor[*B, One]: ...
    @overload
    def __call__(self: ConditionOf[A, *B], axis: Literal[0], keepdims: No = False) -> BoolTensor[*B]: ...
    @overload
    def __call__(self: ConditionOf[A, *B], axis: Literal[0], keepdims: Yes) -> BoolTensor[One, *B]: ...
    @overload
    def __call__(self: ConditionOf[A, C, *B], axis: Literal[1], keepdims: No = False) -> BoolTensor[A, *B]: ...
    @overload
    def __call__(self: ConditionOf[A, C, *B], axis: Literal[1], keepdims: Yes) -> BoolTensor[A, One, *B]: ...
    @overload
    def __call__(self: ConditionOf[*B, A, C], axis: Literal[-2], keepdims: No = False) -> BoolTensor[*B, C]: ...
    @overload
    def __call__(self: ConditionOf[A, C, *B], axis: FirstTwo, keepdims: No = False) -> BoolTensor[*B]: ...
    @overload
    def __call__(self: ConditionOf[*B, A, C], axis: LastTwo, keepdims: No = False) -> BoolTensor[*B]: ...
    @overload
    def __call__(self, axis: Axis = None, keepdims: bool = False) -> Any: ...
    def __call__(self, axis: Any = None, keepdims: bool = False) -> Any:
        raise AssertionError("its type alone is used")


class SizesOf(Generic[R1, R2, R3, R4, R5, R]):
    """A method that takes the sizes of its result, one by one or as a tuple: R1 to R5 are tensors of so many axes."""

    @overload
    def __call__(self, a: int | tuple[int], /) -> R1: ...
    @overload
    def __call__(self, a: int, b: int, /) -> R2: ...
    @overload
    def __call__(self, to: tuple[int, int], /) -> R2: ...
    @overload
    def __call__(self, a: int, b: int, c: int, /) -> R3: ...
    @overload
    def __call__(self, to: tuple[int, int, int], /) -> R3: ...
    @overload
    def __call__(self, a: int, b: int, c: int, d: int, /) -> R4: ...
    @overload
    def __call__(self, to: tuple[int, int, int, int], /) -> R4: ...
    @overload
    def __call__(self, a: int, b: int, c: int, d: int, e: int, /) -> R5: ...
    @overload
    def __call__(self, to: tuple[int, int, int, int, int], /) -> R5: ...
    @overload
    def __call__(self, *sizes: int | Sequence[int]) -> R: ...
    def __call__(self, *sizes: Any) -> Any:
        raise AssertionError("its type alone is used")


# ---- what the decorators give
class Reduce(Protocol):
    """A method that is a `ReductionOf` of its tensor."""

    def __get__(self, x: Tensor[*S], owner: object = None) -> ReductionOf[*S]: ...


class FindIndex(Protocol):
    """A method that is an `IndexOf` of its tensor."""

    def __get__(self, x: Tensor[*S], owner: object = None) -> IndexOf[*S]: ...


class IntReduce(Protocol):
    """A method that is an `IntReductionOf` of its tensor."""

    def __get__(self, x: IntTensor[*S], owner: object = None) -> IntReductionOf[*S]: ...


class Test(Protocol):
    """A method that is a `ConditionOf` of its tensor."""

    def __get__(self, x: BoolTensor[*S], owner: object = None) -> ConditionOf[*S]: ...


class Resize(Protocol):
    """A method that is a `SizesOf` its kind of tensor."""

    @overload
    def __get__(
        self, x: Tensor[*S], owner: object = None
    ) -> SizesOf[
        Tensor[Any],
        Tensor[Any, Any],
        Tensor[Any, Any, Any],
        Tensor[Any, Any, Any, Any],
        Tensor[Any, Any, Any, Any, Any],
        Tensor[*tuple[Any, ...]],
    ]: ...
    @overload
    def __get__(
        self, x: IntTensor[*S], owner: object = None
    ) -> SizesOf[
        IntTensor[Any],
        IntTensor[Any, Any],
        IntTensor[Any, Any, Any],
        IntTensor[Any, Any, Any, Any],
        IntTensor[Any, Any, Any, Any, Any],
        IntTensor[*tuple[Any, ...]],
    ]: ...
    @overload
    def __get__(
        self, x: BoolTensor[*S], owner: object = None
    ) -> SizesOf[
        BoolTensor[Any],
        BoolTensor[Any, Any],
        BoolTensor[Any, Any, Any],
        BoolTensor[Any, Any, Any, Any],
        BoolTensor[Any, Any, Any, Any, Any],
        BoolTensor[*tuple[Any, ...]],
    ]: ...


def reduction(f: Callable[..., Any]) -> Reduce:
    """`f` with the signatures of a `ReductionOf`."""
    return cast("Reduce", f)


def index_reduction(f: Callable[..., Any]) -> FindIndex:
    """`f` with the signatures of an `IndexOf`."""
    return cast("FindIndex", f)


def int_reduction(f: Callable[..., Any]) -> IntReduce:
    """`f` with the signatures of an `IntReductionOf`."""
    return cast("IntReduce", f)


def condition(f: Callable[..., Any]) -> Test:
    """`f` with the signatures of a `ConditionOf`."""
    return cast("Test", f)


def resizing(f: Callable[..., Any]) -> Resize:
    """`f` with the signatures of a `SizesOf`."""
    return cast("Resize", f)
