"""Making tensors: filled, counted and random ones. They go to the current interpreter.

dtype: an element type by its name, its NumPy type, or a class of Python: `int`, `bool`, or `float`, that of the program.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, TypeVarTuple, cast, overload

import numpy as np

from ..compiler.errors import DTypeError, OptionError, ShapeError
from ..compiler.ir.attrs import AttrValue
from ..compiler.loc import user_loc
from ..compiler.sizes import Poly, Shape, Size
from ..compiler.types import DType
from .array import Array, DTypeLike, type_of, with_names
from .blame import TRANSPARENT
from .conversion import as_array, dtype_like, shape_of
from .dispatch import apply, apply_random
from .interpreters import program_dtype
from .key import KeyLike, as_key
from .report import option_text

if TYPE_CHECKING:
    from .tensor import BoolTensor, IntTensor, Tensor

S = TypeVarTuple("S")
ShapeLike: TypeAlias = "int | Sequence[int]"
T = TypeVar("T", bound="Array[*tuple[Any, ...]]")
F = TypeVar("F", bound=Callable[..., object])


# ---- shared with the constructors of the tensor classes
def floating(dtype: DTypeLike | None) -> DType:
    """A floating element type; the program's (outside of one float32) if none is named."""
    if dtype is None:
        return program_dtype() or DType.float32
    want = dtype_like(dtype)
    if not want.is_float:
        raise DTypeError(
            f"{want.value} is no floating element type",
            loc=user_loc(),
            help='use "float32" or "float64"',
            code="SW203",
        )
    return want


def filled(value: float | bool, shape: Shape, dtype: DType) -> Any:
    """One number everywhere."""
    negative = next((s for s in shape if isinstance(s, int) and s < 0), None)
    if negative is not None:
        raise ShapeError(f"a size is negative: {negative}", loc=user_loc(), code="SW103")
    number = float(value) if dtype.is_float else value
    x = apply("const", (), {"value": number, "dtype": dtype.value})
    return apply("broadcast_to", (x,), {"shape": shape}) if shape else x


def drawn(op: str, shape: Shape, dtype: DTypeLike | None, key: KeyLike | None, **attrs: AttrValue) -> Any:
    """Random numbers of a floating element type."""
    words = None if key is None else as_key(key).array
    return apply_random(op, (), words, {"shape": shape, "dtype": floating(dtype).value, **attrs})


def _shape_alone(f: F) -> F:
    """`f`, which takes nothing but a shape by position: sizes that are given one by one are refused."""

    @wraps(f)
    def checked(*args: object, **named: object) -> object:
        if len(args) > 1:
            sizes = all(type(a) is int for a in args)
            raise ShapeError(
                f"{f.__name__} takes one shape by position, {len(args)} arguments were given",
                loc=user_loc(),
                help=f"the shape is one tuple: write sw.{f.__name__}({args})" if sizes else "pass the others by name",
                code="SW103",
            )
        return f(*args, **named)

    made: Any = checked
    TRANSPARENT.add(made.__code__)
    return cast("F", made)


def _one_shape(name: str, *given: object) -> None:
    """Refuse sizes that are given one by one, where the shape is a tuple; `given`: the shape and what follows it."""
    size, second, *rest = given
    if type(size) is int and type(second) is int:
        value = f", {rest[0]}" if rest else ""
        raise DTypeError(
            f"{name}: {option_text(rest[0] if rest else second)} is no element type",
            loc=user_loc(),
            help=f"the shape is one tuple: write sw.{name}(({size}, {second}){value})",
            code="SW201",
        )


# ---- filled
@overload
def zeros(shape: tuple[()], dtype: Literal["float32", "float64"] | None = None) -> Tensor[()]: ...
@overload
def zeros(shape: int | tuple[int], dtype: Literal["float32", "float64"] | None = None) -> Tensor[Any]: ...
@overload
def zeros(shape: tuple[int, int], dtype: Literal["float32", "float64"] | None = None) -> Tensor[Any, Any]: ...
@overload
def zeros(shape: tuple[int, int, int], dtype: Literal["float32", "float64"] | None = None) -> Tensor[Any, Any, Any]: ...
@overload
def zeros(shape: ShapeLike, dtype: DTypeLike | None = None) -> Any: ...
def zeros(shape: Any, dtype: Any = None) -> Any:
    """Zeros of `shape`; the element type is the program's (float32) if none is named."""
    _one_shape("zeros", shape, dtype)
    return filled(0, shape_of(shape), floating(None) if dtype is None else dtype_like(dtype))


@overload
def ones(shape: tuple[()], dtype: Literal["float32", "float64"] | None = None) -> Tensor[()]: ...
@overload
def ones(shape: int | tuple[int], dtype: Literal["float32", "float64"] | None = None) -> Tensor[Any]: ...
@overload
def ones(shape: tuple[int, int], dtype: Literal["float32", "float64"] | None = None) -> Tensor[Any, Any]: ...
@overload
def ones(shape: tuple[int, int, int], dtype: Literal["float32", "float64"] | None = None) -> Tensor[Any, Any, Any]: ...
@overload
def ones(shape: ShapeLike, dtype: DTypeLike | None = None) -> Any: ...
def ones(shape: Any, dtype: Any = None) -> Any:
    """Ones of `shape`; the element type is the program's (float32) if none is named."""
    _one_shape("ones", shape, dtype)
    return filled(1, shape_of(shape), floating(None) if dtype is None else dtype_like(dtype))


def full(shape: ShapeLike, value: float, dtype: DTypeLike | None = None) -> Any:
    """`value` everywhere. Without a dtype: float for a float, int64 for an int, bool for a bool."""
    if isinstance(cast("object", dtype), int | float):
        _one_shape("full", shape, value, dtype)
    natural = DType.bool if isinstance(value, bool) else DType.int64 if isinstance(value, int) else floating(None)
    return filled(value, shape_of(shape), natural if dtype is None else dtype_like(dtype))


def zeros_like(x: T) -> T:
    """Zeros of the shape and element type of `x`."""
    return full_like(x, 0)


def ones_like(x: T) -> T:
    """Ones of the shape and element type of `x`."""
    return full_like(x, 1)


def full_like(x: T, value: float) -> T:
    """`value` everywhere, in the shape and element type of `x`."""
    t = type_of(as_array(x))
    number = bool(value) if t.dtype is DType.bool else float(value) if t.dtype.is_float else int(value)
    return cast("T", with_names(filled(number, t.shape, t.dtype), t.names))


# ---- counted
def iota(shape: Shape, axis: int, dtype: DType = DType.int64) -> Any:
    """The index along `axis`, as a tensor of `shape`."""
    return apply("iota", (), {"shape": shape, "axis": axis, "dtype": dtype.value})


@overload
def arange(start: int, stop: int | None = None, step: int = 1, dtype: None = None) -> IntTensor[Any]: ...
@overload
def arange(start: float, stop: float | None = None, step: float = 1, dtype: DTypeLike | None = None) -> Any: ...
def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> Any:
    """Numbers from `start` (0 if only one is given) up to, without, `stop`. Integers are int64."""
    first, last = (0, start) if stop is None else (start, stop)
    if step == 0:
        raise OptionError("arange: the step is 0", loc=user_loc(), help="give a step other than 0", code="SW801")
    whole = not any(isinstance(v, float | np.floating) for v in (first, last, step))
    kind = (DType.int64 if whole else floating(None)) if dtype is None else dtype_like(dtype)
    if whole and step == 1 and (isinstance(first, Poly) or isinstance(last, Poly)):
        count: Size = last - first
    elif whole:
        count = len(range(int(first), int(last), int(step)))
    else:
        count = max(math.ceil((last - first) / step), 0)
    out = iota((count,), 0, kind)
    if step != 1:
        out = apply("mul", (out, step))
    return apply("add", (out, first)) if isinstance(first, Poly) or first != 0 else out


def eye(n: int, m: int | None = None, dtype: DTypeLike | None = None) -> Tensor[Any, Any]:
    """A matrix with ones on the diagonal."""
    shape = shape_of((n, n if m is None else m))
    same = apply("equal", (iota(shape, 0), iota(shape, 1)))
    kind = floating(None) if dtype is None else dtype_like(dtype)
    return cast("Tensor[Any, Any]", apply("cast", (same,), {"dtype": kind.value}))


def linspace(start: float, stop: float, count: int, dtype: DTypeLike | None = None) -> Tensor[Any]:
    """`count` numbers from `start` to `stop`, both included."""
    steps = iota((count,), 0, floating(dtype))
    scale = (stop - start) / (count - 1) if count > 1 else 0.0
    return cast("Tensor[Any]", apply("add", (apply("mul", (steps, scale)), float(start))))


# ---- random
@overload
def normal(
    shape: int | tuple[int],
    *,
    mean: float = 0.0,
    std: float = 1.0,
    key: KeyLike | None = None,
    dtype: DTypeLike | None = None,
) -> Tensor[Any]: ...
@overload
def normal(
    shape: tuple[int, int],
    *,
    mean: float = 0.0,
    std: float = 1.0,
    key: KeyLike | None = None,
    dtype: DTypeLike | None = None,
) -> Tensor[Any, Any]: ...
@overload
def normal(
    shape: tuple[int, int, int],
    *,
    mean: float = 0.0,
    std: float = 1.0,
    key: KeyLike | None = None,
    dtype: DTypeLike | None = None,
) -> Tensor[Any, Any, Any]: ...
@overload
def normal(
    shape: ShapeLike, *, mean: float = 0.0, std: float = 1.0, key: KeyLike | None = None, dtype: DTypeLike | None = None
) -> Any: ...
@_shape_alone
def normal(
    shape: Any, *, mean: float = 0.0, std: float = 1.0, key: KeyLike | None = None, dtype: DTypeLike | None = None
) -> Any:
    """Normal numbers. Without a key each call draws afresh: per step in a trainer, by order of calls."""
    return drawn("normal", shape_of(shape), dtype, key, mean=float(mean), std=float(std))


@overload
def uniform(
    shape: int | tuple[int],
    *,
    low: float = 0.0,
    high: float = 1.0,
    key: KeyLike | None = None,
    dtype: DTypeLike | None = None,
) -> Tensor[Any]: ...
@overload
def uniform(
    shape: tuple[int, int],
    *,
    low: float = 0.0,
    high: float = 1.0,
    key: KeyLike | None = None,
    dtype: DTypeLike | None = None,
) -> Tensor[Any, Any]: ...
@overload
def uniform(
    shape: tuple[int, int, int],
    *,
    low: float = 0.0,
    high: float = 1.0,
    key: KeyLike | None = None,
    dtype: DTypeLike | None = None,
) -> Tensor[Any, Any, Any]: ...
@overload
def uniform(
    shape: ShapeLike, *, low: float = 0.0, high: float = 1.0, key: KeyLike | None = None, dtype: DTypeLike | None = None
) -> Any: ...
@_shape_alone
def uniform(
    shape: Any, *, low: float = 0.0, high: float = 1.0, key: KeyLike | None = None, dtype: DTypeLike | None = None
) -> Any:
    """Numbers spread evenly over [low, high)."""
    return drawn("uniform", shape_of(shape), dtype, key, low=float(low), high=float(high))


@overload
def bernoulli(p: float, shape: int | tuple[int], *, key: KeyLike | None = None) -> BoolTensor[Any]: ...
@overload
def bernoulli(p: float, shape: tuple[int, int], *, key: KeyLike | None = None) -> BoolTensor[Any, Any]: ...
@overload
def bernoulli(p: float, shape: tuple[int, int, int], *, key: KeyLike | None = None) -> BoolTensor[Any, Any, Any]: ...
@overload
def bernoulli(p: float, shape: ShapeLike, *, key: KeyLike | None = None) -> Any: ...
def bernoulli(p: float, shape: Any, *, key: KeyLike | None = None) -> Any:
    """Conditions that are true with probability `p`."""
    check_probability("bernoulli", p)
    words = None if key is None else as_key(key).array
    return apply_random("bernoulli", (), words, {"shape": shape_of(shape), "p": float(p)})


def dropout(x: Tensor[*S], p: float = 0.5, train: bool = True, *, key: KeyLike | None = None) -> Tensor[*S]:
    """Zeros with probability `p`, the rest scaled by 1 / (1 - p); `x` itself if not `train`.

    Raises:
        OptionError: `p` outside [0, 1].
    """
    check_probability("dropout", p)
    if not train or p == 0:
        return x
    words = None if key is None else as_key(key).array
    return cast("Tensor[*S]", apply_random("dropout", (x,), words, {"p": float(p)}))


def check_probability(op: str, p: float) -> None:
    if not 0.0 <= p <= 1.0:
        from .report import option_text

        raise OptionError(
            f"{op}: p = {option_text(p)} is no probability", loc=user_loc(), help="0 <= p <= 1", code="SW801"
        )


@overload
def randint(low: int, high: int, shape: int | tuple[int], *, key: KeyLike | None = None) -> IntTensor[Any]: ...
@overload
def randint(low: int, high: int, shape: tuple[int, int], *, key: KeyLike | None = None) -> IntTensor[Any, Any]: ...
@overload
def randint(
    low: int, high: int, shape: tuple[int, int, int], *, key: KeyLike | None = None
) -> IntTensor[Any, Any, Any]: ...
@overload
def randint(low: int, high: int, shape: ShapeLike, *, key: KeyLike | None = None) -> IntTensor[*tuple[Any, ...]]: ...
def randint(low: int, high: int, shape: Any, *, key: KeyLike | None = None) -> Any:
    """Integers spread evenly over [low, high) (up to 2**53 of them)."""
    unit = drawn("uniform", shape_of(shape), "float64", key, low=0.0, high=1.0)
    scaled = apply("floor", (apply("mul", (unit, float(high - low))),))
    return apply("add", (apply("cast", (scaled,), {"dtype": "int64"}), low))
