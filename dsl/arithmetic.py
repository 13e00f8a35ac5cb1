"""Arithmetic, comparison and logic of two operands, with NumPy broadcasting.

Typed broadcasts are those of `operands`. Kinds do not mix: an integer tensor and a floating one are a DTypeError that
says which cast to write. Sizes that do not broadcast are a ShapeError.
"""

from __future__ import annotations

from typing import Any, TypeVarTuple, cast

from .dispatch import apply
from .operands import arithmetic, comparison, equality, float_arithmetic, logic
from .tensor import BoolTensor

S = TypeVarTuple("S")


@arithmetic
def add(x: Any, y: Any) -> Any:
    """x + y."""
    return apply("add", (x, y))


@arithmetic
def sub(x: Any, y: Any) -> Any:
    """x - y."""
    return apply("sub", (x, y))


@arithmetic
def mul(x: Any, y: Any) -> Any:
    """x * y."""
    return apply("mul", (x, y))


@float_arithmetic
def div(x: Any, y: Any) -> Any:
    """x / y, of floating tensors. Division by zero follows IEEE 754."""
    return apply("div", (x, y))


@arithmetic
def maximum(x: Any, y: Any) -> Any:
    """The larger of two elements; the gradient of equal ones is split."""
    return apply("maximum", (x, y))


@arithmetic
def minimum(x: Any, y: Any) -> Any:
    """The smaller of two elements; the gradient of equal ones is split."""
    return apply("minimum", (x, y))


@float_arithmetic
def pow(x: Any, y: Any) -> Any:
    """x to the power of y, of floating tensors."""
    return apply("pow", (x, y))


@equality
def equal(x: Any, y: Any) -> Any:
    """x == y, elementwise."""
    return apply("equal", (x, y))


@equality
def not_equal(x: Any, y: Any) -> Any:
    """x != y, elementwise."""
    return apply("not_equal", (x, y))


@comparison
def less(x: Any, y: Any) -> Any:
    """x < y, elementwise."""
    return apply("less", (x, y))


@comparison
def less_equal(x: Any, y: Any) -> Any:
    """x <= y, elementwise."""
    return apply("less_equal", (x, y))


@comparison
def greater(x: Any, y: Any) -> Any:
    """x > y, elementwise."""
    return apply("greater", (x, y))


@comparison
def greater_equal(x: Any, y: Any) -> Any:
    """x >= y, elementwise."""
    return apply("greater_equal", (x, y))


@logic
def logical_and(x: Any, y: Any) -> Any:
    """Whether both are true."""
    return apply("logical_and", (x, y))


@logic
def logical_or(x: Any, y: Any) -> Any:
    """Whether either is true."""
    return apply("logical_or", (x, y))


@logic
def logical_xor(x: Any, y: Any) -> Any:
    """Whether exactly one is true."""
    return apply("not_equal", (x, y))


def logical_not(x: BoolTensor[*S]) -> BoolTensor[*S]:
    """Whether it is false."""
    return cast("BoolTensor[*S]", apply("logical_not", (x,)))
