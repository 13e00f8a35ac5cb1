"""What Pyrefly reads instead of the functions that cut tensors: the same, with sizes computed.

For the order of the overloads see `unknown.pyi`.
"""

from collections.abc import Sequence
from typing import Any, Literal, Unpack, overload

from shape_extensions import Flag, Int, IntTuple, IntVar, MapIntTuples

from ..array import AnyArray
from ..families import Raw
from ..tensor import BoolTensor, IntTensor, Tensor
from .rules import last_section, slice_shape, split_equally, split_sections
from .unknown import Absent, Open, SomeSizes, Unknown

@overload
def split[A: Absent, *R](
    x: Tensor[A, *R], sizes: int | Sequence[int], axis: Literal[0] = 0
) -> tuple[Tensor[Any, *R], ...]: ...
@overload
def split[A: Absent, *R](
    x: Tensor[*R, A], sizes: int | Sequence[int], axis: Literal[-1]
) -> tuple[Tensor[*R, Any], ...]: ...
@overload
def split[A, C: Absent, *R](
    x: Tensor[A, C, *R], sizes: int | Sequence[int], axis: Literal[1]
) -> tuple[Tensor[A, Any, *R], ...]: ...
@overload
def split[A: Absent, *R](
    x: IntTensor[A, *R], sizes: int | Sequence[int], axis: Literal[0] = 0
) -> tuple[IntTensor[Any, *R], ...]: ...
@overload
def split[A: Absent, *R](
    x: IntTensor[*R, A], sizes: int | Sequence[int], axis: Literal[-1]
) -> tuple[IntTensor[*R, Any], ...]: ...
@overload
def split[A, C: Absent, *R](
    x: IntTensor[A, C, *R], sizes: int | Sequence[int], axis: Literal[1]
) -> tuple[IntTensor[A, Any, *R], ...]: ...
@overload
def split[A: Absent, *R](
    x: BoolTensor[A, *R], sizes: int | Sequence[int], axis: Literal[0] = 0
) -> tuple[BoolTensor[Any, *R], ...]: ...
@overload
def split[A: Absent, *R](
    x: BoolTensor[*R, A], sizes: int | Sequence[int], axis: Literal[-1]
) -> tuple[BoolTensor[*R, Any], ...]: ...
@overload
def split[A, C: Absent, *R](
    x: BoolTensor[A, C, *R], sizes: int | Sequence[int], axis: Literal[1]
) -> tuple[BoolTensor[A, Any, *R], ...]: ...
@overload
def split(x: Absent, sizes: object, axis: int = 0) -> tuple[Any, ...]: ...
@overload
def split(x: Open[Unknown], sizes: object, axis: int = 0) -> tuple[Any, ...]: ...
@overload
def split(x: object, sizes: SomeSizes[Unknown], axis: int = 0) -> tuple[Any, ...]: ...
@overload
def split(x: object, sizes: object, axis: Int[Unknown]) -> tuple[Any, ...]: ...
@overload
def split[T: IntVar, N: IntVar, M: IntVar, *R](
    x: Tensor[Int[T], *R], sizes: tuple[Int[N], Int[M]], axis: Literal[0] = 0
) -> tuple[Tensor[Int[N], *R], Tensor[Int[last_section(Int[T], Int[N], Int[M])], *R]]: ...
@overload
def split[T: IntVar, N: IntVar, M: IntVar, L: IntVar, *R](
    x: Tensor[Int[T], *R], sizes: tuple[Int[N], Int[M], Int[L]], axis: Literal[0] = 0
) -> tuple[Tensor[Int[N], *R], Tensor[Int[M], *R], Tensor[Int[last_section(Int[T], Int[N + M], Int[L])], *R]]: ...
@overload
def split[A, T: IntVar, N: IntVar, M: IntVar, *R](
    x: Tensor[A, Int[T], *R], sizes: tuple[Int[N], Int[M]], axis: Literal[1]
) -> tuple[Tensor[A, Int[N], *R], Tensor[A, Int[last_section(Int[T], Int[N], Int[M])], *R]]: ...
@overload
def split[A, T: IntVar, N: IntVar, M: IntVar, L: IntVar, *R](
    x: Tensor[A, Int[T], *R], sizes: tuple[Int[N], Int[M], Int[L]], axis: Literal[1]
) -> tuple[
    Tensor[A, Int[N], *R], Tensor[A, Int[M], *R], Tensor[A, Int[last_section(Int[T], Int[N + M], Int[L])], *R]
]: ...
@overload
def split[T: IntVar, N: IntVar, M: IntVar, *R](
    x: Tensor[*R, Int[T]], sizes: tuple[Int[N], Int[M]], axis: Literal[-1]
) -> tuple[Tensor[*R, Int[N]], Tensor[*R, Int[last_section(Int[T], Int[N], Int[M])]]]: ...
@overload
def split[T: IntVar, N: IntVar, M: IntVar, L: IntVar, *R](
    x: Tensor[*R, Int[T]], sizes: tuple[Int[N], Int[M], Int[L]], axis: Literal[-1]
) -> tuple[Tensor[*R, Int[N]], Tensor[*R, Int[M]], Tensor[*R, Int[last_section(Int[T], Int[N + M], Int[L])]]]: ...
@overload
def split[Shape: IntTuple[int, *tuple[int, ...]], Sizes: IntTuple, At: Flag[int] = 0](
    x: Tensor[*Shape], sizes: Sizes, axis: At = 0
) -> MapIntTuples[lambda S: Tensor[*S], split_sections(Shape, Sizes, At)]: ...
@overload
def split[Shape: IntTuple[int, *tuple[int, ...]], N: IntVar, At: Flag[int] = 0](
    x: Tensor[*Shape], sizes: Int[N], axis: At = 0
) -> MapIntTuples[lambda S: Tensor[*S], split_equally(Shape, Int[N], At)]: ...
@overload
def split[A, *R](x: Tensor[A, *R], sizes: int | Sequence[int], axis: Literal[0] = 0) -> tuple[Tensor[Any, *R], ...]: ...
@overload
def split[A, *R](x: Tensor[*R, A], sizes: int | Sequence[int], axis: Literal[-1]) -> tuple[Tensor[*R, Any], ...]: ...
@overload
def split[A, C, *R](
    x: Tensor[A, C, *R], sizes: int | Sequence[int], axis: Literal[1]
) -> tuple[Tensor[A, Any, *R], ...]: ...
@overload
def split[T: IntVar, N: IntVar, M: IntVar, *R](
    x: IntTensor[Int[T], *R], sizes: tuple[Int[N], Int[M]], axis: Literal[0] = 0
) -> tuple[IntTensor[Int[N], *R], IntTensor[Int[last_section(Int[T], Int[N], Int[M])], *R]]: ...
@overload
def split[T: IntVar, N: IntVar, M: IntVar, L: IntVar, *R](
    x: IntTensor[Int[T], *R], sizes: tuple[Int[N], Int[M], Int[L]], axis: Literal[0] = 0
) -> tuple[
    IntTensor[Int[N], *R], IntTensor[Int[M], *R], IntTensor[Int[last_section(Int[T], Int[N + M], Int[L])], *R]
]: ...
@overload
def split[A, T: IntVar, N: IntVar, M: IntVar, *R](
    x: IntTensor[A, Int[T], *R], sizes: tuple[Int[N], Int[M]], axis: Literal[1]
) -> tuple[IntTensor[A, Int[N], *R], IntTensor[A, Int[last_section(Int[T], Int[N], Int[M])], *R]]: ...
@overload
def split[A, T: IntVar, N: IntVar, M: IntVar, L: IntVar, *R](
    x: IntTensor[A, Int[T], *R], sizes: tuple[Int[N], Int[M], Int[L]], axis: Literal[1]
) -> tuple[
    IntTensor[A, Int[N], *R], IntTensor[A, Int[M], *R], IntTensor[A, Int[last_section(Int[T], Int[N + M], Int[L])], *R]
]: ...
@overload
def split[T: IntVar, N: IntVar, M: IntVar, *R](
    x: IntTensor[*R, Int[T]], sizes: tuple[Int[N], Int[M]], axis: Literal[-1]
) -> tuple[IntTensor[*R, Int[N]], IntTensor[*R, Int[last_section(Int[T], Int[N], Int[M])]]]: ...
@overload
def split[T: IntVar, N: IntVar, M: IntVar, L: IntVar, *R](
    x: IntTensor[*R, Int[T]], sizes: tuple[Int[N], Int[M], Int[L]], axis: Literal[-1]
) -> tuple[
    IntTensor[*R, Int[N]], IntTensor[*R, Int[M]], IntTensor[*R, Int[last_section(Int[T], Int[N + M], Int[L])]]
]: ...
@overload
def split[Shape: IntTuple[int, *tuple[int, ...]], Sizes: IntTuple, At: Flag[int] = 0](
    x: IntTensor[*Shape], sizes: Sizes, axis: At = 0
) -> MapIntTuples[lambda S: IntTensor[*S], split_sections(Shape, Sizes, At)]: ...
@overload
def split[Shape: IntTuple[int, *tuple[int, ...]], N: IntVar, At: Flag[int] = 0](
    x: IntTensor[*Shape], sizes: Int[N], axis: At = 0
) -> MapIntTuples[lambda S: IntTensor[*S], split_equally(Shape, Int[N], At)]: ...
@overload
def split[A, *R](
    x: IntTensor[A, *R], sizes: int | Sequence[int], axis: Literal[0] = 0
) -> tuple[IntTensor[Any, *R], ...]: ...
@overload
def split[A, *R](
    x: IntTensor[*R, A], sizes: int | Sequence[int], axis: Literal[-1]
) -> tuple[IntTensor[*R, Any], ...]: ...
@overload
def split[A, C, *R](
    x: IntTensor[A, C, *R], sizes: int | Sequence[int], axis: Literal[1]
) -> tuple[IntTensor[A, Any, *R], ...]: ...
@overload
def split[T: IntVar, N: IntVar, M: IntVar, *R](
    x: BoolTensor[Int[T], *R], sizes: tuple[Int[N], Int[M]], axis: Literal[0] = 0
) -> tuple[BoolTensor[Int[N], *R], BoolTensor[Int[last_section(Int[T], Int[N], Int[M])], *R]]: ...
@overload
def split[T: IntVar, N: IntVar, M: IntVar, L: IntVar, *R](
    x: BoolTensor[Int[T], *R], sizes: tuple[Int[N], Int[M], Int[L]], axis: Literal[0] = 0
) -> tuple[
    BoolTensor[Int[N], *R], BoolTensor[Int[M], *R], BoolTensor[Int[last_section(Int[T], Int[N + M], Int[L])], *R]
]: ...
@overload
def split[A, T: IntVar, N: IntVar, M: IntVar, *R](
    x: BoolTensor[A, Int[T], *R], sizes: tuple[Int[N], Int[M]], axis: Literal[1]
) -> tuple[BoolTensor[A, Int[N], *R], BoolTensor[A, Int[last_section(Int[T], Int[N], Int[M])], *R]]: ...
@overload
def split[A, T: IntVar, N: IntVar, M: IntVar, L: IntVar, *R](
    x: BoolTensor[A, Int[T], *R], sizes: tuple[Int[N], Int[M], Int[L]], axis: Literal[1]
) -> tuple[
    BoolTensor[A, Int[N], *R],
    BoolTensor[A, Int[M], *R],
    BoolTensor[A, Int[last_section(Int[T], Int[N + M], Int[L])], *R],
]: ...
@overload
def split[T: IntVar, N: IntVar, M: IntVar, *R](
    x: BoolTensor[*R, Int[T]], sizes: tuple[Int[N], Int[M]], axis: Literal[-1]
) -> tuple[BoolTensor[*R, Int[N]], BoolTensor[*R, Int[last_section(Int[T], Int[N], Int[M])]]]: ...
@overload
def split[T: IntVar, N: IntVar, M: IntVar, L: IntVar, *R](
    x: BoolTensor[*R, Int[T]], sizes: tuple[Int[N], Int[M], Int[L]], axis: Literal[-1]
) -> tuple[
    BoolTensor[*R, Int[N]], BoolTensor[*R, Int[M]], BoolTensor[*R, Int[last_section(Int[T], Int[N + M], Int[L])]]
]: ...
@overload
def split[Shape: IntTuple[int, *tuple[int, ...]], Sizes: IntTuple, At: Flag[int] = 0](
    x: BoolTensor[*Shape], sizes: Sizes, axis: At = 0
) -> MapIntTuples[lambda S: BoolTensor[*S], split_sections(Shape, Sizes, At)]: ...
@overload
def split[Shape: IntTuple[int, *tuple[int, ...]], N: IntVar, At: Flag[int] = 0](
    x: BoolTensor[*Shape], sizes: Int[N], axis: At = 0
) -> MapIntTuples[lambda S: BoolTensor[*S], split_equally(Shape, Int[N], At)]: ...
@overload
def split[A, *R](
    x: BoolTensor[A, *R], sizes: int | Sequence[int], axis: Literal[0] = 0
) -> tuple[BoolTensor[Any, *R], ...]: ...
@overload
def split[A, *R](
    x: BoolTensor[*R, A], sizes: int | Sequence[int], axis: Literal[-1]
) -> tuple[BoolTensor[*R, Any], ...]: ...
@overload
def split[A, C, *R](
    x: BoolTensor[A, C, *R], sizes: int | Sequence[int], axis: Literal[1]
) -> tuple[BoolTensor[A, Any, *R], ...]: ...
@overload
def split(x: AnyArray | Raw, sizes: int | Sequence[int], axis: int = 0) -> tuple[Any, ...]: ...
@overload
def slice(x: Absent, starts: object, stops: object, steps: object = None) -> Any: ...
@overload
def slice(x: Open[Unknown], starts: Sequence[int], stops: Sequence[int], steps: Sequence[int] | None = None) -> Any: ...
@overload
def slice(
    x: object, starts: Sequence[Int[Unknown]], stops: Sequence[int], steps: Sequence[int] | None = None
) -> Any: ...
@overload
def slice(
    x: object, starts: Sequence[int], stops: Sequence[Int[Unknown]], steps: Sequence[int] | None = None
) -> Any: ...
@overload
def slice[Shape: IntTuple[int, *tuple[int, ...]], Starts: IntTuple, Stops: IntTuple](
    x: Tensor[*Shape], starts: Starts, stops: Stops, steps: None = None
) -> Tensor[Unpack[slice_shape(Shape, Starts, Stops)]]: ...
@overload
def slice[Shape: IntTuple[int, *tuple[int, ...]], Starts: IntTuple, Stops: IntTuple](
    x: IntTensor[*Shape], starts: Starts, stops: Stops, steps: None = None
) -> IntTensor[Unpack[slice_shape(Shape, Starts, Stops)]]: ...
@overload
def slice[Shape: IntTuple[int, *tuple[int, ...]], Starts: IntTuple, Stops: IntTuple](
    x: BoolTensor[*Shape], starts: Starts, stops: Stops, steps: None = None
) -> BoolTensor[Unpack[slice_shape(Shape, Starts, Stops)]]: ...
@overload
def slice(
    x: AnyArray | Raw, starts: Sequence[int], stops: Sequence[int], steps: Sequence[int] | None = None
) -> Any: ...
