"""Movement: the same elements elsewhere, for tensors of every kind. Sizes that need arithmetic are `Any` to a checker."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, TypeVar, TypeVarTuple, cast, overload

from ..compiler.errors import OptionError, ShapeError
from ..compiler.loc import user_loc
from ..compiler.sizes import Size
from ..compiler.types import DType
from . import movement
from .array import AnyArray, Array, as_array, type_of
from .creation import filled, iota
from .dispatch import apply, fail
from .movement import Axis
from .tensor import BoolTensor, IntTensor, Tensor

S = TypeVarTuple("S")
B = TypeVarTuple("B")
A = TypeVar("A")
C = TypeVar("C")
M = TypeVar("M")
N = TypeVar("N")
T = TypeVar("T", bound="Array[*tuple[Any, ...]]")
One: TypeAlias = Literal[1]


# ---- shapes
@overload
def reshape(x: Tensor[*S], to: tuple[int]) -> Tensor[Any]: ...
@overload
def reshape(x: Tensor[*S], to: tuple[int, int]) -> Tensor[Any, Any]: ...
@overload
def reshape(x: Tensor[*S], to: tuple[int, int, int]) -> Tensor[Any, Any, Any]: ...
@overload
def reshape(x: IntTensor[*S], to: tuple[int]) -> IntTensor[Any]: ...
@overload
def reshape(x: IntTensor[*S], to: tuple[int, int]) -> IntTensor[Any, Any]: ...
@overload
def reshape(x: IntTensor[*S], to: tuple[int, int, int]) -> IntTensor[Any, Any, Any]: ...
@overload
def reshape(x: BoolTensor[*S], to: tuple[int]) -> BoolTensor[Any]: ...
@overload
def reshape(x: BoolTensor[*S], to: tuple[int, int]) -> BoolTensor[Any, Any]: ...
@overload
def reshape(x: BoolTensor[*S], to: tuple[int, int, int]) -> BoolTensor[Any, Any, Any]: ...
@overload
def reshape(x: object, to: int | Sequence[int]) -> Any: ...
def reshape(x: Any, to: Any) -> Any:
    """The same elements in another shape; one size may be -1."""
    return movement.reshape(as_array(x), to)


def flatten(x: object, start: int = 0, end: int = -1) -> Any:
    """Axes `start` to `end` (both included) as one."""
    return movement.flatten(as_array(x), start, end)


def squeeze(x: object, axis: Axis = None) -> Any:
    """Without axes of size 1: all, or the given ones."""
    return movement.squeeze(as_array(x), axis)


@overload
def unsqueeze(x: Tensor[*S], axis: Literal[0]) -> Tensor[One, *S]: ...
@overload
def unsqueeze(x: Tensor[*S], axis: Literal[-1]) -> Tensor[*S, One]: ...
@overload
def unsqueeze(x: IntTensor[*S], axis: Literal[0]) -> IntTensor[One, *S]: ...
@overload
def unsqueeze(x: IntTensor[*S], axis: Literal[-1]) -> IntTensor[*S, One]: ...
@overload
def unsqueeze(x: BoolTensor[*S], axis: Literal[0]) -> BoolTensor[One, *S]: ...
@overload
def unsqueeze(x: BoolTensor[*S], axis: Literal[-1]) -> BoolTensor[*S, One]: ...
@overload
def unsqueeze(x: object, axis: int | Sequence[int]) -> Any: ...
def unsqueeze(x: Any, axis: Any) -> Any:
    """With new axes of size 1 at these places of the result."""
    return movement.unsqueeze(as_array(x), axis)


@overload
def broadcast_to(x: Tensor[*S], to: tuple[int, int]) -> Tensor[Any, Any]: ...
@overload
def broadcast_to(x: Tensor[*S], to: tuple[int, int, int]) -> Tensor[Any, Any, Any]: ...
@overload
def broadcast_to(x: IntTensor[*S], to: tuple[int, int]) -> IntTensor[Any, Any]: ...
@overload
def broadcast_to(x: IntTensor[*S], to: tuple[int, int, int]) -> IntTensor[Any, Any, Any]: ...
@overload
def broadcast_to(x: BoolTensor[*S], to: tuple[int, int]) -> BoolTensor[Any, Any]: ...
@overload
def broadcast_to(x: BoolTensor[*S], to: tuple[int, int, int]) -> BoolTensor[Any, Any, Any]: ...
@overload
def broadcast_to(x: object, to: int | Sequence[int]) -> Any: ...
def broadcast_to(x: Any, to: Any) -> Any:
    """Repeated along axes of size 1 and along new leading axes; -1 keeps a size."""
    return movement.broadcast_to(as_array(x), to)


# ---- order of axes and elements
@overload
def transpose(x: Tensor[M, N], axes: None = None) -> Tensor[N, M]: ...
@overload
def transpose(x: IntTensor[M, N], axes: None = None) -> IntTensor[N, M]: ...
@overload
def transpose(x: BoolTensor[M, N], axes: None = None) -> BoolTensor[N, M]: ...
@overload
def transpose(x: object, axes: Sequence[int] | None = None) -> Any: ...
def transpose(x: Any, axes: Any = None) -> Any:
    """Axes in another order; None reverses them."""
    return movement.transpose(as_array(x), axes)


def permute(x: object, axes: Sequence[int]) -> Any:
    """Axes in another order: axis i of the result is axis axes[i]."""
    return movement.transpose(as_array(x), axes)


def flip(x: T, axis: Axis = None) -> T:
    """Elements in reverse order along `axis`."""
    out: AnyArray = as_array(x)
    for a in movement.many_axes("flip", out, axis):
        n = int(type_of(out).shape[a])
        out = movement.cut(out, a, n - 1, n, -1) if n else out
    return cast("T", out)


def roll(x: T, shift: int, axis: int) -> T:
    """Elements moved on by `shift` places along `axis`; those at the end come back at the start."""
    tensor = as_array(x)
    a = movement.one_axis("roll", tensor, axis)
    n = int(type_of(tensor).shape[a])
    k = shift % n if n else 0
    if k == 0:
        return x
    parts = (movement.cut(tensor, a, n - k, k), movement.cut(tensor, a, 0, n - k))
    return cast("T", apply("concat", parts, {"axis": a}))


def repeat(x: object, times: int, axis: int) -> Any:
    """Every element `times` times in a row along `axis`."""
    tensor = as_array(x)
    a = movement.one_axis("repeat", tensor, axis)
    shape = type_of(tensor).shape
    wide = movement.broadcast_to(movement.unsqueeze(tensor, a + 1), (*shape[: a + 1], times, *shape[a + 1 :]))
    return movement.reshape(wide, (*shape[:a], shape[a] * times, *shape[a + 1 :]))


def tril(x: T, diagonal: int = 0) -> T:
    """The lower triangle of the last two axes, zeros above the diagonal."""
    return _triangle(x, "tril", diagonal)


def triu(x: T, diagonal: int = 0) -> T:
    """The upper triangle of the last two axes, zeros below the diagonal."""
    return _triangle(x, "triu", diagonal)


def _triangle(x: T, op: str, diagonal: int) -> T:
    tensor = as_array(x)
    if tensor.ndim < 2:
        fail(ShapeError(f"{op} needs at least two axes", code="SW103"), tensor)
    shape = type_of(tensor).shape[-2:]
    row, column = apply("add", (iota(shape, 0), diagonal)), iota(shape, 1)
    keep = apply("greater_equal" if op == "tril" else "less_equal", (row, column))
    zero = False if tensor.dtype == bool else 0
    return cast("T", apply("where", (keep, tensor, zero)))


# ---- joining and cutting
@overload
def concat(xs: tuple[Tensor[A, *B], Tensor[C, *B]], axis: Literal[0] = 0) -> Tensor[Any, *B]: ...
@overload
def concat(xs: tuple[Tensor[*B, A], Tensor[*B, C]], axis: Literal[-1]) -> Tensor[*B, Any]: ...
@overload
def concat(xs: tuple[IntTensor[A, *B], IntTensor[C, *B]], axis: Literal[0] = 0) -> IntTensor[Any, *B]: ...
@overload
def concat(xs: tuple[IntTensor[*B, A], IntTensor[*B, C]], axis: Literal[-1]) -> IntTensor[*B, Any]: ...
@overload
def concat(xs: tuple[BoolTensor[A, *B], BoolTensor[C, *B]], axis: Literal[0] = 0) -> BoolTensor[Any, *B]: ...
@overload
def concat(xs: tuple[BoolTensor[*B, A], BoolTensor[*B, C]], axis: Literal[-1]) -> BoolTensor[*B, Any]: ...
@overload
def concat(xs: Sequence[object], axis: int = 0) -> Any: ...
def concat(xs: Any, axis: Any = 0) -> Any:
    """Tensors one after the other along `axis`; the other axes must agree. ShapeError if there are none."""
    tensors = _several("concat", xs)
    return apply("concat", tensors, {"axis": movement.one_axis("concat", tensors[0], axis)})


@overload
def stack(xs: Sequence[Tensor[*S]], axis: Literal[0] = 0) -> Tensor[Any, *S]: ...
@overload
def stack(xs: Sequence[Tensor[*S]], axis: Literal[-1]) -> Tensor[*S, Any]: ...
@overload
def stack(xs: Sequence[IntTensor[*S]], axis: Literal[0] = 0) -> IntTensor[Any, *S]: ...
@overload
def stack(xs: Sequence[IntTensor[*S]], axis: Literal[-1]) -> IntTensor[*S, Any]: ...
@overload
def stack(xs: Sequence[BoolTensor[*S]], axis: Literal[0] = 0) -> BoolTensor[Any, *S]: ...
@overload
def stack(xs: Sequence[BoolTensor[*S]], axis: Literal[-1]) -> BoolTensor[*S, Any]: ...
@overload
def stack(xs: Sequence[object], axis: int = 0) -> Any: ...
def stack(xs: Any, axis: Any = 0) -> Any:
    """Tensors of one shape along a new axis."""
    tensors = _several("stack", xs)
    a = movement.one_axis("stack", tensors[0], axis, extra=1)
    first = type_of(tensors[0]).shape
    for i, t in enumerate(tensors):
        if t.ndim != len(first):
            text = f"stack: tensor {i} has {t.ndim} axes, tensor 0 has {len(first)}"
            fail(ShapeError(text, help="stack tensors of one shape", code="SW103"), *tensors)
    return apply("concat", [movement.unsqueeze(t, a) for t in tensors], {"axis": a})


def _several(op: str, xs: Sequence[object]) -> list[AnyArray]:
    if isinstance(xs, Array) or not isinstance(cast("object", xs), tuple | list) or not xs:
        given = "none" if isinstance(cast("object", xs), tuple | list) else "one object"
        fail(ShapeError(f"{op} takes a tuple of tensors, got {given}", help=f"write {op}((a, b))", code="SW103"))
    return [as_array(x) for x in xs]


def split(x: T, sizes: int | Sequence[int], axis: int = 0) -> tuple[T, ...]:
    """Pieces along `axis`: of the given sizes, or of one size each (the last may be smaller)."""
    return movement.split(as_array(x), sizes, axis)


def slice(x: object, starts: Sequence[int], stops: Sequence[int], steps: Sequence[int] | None = None) -> Any:
    """x[starts[0]:stops[0]:steps[0], ...] along the leading axes."""
    from .indexing import index

    at = zip(starts, stops, steps or (1,) * len(starts), strict=True)
    return index(as_array(x), tuple(builtins.slice(*bounds) for bounds in at))


def pad(x: object, widths: int | Sequence[tuple[int, int]], value: float = 0.0) -> Any:
    """With `value` added: `widths` is (before, after) for each axis, or one number for all of them."""
    tensor = as_array(x)
    pairs = [(widths, widths)] * tensor.ndim if isinstance(widths, int) else list(widths)
    if len(pairs) != tensor.ndim:
        text = f"pad: {len(pairs)} pairs of widths for {tensor.ndim} axes"
        fail(ShapeError(text, help="give one (before, after) for each axis", code="SW103"), tensor)
    if min((w for pair in pairs for w in pair), default=0) < 0:
        raise OptionError("pad: a width is negative", loc=user_loc(), help="cut with x[a:b] instead", code="SW801")
    shape: list[Size] = [s + a + b for s, (a, b) in zip(type_of(tensor).shape, pairs, strict=True)]
    at = {"starts": tuple(a for a, _ in pairs), "steps": (1,) * tensor.ndim, "shape": tuple(shape)}
    if value == 0:
        return apply("unslice", (tensor,), at)
    inside = apply("unslice", (filled(1, type_of(tensor).shape, DType.int64),), at)
    return apply("where", (apply("greater", (inside, 0)), apply("unslice", (tensor,), at), value))
