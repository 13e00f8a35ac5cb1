"""What Pyrefly reads instead of the functions that join and cut tensors: the same, with sizes computed.

For each kind of tensor: axes that are all numbers or variables (`*Shape`), or such an axis among others (`*R`, `A`); then,
as for the other checkers, a rank with `Any`. `Int[Unknown]` in front takes what is a plain `int` to Pyrefly: its bound is
a number that no size has, so a literal is not accepted. Without that a size would be `int`, which is no `Dim`.
"""

from collections.abc import Sequence
from typing import Any, Literal, Unpack, overload

from shape_extensions import Flag, Int, IntTuple, IntTuples, IntVar, MapIntTuples

from ..tensor import BoolTensor, IntTensor, Tensor
from .rules import (
    concat_shape,
    concat_unequal,
    last_section,
    slice_shape,
    split_equally,
    split_sections,
    stack_shape,
    stack_unequal,
)

Unknown = IntVar("Unknown", bound=Literal[-123456789])

# ---- joining
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
def concat[A, N: IntVar, M: IntVar, *R](
    xs: tuple[Tensor[A, Int[N], *R], Tensor[A, Int[M], *R]], axis: Literal[1]
) -> Tensor[A, Int[N + M], *R]: ...
@overload
def concat[A, N: IntVar, M: IntVar, L: IntVar, *R](
    xs: tuple[Tensor[A, Int[N], *R], Tensor[A, Int[M], *R], Tensor[A, Int[L], *R]], axis: Literal[1]
) -> Tensor[A, Int[N + M + L], *R]: ...
@overload
def concat[N: IntVar, M: IntVar, *R](
    xs: tuple[Tensor[*R, Int[N]], Tensor[*R, Int[M]]], axis: Literal[-1]
) -> Tensor[*R, Int[N + M]]: ...
@overload
def concat[N: IntVar, M: IntVar, L: IntVar, *R](
    xs: tuple[Tensor[*R, Int[N]], Tensor[*R, Int[M]], Tensor[*R, Int[L]]], axis: Literal[-1]
) -> Tensor[*R, Int[N + M + L]]: ...
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
def concat[A, N: IntVar, M: IntVar, *R](
    xs: tuple[IntTensor[A, Int[N], *R], IntTensor[A, Int[M], *R]], axis: Literal[1]
) -> IntTensor[A, Int[N + M], *R]: ...
@overload
def concat[A, N: IntVar, M: IntVar, L: IntVar, *R](
    xs: tuple[IntTensor[A, Int[N], *R], IntTensor[A, Int[M], *R], IntTensor[A, Int[L], *R]], axis: Literal[1]
) -> IntTensor[A, Int[N + M + L], *R]: ...
@overload
def concat[N: IntVar, M: IntVar, *R](
    xs: tuple[IntTensor[*R, Int[N]], IntTensor[*R, Int[M]]], axis: Literal[-1]
) -> IntTensor[*R, Int[N + M]]: ...
@overload
def concat[N: IntVar, M: IntVar, L: IntVar, *R](
    xs: tuple[IntTensor[*R, Int[N]], IntTensor[*R, Int[M]], IntTensor[*R, Int[L]]], axis: Literal[-1]
) -> IntTensor[*R, Int[N + M + L]]: ...
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
def concat[A, N: IntVar, M: IntVar, *R](
    xs: tuple[BoolTensor[A, Int[N], *R], BoolTensor[A, Int[M], *R]], axis: Literal[1]
) -> BoolTensor[A, Int[N + M], *R]: ...
@overload
def concat[A, N: IntVar, M: IntVar, L: IntVar, *R](
    xs: tuple[BoolTensor[A, Int[N], *R], BoolTensor[A, Int[M], *R], BoolTensor[A, Int[L], *R]], axis: Literal[1]
) -> BoolTensor[A, Int[N + M + L], *R]: ...
@overload
def concat[N: IntVar, M: IntVar, *R](
    xs: tuple[BoolTensor[*R, Int[N]], BoolTensor[*R, Int[M]]], axis: Literal[-1]
) -> BoolTensor[*R, Int[N + M]]: ...
@overload
def concat[N: IntVar, M: IntVar, L: IntVar, *R](
    xs: tuple[BoolTensor[*R, Int[N]], BoolTensor[*R, Int[M]], BoolTensor[*R, Int[L]]], axis: Literal[-1]
) -> BoolTensor[*R, Int[N + M + L]]: ...
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
def stack(xs: Sequence[object], axis: Int[Unknown]) -> Any: ...
@overload
def stack[*R](xs: tuple[Tensor[*R], Tensor[*R]], axis: Literal[0] = 0) -> Tensor[Literal[2], *R]: ...
@overload
def stack[*R](xs: tuple[Tensor[*R], Tensor[*R], Tensor[*R]], axis: Literal[0] = 0) -> Tensor[Literal[3], *R]: ...
@overload
def stack[*R](xs: tuple[Tensor[*R], Tensor[*R]], axis: Literal[-1]) -> Tensor[*R, Literal[2]]: ...
@overload
def stack[*R](xs: tuple[Tensor[*R], Tensor[*R], Tensor[*R]], axis: Literal[-1]) -> Tensor[*R, Literal[3]]: ...
@overload
def stack[Shapes: IntTuples, At: Flag[int] = 0](
    xs: MapIntTuples[lambda S: Tensor[*S], Shapes], axis: At = 0
) -> Tensor[Unpack[stack_shape(Shapes, At)]]: ...
@overload
def stack[*R](xs: Sequence[Tensor[*R]], axis: Literal[0] = 0) -> Tensor[Any, *R]: ...
@overload
def stack[*R](xs: Sequence[Tensor[*R]], axis: Literal[-1]) -> Tensor[*R, Any]: ...
@overload
def stack[*R, *Q](xs: tuple[Tensor[*R], Tensor[*Q]], axis: int = 0) -> Tensor[Int[stack_unequal(Int[1])]]: ...
@overload
def stack[*R](xs: tuple[IntTensor[*R], IntTensor[*R]], axis: Literal[0] = 0) -> IntTensor[Literal[2], *R]: ...
@overload
def stack[*R](
    xs: tuple[IntTensor[*R], IntTensor[*R], IntTensor[*R]], axis: Literal[0] = 0
) -> IntTensor[Literal[3], *R]: ...
@overload
def stack[*R](xs: tuple[IntTensor[*R], IntTensor[*R]], axis: Literal[-1]) -> IntTensor[*R, Literal[2]]: ...
@overload
def stack[*R](
    xs: tuple[IntTensor[*R], IntTensor[*R], IntTensor[*R]], axis: Literal[-1]
) -> IntTensor[*R, Literal[3]]: ...
@overload
def stack[Shapes: IntTuples, At: Flag[int] = 0](
    xs: MapIntTuples[lambda S: IntTensor[*S], Shapes], axis: At = 0
) -> IntTensor[Unpack[stack_shape(Shapes, At)]]: ...
@overload
def stack[*R](xs: Sequence[IntTensor[*R]], axis: Literal[0] = 0) -> IntTensor[Any, *R]: ...
@overload
def stack[*R](xs: Sequence[IntTensor[*R]], axis: Literal[-1]) -> IntTensor[*R, Any]: ...
@overload
def stack[*R, *Q](xs: tuple[IntTensor[*R], IntTensor[*Q]], axis: int = 0) -> IntTensor[Int[stack_unequal(Int[1])]]: ...
@overload
def stack[*R](xs: tuple[BoolTensor[*R], BoolTensor[*R]], axis: Literal[0] = 0) -> BoolTensor[Literal[2], *R]: ...
@overload
def stack[*R](
    xs: tuple[BoolTensor[*R], BoolTensor[*R], BoolTensor[*R]], axis: Literal[0] = 0
) -> BoolTensor[Literal[3], *R]: ...
@overload
def stack[*R](xs: tuple[BoolTensor[*R], BoolTensor[*R]], axis: Literal[-1]) -> BoolTensor[*R, Literal[2]]: ...
@overload
def stack[*R](
    xs: tuple[BoolTensor[*R], BoolTensor[*R], BoolTensor[*R]], axis: Literal[-1]
) -> BoolTensor[*R, Literal[3]]: ...
@overload
def stack[Shapes: IntTuples, At: Flag[int] = 0](
    xs: MapIntTuples[lambda S: BoolTensor[*S], Shapes], axis: At = 0
) -> BoolTensor[Unpack[stack_shape(Shapes, At)]]: ...
@overload
def stack[*R](xs: Sequence[BoolTensor[*R]], axis: Literal[0] = 0) -> BoolTensor[Any, *R]: ...
@overload
def stack[*R](xs: Sequence[BoolTensor[*R]], axis: Literal[-1]) -> BoolTensor[*R, Any]: ...
@overload
def stack[*R, *Q](
    xs: tuple[BoolTensor[*R], BoolTensor[*Q]], axis: int = 0
) -> BoolTensor[Int[stack_unequal(Int[1])]]: ...
@overload
def stack(xs: Sequence[object], axis: int = 0) -> Any: ...

# ---- cutting
@overload
def split(
    x: object,
    sizes: Int[Unknown]
    | tuple[Int[Unknown], ...]
    | tuple[Int[Unknown], *tuple[Any, ...]]
    | tuple[Any, Int[Unknown], *tuple[Any, ...]]
    | tuple[Any, Any, Int[Unknown], *tuple[Any, ...]]
    | tuple[Any, Any, Any, Int[Unknown], *tuple[Any, ...]]
    | tuple[Any, Any, Any, Any, Int[Unknown], *tuple[Any, ...]],
    axis: int = 0,
) -> tuple[Any, ...]: ...
@overload
def split(x: object, sizes: object, axis: Int[Unknown]) -> tuple[Any, ...]: ...
@overload
def split[T: IntVar, N: IntVar, M: IntVar, *R](
    x: Tensor[Int[T], *R], sizes: tuple[Int[N], Int[M]], axis: Literal[0] = 0
) -> tuple[Tensor[Int[N], *R], Tensor[Int[last_section(Int[T], Int[N], Int[M])], *R]]: ...
@overload
def split[T: IntVar, N: IntVar, M: IntVar, *R](
    x: Tensor[*R, Int[T]], sizes: tuple[Int[N], Int[M]], axis: Literal[-1]
) -> tuple[Tensor[*R, Int[N]], Tensor[*R, Int[last_section(Int[T], Int[N], Int[M])]]]: ...
@overload
def split[A, T: IntVar, N: IntVar, M: IntVar, *R](
    x: Tensor[A, Int[T], *R], sizes: tuple[Int[N], Int[M]], axis: Literal[1]
) -> tuple[Tensor[A, Int[N], *R], Tensor[A, Int[last_section(Int[T], Int[N], Int[M])], *R]]: ...
@overload
def split[T: IntVar, N: IntVar, M: IntVar, L: IntVar, *R](
    x: Tensor[*R, Int[T]], sizes: tuple[Int[N], Int[M], Int[L]], axis: Literal[-1]
) -> tuple[Tensor[*R, Int[N]], Tensor[*R, Int[M]], Tensor[*R, Int[last_section(Int[T], Int[N + M], Int[L])]]]: ...
@overload
def split[Shape: IntTuple, N: IntVar, At: Flag[int] = 0](
    x: Tensor[*Shape], sizes: Int[N], axis: At = 0
) -> MapIntTuples[lambda S: Tensor[*S], split_equally(Shape, Int[N], At)]: ...
@overload
def split[Shape: IntTuple, Sizes: IntTuple, At: Flag[int] = 0](
    x: Tensor[*Shape], sizes: Sizes, axis: At = 0
) -> MapIntTuples[lambda S: Tensor[*S], split_sections(Shape, Sizes, At)]: ...
@overload
def split[A, *R](x: Tensor[A, *R], sizes: int | Sequence[int], axis: Literal[0] = 0) -> tuple[Tensor[Any, *R], ...]: ...
@overload
def split[A, *R](x: Tensor[*R, A], sizes: int | Sequence[int], axis: Literal[-1]) -> tuple[Tensor[*R, Any], ...]: ...
@overload
def split[T: IntVar, N: IntVar, M: IntVar, *R](
    x: IntTensor[Int[T], *R], sizes: tuple[Int[N], Int[M]], axis: Literal[0] = 0
) -> tuple[IntTensor[Int[N], *R], IntTensor[Int[last_section(Int[T], Int[N], Int[M])], *R]]: ...
@overload
def split[T: IntVar, N: IntVar, M: IntVar, *R](
    x: IntTensor[*R, Int[T]], sizes: tuple[Int[N], Int[M]], axis: Literal[-1]
) -> tuple[IntTensor[*R, Int[N]], IntTensor[*R, Int[last_section(Int[T], Int[N], Int[M])]]]: ...
@overload
def split[A, T: IntVar, N: IntVar, M: IntVar, *R](
    x: IntTensor[A, Int[T], *R], sizes: tuple[Int[N], Int[M]], axis: Literal[1]
) -> tuple[IntTensor[A, Int[N], *R], IntTensor[A, Int[last_section(Int[T], Int[N], Int[M])], *R]]: ...
@overload
def split[T: IntVar, N: IntVar, M: IntVar, L: IntVar, *R](
    x: IntTensor[*R, Int[T]], sizes: tuple[Int[N], Int[M], Int[L]], axis: Literal[-1]
) -> tuple[
    IntTensor[*R, Int[N]], IntTensor[*R, Int[M]], IntTensor[*R, Int[last_section(Int[T], Int[N + M], Int[L])]]
]: ...
@overload
def split[Shape: IntTuple, N: IntVar, At: Flag[int] = 0](
    x: IntTensor[*Shape], sizes: Int[N], axis: At = 0
) -> MapIntTuples[lambda S: IntTensor[*S], split_equally(Shape, Int[N], At)]: ...
@overload
def split[Shape: IntTuple, Sizes: IntTuple, At: Flag[int] = 0](
    x: IntTensor[*Shape], sizes: Sizes, axis: At = 0
) -> MapIntTuples[lambda S: IntTensor[*S], split_sections(Shape, Sizes, At)]: ...
@overload
def split[A, *R](
    x: IntTensor[A, *R], sizes: int | Sequence[int], axis: Literal[0] = 0
) -> tuple[IntTensor[Any, *R], ...]: ...
@overload
def split[A, *R](
    x: IntTensor[*R, A], sizes: int | Sequence[int], axis: Literal[-1]
) -> tuple[IntTensor[*R, Any], ...]: ...
@overload
def split[T: IntVar, N: IntVar, M: IntVar, *R](
    x: BoolTensor[Int[T], *R], sizes: tuple[Int[N], Int[M]], axis: Literal[0] = 0
) -> tuple[BoolTensor[Int[N], *R], BoolTensor[Int[last_section(Int[T], Int[N], Int[M])], *R]]: ...
@overload
def split[T: IntVar, N: IntVar, M: IntVar, *R](
    x: BoolTensor[*R, Int[T]], sizes: tuple[Int[N], Int[M]], axis: Literal[-1]
) -> tuple[BoolTensor[*R, Int[N]], BoolTensor[*R, Int[last_section(Int[T], Int[N], Int[M])]]]: ...
@overload
def split[A, T: IntVar, N: IntVar, M: IntVar, *R](
    x: BoolTensor[A, Int[T], *R], sizes: tuple[Int[N], Int[M]], axis: Literal[1]
) -> tuple[BoolTensor[A, Int[N], *R], BoolTensor[A, Int[last_section(Int[T], Int[N], Int[M])], *R]]: ...
@overload
def split[T: IntVar, N: IntVar, M: IntVar, L: IntVar, *R](
    x: BoolTensor[*R, Int[T]], sizes: tuple[Int[N], Int[M], Int[L]], axis: Literal[-1]
) -> tuple[
    BoolTensor[*R, Int[N]], BoolTensor[*R, Int[M]], BoolTensor[*R, Int[last_section(Int[T], Int[N + M], Int[L])]]
]: ...
@overload
def split[Shape: IntTuple, N: IntVar, At: Flag[int] = 0](
    x: BoolTensor[*Shape], sizes: Int[N], axis: At = 0
) -> MapIntTuples[lambda S: BoolTensor[*S], split_equally(Shape, Int[N], At)]: ...
@overload
def split[Shape: IntTuple, Sizes: IntTuple, At: Flag[int] = 0](
    x: BoolTensor[*Shape], sizes: Sizes, axis: At = 0
) -> MapIntTuples[lambda S: BoolTensor[*S], split_sections(Shape, Sizes, At)]: ...
@overload
def split[A, *R](
    x: BoolTensor[A, *R], sizes: int | Sequence[int], axis: Literal[0] = 0
) -> tuple[BoolTensor[Any, *R], ...]: ...
@overload
def split[A, *R](
    x: BoolTensor[*R, A], sizes: int | Sequence[int], axis: Literal[-1]
) -> tuple[BoolTensor[*R, Any], ...]: ...
@overload
def split(x: object, sizes: int | Sequence[int], axis: int = 0) -> tuple[Any, ...]: ...
@overload
def slice(
    x: object,
    starts: tuple[Int[Unknown], ...]
    | tuple[Int[Unknown], *tuple[Any, ...]]
    | tuple[Any, Int[Unknown], *tuple[Any, ...]]
    | tuple[Any, Any, Int[Unknown], *tuple[Any, ...]]
    | tuple[Any, Any, Any, Int[Unknown], *tuple[Any, ...]]
    | tuple[Any, Any, Any, Any, Int[Unknown], *tuple[Any, ...]],
    stops: Sequence[int],
    steps: Sequence[int] | None = None,
) -> Any: ...
@overload
def slice(
    x: object,
    starts: Sequence[int],
    stops: tuple[Int[Unknown], ...]
    | tuple[Int[Unknown], *tuple[Any, ...]]
    | tuple[Any, Int[Unknown], *tuple[Any, ...]]
    | tuple[Any, Any, Int[Unknown], *tuple[Any, ...]]
    | tuple[Any, Any, Any, Int[Unknown], *tuple[Any, ...]]
    | tuple[Any, Any, Any, Any, Int[Unknown], *tuple[Any, ...]],
    steps: Sequence[int] | None = None,
) -> Any: ...
@overload
def slice[Shape: IntTuple, Starts: IntTuple, Stops: IntTuple](
    x: Tensor[*Shape], starts: Starts, stops: Stops, steps: None = None
) -> Tensor[Unpack[slice_shape(Shape, Starts, Stops)]]: ...
@overload
def slice[Shape: IntTuple, Starts: IntTuple, Stops: IntTuple](
    x: IntTensor[*Shape], starts: Starts, stops: Stops, steps: None = None
) -> IntTensor[Unpack[slice_shape(Shape, Starts, Stops)]]: ...
@overload
def slice[Shape: IntTuple, Starts: IntTuple, Stops: IntTuple](
    x: BoolTensor[*Shape], starts: Starts, stops: Stops, steps: None = None
) -> BoolTensor[Unpack[slice_shape(Shape, Starts, Stops)]]: ...
@overload
def slice(x: object, starts: Sequence[int], stops: Sequence[int], steps: Sequence[int] | None = None) -> Any: ...
