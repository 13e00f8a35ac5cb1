# mypy: disable-error-code="overload-overlap, overload-cannot-match"
# mypy compares overloads with their type variables erased, where a suffix looks like equal shapes; calls are resolved.
"""Elementwise functions of one operand, activations, and choosing between elements."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, TypeVar, TypeVarTuple, cast, overload

from ..compiler.errors import OptionError
from ..compiler.loc import user_loc
from . import movement
from .array import DTypeLike
from .conversion import as_array, as_floating
from .dispatch import apply
from .families import Raw
from .tensor import BoolTensor, IntTensor, Tensor

S = TypeVarTuple("S")
B = TypeVarTuple("B")
A = TypeVar("A")
C = TypeVar("C")
One: TypeAlias = Literal[1]


def unary(op: str, x: Tensor[*S]) -> Tensor[*S]:
    """An operation of the table that keeps kind and shape."""
    return cast("Tensor[*S]", apply(op, (x,)))


def _floating(x: Tensor[*S]) -> Tensor[*S]:
    """The operand of a function that uses operators: those of numbers, lists and arrays are others."""
    return cast("Tensor[*S]", as_floating(x))


def exp(x: Tensor[*S]) -> Tensor[*S]:
    """e to the power of x."""
    return unary("exp", x)


def log(x: Tensor[*S]) -> Tensor[*S]:
    """Natural logarithm; -inf at 0, nan below."""
    return unary("log", x)


def log1p(x: Tensor[*S]) -> Tensor[*S]:
    """log(1 + x), accurate near 0."""
    return unary("log1p", x)


def sqrt(x: Tensor[*S]) -> Tensor[*S]:
    """Square root; nan below 0."""
    return unary("sqrt", x)


def rsqrt(x: Tensor[*S]) -> Tensor[*S]:
    """1 / sqrt(x)."""
    return unary("rsqrt", x)


def reciprocal(x: Tensor[*S]) -> Tensor[*S]:
    """1 / x."""
    return unary("reciprocal", x)


def sin(x: Tensor[*S]) -> Tensor[*S]:
    """Sine of x radians."""
    return unary("sin", x)


def cos(x: Tensor[*S]) -> Tensor[*S]:
    """Cosine of x radians."""
    return unary("cos", x)


def tanh(x: Tensor[*S]) -> Tensor[*S]:
    """Hyperbolic tangent."""
    return unary("tanh", x)


def sigmoid(x: Tensor[*S]) -> Tensor[*S]:
    """1 / (1 + exp(-x)), without overflow."""
    return unary("sigmoid", x)


def erf(x: Tensor[*S]) -> Tensor[*S]:
    """The error function."""
    return unary("erf", x)


def relu(x: Tensor[*S]) -> Tensor[*S]:
    """max(x, 0); the gradient at 0 is 0."""
    return unary("relu", x)


def softplus(x: Tensor[*S]) -> Tensor[*S]:
    """log(1 + exp(x)), without overflow."""
    return unary("softplus", x)


def silu(x: Tensor[*S]) -> Tensor[*S]:
    """x * sigmoid(x) (Elfwing et al. 2018; Swish)."""
    return unary("silu", x)


def floor(x: Tensor[*S]) -> Tensor[*S]:
    """The largest whole number that is not larger; no gradient."""
    return unary("floor", x)


def stop_gradient(x: Tensor[*S]) -> Tensor[*S]:
    """x, as a constant of derivatives."""
    return unary("stop_gradient", x)


@overload
def neg(x: Tensor[*S]) -> Tensor[*S]: ...
@overload
def neg(x: IntTensor[*S]) -> IntTensor[*S]: ...
def neg(x: Any) -> Any:
    """-x."""
    return apply("neg", (x,))


@overload
def abs(x: Tensor[*S]) -> Tensor[*S]: ...
@overload
def abs(x: IntTensor[*S]) -> IntTensor[*S]: ...
def abs(x: Any) -> Any:
    """Magnitude; the gradient at 0 is 0."""
    return apply("abs", (x,))


@overload
def sign(x: Tensor[*S]) -> Tensor[*S]: ...
@overload
def sign(x: IntTensor[*S]) -> IntTensor[*S]: ...
def sign(x: Any) -> Any:
    """-1, 0 or 1."""
    return apply("sign", (x,))


@overload
def square(x: Tensor[*S]) -> Tensor[*S]: ...
@overload
def square(x: IntTensor[*S]) -> IntTensor[*S]: ...
def square(x: Any) -> Any:
    """x * x."""
    return apply("square", (x,))


def isnan(x: Tensor[*S]) -> BoolTensor[*S]:
    """Whether it is not a number."""
    return cast("BoolTensor[*S]", apply("isnan", (x,)))


def isfinite(x: Tensor[*S]) -> BoolTensor[*S]:
    """Whether it is neither infinite nor nan."""
    return cast("BoolTensor[*S]", apply("isfinite", (x,)))


def ceil(x: Tensor[*S]) -> Tensor[*S]:
    """The smallest whole number that is not smaller; no gradient."""
    return -floor(-_floating(x))


def round(x: Tensor[*S]) -> Tensor[*S]:
    """The nearest whole number, ties to the even one; no gradient."""
    x = _floating(x)
    up = floor(x + 0.5)
    tie = (up - x == 0.5) & (up - floor(up * 0.5) * 2.0 == 1.0)
    return where(tie, up - 1.0, up)


def expm1(x: Tensor[*S]) -> Tensor[*S]:
    """exp(x) - 1, accurate near 0."""
    x = _floating(x)
    t = tanh(clip(x, -1.0, 1.0) * 0.5)
    return where(abs(x) < 1.0, t * 2.0 / (1.0 - t), exp(x) - 1.0)


# ---- activations
def gelu(x: Tensor[*S], approximate: Literal["none", "tanh"] = "none") -> Tensor[*S]:
    """x * Phi(x), the normal distribution function (Hendrycks & Gimpel 2016); "tanh" is their approximation."""
    if approximate not in ("none", "tanh"):
        text = f"gelu: approximate={approximate!r}"
        raise OptionError(text, loc=user_loc(), help='write "none" or "tanh"', code="SW801")
    return cast("Tensor[*S]", apply("gelu", (x,), {"approximate": approximate}))


def leaky_relu(x: Tensor[*S], negative_slope: float = 0.01) -> Tensor[*S]:
    """x where it is positive, elsewhere negative_slope * x."""
    x = _floating(x)
    return where(x > 0.0, x, x * negative_slope)


def elu(x: Tensor[*S], alpha: float = 1.0) -> Tensor[*S]:
    """x where it is positive, elsewhere alpha * (exp(x) - 1)."""
    x = _floating(x)
    return where(x > 0.0, x, expm1(clip(x, None, 0.0)) * alpha)


def log_sigmoid(x: Tensor[*S]) -> Tensor[*S]:
    """log(sigmoid(x)), without overflow."""
    return -softplus(-x)


def clip(x: Tensor[*S], low: float | None = None, high: float | None = None) -> Tensor[*S]:
    """x limited to [low, high]; None: no limit. The gradient is 1 inside and at the bounds, 0 outside."""
    at = {"low": None if low is None else float(low), "high": None if high is None else float(high)}
    return cast("Tensor[*S]", apply("clip", (x,), at))


# ---- choice and kind
@overload
def where(c: BoolTensor[*S], x: float | Tensor[*S] | Tensor[()], y: Tensor[*S]) -> Tensor[*S]: ...
@overload
def where(c: BoolTensor[*S], x: Tensor[*S], y: float | Tensor[()]) -> Tensor[*S]: ...
@overload
def where(
    c: BoolTensor[A] | BoolTensor[*B, One], x: float | Tensor[*B, A] | Tensor[()], y: Tensor[*B, A]
) -> Tensor[*B, A]: ...
@overload
def where(c: BoolTensor[A] | BoolTensor[*B, One], x: Tensor[*B, A], y: float | Tensor[()]) -> Tensor[*B, A]: ...
@overload
def where(c: BoolTensor[A, C], x: float | Tensor[*B, A, C] | Tensor[()], y: Tensor[*B, A, C]) -> Tensor[*B, A, C]: ...
@overload
def where(c: BoolTensor[A, C], x: Tensor[*B, A, C], y: float | Tensor[()]) -> Tensor[*B, A, C]: ...
@overload
def where(c: BoolTensor[*B, A], x: Tensor[*B, A], y: Tensor[A]) -> Tensor[*B, A]: ...
@overload
def where(c: BoolTensor[*B, A], x: Tensor[A], y: Tensor[*B, A]) -> Tensor[*B, A]: ...
@overload
def where(c: BoolTensor[*S], x: int | IntTensor[*S] | IntTensor[()], y: IntTensor[*S]) -> IntTensor[*S]: ...
@overload
def where(c: BoolTensor[*S], x: IntTensor[*S], y: int | IntTensor[()]) -> IntTensor[*S]: ...
@overload
def where(
    c: BoolTensor[A] | BoolTensor[*B, One], x: int | IntTensor[*B, A] | IntTensor[()], y: IntTensor[*B, A]
) -> IntTensor[*B, A]: ...
@overload
def where(c: BoolTensor[A] | BoolTensor[*B, One], x: IntTensor[*B, A], y: int | IntTensor[()]) -> IntTensor[*B, A]: ...
@overload
def where(
    c: BoolTensor[A, C], x: int | IntTensor[*B, A, C] | IntTensor[()], y: IntTensor[*B, A, C]
) -> IntTensor[*B, A, C]: ...
@overload
def where(c: BoolTensor[A, C], x: IntTensor[*B, A, C], y: int | IntTensor[()]) -> IntTensor[*B, A, C]: ...
@overload
def where(c: BoolTensor[*B, A], x: IntTensor[*B, A], y: IntTensor[A]) -> IntTensor[*B, A]: ...
@overload
def where(c: BoolTensor[*B, A], x: IntTensor[A], y: IntTensor[*B, A]) -> IntTensor[*B, A]: ...
@overload
def where(c: BoolTensor[*S], x: float, y: float) -> Any: ...
@overload
def where(c: BoolTensor[*tuple[Any, ...]] | Raw, x: Tensor[*tuple[Any, ...]] | Raw | float, y: Raw) -> Any: ...
@overload
def where(c: BoolTensor[*tuple[Any, ...]] | Raw, x: Raw, y: Tensor[*tuple[Any, ...]] | Raw | float) -> Any: ...
@overload
def where(
    c: Raw,
    x: Tensor[*tuple[Any, ...]] | IntTensor[*tuple[Any, ...]] | float,
    y: Tensor[*tuple[Any, ...]] | IntTensor[*tuple[Any, ...]] | float,
) -> Any: ...
def where(c: Any, x: Any, y: Any) -> Any:
    """`x` where the condition is true, elsewhere `y`; all three broadcast."""
    return apply("where", (c, x, y))


@overload
def cast_to(x: Tensor[*S] | IntTensor[*S] | BoolTensor[*S], dtype: Literal["float32", "float64"]) -> Tensor[*S]: ...
@overload
def cast_to(
    x: Tensor[*S] | IntTensor[*S] | BoolTensor[*S], dtype: Literal["int32", "int64", "uint32"]
) -> IntTensor[*S]: ...
@overload
def cast_to(x: Tensor[*S] | IntTensor[*S] | BoolTensor[*S], dtype: Literal["bool"]) -> BoolTensor[*S]: ...
@overload
def cast_to(x: object, dtype: DTypeLike) -> Any: ...
def cast_to(x: Any, dtype: Any) -> Any:
    """The same values as another element type; floats are cut off towards zero where it is an integer.

    The class `float` is the floating type of the program (float32 outside of one).
    """
    return movement.cast_to(as_array(x), dtype)
