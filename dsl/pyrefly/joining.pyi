"""What Pyrefly reads instead of the functions that join tensors: the same, with sizes computed.

For the order of the overloads see `unknown.pyi`.
"""

from collections.abc import Sequence
from typing import Any, Literal, Unpack, overload

from shape_extensions import Flag, Int, IntTuple, IntTuples, IntVar, MapIntTuples

from ..tensor import BoolTensor, IntTensor, Tensor
from .rules import concat_shape, concat_unequal, insert_size, stack_shape, stack_unequal
from .unknown import Absent, Unknown

@overload
def concat[A: Absent, C, *R](xs: tuple[Tensor[A, *R], Tensor[C, *R]], axis: Literal[0] = 0) -> Tensor[Any, *R]: ...
@overload
def concat[A: Absent, C, *R](xs: tuple[Tensor[*R, A], Tensor[*R, C]], axis: Literal[-1]) -> Tensor[*R, Any]: ...
@overload
def concat[A: Absent, C, *R](
    xs: tuple[IntTensor[A, *R], IntTensor[C, *R]], axis: Literal[0] = 0
) -> IntTensor[Any, *R]: ...
@overload
def concat[A: Absent, C, *R](
    xs: tuple[IntTensor[*R, A], IntTensor[*R, C]], axis: Literal[-1]
) -> IntTensor[*R, Any]: ...
@overload
def concat[A: Absent, C, *R](
    xs: tuple[BoolTensor[A, *R], BoolTensor[C, *R]], axis: Literal[0] = 0
) -> BoolTensor[Any, *R]: ...
@overload
def concat[A: Absent, C, *R](
    xs: tuple[BoolTensor[*R, A], BoolTensor[*R, C]], axis: Literal[-1]
) -> BoolTensor[*R, Any]: ...
@overload
def concat(xs: Absent, axis: int = 0) -> Any: ...
@overload
def concat(xs: Sequence[object], axis: Int[Unknown]) -> Any: ...
@overload
def concat[N: IntVar, M: IntVar, *R](
    xs: tuple[Tensor[Int[N], *R], Tensor[Int[M], *R]], axis: Literal[0] = 0
) -> Tensor[Int[N + M], *R]: ...
@overload
def concat[N: IntVar, M: IntVar, L: IntVar, *R](
    xs: tuple[Tensor[Int[N], *R], Tensor[Int[M], *R], Tensor[Int[L], *R]], axis: Literal[0] = 0
) -> Tensor[Int[N + M + L], *R]: ...
@overload
def concat[N: IntVar, M: IntVar, L: IntVar, P: IntVar, *R](
    xs: tuple[Tensor[Int[N], *R], Tensor[Int[M], *R], Tensor[Int[L], *R], Tensor[Int[P], *R]], axis: Literal[0] = 0
) -> Tensor[Int[N + M + L + P], *R]: ...
@overload
def concat[A, N: IntVar, M: IntVar, *R](
    xs: tuple[Tensor[A, Int[N], *R], Tensor[A, Int[M], *R]], axis: Literal[1]
) -> Tensor[A, Int[N + M], *R]: ...
@overload
def concat[A, N: IntVar, M: IntVar, L: IntVar, *R](
    xs: tuple[Tensor[A, Int[N], *R], Tensor[A, Int[M], *R], Tensor[A, Int[L], *R]], axis: Literal[1]
) -> Tensor[A, Int[N + M + L], *R]: ...
@overload
def concat[A, N: IntVar, M: IntVar, L: IntVar, P: IntVar, *R](
    xs: tuple[Tensor[A, Int[N], *R], Tensor[A, Int[M], *R], Tensor[A, Int[L], *R], Tensor[A, Int[P], *R]],
    axis: Literal[1],
) -> Tensor[A, Int[N + M + L + P], *R]: ...
@overload
def concat[N: IntVar, M: IntVar, *R](
    xs: tuple[Tensor[*R, Int[N]], Tensor[*R, Int[M]]], axis: Literal[-1]
) -> Tensor[*R, Int[N + M]]: ...
@overload
def concat[N: IntVar, M: IntVar, L: IntVar, *R](
    xs: tuple[Tensor[*R, Int[N]], Tensor[*R, Int[M]], Tensor[*R, Int[L]]], axis: Literal[-1]
) -> Tensor[*R, Int[N + M + L]]: ...
@overload
def concat[N: IntVar, M: IntVar, L: IntVar, P: IntVar, *R](
    xs: tuple[Tensor[*R, Int[N]], Tensor[*R, Int[M]], Tensor[*R, Int[L]], Tensor[*R, Int[P]]], axis: Literal[-1]
) -> Tensor[*R, Int[N + M + L + P]]: ...
@overload
def concat[A, C, N: IntVar, M: IntVar, *R](
    xs: tuple[Tensor[A, C, Int[N], *R], Tensor[A, C, Int[M], *R]], axis: Literal[2]
) -> Tensor[A, C, Int[N + M], *R]: ...
@overload
def concat[A, N: IntVar, M: IntVar, *R](
    xs: tuple[Tensor[*R, Int[N], A], Tensor[*R, Int[M], A]], axis: Literal[-2]
) -> Tensor[*R, Int[N + M], A]: ...
@overload
def concat[A, *R](xs: list[Tensor[A, *R]] | tuple[Tensor[A, *R], ...], axis: Literal[0] = 0) -> Tensor[Any, *R]: ...
@overload
def concat[A, *R](xs: list[Tensor[*R, A]] | tuple[Tensor[*R, A], ...], axis: Literal[-1]) -> Tensor[*R, Any]: ...
@overload
def concat[*R](xs: list[Any] | tuple[Tensor[*R], ...], axis: int = 0) -> Any: ...
@overload
def concat[Shapes: IntTuples, At: Flag[int] = 0](
    xs: MapIntTuples[lambda S: Tensor[*S], Shapes], axis: At = 0
) -> Tensor[Unpack[concat_shape(Shapes, At)]]: ...
@overload
def concat[A, C, *R](xs: tuple[Tensor[A, *R], Tensor[C, *R]], axis: Literal[0] = 0) -> Tensor[Any, *R]: ...
@overload
def concat[A, C, *R](xs: tuple[Tensor[*R, A], Tensor[*R, C]], axis: Literal[-1]) -> Tensor[*R, Any]: ...
@overload
def concat[A, C, *R, *Q](
    xs: tuple[Tensor[A, *R], Tensor[C, *Q]], axis: Literal[0] = 0
) -> Tensor[Int[concat_unequal(Int[1])]]: ...
@overload
def concat[A, C, *R, *Q](
    xs: tuple[Tensor[*R, A], Tensor[*Q, C]], axis: Literal[-1]
) -> Tensor[Int[concat_unequal(Int[1])]]: ...
@overload
def concat[N: IntVar, M: IntVar, *R](
    xs: tuple[IntTensor[Int[N], *R], IntTensor[Int[M], *R]], axis: Literal[0] = 0
) -> IntTensor[Int[N + M], *R]: ...
@overload
def concat[N: IntVar, M: IntVar, L: IntVar, *R](
    xs: tuple[IntTensor[Int[N], *R], IntTensor[Int[M], *R], IntTensor[Int[L], *R]], axis: Literal[0] = 0
) -> IntTensor[Int[N + M + L], *R]: ...
@overload
def concat[N: IntVar, M: IntVar, L: IntVar, P: IntVar, *R](
    xs: tuple[IntTensor[Int[N], *R], IntTensor[Int[M], *R], IntTensor[Int[L], *R], IntTensor[Int[P], *R]],
    axis: Literal[0] = 0,
) -> IntTensor[Int[N + M + L + P], *R]: ...
@overload
def concat[A, N: IntVar, M: IntVar, *R](
    xs: tuple[IntTensor[A, Int[N], *R], IntTensor[A, Int[M], *R]], axis: Literal[1]
) -> IntTensor[A, Int[N + M], *R]: ...
@overload
def concat[A, N: IntVar, M: IntVar, L: IntVar, *R](
    xs: tuple[IntTensor[A, Int[N], *R], IntTensor[A, Int[M], *R], IntTensor[A, Int[L], *R]], axis: Literal[1]
) -> IntTensor[A, Int[N + M + L], *R]: ...
@overload
def concat[A, N: IntVar, M: IntVar, L: IntVar, P: IntVar, *R](
    xs: tuple[IntTensor[A, Int[N], *R], IntTensor[A, Int[M], *R], IntTensor[A, Int[L], *R], IntTensor[A, Int[P], *R]],
    axis: Literal[1],
) -> IntTensor[A, Int[N + M + L + P], *R]: ...
@overload
def concat[N: IntVar, M: IntVar, *R](
    xs: tuple[IntTensor[*R, Int[N]], IntTensor[*R, Int[M]]], axis: Literal[-1]
) -> IntTensor[*R, Int[N + M]]: ...
@overload
def concat[N: IntVar, M: IntVar, L: IntVar, *R](
    xs: tuple[IntTensor[*R, Int[N]], IntTensor[*R, Int[M]], IntTensor[*R, Int[L]]], axis: Literal[-1]
) -> IntTensor[*R, Int[N + M + L]]: ...
@overload
def concat[N: IntVar, M: IntVar, L: IntVar, P: IntVar, *R](
    xs: tuple[IntTensor[*R, Int[N]], IntTensor[*R, Int[M]], IntTensor[*R, Int[L]], IntTensor[*R, Int[P]]],
    axis: Literal[-1],
) -> IntTensor[*R, Int[N + M + L + P]]: ...
@overload
def concat[A, C, N: IntVar, M: IntVar, *R](
    xs: tuple[IntTensor[A, C, Int[N], *R], IntTensor[A, C, Int[M], *R]], axis: Literal[2]
) -> IntTensor[A, C, Int[N + M], *R]: ...
@overload
def concat[A, N: IntVar, M: IntVar, *R](
    xs: tuple[IntTensor[*R, Int[N], A], IntTensor[*R, Int[M], A]], axis: Literal[-2]
) -> IntTensor[*R, Int[N + M], A]: ...
@overload
def concat[A, *R](
    xs: list[IntTensor[A, *R]] | tuple[IntTensor[A, *R], ...], axis: Literal[0] = 0
) -> IntTensor[Any, *R]: ...
@overload
def concat[A, *R](
    xs: list[IntTensor[*R, A]] | tuple[IntTensor[*R, A], ...], axis: Literal[-1]
) -> IntTensor[*R, Any]: ...
@overload
def concat[*R](xs: list[Any] | tuple[IntTensor[*R], ...], axis: int = 0) -> Any: ...
@overload
def concat[Shapes: IntTuples, At: Flag[int] = 0](
    xs: MapIntTuples[lambda S: IntTensor[*S], Shapes], axis: At = 0
) -> IntTensor[Unpack[concat_shape(Shapes, At)]]: ...
@overload
def concat[A, C, *R](xs: tuple[IntTensor[A, *R], IntTensor[C, *R]], axis: Literal[0] = 0) -> IntTensor[Any, *R]: ...
@overload
def concat[A, C, *R](xs: tuple[IntTensor[*R, A], IntTensor[*R, C]], axis: Literal[-1]) -> IntTensor[*R, Any]: ...
@overload
def concat[A, C, *R, *Q](
    xs: tuple[IntTensor[A, *R], IntTensor[C, *Q]], axis: Literal[0] = 0
) -> IntTensor[Int[concat_unequal(Int[1])]]: ...
@overload
def concat[A, C, *R, *Q](
    xs: tuple[IntTensor[*R, A], IntTensor[*Q, C]], axis: Literal[-1]
) -> IntTensor[Int[concat_unequal(Int[1])]]: ...
@overload
def concat[N: IntVar, M: IntVar, *R](
    xs: tuple[BoolTensor[Int[N], *R], BoolTensor[Int[M], *R]], axis: Literal[0] = 0
) -> BoolTensor[Int[N + M], *R]: ...
@overload
def concat[N: IntVar, M: IntVar, L: IntVar, *R](
    xs: tuple[BoolTensor[Int[N], *R], BoolTensor[Int[M], *R], BoolTensor[Int[L], *R]], axis: Literal[0] = 0
) -> BoolTensor[Int[N + M + L], *R]: ...
@overload
def concat[N: IntVar, M: IntVar, L: IntVar, P: IntVar, *R](
    xs: tuple[BoolTensor[Int[N], *R], BoolTensor[Int[M], *R], BoolTensor[Int[L], *R], BoolTensor[Int[P], *R]],
    axis: Literal[0] = 0,
) -> BoolTensor[Int[N + M + L + P], *R]: ...
@overload
def concat[A, N: IntVar, M: IntVar, *R](
    xs: tuple[BoolTensor[A, Int[N], *R], BoolTensor[A, Int[M], *R]], axis: Literal[1]
) -> BoolTensor[A, Int[N + M], *R]: ...
@overload
def concat[A, N: IntVar, M: IntVar, L: IntVar, *R](
    xs: tuple[BoolTensor[A, Int[N], *R], BoolTensor[A, Int[M], *R], BoolTensor[A, Int[L], *R]], axis: Literal[1]
) -> BoolTensor[A, Int[N + M + L], *R]: ...
@overload
def concat[A, N: IntVar, M: IntVar, L: IntVar, P: IntVar, *R](
    xs: tuple[
        BoolTensor[A, Int[N], *R], BoolTensor[A, Int[M], *R], BoolTensor[A, Int[L], *R], BoolTensor[A, Int[P], *R]
    ],
    axis: Literal[1],
) -> BoolTensor[A, Int[N + M + L + P], *R]: ...
@overload
def concat[N: IntVar, M: IntVar, *R](
    xs: tuple[BoolTensor[*R, Int[N]], BoolTensor[*R, Int[M]]], axis: Literal[-1]
) -> BoolTensor[*R, Int[N + M]]: ...
@overload
def concat[N: IntVar, M: IntVar, L: IntVar, *R](
    xs: tuple[BoolTensor[*R, Int[N]], BoolTensor[*R, Int[M]], BoolTensor[*R, Int[L]]], axis: Literal[-1]
) -> BoolTensor[*R, Int[N + M + L]]: ...
@overload
def concat[N: IntVar, M: IntVar, L: IntVar, P: IntVar, *R](
    xs: tuple[BoolTensor[*R, Int[N]], BoolTensor[*R, Int[M]], BoolTensor[*R, Int[L]], BoolTensor[*R, Int[P]]],
    axis: Literal[-1],
) -> BoolTensor[*R, Int[N + M + L + P]]: ...
@overload
def concat[A, C, N: IntVar, M: IntVar, *R](
    xs: tuple[BoolTensor[A, C, Int[N], *R], BoolTensor[A, C, Int[M], *R]], axis: Literal[2]
) -> BoolTensor[A, C, Int[N + M], *R]: ...
@overload
def concat[A, N: IntVar, M: IntVar, *R](
    xs: tuple[BoolTensor[*R, Int[N], A], BoolTensor[*R, Int[M], A]], axis: Literal[-2]
) -> BoolTensor[*R, Int[N + M], A]: ...
@overload
def concat[A, *R](
    xs: list[BoolTensor[A, *R]] | tuple[BoolTensor[A, *R], ...], axis: Literal[0] = 0
) -> BoolTensor[Any, *R]: ...
@overload
def concat[A, *R](
    xs: list[BoolTensor[*R, A]] | tuple[BoolTensor[*R, A], ...], axis: Literal[-1]
) -> BoolTensor[*R, Any]: ...
@overload
def concat[*R](xs: list[Any] | tuple[BoolTensor[*R], ...], axis: int = 0) -> Any: ...
@overload
def concat[Shapes: IntTuples, At: Flag[int] = 0](
    xs: MapIntTuples[lambda S: BoolTensor[*S], Shapes], axis: At = 0
) -> BoolTensor[Unpack[concat_shape(Shapes, At)]]: ...
@overload
def concat[A, C, *R](xs: tuple[BoolTensor[A, *R], BoolTensor[C, *R]], axis: Literal[0] = 0) -> BoolTensor[Any, *R]: ...
@overload
def concat[A, C, *R](xs: tuple[BoolTensor[*R, A], BoolTensor[*R, C]], axis: Literal[-1]) -> BoolTensor[*R, Any]: ...
@overload
def concat[A, C, *R, *Q](
    xs: tuple[BoolTensor[A, *R], BoolTensor[C, *Q]], axis: Literal[0] = 0
) -> BoolTensor[Int[concat_unequal(Int[1])]]: ...
@overload
def concat[A, C, *R, *Q](
    xs: tuple[BoolTensor[*R, A], BoolTensor[*Q, C]], axis: Literal[-1]
) -> BoolTensor[Int[concat_unequal(Int[1])]]: ...
@overload
def concat(xs: Sequence[object], axis: int = 0) -> Any: ...
@overload
def stack[A: Absent, *R](xs: Sequence[Tensor[A, *R]], axis: Literal[0] = 0) -> Tensor[Any, A, *R]: ...
@overload
def stack[A: Absent, *R](xs: Sequence[Tensor[A, *R]], axis: Literal[-1]) -> Tensor[A, *R, Any]: ...
@overload
def stack[A: Absent, *R](xs: Sequence[IntTensor[A, *R]], axis: Literal[0] = 0) -> IntTensor[Any, A, *R]: ...
@overload
def stack[A: Absent, *R](xs: Sequence[IntTensor[A, *R]], axis: Literal[-1]) -> IntTensor[A, *R, Any]: ...
@overload
def stack[A: Absent, *R](xs: Sequence[BoolTensor[A, *R]], axis: Literal[0] = 0) -> BoolTensor[Any, A, *R]: ...
@overload
def stack[A: Absent, *R](xs: Sequence[BoolTensor[A, *R]], axis: Literal[-1]) -> BoolTensor[A, *R, Any]: ...
@overload
def stack(xs: Absent, axis: int = 0) -> Any: ...
@overload
def stack(xs: Sequence[object], axis: Int[Unknown]) -> Any: ...
@overload
def stack[Shape: IntTuple[int, *tuple[int, ...]], At: Flag[int] = 0](
    xs: tuple[Tensor[*Shape], Tensor[*Shape]], axis: At = 0
) -> Tensor[Unpack[insert_size(Shape, Int[2], At)]]: ...
@overload
def stack[Shape: IntTuple[int, *tuple[int, ...]], At: Flag[int] = 0](
    xs: tuple[Tensor[*Shape], Tensor[*Shape], Tensor[*Shape]], axis: At = 0
) -> Tensor[Unpack[insert_size(Shape, Int[3], At)]]: ...
@overload
def stack[Shape: IntTuple[int, *tuple[int, ...]], At: Flag[int] = 0](
    xs: tuple[Tensor[*Shape], Tensor[*Shape], Tensor[*Shape], Tensor[*Shape]], axis: At = 0
) -> Tensor[Unpack[insert_size(Shape, Int[4], At)]]: ...
@overload
def stack[*R](xs: Sequence[Tensor[*R]], axis: Literal[0] = 0) -> Tensor[Any, *R]: ...
@overload
def stack[*R](xs: Sequence[Tensor[*R]], axis: Literal[-1]) -> Tensor[*R, Any]: ...
@overload
def stack[A, *R](xs: Sequence[Tensor[A, *R]], axis: Literal[1]) -> Tensor[A, Any, *R]: ...
@overload
def stack[*R](xs: Sequence[Tensor[*R]] | list[Any], axis: int = 0) -> Any: ...
@overload
def stack[Shapes: IntTuples, At: Flag[int] = 0](
    xs: MapIntTuples[lambda S: Tensor[*S], Shapes], axis: At = 0
) -> Tensor[Unpack[stack_shape(Shapes, At)]]: ...
@overload
def stack[*R, *Q](xs: tuple[Tensor[*R], Tensor[*Q]], axis: int = 0) -> Tensor[Int[stack_unequal(Int[1])]]: ...
@overload
def stack[Shape: IntTuple[int, *tuple[int, ...]], At: Flag[int] = 0](
    xs: tuple[IntTensor[*Shape], IntTensor[*Shape]], axis: At = 0
) -> IntTensor[Unpack[insert_size(Shape, Int[2], At)]]: ...
@overload
def stack[Shape: IntTuple[int, *tuple[int, ...]], At: Flag[int] = 0](
    xs: tuple[IntTensor[*Shape], IntTensor[*Shape], IntTensor[*Shape]], axis: At = 0
) -> IntTensor[Unpack[insert_size(Shape, Int[3], At)]]: ...
@overload
def stack[Shape: IntTuple[int, *tuple[int, ...]], At: Flag[int] = 0](
    xs: tuple[IntTensor[*Shape], IntTensor[*Shape], IntTensor[*Shape], IntTensor[*Shape]], axis: At = 0
) -> IntTensor[Unpack[insert_size(Shape, Int[4], At)]]: ...
@overload
def stack[*R](xs: Sequence[IntTensor[*R]], axis: Literal[0] = 0) -> IntTensor[Any, *R]: ...
@overload
def stack[*R](xs: Sequence[IntTensor[*R]], axis: Literal[-1]) -> IntTensor[*R, Any]: ...
@overload
def stack[A, *R](xs: Sequence[IntTensor[A, *R]], axis: Literal[1]) -> IntTensor[A, Any, *R]: ...
@overload
def stack[*R](xs: Sequence[IntTensor[*R]] | list[Any], axis: int = 0) -> Any: ...
@overload
def stack[Shapes: IntTuples, At: Flag[int] = 0](
    xs: MapIntTuples[lambda S: IntTensor[*S], Shapes], axis: At = 0
) -> IntTensor[Unpack[stack_shape(Shapes, At)]]: ...
@overload
def stack[*R, *Q](xs: tuple[IntTensor[*R], IntTensor[*Q]], axis: int = 0) -> IntTensor[Int[stack_unequal(Int[1])]]: ...
@overload
def stack[Shape: IntTuple[int, *tuple[int, ...]], At: Flag[int] = 0](
    xs: tuple[BoolTensor[*Shape], BoolTensor[*Shape]], axis: At = 0
) -> BoolTensor[Unpack[insert_size(Shape, Int[2], At)]]: ...
@overload
def stack[Shape: IntTuple[int, *tuple[int, ...]], At: Flag[int] = 0](
    xs: tuple[BoolTensor[*Shape], BoolTensor[*Shape], BoolTensor[*Shape]], axis: At = 0
) -> BoolTensor[Unpack[insert_size(Shape, Int[3], At)]]: ...
@overload
def stack[Shape: IntTuple[int, *tuple[int, ...]], At: Flag[int] = 0](
    xs: tuple[BoolTensor[*Shape], BoolTensor[*Shape], BoolTensor[*Shape], BoolTensor[*Shape]], axis: At = 0
) -> BoolTensor[Unpack[insert_size(Shape, Int[4], At)]]: ...
@overload
def stack[*R](xs: Sequence[BoolTensor[*R]], axis: Literal[0] = 0) -> BoolTensor[Any, *R]: ...
@overload
def stack[*R](xs: Sequence[BoolTensor[*R]], axis: Literal[-1]) -> BoolTensor[*R, Any]: ...
@overload
def stack[A, *R](xs: Sequence[BoolTensor[A, *R]], axis: Literal[1]) -> BoolTensor[A, Any, *R]: ...
@overload
def stack[*R](xs: Sequence[BoolTensor[*R]] | list[Any], axis: int = 0) -> Any: ...
@overload
def stack[Shapes: IntTuples, At: Flag[int] = 0](
    xs: MapIntTuples[lambda S: BoolTensor[*S], Shapes], axis: At = 0
) -> BoolTensor[Unpack[stack_shape(Shapes, At)]]: ...
@overload
def stack[*R, *Q](
    xs: tuple[BoolTensor[*R], BoolTensor[*Q]], axis: int = 0
) -> BoolTensor[Int[stack_unequal(Int[1])]]: ...
@overload
def stack(xs: Sequence[object], axis: int = 0) -> Any: ...
