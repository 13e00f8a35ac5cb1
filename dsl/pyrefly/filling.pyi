"""What Pyrefly reads instead of the functions that repeat or add elements, and of `einsum`: the same, with sizes computed.

For the order of the overloads see `unknown.pyi`.
"""

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, Unpack, overload

from shape_extensions import Flag, Int, IntTuple, IntVar

from ..tensor import BoolTensor, IntTensor, Tensor
from .rules import broadcast_shape, einsum_unequal, pad_shape, repeat_shape
from .unknown import Open, SomeSizes, SomeWidths, Unknown

Zero: TypeAlias = tuple[Literal[0], Literal[0]]
Products: TypeAlias = Literal[
    "i,i->",
    "i,j->ij",
    "ij,j->i",
    "ij,jk->ik",
    "ij,kj->ik",
    "ij,ij->i",
    "ij,ij->",
    "bij,jk->bik",
    "bij,bjk->bik",
    "bij,bkj->bik",
    "bhqd,bhkd->bhqk",
    "bhqk,bhkd->bhqd",
]

# ---- more elements
@overload
def broadcast_to(x: Open[Unknown], to: int | Sequence[int]) -> Any: ...
@overload
def broadcast_to(x: object, to: SomeSizes[Unknown]) -> Any: ...
@overload
def broadcast_to[Shape: IntTuple[int, *tuple[int, ...]], To: IntTuple](
    x: Tensor[*Shape], to: To
) -> Tensor[Unpack[broadcast_shape(Shape, To)]]: ...
@overload
def broadcast_to[*R](x: Tensor[*R], to: tuple[int]) -> Tensor[Any]: ...
@overload
def broadcast_to[*R](x: Tensor[*R], to: tuple[int, int]) -> Tensor[Any, Any]: ...
@overload
def broadcast_to[*R](x: Tensor[*R], to: tuple[int, int, int]) -> Tensor[Any, Any, Any]: ...
@overload
def broadcast_to[*R](x: Tensor[*R], to: tuple[int, int, int, int]) -> Tensor[Any, Any, Any, Any]: ...
@overload
def broadcast_to[Shape: IntTuple[int, *tuple[int, ...]], To: IntTuple](
    x: IntTensor[*Shape], to: To
) -> IntTensor[Unpack[broadcast_shape(Shape, To)]]: ...
@overload
def broadcast_to[*R](x: IntTensor[*R], to: tuple[int]) -> IntTensor[Any]: ...
@overload
def broadcast_to[*R](x: IntTensor[*R], to: tuple[int, int]) -> IntTensor[Any, Any]: ...
@overload
def broadcast_to[*R](x: IntTensor[*R], to: tuple[int, int, int]) -> IntTensor[Any, Any, Any]: ...
@overload
def broadcast_to[*R](x: IntTensor[*R], to: tuple[int, int, int, int]) -> IntTensor[Any, Any, Any, Any]: ...
@overload
def broadcast_to[Shape: IntTuple[int, *tuple[int, ...]], To: IntTuple](
    x: BoolTensor[*Shape], to: To
) -> BoolTensor[Unpack[broadcast_shape(Shape, To)]]: ...
@overload
def broadcast_to[*R](x: BoolTensor[*R], to: tuple[int]) -> BoolTensor[Any]: ...
@overload
def broadcast_to[*R](x: BoolTensor[*R], to: tuple[int, int]) -> BoolTensor[Any, Any]: ...
@overload
def broadcast_to[*R](x: BoolTensor[*R], to: tuple[int, int, int]) -> BoolTensor[Any, Any, Any]: ...
@overload
def broadcast_to[*R](x: BoolTensor[*R], to: tuple[int, int, int, int]) -> BoolTensor[Any, Any, Any, Any]: ...
@overload
def broadcast_to(x: object, to: int | Sequence[int]) -> Any: ...
@overload
def repeat(x: Open[Unknown], times: int, axis: int) -> Any: ...
@overload
def repeat(x: object, times: Int[Unknown], axis: int) -> Any: ...
@overload
def repeat(x: object, times: int, axis: Int[Unknown]) -> Any: ...
@overload
def repeat[N: IntVar, M: IntVar, *R](
    x: Tensor[Int[N], *R], times: Int[M], axis: Literal[0]
) -> Tensor[Int[N * M], *R]: ...
@overload
def repeat[N: IntVar, M: IntVar, *R](
    x: Tensor[*R, Int[N]], times: Int[M], axis: Literal[-1]
) -> Tensor[*R, Int[N * M]]: ...
@overload
def repeat[A, N: IntVar, M: IntVar, *R](
    x: Tensor[A, Int[N], *R], times: Int[M], axis: Literal[1]
) -> Tensor[A, Int[N * M], *R]: ...
@overload
def repeat[Shape: IntTuple[int, *tuple[int, ...]], M: IntVar, At: Flag[int]](
    x: Tensor[*Shape], times: Int[M], axis: At
) -> Tensor[Unpack[repeat_shape(Shape, Int[M], At)]]: ...
@overload
def repeat[A, *R](x: Tensor[A, *R], times: int, axis: Literal[0]) -> Tensor[Any, *R]: ...
@overload
def repeat[A, *R](x: Tensor[*R, A], times: int, axis: Literal[-1]) -> Tensor[*R, Any]: ...
@overload
def repeat[A, C, *R](x: Tensor[A, C, *R], times: int, axis: Literal[1]) -> Tensor[A, Any, *R]: ...
@overload
def repeat[N: IntVar, M: IntVar, *R](
    x: IntTensor[Int[N], *R], times: Int[M], axis: Literal[0]
) -> IntTensor[Int[N * M], *R]: ...
@overload
def repeat[N: IntVar, M: IntVar, *R](
    x: IntTensor[*R, Int[N]], times: Int[M], axis: Literal[-1]
) -> IntTensor[*R, Int[N * M]]: ...
@overload
def repeat[A, N: IntVar, M: IntVar, *R](
    x: IntTensor[A, Int[N], *R], times: Int[M], axis: Literal[1]
) -> IntTensor[A, Int[N * M], *R]: ...
@overload
def repeat[Shape: IntTuple[int, *tuple[int, ...]], M: IntVar, At: Flag[int]](
    x: IntTensor[*Shape], times: Int[M], axis: At
) -> IntTensor[Unpack[repeat_shape(Shape, Int[M], At)]]: ...
@overload
def repeat[A, *R](x: IntTensor[A, *R], times: int, axis: Literal[0]) -> IntTensor[Any, *R]: ...
@overload
def repeat[A, *R](x: IntTensor[*R, A], times: int, axis: Literal[-1]) -> IntTensor[*R, Any]: ...
@overload
def repeat[A, C, *R](x: IntTensor[A, C, *R], times: int, axis: Literal[1]) -> IntTensor[A, Any, *R]: ...
@overload
def repeat[N: IntVar, M: IntVar, *R](
    x: BoolTensor[Int[N], *R], times: Int[M], axis: Literal[0]
) -> BoolTensor[Int[N * M], *R]: ...
@overload
def repeat[N: IntVar, M: IntVar, *R](
    x: BoolTensor[*R, Int[N]], times: Int[M], axis: Literal[-1]
) -> BoolTensor[*R, Int[N * M]]: ...
@overload
def repeat[A, N: IntVar, M: IntVar, *R](
    x: BoolTensor[A, Int[N], *R], times: Int[M], axis: Literal[1]
) -> BoolTensor[A, Int[N * M], *R]: ...
@overload
def repeat[Shape: IntTuple[int, *tuple[int, ...]], M: IntVar, At: Flag[int]](
    x: BoolTensor[*Shape], times: Int[M], axis: At
) -> BoolTensor[Unpack[repeat_shape(Shape, Int[M], At)]]: ...
@overload
def repeat[A, *R](x: BoolTensor[A, *R], times: int, axis: Literal[0]) -> BoolTensor[Any, *R]: ...
@overload
def repeat[A, *R](x: BoolTensor[*R, A], times: int, axis: Literal[-1]) -> BoolTensor[*R, Any]: ...
@overload
def repeat[A, C, *R](x: BoolTensor[A, C, *R], times: int, axis: Literal[1]) -> BoolTensor[A, Any, *R]: ...
@overload
def repeat(x: object, times: int, axis: int) -> Any: ...
@overload
def pad(x: Open[Unknown], widths: int | Sequence[tuple[int, int]], value: float = 0.0) -> Any: ...
@overload
def pad(
    x: object,
    widths: SomeWidths[Unknown],
    value: float = 0.0,
) -> Any: ...
@overload
def pad[N: IntVar, A: IntVar, B: IntVar](
    x: Tensor[Int[N]], widths: tuple[tuple[Int[A], Int[B]]], value: float = 0.0
) -> Tensor[Int[N + A + B]]: ...
@overload
def pad[N: IntVar, M: IntVar, A: IntVar, B: IntVar, C: IntVar, E: IntVar](
    x: Tensor[Int[N], Int[M]], widths: tuple[tuple[Int[A], Int[B]], tuple[Int[C], Int[E]]], value: float = 0.0
) -> Tensor[Int[N + A + B], Int[M + C + E]]: ...
@overload
def pad[O, N: IntVar, A: IntVar, B: IntVar](
    x: Tensor[O, Int[N]], widths: tuple[Zero, tuple[Int[A], Int[B]]], value: float = 0.0
) -> Tensor[O, Int[N + A + B]]: ...
@overload
def pad[O, N: IntVar, A: IntVar, B: IntVar](
    x: Tensor[Int[N], O], widths: tuple[tuple[Int[A], Int[B]], Zero], value: float = 0.0
) -> Tensor[Int[N + A + B], O]: ...
@overload
def pad[O, N: IntVar, M: IntVar, A: IntVar, B: IntVar, C: IntVar, E: IntVar](
    x: Tensor[O, Int[N], Int[M]], widths: tuple[Zero, tuple[Int[A], Int[B]], tuple[Int[C], Int[E]]], value: float = 0.0
) -> Tensor[O, Int[N + A + B], Int[M + C + E]]: ...
@overload
def pad[O, P, N: IntVar, M: IntVar, A: IntVar, B: IntVar, C: IntVar, E: IntVar](
    x: Tensor[O, P, Int[N], Int[M]],
    widths: tuple[Zero, Zero, tuple[Int[A], Int[B]], tuple[Int[C], Int[E]]],
    value: float = 0.0,
) -> Tensor[O, P, Int[N + A + B], Int[M + C + E]]: ...
@overload
def pad[Shape: IntTuple[int, *tuple[int, ...]], W: IntVar](
    x: Tensor[*Shape], widths: Int[W], value: float = 0.0
) -> Tensor[Unpack[pad_shape(Shape, Int[W])]]: ...
@overload
def pad[N: IntVar, A: IntVar, B: IntVar](
    x: IntTensor[Int[N]], widths: tuple[tuple[Int[A], Int[B]]], value: float = 0.0
) -> IntTensor[Int[N + A + B]]: ...
@overload
def pad[N: IntVar, M: IntVar, A: IntVar, B: IntVar, C: IntVar, E: IntVar](
    x: IntTensor[Int[N], Int[M]], widths: tuple[tuple[Int[A], Int[B]], tuple[Int[C], Int[E]]], value: float = 0.0
) -> IntTensor[Int[N + A + B], Int[M + C + E]]: ...
@overload
def pad[O, N: IntVar, A: IntVar, B: IntVar](
    x: IntTensor[O, Int[N]], widths: tuple[Zero, tuple[Int[A], Int[B]]], value: float = 0.0
) -> IntTensor[O, Int[N + A + B]]: ...
@overload
def pad[O, N: IntVar, A: IntVar, B: IntVar](
    x: IntTensor[Int[N], O], widths: tuple[tuple[Int[A], Int[B]], Zero], value: float = 0.0
) -> IntTensor[Int[N + A + B], O]: ...
@overload
def pad[O, N: IntVar, M: IntVar, A: IntVar, B: IntVar, C: IntVar, E: IntVar](
    x: IntTensor[O, Int[N], Int[M]],
    widths: tuple[Zero, tuple[Int[A], Int[B]], tuple[Int[C], Int[E]]],
    value: float = 0.0,
) -> IntTensor[O, Int[N + A + B], Int[M + C + E]]: ...
@overload
def pad[O, P, N: IntVar, M: IntVar, A: IntVar, B: IntVar, C: IntVar, E: IntVar](
    x: IntTensor[O, P, Int[N], Int[M]],
    widths: tuple[Zero, Zero, tuple[Int[A], Int[B]], tuple[Int[C], Int[E]]],
    value: float = 0.0,
) -> IntTensor[O, P, Int[N + A + B], Int[M + C + E]]: ...
@overload
def pad[Shape: IntTuple[int, *tuple[int, ...]], W: IntVar](
    x: IntTensor[*Shape], widths: Int[W], value: float = 0.0
) -> IntTensor[Unpack[pad_shape(Shape, Int[W])]]: ...
@overload
def pad[N: IntVar, A: IntVar, B: IntVar](
    x: BoolTensor[Int[N]], widths: tuple[tuple[Int[A], Int[B]]], value: float = 0.0
) -> BoolTensor[Int[N + A + B]]: ...
@overload
def pad[N: IntVar, M: IntVar, A: IntVar, B: IntVar, C: IntVar, E: IntVar](
    x: BoolTensor[Int[N], Int[M]], widths: tuple[tuple[Int[A], Int[B]], tuple[Int[C], Int[E]]], value: float = 0.0
) -> BoolTensor[Int[N + A + B], Int[M + C + E]]: ...
@overload
def pad[O, N: IntVar, A: IntVar, B: IntVar](
    x: BoolTensor[O, Int[N]], widths: tuple[Zero, tuple[Int[A], Int[B]]], value: float = 0.0
) -> BoolTensor[O, Int[N + A + B]]: ...
@overload
def pad[O, N: IntVar, A: IntVar, B: IntVar](
    x: BoolTensor[Int[N], O], widths: tuple[tuple[Int[A], Int[B]], Zero], value: float = 0.0
) -> BoolTensor[Int[N + A + B], O]: ...
@overload
def pad[O, N: IntVar, M: IntVar, A: IntVar, B: IntVar, C: IntVar, E: IntVar](
    x: BoolTensor[O, Int[N], Int[M]],
    widths: tuple[Zero, tuple[Int[A], Int[B]], tuple[Int[C], Int[E]]],
    value: float = 0.0,
) -> BoolTensor[O, Int[N + A + B], Int[M + C + E]]: ...
@overload
def pad[O, P, N: IntVar, M: IntVar, A: IntVar, B: IntVar, C: IntVar, E: IntVar](
    x: BoolTensor[O, P, Int[N], Int[M]],
    widths: tuple[Zero, Zero, tuple[Int[A], Int[B]], tuple[Int[C], Int[E]]],
    value: float = 0.0,
) -> BoolTensor[O, P, Int[N + A + B], Int[M + C + E]]: ...
@overload
def pad[Shape: IntTuple[int, *tuple[int, ...]], W: IntVar](
    x: BoolTensor[*Shape], widths: Int[W], value: float = 0.0
) -> BoolTensor[Unpack[pad_shape(Shape, Int[W])]]: ...
@overload
def pad(x: object, widths: int | Sequence[tuple[int, int]], value: float = 0.0) -> Any: ...

# ---- products
@overload
def einsum[I, J](spec: Literal["ij->ji"], x: Tensor[I, J], /) -> Tensor[J, I]: ...
@overload
def einsum[I, J](spec: Literal["ij->i"], x: Tensor[I, J], /) -> Tensor[I]: ...
@overload
def einsum[I, J](spec: Literal["ij->j"], x: Tensor[I, J], /) -> Tensor[J]: ...
@overload
def einsum[I, J](spec: Literal["ij->"], x: Tensor[I, J], /) -> Tensor[()]: ...
@overload
def einsum[I](spec: Literal["i,i->"], x: Tensor[I], y: Tensor[I], /) -> Tensor[()]: ...
@overload
def einsum[I, J](spec: Literal["i,j->ij"], x: Tensor[I], y: Tensor[J], /) -> Tensor[I, J]: ...
@overload
def einsum[I, J](spec: Literal["ij,j->i"], x: Tensor[I, J], y: Tensor[J], /) -> Tensor[I]: ...
@overload
def einsum[I, J, K](spec: Literal["ij,jk->ik"], x: Tensor[I, J], y: Tensor[J, K], /) -> Tensor[I, K]: ...
@overload
def einsum[I, J, K](spec: Literal["ij,kj->ik"], x: Tensor[I, J], y: Tensor[K, J], /) -> Tensor[I, K]: ...
@overload
def einsum[I, J](spec: Literal["ij,ij->i"], x: Tensor[I, J], y: Tensor[I, J], /) -> Tensor[I]: ...
@overload
def einsum[I, J](spec: Literal["ij,ij->"], x: Tensor[I, J], y: Tensor[I, J], /) -> Tensor[()]: ...
@overload
def einsum[B, I, J, K](spec: Literal["bij,jk->bik"], x: Tensor[B, I, J], y: Tensor[J, K], /) -> Tensor[B, I, K]: ...
@overload
def einsum[B, I, J, K](spec: Literal["bij,bjk->bik"], x: Tensor[B, I, J], y: Tensor[B, J, K], /) -> Tensor[B, I, K]: ...
@overload
def einsum[B, I, J, K](spec: Literal["bij,bkj->bik"], x: Tensor[B, I, J], y: Tensor[B, K, J], /) -> Tensor[B, I, K]: ...
@overload
def einsum[B, H, I, J, K](
    spec: Literal["bhqd,bhkd->bhqk"], x: Tensor[B, H, I, J], y: Tensor[B, H, K, J], /
) -> Tensor[B, H, I, K]: ...
@overload
def einsum[B, H, I, J, K](
    spec: Literal["bhqk,bhkd->bhqd"], x: Tensor[B, H, I, K], y: Tensor[B, H, K, J], /
) -> Tensor[B, H, I, J]: ...
@overload
def einsum[*R, *Q](spec: Products, x: Tensor[*R], y: Tensor[*Q], /) -> Tensor[Int[einsum_unequal(Int[1])]]: ...
@overload
def einsum(spec: str, *xs: object) -> Any: ...
