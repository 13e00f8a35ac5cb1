"""Signatures that several functions share: each is written once, as what a decorated function is to a checker.

When the program runs, the decorators give back the function itself. Raw arrays give `Any`. Functions of two operands
are in `operands`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol, TypeAlias, TypeVar, TypeVarTuple, cast, overload

import numpy as np
from numpy.typing import NDArray

from .array import Array
from .movement import Axis
from .tensor import BoolTensor, IntTensor, Tensor

S = TypeVarTuple("S")
B = TypeVarTuple("B")
A = TypeVar("A")
C = TypeVar("C")
One: TypeAlias = Literal[1]
No: TypeAlias = Literal[False]
Yes: TypeAlias = Literal[True]
FirstTwo: TypeAlias = "tuple[Literal[0], Literal[1]]"
LastTwo: TypeAlias = "tuple[Literal[-2], Literal[-1]]"
Raw: TypeAlias = "NDArray[Any] | list[Any]"
Number: TypeAlias = "float | np.floating[Any] | np.integer[Any]"
AnyTensor: TypeAlias = "Array[*tuple[Any, ...]]"


# ---- reductions
class Reduction(Protocol):
    """Floating to floating."""

    @overload
    def __call__(self, x: Tensor[*S] | Raw, axis: None = None, keepdims: No = False) -> Tensor[()]: ...
    @overload
    def __call__(self, x: Tensor[*B, A], axis: Literal[-1], keepdims: No = False) -> Tensor[*B]: ...
    @overload
    def __call__(self, x: Tensor[*B, A], axis: Literal[-1], keepdims: Yes) -> Tensor[*B, One]: ...
    @overload
    def __call__(self, x: Tensor[A, *B], axis: Literal[0], keepdims: No = False) -> Tensor[*B]: ...
    @overload
    def __call__(self, x: Tensor[A, *B], axis: Literal[0], keepdims: Yes) -> Tensor[One, *B]: ...
    @overload
    def __call__(self, x: Tensor[A, C, *B], axis: Literal[1], keepdims: No = False) -> Tensor[A, *B]: ...
    @overload
    def __call__(self, x: Tensor[A, C, *B], axis: Literal[1], keepdims: Yes) -> Tensor[A, One, *B]: ...
    @overload
    def __call__(self, x: Tensor[*B, A, C], axis: Literal[-2], keepdims: No = False) -> Tensor[*B, C]: ...
    @overload
    def __call__(self, x: Tensor[A, C, *B], axis: FirstTwo, keepdims: No = False) -> Tensor[*B]: ...
    @overload
    def __call__(self, x: Tensor[*B, A, C], axis: LastTwo, keepdims: No = False) -> Tensor[*B]: ...
    @overload
    def __call__(self, x: Tensor[*tuple[Any, ...]] | Raw, axis: int | Sequence[int], keepdims: bool = False) -> Any: ...
    @overload
    def __call__(self, x: Tensor[*tuple[Any, ...]] | Raw, axis: None = None, *, keepdims: bool) -> Any: ...


class Variance(Protocol):
    """The same with `correction`."""

    @overload
    def __call__(
        self, x: Tensor[*S] | Raw, axis: None = None, keepdims: No = False, correction: int = 0
    ) -> Tensor[()]: ...
    @overload
    def __call__(
        self, x: Tensor[*B, A], axis: Literal[-1], keepdims: No = False, correction: int = 0
    ) -> Tensor[*B]: ...
    @overload
    def __call__(self, x: Tensor[*B, A], axis: Literal[-1], keepdims: Yes, correction: int = 0) -> Tensor[*B, One]: ...
    @overload
    def __call__(self, x: Tensor[A, *B], axis: Literal[0], keepdims: No = False, correction: int = 0) -> Tensor[*B]: ...
    @overload
    def __call__(self, x: Tensor[A, *B], axis: Literal[0], keepdims: Yes, correction: int = 0) -> Tensor[One, *B]: ...
    @overload
    def __call__(
        self, x: Tensor[A, C, *B], axis: Literal[1], keepdims: No = False, correction: int = 0
    ) -> Tensor[A, *B]: ...
    @overload
    def __call__(
        self, x: Tensor[A, C, *B], axis: Literal[1], keepdims: Yes, correction: int = 0
    ) -> Tensor[A, One, *B]: ...
    @overload
    def __call__(
        self, x: Tensor[*B, A, C], axis: Literal[-2], keepdims: No = False, correction: int = 0
    ) -> Tensor[*B, C]: ...
    @overload
    def __call__(
        self, x: Tensor[A, C, *B], axis: FirstTwo, keepdims: No = False, correction: int = 0
    ) -> Tensor[*B]: ...
    @overload
    def __call__(self, x: Tensor[*B, A, C], axis: LastTwo, keepdims: No = False, correction: int = 0) -> Tensor[*B]: ...
    @overload
    def __call__(
        self, x: Tensor[*tuple[Any, ...]] | Raw, axis: int | Sequence[int], keepdims: bool = False, correction: int = 0
    ) -> Any: ...
    @overload
    def __call__(
        self, x: Tensor[*tuple[Any, ...]] | Raw, axis: None = None, *, keepdims: bool, correction: int = 0
    ) -> Any: ...


class Extreme(Protocol):
    """Floating to floating, integer to integer."""

    @overload
    def __call__(self, x: Tensor[*S], axis: None = None, keepdims: No = False) -> Tensor[()]: ...
    @overload
    def __call__(self, x: Tensor[*B, A], axis: Literal[-1], keepdims: No = False) -> Tensor[*B]: ...
    @overload
    def __call__(self, x: Tensor[*B, A], axis: Literal[-1], keepdims: Yes) -> Tensor[*B, One]: ...
    @overload
    def __call__(self, x: Tensor[A, *B], axis: Literal[0], keepdims: No = False) -> Tensor[*B]: ...
    @overload
    def __call__(self, x: Tensor[A, *B], axis: Literal[0], keepdims: Yes) -> Tensor[One, *B]: ...
    @overload
    def __call__(self, x: Tensor[A, C, *B], axis: Literal[1], keepdims: No = False) -> Tensor[A, *B]: ...
    @overload
    def __call__(self, x: Tensor[A, C, *B], axis: Literal[1], keepdims: Yes) -> Tensor[A, One, *B]: ...
    @overload
    def __call__(self, x: Tensor[*B, A, C], axis: Literal[-2], keepdims: No = False) -> Tensor[*B, C]: ...
    @overload
    def __call__(self, x: Tensor[A, C, *B], axis: FirstTwo, keepdims: No = False) -> Tensor[*B]: ...
    @overload
    def __call__(self, x: Tensor[*B, A, C], axis: LastTwo, keepdims: No = False) -> Tensor[*B]: ...
    @overload
    def __call__(self, x: IntTensor[*S], axis: None = None, keepdims: No = False) -> IntTensor[()]: ...
    @overload
    def __call__(self, x: IntTensor[*B, A], axis: Literal[-1], keepdims: No = False) -> IntTensor[*B]: ...
    @overload
    def __call__(self, x: IntTensor[*B, A], axis: Literal[-1], keepdims: Yes) -> IntTensor[*B, One]: ...
    @overload
    def __call__(self, x: IntTensor[A, *B], axis: Literal[0], keepdims: No = False) -> IntTensor[*B]: ...
    @overload
    def __call__(self, x: IntTensor[A, *B], axis: Literal[0], keepdims: Yes) -> IntTensor[One, *B]: ...
    @overload
    def __call__(self, x: IntTensor[A, C, *B], axis: Literal[1], keepdims: No = False) -> IntTensor[A, *B]: ...
    @overload
    def __call__(self, x: IntTensor[A, C, *B], axis: Literal[1], keepdims: Yes) -> IntTensor[A, One, *B]: ...
    @overload
    def __call__(self, x: IntTensor[*B, A, C], axis: Literal[-2], keepdims: No = False) -> IntTensor[*B, C]: ...
    @overload
    def __call__(self, x: IntTensor[A, C, *B], axis: FirstTwo, keepdims: No = False) -> IntTensor[*B]: ...
    @overload
    def __call__(self, x: IntTensor[*B, A, C], axis: LastTwo, keepdims: No = False) -> IntTensor[*B]: ...
    @overload
    def __call__(
        self, x: Tensor[*tuple[Any, ...]] | IntTensor[*tuple[Any, ...]] | Raw, axis: Axis = None, keepdims: bool = False
    ) -> Any: ...


class Index(Protocol):
    """Numbers to indices."""

    @overload
    def __call__(self, x: Tensor[*S], axis: None = None, keepdims: No = False) -> IntTensor[()]: ...
    @overload
    def __call__(self, x: Tensor[*B, A], axis: Literal[-1], keepdims: No = False) -> IntTensor[*B]: ...
    @overload
    def __call__(self, x: Tensor[*B, A], axis: Literal[-1], keepdims: Yes) -> IntTensor[*B, One]: ...
    @overload
    def __call__(self, x: Tensor[A, *B], axis: Literal[0], keepdims: No = False) -> IntTensor[*B]: ...
    @overload
    def __call__(self, x: Tensor[A, *B], axis: Literal[0], keepdims: Yes) -> IntTensor[One, *B]: ...
    @overload
    def __call__(self, x: Tensor[A, C, *B], axis: Literal[1], keepdims: No = False) -> IntTensor[A, *B]: ...
    @overload
    def __call__(self, x: Tensor[A, C, *B], axis: Literal[1], keepdims: Yes) -> IntTensor[A, One, *B]: ...
    @overload
    def __call__(self, x: Tensor[*B, A, C], axis: Literal[-2], keepdims: No = False) -> IntTensor[*B, C]: ...
    @overload
    def __call__(self, x: IntTensor[*S], axis: None = None, keepdims: No = False) -> IntTensor[()]: ...
    @overload
    def __call__(self, x: IntTensor[*B, A], axis: Literal[-1], keepdims: No = False) -> IntTensor[*B]: ...
    @overload
    def __call__(self, x: IntTensor[*B, A], axis: Literal[-1], keepdims: Yes) -> IntTensor[*B, One]: ...
    @overload
    def __call__(self, x: IntTensor[A, *B], axis: Literal[0], keepdims: No = False) -> IntTensor[*B]: ...
    @overload
    def __call__(self, x: IntTensor[A, *B], axis: Literal[0], keepdims: Yes) -> IntTensor[One, *B]: ...
    @overload
    def __call__(self, x: IntTensor[A, C, *B], axis: Literal[1], keepdims: No = False) -> IntTensor[A, *B]: ...
    @overload
    def __call__(self, x: IntTensor[A, C, *B], axis: Literal[1], keepdims: Yes) -> IntTensor[A, One, *B]: ...
    @overload
    def __call__(self, x: IntTensor[*B, A, C], axis: Literal[-2], keepdims: No = False) -> IntTensor[*B, C]: ...
    @overload
    def __call__(
        self,
        x: Tensor[*tuple[Any, ...]] | IntTensor[*tuple[Any, ...]] | Raw,
        axis: int | None = None,
        keepdims: bool = False,
    ) -> Any: ...


class Condition(Protocol):
    """Conditions to conditions."""

    @overload
    def __call__(self, x: BoolTensor[*S], axis: None = None, keepdims: No = False) -> BoolTensor[()]: ...
    @overload
    def __call__(self, x: BoolTensor[*B, A], axis: Literal[-1], keepdims: No = False) -> BoolTensor[*B]: ...
    @overload
    def __call__(self, x: BoolTensor[*B, A], axis: Literal[-1], keepdims: Yes) -> BoolTensor[*B, One]: ...
    @overload
    def __call__(self, x: BoolTensor[A, *B], axis: Literal[0], keepdims: No = False) -> BoolTensor[*B]: ...
    @overload
    def __call__(self, x: BoolTensor[A, *B], axis: Literal[0], keepdims: Yes) -> BoolTensor[One, *B]: ...
    @overload
    def __call__(self, x: BoolTensor[A, C, *B], axis: Literal[1], keepdims: No = False) -> BoolTensor[A, *B]: ...
    @overload
    def __call__(self, x: BoolTensor[A, C, *B], axis: Literal[1], keepdims: Yes) -> BoolTensor[A, One, *B]: ...
    @overload
    def __call__(self, x: BoolTensor[*B, A, C], axis: Literal[-2], keepdims: No = False) -> BoolTensor[*B, C]: ...
    @overload
    def __call__(self, x: BoolTensor[A, C, *B], axis: FirstTwo, keepdims: No = False) -> BoolTensor[*B]: ...
    @overload
    def __call__(self, x: BoolTensor[*B, A, C], axis: LastTwo, keepdims: No = False) -> BoolTensor[*B]: ...
    @overload
    def __call__(self, x: BoolTensor[*tuple[Any, ...]] | Raw, axis: Axis = None, keepdims: bool = False) -> Any: ...


# ---- lookup
class AlongAxis(Protocol):
    """One element for each element of the index."""

    @overload
    def __call__(self, x: Tensor[*tuple[Any, ...]], index: IntTensor[*S], axis: int) -> Tensor[*S]: ...
    @overload
    def __call__(self, x: IntTensor[*tuple[Any, ...]], index: IntTensor[*S], axis: int) -> IntTensor[*S]: ...
    @overload
    def __call__(self, x: BoolTensor[*tuple[Any, ...]], index: IntTensor[*S], axis: int) -> BoolTensor[*S]: ...
    @overload
    def __call__(self, x: AnyTensor | Raw, index: Raw, axis: int) -> Any: ...
    @overload
    def __call__(self, x: Raw, index: IntTensor[*tuple[Any, ...]], axis: int) -> Any: ...


# ---- what the decorators give
def reduction(f: Callable[..., Any]) -> Reduction:
    """`f` with the signatures of a `Reduction`."""
    return cast("Reduction", f)


def variance(f: Callable[..., Any]) -> Variance:
    """`f` with the signatures of a `Variance`."""
    return cast("Variance", f)


def extreme(f: Callable[..., Any]) -> Extreme:
    """`f` with the signatures of an `Extreme`."""
    return cast("Extreme", f)


def place(f: Callable[..., Any]) -> Index:
    """`f` with the signatures of an `Index`."""
    return cast("Index", f)


def condition(f: Callable[..., Any]) -> Condition:
    """`f` with the signatures of a `Condition`."""
    return cast("Condition", f)


def along_axis(f: Callable[..., Any]) -> AlongAxis:
    """`f` with the signatures of `AlongAxis`."""
    return cast("AlongAxis", f)
