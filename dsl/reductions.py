"""Reductions: over an axis, several, or all (`axis=None`); `keepdims` keeps a reduced axis with size 1."""

from __future__ import annotations

from typing import Any

from . import movement
from .array import type_of
from .conversion import as_array, as_floating
from .dispatch import apply
from .families import condition, extreme, place, reduction, variance
from .movement import many_axes, reduce


@extreme
def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Sum."""
    return reduce("sum", as_array(x), axis, keepdims)


@reduction
def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Mean of floating elements."""
    return reduce("mean", as_floating(x), axis, keepdims)


@extreme
def max(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Largest element; the gradient is spread evenly over equal ones."""
    return reduce("max", as_array(x), axis, keepdims)


@extreme
def min(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Smallest element; the gradient is spread evenly over equal ones."""
    return reduce("min", as_array(x), axis, keepdims)


@reduction
def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))), without overflow."""
    return reduce("logsumexp", as_floating(x), axis, keepdims)


@place
def argmax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Index of the largest element (the first of equal ones); `axis` None: of the flattened tensor."""
    return reduce("argmax", as_array(x), axis, keepdims)


@place
def argmin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Index of the smallest element (the first of equal ones); `axis` None: of the flattened tensor."""
    return reduce("argmax", apply("neg", (x,)), axis, keepdims)


@variance
def var(x: Any, axis: Any = None, keepdims: bool = False, correction: int = 0) -> Any:
    """Mean squared distance from the mean; divides by n - correction."""
    x = as_floating(x)
    centred = apply("sub", (x, reduce("mean", x, axis, True)))
    squares = reduce("sum", apply("square", (centred,)), axis, keepdims)
    count: Any = 1
    for a in many_axes("var", x, axis):
        count = count * type_of(x).shape[a]
    return apply("div", (squares, count - correction))


@variance
def std(x: Any, axis: Any = None, keepdims: bool = False, correction: int = 0) -> Any:
    """Square root of the variance."""
    return apply("sqrt", (var(x, axis, keepdims, correction),))


@reduction
def norm(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Square root of the sum of squares."""
    return apply("sqrt", (reduce("sum", apply("square", (as_floating(x),)), axis, keepdims),))


@condition
def any(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether any element is true."""
    return movement.any_true(as_array(x), axis, keepdims)


@condition
def all(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether every element is true."""
    return movement.all_true(as_array(x), axis, keepdims)
