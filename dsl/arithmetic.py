"""Arithmetic, comparison and logic of two operands, with NumPy broadcasting.

Typed broadcasts are equal shapes and a scalar (the operators know more); anything else is `Any` to a checker. Kinds do not mix: an integer
tensor and a floating one are a DTypeError that says which cast to write. Sizes that do not broadcast are a ShapeError.
"""

from __future__ import annotations

from typing import Any, TypeVarTuple, cast, overload

from .dispatch import apply
from .tensor import BoolTensor, IntTensor, Tensor

S = TypeVarTuple("S")


@overload
def add(x: Tensor[*S], y: float | Tensor[*S] | Tensor[()]) -> Tensor[*S]: ...
@overload
def add(x: float | Tensor[()], y: Tensor[*S]) -> Tensor[*S]: ...
@overload
def add(x: IntTensor[*S], y: int | IntTensor[*S] | IntTensor[()]) -> IntTensor[*S]: ...
@overload
def add(x: int | IntTensor[()], y: IntTensor[*S]) -> IntTensor[*S]: ...
@overload
def add(x: object, y: object) -> Any: ...
def add(x: Any, y: Any) -> Any:
    """x + y."""
    return apply("add", (x, y))


@overload
def sub(x: Tensor[*S], y: float | Tensor[*S] | Tensor[()]) -> Tensor[*S]: ...
@overload
def sub(x: float | Tensor[()], y: Tensor[*S]) -> Tensor[*S]: ...
@overload
def sub(x: IntTensor[*S], y: int | IntTensor[*S] | IntTensor[()]) -> IntTensor[*S]: ...
@overload
def sub(x: int | IntTensor[()], y: IntTensor[*S]) -> IntTensor[*S]: ...
@overload
def sub(x: object, y: object) -> Any: ...
def sub(x: Any, y: Any) -> Any:
    """x - y."""
    return apply("sub", (x, y))


@overload
def mul(x: Tensor[*S], y: float | Tensor[*S] | Tensor[()]) -> Tensor[*S]: ...
@overload
def mul(x: float | Tensor[()], y: Tensor[*S]) -> Tensor[*S]: ...
@overload
def mul(x: IntTensor[*S], y: int | IntTensor[*S] | IntTensor[()]) -> IntTensor[*S]: ...
@overload
def mul(x: int | IntTensor[()], y: IntTensor[*S]) -> IntTensor[*S]: ...
@overload
def mul(x: object, y: object) -> Any: ...
def mul(x: Any, y: Any) -> Any:
    """x * y."""
    return apply("mul", (x, y))


@overload
def div(x: Tensor[*S], y: float | Tensor[*S] | Tensor[()]) -> Tensor[*S]: ...
@overload
def div(x: float | Tensor[()], y: Tensor[*S]) -> Tensor[*S]: ...
@overload
def div(x: IntTensor[*S], y: int | IntTensor[*S] | IntTensor[()]) -> IntTensor[*S]: ...
@overload
def div(x: int | IntTensor[()], y: IntTensor[*S]) -> IntTensor[*S]: ...
@overload
def div(x: object, y: object) -> Any: ...
def div(x: Any, y: Any) -> Any:
    """x / y, of floating tensors. Division by zero follows IEEE 754."""
    return apply("div", (x, y))


@overload
def maximum(x: Tensor[*S], y: float | Tensor[*S] | Tensor[()]) -> Tensor[*S]: ...
@overload
def maximum(x: float | Tensor[()], y: Tensor[*S]) -> Tensor[*S]: ...
@overload
def maximum(x: IntTensor[*S], y: int | IntTensor[*S] | IntTensor[()]) -> IntTensor[*S]: ...
@overload
def maximum(x: int | IntTensor[()], y: IntTensor[*S]) -> IntTensor[*S]: ...
@overload
def maximum(x: object, y: object) -> Any: ...
def maximum(x: Any, y: Any) -> Any:
    """The larger of two elements; the gradient of equal ones is split."""
    return apply("maximum", (x, y))


@overload
def minimum(x: Tensor[*S], y: float | Tensor[*S] | Tensor[()]) -> Tensor[*S]: ...
@overload
def minimum(x: float | Tensor[()], y: Tensor[*S]) -> Tensor[*S]: ...
@overload
def minimum(x: IntTensor[*S], y: int | IntTensor[*S] | IntTensor[()]) -> IntTensor[*S]: ...
@overload
def minimum(x: int | IntTensor[()], y: IntTensor[*S]) -> IntTensor[*S]: ...
@overload
def minimum(x: object, y: object) -> Any: ...
def minimum(x: Any, y: Any) -> Any:
    """The smaller of two elements; the gradient of equal ones is split."""
    return apply("minimum", (x, y))


@overload
def pow(x: Tensor[*S], y: float | Tensor[*S] | Tensor[()]) -> Tensor[*S]: ...
@overload
def pow(x: IntTensor[*S], y: int | IntTensor[*S] | IntTensor[()]) -> IntTensor[*S]: ...
@overload
def pow(x: object, y: object) -> Any: ...
def pow(x: Any, y: Any) -> Any:
    """x to the power of y."""
    return apply("pow", (x, y))


@overload
def equal(x: Tensor[*S], y: float | Tensor[*S] | Tensor[()]) -> BoolTensor[*S]: ...
@overload
def equal(x: IntTensor[*S], y: int | IntTensor[*S] | IntTensor[()]) -> BoolTensor[*S]: ...
@overload
def equal(x: BoolTensor[*S], y: bool | BoolTensor[*S] | BoolTensor[()]) -> BoolTensor[*S]: ...
@overload
def equal(x: object, y: object) -> Any: ...
def equal(x: Any, y: Any) -> Any:
    """x == y, elementwise."""
    return apply("equal", (x, y))


@overload
def not_equal(x: Tensor[*S], y: float | Tensor[*S] | Tensor[()]) -> BoolTensor[*S]: ...
@overload
def not_equal(x: IntTensor[*S], y: int | IntTensor[*S] | IntTensor[()]) -> BoolTensor[*S]: ...
@overload
def not_equal(x: BoolTensor[*S], y: bool | BoolTensor[*S] | BoolTensor[()]) -> BoolTensor[*S]: ...
@overload
def not_equal(x: object, y: object) -> Any: ...
def not_equal(x: Any, y: Any) -> Any:
    """x != y, elementwise."""
    return apply("not_equal", (x, y))


@overload
def less(x: Tensor[*S], y: float | Tensor[*S] | Tensor[()]) -> BoolTensor[*S]: ...
@overload
def less(x: IntTensor[*S], y: int | IntTensor[*S] | IntTensor[()]) -> BoolTensor[*S]: ...
@overload
def less(x: BoolTensor[*S], y: bool | BoolTensor[*S] | BoolTensor[()]) -> BoolTensor[*S]: ...
@overload
def less(x: object, y: object) -> Any: ...
def less(x: Any, y: Any) -> Any:
    """x < y, elementwise."""
    return apply("less", (x, y))


@overload
def less_equal(x: Tensor[*S], y: float | Tensor[*S] | Tensor[()]) -> BoolTensor[*S]: ...
@overload
def less_equal(x: IntTensor[*S], y: int | IntTensor[*S] | IntTensor[()]) -> BoolTensor[*S]: ...
@overload
def less_equal(x: BoolTensor[*S], y: bool | BoolTensor[*S] | BoolTensor[()]) -> BoolTensor[*S]: ...
@overload
def less_equal(x: object, y: object) -> Any: ...
def less_equal(x: Any, y: Any) -> Any:
    """x <= y, elementwise."""
    return apply("less_equal", (x, y))


@overload
def greater(x: Tensor[*S], y: float | Tensor[*S] | Tensor[()]) -> BoolTensor[*S]: ...
@overload
def greater(x: IntTensor[*S], y: int | IntTensor[*S] | IntTensor[()]) -> BoolTensor[*S]: ...
@overload
def greater(x: BoolTensor[*S], y: bool | BoolTensor[*S] | BoolTensor[()]) -> BoolTensor[*S]: ...
@overload
def greater(x: object, y: object) -> Any: ...
def greater(x: Any, y: Any) -> Any:
    """x > y, elementwise."""
    return apply("greater", (x, y))


@overload
def greater_equal(x: Tensor[*S], y: float | Tensor[*S] | Tensor[()]) -> BoolTensor[*S]: ...
@overload
def greater_equal(x: IntTensor[*S], y: int | IntTensor[*S] | IntTensor[()]) -> BoolTensor[*S]: ...
@overload
def greater_equal(x: BoolTensor[*S], y: bool | BoolTensor[*S] | BoolTensor[()]) -> BoolTensor[*S]: ...
@overload
def greater_equal(x: object, y: object) -> Any: ...
def greater_equal(x: Any, y: Any) -> Any:
    """x >= y, elementwise."""
    return apply("greater_equal", (x, y))


def logical_and(x: BoolTensor[*S], y: bool | BoolTensor[*S] | BoolTensor[()]) -> BoolTensor[*S]:
    """Whether both are true."""
    return cast("BoolTensor[*S]", apply("logical_and", (x, y)))


def logical_or(x: BoolTensor[*S], y: bool | BoolTensor[*S] | BoolTensor[()]) -> BoolTensor[*S]:
    """Whether either is true."""
    return cast("BoolTensor[*S]", apply("logical_or", (x, y)))


def logical_not(x: BoolTensor[*S]) -> BoolTensor[*S]:
    """Whether it is false."""
    return cast("BoolTensor[*S]", apply("logical_not", (x,)))


def logical_xor(x: BoolTensor[*S], y: bool | BoolTensor[*S] | BoolTensor[()]) -> BoolTensor[*S]:
    """Whether exactly one is true."""
    return cast("BoolTensor[*S]", apply("not_equal", (x, y)))
