"""Joining, cutting and padding, for tensors of every kind. Sizes that need arithmetic are `Any` to a checker, and computed by
Pyrefly (`dsl/pyrefly`)."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, TypeVar, TypeVarTuple, cast, overload

from ..compiler.errors import OptionError, ShapeError
from ..compiler.loc import user_loc
from ..compiler.ops.shapes import axes_text, two_sizes
from ..compiler.sizes import Size
from ..compiler.types import DType
from . import movement
from .array import AnyArray, Array, type_of
from .conversion import as_array
from .creation import filled
from .dispatch import apply, fail
from .families import Raw
from .scope import same_size
from .tensor import BoolTensor, IntTensor, Tensor

S = TypeVarTuple("S")
B = TypeVarTuple("B")
A = TypeVar("A")
C = TypeVar("C")
D = TypeVar("D")
Sizes: TypeAlias = "int | Sequence[int]"


# ---- joining
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
def concat(xs: tuple[Tensor[A, C, *B], Tensor[A, D, *B]], axis: Literal[1]) -> Tensor[A, Any, *B]: ...
@overload
def concat(
    xs: tuple[Tensor[A, *B], Tensor[C, *B], Tensor[D, *B], *tuple[Tensor[*tuple[Any, ...]], ...]], axis: Literal[0] = 0
) -> Tensor[Any, *B]: ...
@overload
def concat(
    xs: tuple[Tensor[*B, A], Tensor[*B, C], Tensor[*B, D], *tuple[Tensor[*tuple[Any, ...]], ...]], axis: Literal[-1]
) -> Tensor[*B, Any]: ...
@overload
def concat(xs: list[Tensor[A, *B]], axis: Literal[0] = 0) -> Tensor[Any, *B]: ...
@overload
def concat(xs: list[Tensor[*B, A]], axis: Literal[-1]) -> Tensor[*B, Any]: ...
@overload
def concat(xs: tuple[IntTensor[A, C, *B], IntTensor[A, D, *B]], axis: Literal[1]) -> IntTensor[A, Any, *B]: ...
@overload
def concat(
    xs: tuple[IntTensor[A, *B], IntTensor[C, *B], IntTensor[D, *B], *tuple[IntTensor[*tuple[Any, ...]], ...]],
    axis: Literal[0] = 0,
) -> IntTensor[Any, *B]: ...
@overload
def concat(
    xs: tuple[IntTensor[*B, A], IntTensor[*B, C], IntTensor[*B, D], *tuple[IntTensor[*tuple[Any, ...]], ...]],
    axis: Literal[-1],
) -> IntTensor[*B, Any]: ...
@overload
def concat(xs: list[IntTensor[A, *B]], axis: Literal[0] = 0) -> IntTensor[Any, *B]: ...
@overload
def concat(xs: list[IntTensor[*B, A]], axis: Literal[-1]) -> IntTensor[*B, Any]: ...
@overload
def concat(xs: tuple[BoolTensor[A, C, *B], BoolTensor[A, D, *B]], axis: Literal[1]) -> BoolTensor[A, Any, *B]: ...
@overload
def concat(
    xs: tuple[BoolTensor[A, *B], BoolTensor[C, *B], BoolTensor[D, *B], *tuple[BoolTensor[*tuple[Any, ...]], ...]],
    axis: Literal[0] = 0,
) -> BoolTensor[Any, *B]: ...
@overload
def concat(
    xs: tuple[BoolTensor[*B, A], BoolTensor[*B, C], BoolTensor[*B, D], *tuple[BoolTensor[*tuple[Any, ...]], ...]],
    axis: Literal[-1],
) -> BoolTensor[*B, Any]: ...
@overload
def concat(xs: list[BoolTensor[A, *B]], axis: Literal[0] = 0) -> BoolTensor[Any, *B]: ...
@overload
def concat(xs: list[BoolTensor[*B, A]], axis: Literal[-1]) -> BoolTensor[*B, Any]: ...
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
def stack(xs: Sequence[Tensor[A, *B]], axis: Literal[1]) -> Tensor[A, Any, *B]: ...
@overload
def stack(xs: Sequence[IntTensor[A, *B]], axis: Literal[1]) -> IntTensor[A, Any, *B]: ...
@overload
def stack(xs: Sequence[BoolTensor[A, *B]], axis: Literal[1]) -> BoolTensor[A, Any, *B]: ...
@overload
def stack(xs: Sequence[object], axis: int = 0) -> Any: ...
def stack(xs: Any, axis: Any = 0) -> Any:
    """Tensors of one shape along a new axis."""
    tensors = _several("stack", xs)
    a = movement.one_axis("stack", tensors[0], axis, extra=1)
    first = type_of(tensors[0]).shape
    for i, t in enumerate(tensors):
        if t.ndim != len(first):
            text = f"stack: the ranks differ, {len(first)} and {t.ndim}"
            fail(ShapeError(text, details=["tensors of one shape are stacked"], code="SW103"), *tensors)
        for k, (size, other) in enumerate(zip(first, type_of(t).shape, strict=True)):
            if not same_size(size, other):
                types = tuple(map(type_of, tensors))
                words = "{a} does not fit {b}", "{a} must equal {b}", "tensors of one shape are stacked"
                fail(two_sizes("stack", types, (0, k), (i, k), *words), *tensors)
    return apply("concat", [movement.unsqueeze(t, a) for t in tensors], {"axis": a})


def _several(op: str, xs: Sequence[object]) -> list[AnyArray]:
    if isinstance(xs, Array) or not isinstance(cast("object", xs), tuple | list) or not xs:
        given = "none" if isinstance(cast("object", xs), tuple | list) else "one object"
        fail(ShapeError(f"{op} takes a tuple of tensors, got {given}", details=[f"{op}((a, b))"], code="SW103"))
    return [as_array(x) for x in xs]


# ---- cutting
@overload
def split(x: Tensor[A, *B], sizes: Sizes, axis: Literal[0] = 0) -> tuple[Tensor[Any, *B], ...]: ...
@overload
def split(x: Tensor[*B, A], sizes: Sizes, axis: Literal[-1]) -> tuple[Tensor[*B, Any], ...]: ...
@overload
def split(x: Tensor[A, C, *B], sizes: Sizes, axis: Literal[1]) -> tuple[Tensor[A, Any, *B], ...]: ...
@overload
def split(x: IntTensor[A, *B], sizes: Sizes, axis: Literal[0] = 0) -> tuple[IntTensor[Any, *B], ...]: ...
@overload
def split(x: IntTensor[*B, A], sizes: Sizes, axis: Literal[-1]) -> tuple[IntTensor[*B, Any], ...]: ...
@overload
def split(x: IntTensor[A, C, *B], sizes: Sizes, axis: Literal[1]) -> tuple[IntTensor[A, Any, *B], ...]: ...
@overload
def split(x: BoolTensor[A, *B], sizes: Sizes, axis: Literal[0] = 0) -> tuple[BoolTensor[Any, *B], ...]: ...
@overload
def split(x: BoolTensor[*B, A], sizes: Sizes, axis: Literal[-1]) -> tuple[BoolTensor[*B, Any], ...]: ...
@overload
def split(x: BoolTensor[A, C, *B], sizes: Sizes, axis: Literal[1]) -> tuple[BoolTensor[A, Any, *B], ...]: ...
@overload
def split(x: Tensor[*tuple[Any, ...]], sizes: Sizes, axis: int = 0) -> tuple[Tensor[*tuple[Any, ...]], ...]: ...
@overload
def split(x: IntTensor[*tuple[Any, ...]], sizes: Sizes, axis: int = 0) -> tuple[IntTensor[*tuple[Any, ...]], ...]: ...
@overload
def split(x: BoolTensor[*tuple[Any, ...]], sizes: Sizes, axis: int = 0) -> tuple[BoolTensor[*tuple[Any, ...]], ...]: ...
@overload
def split(x: AnyArray | Raw, sizes: Sizes, axis: int = 0) -> tuple[Any, ...]: ...
def split(x: Any, sizes: Sizes, axis: int = 0) -> tuple[Any, ...]:
    """Pieces along `axis`: of the given sizes, or of one size each (the last may be smaller)."""
    return movement.split(as_array(x), sizes, axis)


@overload
def slice(
    x: Tensor[*tuple[Any, ...]], starts: Sequence[int], stops: Sequence[int], steps: Sequence[int] | None = None
) -> Tensor[*tuple[Any, ...]]: ...
@overload
def slice(
    x: IntTensor[*tuple[Any, ...]], starts: Sequence[int], stops: Sequence[int], steps: Sequence[int] | None = None
) -> IntTensor[*tuple[Any, ...]]: ...
@overload
def slice(
    x: BoolTensor[*tuple[Any, ...]], starts: Sequence[int], stops: Sequence[int], steps: Sequence[int] | None = None
) -> BoolTensor[*tuple[Any, ...]]: ...
@overload
def slice(
    x: AnyArray | Raw, starts: Sequence[int], stops: Sequence[int], steps: Sequence[int] | None = None
) -> Any: ...
def slice(x: Any, starts: Sequence[int], stops: Sequence[int], steps: Sequence[int] | None = None) -> Any:
    """x[starts[0]:stops[0]:steps[0], ...] along the leading axes."""
    from .indexing import index

    at = zip(starts, stops, steps or (1,) * len(starts), strict=True)
    return index(as_array(x), tuple(builtins.slice(*bounds) for bounds in at))


@overload
def pad(
    x: Tensor[*tuple[Any, ...]], widths: int | Sequence[tuple[int, int]], value: float = 0.0
) -> Tensor[*tuple[Any, ...]]: ...
@overload
def pad(
    x: IntTensor[*tuple[Any, ...]], widths: int | Sequence[tuple[int, int]], value: float = 0.0
) -> IntTensor[*tuple[Any, ...]]: ...
@overload
def pad(
    x: BoolTensor[*tuple[Any, ...]], widths: int | Sequence[tuple[int, int]], value: float = 0.0
) -> BoolTensor[*tuple[Any, ...]]: ...
@overload
def pad(x: AnyArray | Raw, widths: int | Sequence[tuple[int, int]], value: float = 0.0) -> Any: ...
def pad(x: Any, widths: int | Sequence[tuple[int, int]], value: float = 0.0) -> Any:
    """With `value` added: `widths` is (before, after) for each axis, or one number for all of them."""
    tensor = as_array(x)
    pairs = [(widths, widths)] * tensor.ndim if isinstance(widths, int) else list(widths)
    if len(pairs) != tensor.ndim:
        text = f"pad: {len(pairs)} pair{'' if len(pairs) == 1 else 's'} of widths for {axes_text(tensor.ndim)}"
        fail(ShapeError(text, help="give one (before, after) for each axis", code="SW103"), tensor)
    if min((w for pair in pairs for w in pair), default=0) < 0:
        raise OptionError("pad: a width is negative", loc=user_loc(), help="cut with x[a:b] instead", code="SW801")
    shape: list[Size] = [s + a + b for s, (a, b) in zip(type_of(tensor).shape, pairs, strict=True)]
    at = {"starts": tuple(a for a, _ in pairs), "steps": (1,) * tensor.ndim, "shape": tuple(shape)}
    if value == 0:
        return apply("unslice", (tensor,), at)
    inside = apply("unslice", (filled(1, type_of(tensor).shape, DType.int64),), at)
    return apply("where", (apply("greater", (inside, 0)), apply("unslice", (tensor,), at), value))
