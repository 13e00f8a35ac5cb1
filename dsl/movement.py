"""Movement and reductions for tensors of any kind: axes, shapes with -1, squeezing, slicing. The typed surface is in
`tensor` (methods) and `functions`; what they share is here, untyped in the axes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias, cast

import numpy as np

from ..compiler.errors import ShapeError
from ..compiler.sizes import Poly, Shape, Size, exact_quotient, product
from .array import AnyArray, DTypeLike, is_array, type_of, type_text, with_names
from .conversion import dtype_like, integer, shape_of
from .dispatch import apply, fail
from .report import kind_text

Axis: TypeAlias = "int | Sequence[int] | None"
_OTHER_AXES = ("squeeze", "stack", "unsqueeze")  # where an axis that a tensor has is not what was meant, or of size 1


# ---- axes
_LOOKUPS = ("gather", "take_along_axis")  # where PyTorch has the axis in front of the indices


def one_axis(op: str, x: AnyArray, axis: int, extra: int = 0) -> int:
    """`axis` counted from the front; `extra` more axes exist (1 where a new one is inserted)."""
    n = x.ndim + extra
    if type(axis) is not int:
        if is_array(cast("object", axis)) and op in _LOOKUPS:
            order = f"the order is sw.{op}(x, index, axis)"
            fail(ShapeError(f"{op}: axis is an int, not {kind_text(axis)}", help=order, code="SW104"), x)
        (axis,) = _numbers(op, x, (axis,))
    if not -n <= axis < n:
        valid = f"from {-n} to {n - 1}" if n else "none: it is a scalar"
        fail(ShapeError(f"{op}: there is no axis {axis}", details=[f"the axes are {valid}"], code="SW104"), x)
    return axis % n


def _numbers(op: str, x: AnyArray, axes: Sequence[object]) -> list[int]:
    """Axes as numbers of Python. ShapeError if some are no integers."""
    numbers = [None if isinstance(a, bool | np.bool_) else integer(a) for a in axes]
    wrong = [a for a, number in zip(axes, numbers, strict=True) if number is None]
    if wrong:
        from .axis_numbers import COUNTED, numbered

        a, partial = wrong[0], op == "transpose" and len(axes) != x.ndim
        help = COUNTED if partial or op in _OTHER_AXES else numbered(x, wrong)
        what = f"the class `{a.__name__}`" if isinstance(a, type) else type(a).__name__
        fail(ShapeError(f"{op}: axis is an int, not {what}", help=help, code="SW104"), x)
    return [number for number in numbers if number is not None]


def _listed(op: str, x: AnyArray, axis: object) -> list[int]:
    """One axis, or several, as numbers."""
    if type(axis) is int:
        return [axis]
    if integer(axis) is None and isinstance(axis, Iterable) and not isinstance(axis, str):
        return _numbers(op, x, list(cast("Iterable[object]", axis)))
    return _numbers(op, x, [axis])


def many_axes(op: str, x: AnyArray, axis: Axis) -> tuple[int, ...]:
    """Axes counted from the front, in order; None: all."""
    if axis is None:
        return tuple(range(x.ndim))
    axes = _listed(op, x, axis)
    out = [one_axis(op, x, a) for a in axes]
    if len(set(out)) != len(out):
        fail(ShapeError(f"{op}: an axis is named twice in {tuple(axes)}", help="name each axis once", code="SW104"), x)
    return tuple(sorted(out))


def reduce(op: str, x: AnyArray, axis: Axis, keepdims: bool) -> Any:
    """A reduction of the table; without axes to fold the tensor itself."""
    axes = many_axes(op, x, axis)
    if not axes and op in ("sum", "mean", "max", "min") and type_of(x).dtype.is_float:
        return x
    return apply(op, (x,), {"axis": axes, "keepdims": keepdims})


# ---- shapes
def sizes_from(sizes: tuple[Any, ...]) -> Shape:
    """The arguments of `x.reshape(2, 3)` or `x.reshape((2, 3))`."""
    only: object = sizes[0] if len(sizes) == 1 else None
    return shape_of(cast("object", only) if isinstance(only, tuple | list) else sizes)


def reshape(x: AnyArray, to: object) -> Any:
    """`x` in another shape; one size may be -1."""
    shape = list(shape_of(to))
    unknown = [i for i, s in enumerate(shape) if s == -1]
    if len(unknown) > 1:
        fail(ShapeError("reshape: more than one -1", help="give all sizes but one", code="SW103"), x)
    if any(isinstance(s, int) and s < -1 for s in shape):
        fail(ShapeError(f"reshape: a size of {tuple(shape)} is negative", code="SW103"), x)
    if unknown:
        shape[unknown[0]] = _missing(x, [s for s in shape if s != -1], tuple(shape))
    return apply("reshape", (x,), {"shape": tuple(shape)})


def _missing(x: AnyArray, others: list[Size], shape: Shape) -> Size:
    """The size that -1 stands for."""
    total, known = product(type_of(x).shape), product(others)
    rest = exact_quotient(total, known)
    if rest is None and known != 0 and (isinstance(total, Poly) or isinstance(known, Poly)):
        rest = exact_quotient(int(total), int(known))
    if rest is None:
        why = f"{total} elements are not a multiple of {known}" if known != 0 else "the other sizes have a 0"
        text = ", ".join(map(str, shape))
        fail(ShapeError(f"reshape: {type_text(type_of(x))} does not fit ({text})", details=[why], code="SW106"), x)
    return rest


def flatten(x: AnyArray, start: int, end: int) -> Any:
    """Axes `start` to `end` (both included) as one."""
    if x.ndim == 0:
        return reshape(x, (1,))
    first, last = one_axis("flatten", x, start), one_axis("flatten", x, end)
    if first > last:
        fail(ShapeError(f"flatten: axis {start} comes after axis {end}", code="SW104"), x)
    shape = type_of(x).shape
    return apply("reshape", (x,), {"shape": (*shape[:first], product(shape[first : last + 1]), *shape[last + 1 :])})


def squeeze(x: AnyArray, axis: Axis) -> Any:
    """Without axes of size 1: all of them, or the given ones."""
    t = type_of(x)
    axes = [i for i, s in enumerate(t.shape) if int(s) == 1] if axis is None else many_axes("squeeze", x, axis)
    for a in axes:
        if t.shape[a] != 1 and not (isinstance(t.shape[a], Poly) and int(t.shape[a]) == 1):
            fail(ShapeError(f"squeeze: axis {a} has size {t.shape[a]}, not 1", code="SW106"), x)
    keep = [i for i in range(t.ndim) if i not in axes]
    return _renamed(x, tuple(t.shape[i] for i in keep), tuple(t.names[i] for i in keep))


def unsqueeze(x: AnyArray, axis: Axis) -> Any:
    """With new axes of size 1 at these places of the result."""
    t = type_of(x)
    wanted = tuple(_listed("unsqueeze", x, () if axis is None else axis))
    places = sorted(one_axis("unsqueeze", x, a, extra=len(wanted)) for a in wanted)
    if len(set(places)) != len(places):
        fail(ShapeError(f"unsqueeze: an axis is named twice in {wanted}", code="SW104"), x)
    shape, names = list(t.shape), list(t.names)
    for a in places:
        shape.insert(a, 1)
        names.insert(a, None)
    return _renamed(x, tuple(shape), tuple(names))


def _renamed(x: AnyArray, shape: Shape, names: tuple[str | None, ...]) -> Any:
    if shape == type_of(x).shape:
        return x
    return with_names(apply("reshape", (x,), {"shape": shape}), names)


def transpose(x: AnyArray, axes: Axis) -> Any:
    """Axes in another order; None reverses them."""
    given = list(range(x.ndim))[::-1] if axes is None else _listed("transpose", x, axes)
    order = tuple(one_axis("transpose", x, a) for a in given)
    if sorted(order) != list(range(x.ndim)):
        from .axis_numbers import exchanged

        two = len(set(order)) == len(order) == 2
        help = exchanged(x, *order) if two else "name each axis once"
        fail(ShapeError(f"transpose: {tuple(given)} is no order of the {x.ndim} axes", help=help, code="SW104"), x)
    return x if order == tuple(range(x.ndim)) else apply("transpose", (x,), {"axes": order})


def swap_last(x: AnyArray) -> Any:
    """The last two axes exchanged."""
    if x.ndim < 2:
        fail(ShapeError(".mT needs at least two axes", code="SW103"), x)
    return transpose(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def broadcast_to(x: AnyArray, to: object) -> Any:
    """`x` repeated along axes of size 1, and along new leading axes."""
    shape = list(shape_of(to))
    lead = len(shape) - x.ndim
    for i, s in enumerate(shape):
        if s == -1 and i >= lead:
            shape[i] = type_of(x).shape[i - lead]
    return x if tuple(shape) == type_of(x).shape else apply("broadcast_to", (x,), {"shape": tuple(shape)})


def cut(x: AnyArray, axis: int, start: Size, count: Size, step: int = 1) -> Any:
    """`count` places along `axis`, from `start` in steps of `step`. No check but the shape rule's."""
    shape = type_of(x).shape
    if start == 0 and step == 1 and count == shape[axis]:
        return x
    n = len(shape)
    return apply(
        "slice",
        (x,),
        {
            "starts": tuple(start if i == axis else 0 for i in range(n)),
            "steps": tuple(step if i == axis else 1 for i in range(n)),
            "shape": tuple(count if i == axis else s for i, s in enumerate(shape)),
        },
    )


def split(x: AnyArray, sizes: int | Sequence[int], axis: int) -> tuple[Any, ...]:
    """Pieces along `axis`: of the given sizes, or of one size each (the last may be smaller)."""
    at = one_axis("split", x, axis)
    total = type_of(x).shape[at]
    if isinstance(sizes, int):
        if sizes <= 0:
            fail(ShapeError(f"split: a size must be positive, not {sizes}", code="SW106"), x)
        n = int(total)
        pieces: list[Size] = [min(sizes, n - i) for i in range(0, n, sizes)]
    else:
        pieces = list(shape_of(tuple(sizes)))
    whole: Size = 0
    for p in pieces:
        whole = whole + p
    if whole != total and int(whole) != int(total):
        text = f"split: sizes {tuple(pieces)} sum to {whole}, axis {at} has {total}"
        fail(ShapeError(text, help="give sizes that sum to the axis", code="SW106"), x)
    out: list[Any] = []
    start: Size = 0
    for p in pieces:
        out.append(cut(x, at, start, p))
        start = start + p
    return tuple(out)


def order_from(axes: tuple[Any, ...]) -> Axis:
    """The arguments of `x.transpose(1, 0)`, `x.transpose((1, 0))` or `x.transpose()`."""
    return axes if len(axes) > 1 else axes[0] if axes else None


# ---- kinds
def cast_to(x: AnyArray, dtype: DTypeLike) -> Any:
    """The same values as another element type."""
    want = dtype_like(dtype)
    return x if type_of(x).dtype is want else apply("cast", (x,), {"dtype": want.value})


def any_true(x: AnyArray, axis: Axis, keepdims: bool) -> Any:
    """Whether any element along `axis` is true."""
    return apply("greater", (reduce("max", cast_to(x, "int64"), axis, keepdims), 0)) if x.ndim else x


def all_true(x: AnyArray, axis: Axis, keepdims: bool) -> Any:
    """Whether every element along `axis` is true."""
    return apply("greater", (reduce("min", cast_to(x, "int64"), axis, keepdims), 0)) if x.ndim else x
