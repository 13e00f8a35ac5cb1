"""One annotation's axes: `Tensor[Batch, Literal[64]]` -> two `AxisSpec`, and how they are written in messages."""

from __future__ import annotations

import types
import typing
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeAlias, TypeVar, TypeVarTuple, Unpack, cast, final, get_args, get_origin

from ..compiler.errors import ShapeError
from ..compiler.sizes import Size
from .dims import Add, D, Dim, Mul

AxisKind: TypeAlias = Literal["dim", "typevar", "literal", "any", "variadic", "expr"]


@final
class DimName(str):
    """The name of a `Dim` as the label of an axis: text like any other, but it knows its class."""

    __slots__ = ("dim",)

    def __new__(cls, dim: type[Dim]) -> DimName:
        made = super().__new__(cls, dim.__name__)
        made.dim = dim
        return made

    dim: object  # the class

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return (str, (str(self),))  # a class of a function cannot be pickled


@final
@dataclass(frozen=True, slots=True)
class AxisSpec:
    """One axis of an annotation.

    kind: "dim" (a `Dim` class), "typevar", "literal" (a given size), "any" (unchecked), "variadic" (`*Bs` or
    `*tuple[Any, ...]`: zero or more axes), "expr" (`Add`/`Mul` of other axes).
    name: as written in messages. size: the size if the annotation gives one, else None.
    key: what identifies the axis: the `Dim` class, the `TypeVar`, the `TypeVarTuple`, an `AxisExpr`; None otherwise.
    """

    kind: AxisKind
    name: str
    size: int | None = None
    key: object = None

    @property
    def label(self) -> str | None:
        """What an axis of a tensor is called that was made with this annotation."""
        if self.kind == "dim":
            return DimName(cast("type[Dim]", self.key))
        return self.name if self.kind == "typevar" else None


@lru_cache(maxsize=4096)
def labels(axes: tuple[AxisSpec, ...]) -> tuple[str | None, ...]:
    """What the axes of a tensor are called that was made with this annotation; always the same object."""
    return tuple(a.label for a in axes)


@lru_cache(maxsize=4096)
def dim_names(axes: tuple[AxisSpec, ...]) -> tuple[str | None, ...]:
    """What a result with this annotation calls its axes: `Dim`s only, since type variables mean nothing to the caller."""
    known = labels(axes)
    only = tuple(name if a.kind == "dim" else None for a, name in zip(axes, known, strict=True))
    return known if only == known else only  # the same object, which is told by identity


@final
@dataclass(frozen=True, slots=True)
class AxisExpr:
    """The sum (`op` "+") or product (`op` "*") of two axes."""

    op: Literal["+", "*"]
    left: AxisSpec
    right: AxisSpec


ANY_AXIS = AxisSpec("any", "_")


def axes_of(args: tuple[object, ...]) -> tuple[AxisSpec, ...]:
    """The axes of `Tensor[args]`, from `typing.get_args`; `Tensor[()]` has none. ShapeError if one is no axis."""
    axes: list[AxisSpec] = []
    for arg in args:
        if arg == ():
            continue
        axes += _unpacked(arg) if _is_unpack(arg) else (axis_of(arg),)
    if sum(a.kind == "variadic" for a in axes) > 1:
        raise ShapeError(
            f"an annotation has two axes of any number: [{show_axes(tuple(axes))}]",
            help="write at most one *Bs",
            code="SW105",
        )
    return tuple(axes)


def axis_of(written: object) -> AxisSpec:
    """One axis that stands for exactly one size."""
    arg = cast("Any", written)
    if arg is Any:
        return ANY_AXIS
    if isinstance(arg, type) and issubclass(arg, Dim):
        return AxisSpec("dim", arg.__name__, _dim_size(arg), arg)
    if isinstance(arg, TypeVar):
        return AxisSpec("typevar", arg.__name__, None, arg)
    if isinstance(arg, int) and not isinstance(arg, bool):
        return AxisSpec("literal", str(arg), arg)
    origin = get_origin(arg)
    if origin is Literal:
        values = get_args(arg)
        if len(values) == 1 and type(values[0]) is int and values[0] >= 0:
            return AxisSpec("literal", str(values[0]), values[0])
    elif origin is D:
        return axis_of(get_args(arg)[0])
    elif origin is Add or origin is Mul:
        left, right = (axis_of(a) for a in get_args(arg))
        return _expr("+" if origin is Add else "*", left, right)
    raise ShapeError(
        f"`{_written(written)}` is not an axis",
        help="an axis is a Dim class, a TypeVar, Literal[64], Any, *Bs, D[N], Add[N, M] or Mul[N, M]",
        code="SW105",
    )


def show_axes(axes: tuple[AxisSpec, ...], sizes: tuple[Size, ...] | None = None) -> str:
    """`Batch, Pixels`, or with the sizes of an array `Batch=32, Pixels=64` (its sizes alone if the ranks differ)."""
    if sizes is None:
        return ", ".join(a.name for a in axes) if axes else "()"
    if any(a.kind == "variadic" for a in axes):
        at = next(i for i, a in enumerate(axes) if a.kind == "variadic")
        axes = axes[:at] + (ANY_AXIS,) * (len(sizes) - len(axes) + 1) + axes[at + 1 :]
    if len(axes) != len(sizes):
        return ", ".join(map(str, sizes)) if sizes else "()"
    plain = ("any", "literal", "expr")
    texts = [str(s) if a.kind in plain else f"{a.name}={s}" for a, s in zip(axes, sizes, strict=True)]
    return ", ".join(texts) if texts else "()"


def _expr(op: Literal["+", "*"], left: AxisSpec, right: AxisSpec) -> AxisSpec:
    size: int | None = None
    if left.size is not None and right.size is not None:
        size = left.size + right.size if op == "+" else left.size * right.size
    name = f"{'Add' if op == '+' else 'Mul'}[{left.name}, {right.name}]"
    return AxisSpec("expr", name, size, AxisExpr(op, left, right))


def _dim_size(dim: type[Dim]) -> int | None:
    size: object = dim.size
    if size is None or (type(size) is int and size >= 0):
        return size
    raise ShapeError(f"`{dim.__name__}.size` is {size!r}: a size is an integer that is not negative", code="SW105")


def _is_unpack(arg: object) -> bool:
    return isinstance(arg, TypeVarTuple) or get_origin(arg) is Unpack or _is_starred_tuple(arg)


def _is_starred_tuple(arg: object) -> bool:
    return isinstance(arg, types.GenericAlias) and bool(arg.__unpacked__)


def _unpacked(arg: object) -> tuple[AxisSpec, ...]:
    inner: object = arg
    if get_origin(arg) is Unpack:
        inner = get_args(arg)[0]
    if isinstance(inner, TypeVarTuple):
        return (AxisSpec("variadic", f"*{inner.__name__}", None, inner),)
    if get_origin(inner) is tuple:
        items = get_args(inner)
        if len(items) == 2 and items[1] is Ellipsis:
            if items[0] is Any:
                return (AxisSpec("variadic", "*_"),)
            raise ShapeError(
                f"`*tuple[{_written(items[0])}, ...]` would repeat one axis",
                help="write *tuple[Any, ...] or *Bs",
                code="SW105",
            )
        return axes_of(items)
    raise ShapeError(
        f"`*{_written(inner)}` is not a group of axes", help="write *Bs with Bs = TypeVarTuple(...)", code="SW105"
    )


def _written(arg: object) -> str:
    if isinstance(arg, typing.ForwardRef):
        return arg.__forward_arg__
    return str(getattr(arg, "__name__", repr(arg)))
