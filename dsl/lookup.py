"""Indexing by integer tensors. An index outside its axis is IndexOutOfRange (negative ones do not wrap around)."""

from __future__ import annotations

from typing import Any, Literal, TypeVar, TypeVarTuple, cast, overload

from ..compiler.types import DType
from . import indexing, movement
from .array import DTypeLike, type_of
from .conversion import as_array, dtype_like
from .creation import floating
from .dispatch import apply
from .families import AnyTensor, Raw, along_axis
from .tensor import BoolTensor, IntTensor, Tensor

S = TypeVarTuple("S")
B = TypeVarTuple("B")
A = TypeVar("A")
D = TypeVar("D")
V = TypeVar("V")
M = TypeVar("M")
N = TypeVar("N")
T = TypeVar("T", bound="Tensor[*tuple[Any, ...]]")


@overload
def take(x: Tensor[A, *B], index: IntTensor[N], axis: Literal[0] = 0) -> Tensor[N, *B]: ...
@overload
def take(x: Tensor[A, *B], index: IntTensor[M, N], axis: Literal[0] = 0) -> Tensor[M, N, *B]: ...
@overload
def take(x: Tensor[*B, A], index: IntTensor[N], axis: Literal[-1]) -> Tensor[*B, N]: ...
@overload
def take(x: IntTensor[A, *B], index: IntTensor[N], axis: Literal[0] = 0) -> IntTensor[N, *B]: ...
@overload
def take(x: IntTensor[A, *B], index: IntTensor[M, N], axis: Literal[0] = 0) -> IntTensor[M, N, *B]: ...
@overload
def take(x: IntTensor[*B, A], index: IntTensor[N], axis: Literal[-1]) -> IntTensor[*B, N]: ...
@overload
def take(x: BoolTensor[A, *B], index: IntTensor[N], axis: Literal[0] = 0) -> BoolTensor[N, *B]: ...
@overload
def take(x: BoolTensor[A, *B], index: IntTensor[M, N], axis: Literal[0] = 0) -> BoolTensor[M, N, *B]: ...
@overload
def take(x: BoolTensor[*B, A], index: IntTensor[N], axis: Literal[-1]) -> BoolTensor[*B, N]: ...
@overload
def take(x: AnyTensor | Raw, index: IntTensor[*tuple[Any, ...]] | Raw | int, axis: int = 0) -> Any: ...
def take(x: Any, index: Any, axis: Any = 0) -> Any:
    """Slices of `x` at the places in `index` (of any rank), which replaces `axis`."""
    tensor = as_array(x)
    return apply("take", (tensor, as_array(index)), {"axis": movement.one_axis("take", tensor, axis)})


@along_axis
def take_along_axis(x: Any, index: Any, axis: int) -> Any:
    """One element of `x` per element of `index`: out[.., i, ..] = x[.., index[.., i, ..], ..] along `axis`."""
    return _along_axis("take_along_axis", x, index, axis)


@along_axis
def gather(x: Any, index: Any, axis: int) -> Any:
    """`take_along_axis` under its PyTorch name; the axis comes last here."""
    return _along_axis("gather", x, index, axis)


def _along_axis(name: str, x: object, index: object, axis: int) -> Any:
    tensor = as_array(x)
    at = {"axis": movement.one_axis(name, tensor, axis)}
    return apply("take_along_axis", (tensor, as_array(index)), at)


def scatter_add(x: T, index: IntTensor[*S], updates: Tensor[*S], axis: int) -> T:
    """`x` with updates[.., i, ..] added at index[.., i, ..] along `axis`; equal places add up."""
    a = movement.one_axis("scatter_add", x, axis)
    at = {"axis": a, "size": type_of(x).shape[a]}
    return cast("T", apply("add", (x, apply("scatter_along_axis", (as_array(index), updates), at))))


@overload
def one_hot(ids: IntTensor[*B], n: int, dtype: Literal["float32", "float64"] | None = None) -> Tensor[*B, Any]: ...
@overload
def one_hot(ids: IntTensor[*B], n: int, dtype: DTypeLike | None = None) -> Any: ...
def one_hot(ids: Any, n: Any, dtype: Any = None) -> Any:
    """Rows of `n` numbers: 1 at the place of the id, else 0."""
    kind: DType = floating(None) if dtype is None else dtype_like(dtype)
    return apply("one_hot", (as_array(ids),), {"n": n, "dtype": kind.value})


def embedding(ids: IntTensor[*B], table: Tensor[V, D]) -> Tensor[*B, D]:
    """Rows of `table` at `ids`; at one integer, that row."""
    return cast("Tensor[*B, D]", apply("embedding", (ids, table)))


def index(x: object, key: object) -> Any:
    """`x[key]`."""
    return indexing.index(as_array(x), key)
