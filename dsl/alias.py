"""`Tensor[Batch, Pixels]` as an object: an ordinary typing alias that can also be called and has the constructors."""

from __future__ import annotations

import typing
from collections.abc import Callable
from typing import Any, cast, get_args

from ..compiler.errors import ShapeError
from ..compiler.loc import user_loc
from ..compiler.ops.shapes import axes_text
from ..compiler.types import TensorType
from .annotations import AxisSpec, axes_of, labels, show_axes
from .array import AnyArray, type_of, with_names


class AxesAlias(typing._GenericAlias, _root=True):  # type: ignore[call-arg, misc, name-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUntypedBaseClass, reportGeneralTypeIssues]  - typing has no public base for aliases
    """A generic alias of a tensor class. Calling it checks the array against the axes; class methods know the axes."""

    __origin__: Any
    __args__: tuple[Any, ...]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return checked(self.__origin__(*args, **kwargs), axes_of(self.__args__))

    def __getattr__(self, name: str) -> Any:
        return bound(super().__getattr__(name), self)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  as above


def _no_expression(axes: object) -> str:
    """The text among axes that Python cannot read."""
    listed = cast("tuple[object, ...]", axes) if isinstance(axes, tuple) else (axes,)
    for axis in listed:
        if isinstance(axis, str):
            try:
                typing.ForwardRef(axis)
            except (SyntaxError, IndexError):
                return axis
    return ", ".join(map(str, listed))


def bound(value: Any, to: AxesAlias) -> Any:
    """A class method of the tensor class, bound to the alias instead; anything else as it is."""
    function: Any = getattr(value, "__func__", None)
    if function is not None and getattr(value, "__self__", None) is to.__origin__:
        return function.__get__(to)
    return value


def alias(cls: type[Any], make: Callable[[object], Any], axes: object) -> Any:
    """`cls[axes]`, the alias that `make` of `typing` gives, as an `AxesAlias`. ShapeError: a text that is no expression."""
    try:
        plain = make(axes)
    except (SyntaxError, IndexError) as error:  # "batch features", ""; but "Batch" is a class that is defined later
        loc = user_loc()
        raise ShapeError(
            f"`{_no_expression(axes)}` is not an axis: axes are classes, one for each",
            loc=None if loc is None or loc.file == "<string>" else loc,  # an annotation that is itself a text
            help=f"write `class Batch(sw.Dim): ...`, then `{cls.__name__}[Batch, ...]`",
            code="SW105",
        ) from error
    if type(plain) is not typing._GenericAlias:  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
        return plain
    return AxesAlias(cls, plain.__args__, name=plain._name)


def checked(x: AnyArray, axes: tuple[AxisSpec, ...]) -> AnyArray:
    """The tensor with the axes' names. ShapeError if rank or a size differs."""
    t = type_of(x)
    spread = [i for i, a in enumerate(axes) if a.kind == "variadic"]
    if spread and len(axes) - 1 <= t.ndim:
        missing = t.ndim - len(axes) + 1
        axes = (*axes[: spread[0]], *(AxisSpec("any", "_") for _ in range(missing)), *axes[spread[0] + 1 :])
    if len(axes) != t.ndim:
        raise ShapeError(
            f"an array of {axes_text(t.ndim)} for {_name(x, axes)}, which has {len(axes)}",
            loc=user_loc(),
            details=[f"the array has shape {_sizes(t)}"],
            help="give an array with one axis per name",
            code="SW103",
        )
    seen: dict[object, tuple[int, object]] = {}
    for i, (axis, size) in enumerate(zip(axes, t.shape, strict=True)):
        if axis.size is not None and axis.size != size:
            raise _mismatch(x, axes, i, f"`{axis.name}` is {axis.size}")
        if axis.key is not None and axis.size is None and axis.kind != "expr":
            first = seen.setdefault(axis.key, (i, size))
            if first[1] != size:
                raise _mismatch(x, axes, i, f"`{axis.name}` is {first[1]} at axis {first[0]}")
    return with_names(x, labels(axes))


def _mismatch(x: AnyArray, axes: tuple[AxisSpec, ...], i: int, bound: str) -> ShapeError:
    return ShapeError(
        f"axis {i} of the array has size {type_of(x).shape[i]}, but {bound}",
        loc=user_loc(),
        details=[f"the array has shape {_sizes(type_of(x))}", f"wanted {_name(x, axes)}"],
        help="pass an array of the wanted shape, or change the size of the axis",
        code="SW101",
    )


def _name(x: AnyArray, axes: tuple[AxisSpec, ...]) -> str:
    return f"{type(x).__name__}[{show_axes(axes)}]"


def _sizes(t: TensorType) -> str:
    return f"({', '.join(map(str, t.shape))}{',' if t.ndim == 1 else ''})"


def axes_given(cls: Any) -> tuple[AxisSpec, ...] | None:
    """The axes of the alias that a class method was called on; None for a bare class."""
    return axes_of(get_args(cls)) if isinstance(cls, AxesAlias) else None


def shape_given(cls: Any, shape: tuple[int, ...] | None, method: str) -> tuple[int, ...]:
    """The shape for `Tensor[P, H].zeros()`: that of its axes, or `shape` if given (checked later against the axes)."""
    if shape is not None:
        return tuple(shape)
    axes = axes_given(cls)
    sizes = [a.size for a in axes or ()]
    known = [s for s in sizes if s is not None]
    if axes is None or len(known) != len(sizes):
        unsized = ", ".join(a.name for a in axes or () if a.size is None)
        raise ShapeError(
            f".{method}() does not know " + (f"the size of {unsized}" if axes is not None else "its axes"),
            loc=user_loc(),
            help=f"give the sizes: .{method}({'value, ' if method == 'full' else ''}shape=...)",
            code="SW103",
        )
    return tuple(known)


def constructed(cls: Any, x: AnyArray) -> Any:
    """A result of a class method with the axes of the alias it was called on."""
    axes = axes_given(cls)
    return x if axes is None else checked(x, axes)
