"""Movement: the same elements elsewhere, for tensors of every kind. Sizes that need arithmetic are `Any` to a checker, and
computed by Pyrefly (`dsl/pyrefly`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, TypeVar, TypeVarTuple, cast, overload

from ..compiler.errors import ShapeError
from . import movement
from .array import AnyArray, Array, type_of
from .conversion import as_array
from .creation import iota
from .dispatch import apply, fail
from .families import Raw
from .movement import Axis
from .permutations import permutation, transposition
from .tensor import BoolTensor, IntTensor, Tensor

S = TypeVarTuple("S")
B = TypeVarTuple("B")
A = TypeVar("A")
C = TypeVar("C")
D = TypeVar("D")
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
def reshape(x: Tensor[*S], to: tuple[int, int, int, int]) -> Tensor[Any, Any, Any, Any]: ...
@overload
def reshape(x: IntTensor[*S], to: tuple[int, int, int, int]) -> IntTensor[Any, Any, Any, Any]: ...
@overload
def reshape(x: BoolTensor[*S], to: tuple[int, int, int, int]) -> BoolTensor[Any, Any, Any, Any]: ...
@overload
def reshape(x: AnyArray | Raw, to: int | Sequence[int]) -> Any: ...
def reshape(x: Any, to: Any) -> Any:
    """The same elements in another shape; one size may be -1."""
    return movement.reshape(as_array(x), to)


@overload
def flatten(x: Tensor[*S], start: Literal[0] = 0, end: Literal[-1] = -1) -> Tensor[Any]: ...
@overload
def flatten(x: Tensor[A, C, *B], start: Literal[1], end: Literal[-1] = -1) -> Tensor[A, Any]: ...
@overload
def flatten(x: IntTensor[*S], start: Literal[0] = 0, end: Literal[-1] = -1) -> IntTensor[Any]: ...
@overload
def flatten(x: IntTensor[A, C, *B], start: Literal[1], end: Literal[-1] = -1) -> IntTensor[A, Any]: ...
@overload
def flatten(x: BoolTensor[*S], start: Literal[0] = 0, end: Literal[-1] = -1) -> BoolTensor[Any]: ...
@overload
def flatten(x: BoolTensor[A, C, *B], start: Literal[1], end: Literal[-1] = -1) -> BoolTensor[A, Any]: ...
@overload
def flatten(x: Tensor[A, C, *B], start: Literal[0], end: Literal[1]) -> Tensor[Any, *B]: ...
@overload
def flatten(x: Tensor[A, C, D, *B], start: Literal[1], end: Literal[2]) -> Tensor[A, Any, *B]: ...
@overload
def flatten(x: IntTensor[A, C, *B], start: Literal[0], end: Literal[1]) -> IntTensor[Any, *B]: ...
@overload
def flatten(x: IntTensor[A, C, D, *B], start: Literal[1], end: Literal[2]) -> IntTensor[A, Any, *B]: ...
@overload
def flatten(x: BoolTensor[A, C, *B], start: Literal[0], end: Literal[1]) -> BoolTensor[Any, *B]: ...
@overload
def flatten(x: BoolTensor[A, C, D, *B], start: Literal[1], end: Literal[2]) -> BoolTensor[A, Any, *B]: ...
@overload
def flatten(x: AnyArray | Raw, start: int = 0, end: int = -1) -> Any: ...
def flatten(x: Any, start: int = 0, end: int = -1) -> Any:
    """Axes `start` to `end` (both included) as one."""
    return movement.flatten(as_array(x), start, end)


@overload
def squeeze(x: Tensor[A, *B], axis: Literal[0]) -> Tensor[*B]: ...
@overload
def squeeze(x: Tensor[*B, A], axis: Literal[-1]) -> Tensor[*B]: ...
@overload
def squeeze(x: Tensor[A, C, *B], axis: Literal[1]) -> Tensor[A, *B]: ...
@overload
def squeeze(x: IntTensor[A, *B], axis: Literal[0]) -> IntTensor[*B]: ...
@overload
def squeeze(x: IntTensor[*B, A], axis: Literal[-1]) -> IntTensor[*B]: ...
@overload
def squeeze(x: IntTensor[A, C, *B], axis: Literal[1]) -> IntTensor[A, *B]: ...
@overload
def squeeze(x: BoolTensor[A, *B], axis: Literal[0]) -> BoolTensor[*B]: ...
@overload
def squeeze(x: BoolTensor[*B, A], axis: Literal[-1]) -> BoolTensor[*B]: ...
@overload
def squeeze(x: BoolTensor[A, C, *B], axis: Literal[1]) -> BoolTensor[A, *B]: ...
@overload
def squeeze(x: AnyArray | Raw, axis: Axis = None) -> Any: ...
def squeeze(x: Any, axis: Any = None) -> Any:
    """Without axes of size 1: all, or the given ones."""
    return movement.squeeze(as_array(x), axis)


@overload
def unsqueeze(x: Tensor[*S], axis: Literal[0]) -> Tensor[One, *S]: ...
@overload
def unsqueeze(x: Tensor[*S], axis: Literal[-1]) -> Tensor[*S, One]: ...
@overload
def unsqueeze(x: Tensor[A, *B], axis: Literal[1]) -> Tensor[A, One, *B]: ...
@overload
def unsqueeze(x: Tensor[*B, A], axis: Literal[-2]) -> Tensor[*B, One, A]: ...
@overload
def unsqueeze(x: IntTensor[*S], axis: Literal[0]) -> IntTensor[One, *S]: ...
@overload
def unsqueeze(x: IntTensor[*S], axis: Literal[-1]) -> IntTensor[*S, One]: ...
@overload
def unsqueeze(x: IntTensor[A, *B], axis: Literal[1]) -> IntTensor[A, One, *B]: ...
@overload
def unsqueeze(x: IntTensor[*B, A], axis: Literal[-2]) -> IntTensor[*B, One, A]: ...
@overload
def unsqueeze(x: BoolTensor[*S], axis: Literal[0]) -> BoolTensor[One, *S]: ...
@overload
def unsqueeze(x: BoolTensor[*S], axis: Literal[-1]) -> BoolTensor[*S, One]: ...
@overload
def unsqueeze(x: BoolTensor[A, *B], axis: Literal[1]) -> BoolTensor[A, One, *B]: ...
@overload
def unsqueeze(x: BoolTensor[*B, A], axis: Literal[-2]) -> BoolTensor[*B, One, A]: ...
@overload
def unsqueeze(x: AnyArray | Raw, axis: int | Sequence[int]) -> Any: ...
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
def broadcast_to(x: Tensor[*S], to: tuple[int]) -> Tensor[Any]: ...
@overload
def broadcast_to(x: Tensor[*S], to: tuple[int, int, int, int]) -> Tensor[Any, Any, Any, Any]: ...
@overload
def broadcast_to(x: IntTensor[*S], to: tuple[int]) -> IntTensor[Any]: ...
@overload
def broadcast_to(x: IntTensor[*S], to: tuple[int, int, int, int]) -> IntTensor[Any, Any, Any, Any]: ...
@overload
def broadcast_to(x: BoolTensor[*S], to: tuple[int]) -> BoolTensor[Any]: ...
@overload
def broadcast_to(x: BoolTensor[*S], to: tuple[int, int, int, int]) -> BoolTensor[Any, Any, Any, Any]: ...
@overload
def broadcast_to(x: AnyArray | Raw, to: int | Sequence[int]) -> Any: ...
def broadcast_to(x: Any, to: Any) -> Any:
    """Repeated along axes of size 1 and along new leading axes; -1 keeps a size."""
    return movement.broadcast_to(as_array(x), to)


# ---- order of axes and elements
@transposition
def transpose(x: Any, axes: Any = None) -> Any:
    """Axes in another order; None reverses them."""
    return movement.transpose(as_array(x), axes)


@permutation
def permute(x: Any, axes: Any) -> Any:
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


@overload
def repeat(x: Tensor[A, *B], times: int, axis: Literal[0]) -> Tensor[Any, *B]: ...
@overload
def repeat(x: Tensor[*B, A], times: int, axis: Literal[-1]) -> Tensor[*B, Any]: ...
@overload
def repeat(x: Tensor[A, C, *B], times: int, axis: Literal[1]) -> Tensor[A, Any, *B]: ...
@overload
def repeat(x: IntTensor[A, *B], times: int, axis: Literal[0]) -> IntTensor[Any, *B]: ...
@overload
def repeat(x: IntTensor[*B, A], times: int, axis: Literal[-1]) -> IntTensor[*B, Any]: ...
@overload
def repeat(x: IntTensor[A, C, *B], times: int, axis: Literal[1]) -> IntTensor[A, Any, *B]: ...
@overload
def repeat(x: BoolTensor[A, *B], times: int, axis: Literal[0]) -> BoolTensor[Any, *B]: ...
@overload
def repeat(x: BoolTensor[*B, A], times: int, axis: Literal[-1]) -> BoolTensor[*B, Any]: ...
@overload
def repeat(x: BoolTensor[A, C, *B], times: int, axis: Literal[1]) -> BoolTensor[A, Any, *B]: ...
@overload
def repeat(x: AnyArray | Raw, times: int, axis: int) -> Any: ...
def repeat(x: Any, times: int, axis: int) -> Any:
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
