"""What shape rules share: broadcasting, comparing sizes, axis names, and the wording of what does not fit.

Sizes may be symbolic (`Poly`); they are compared by their normal form and never turned into numbers here. Where two
sizes differ and one of them is symbolic, the error carries both: a recorder may start again with numbers.
A symbolic size stands for a number of at least 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from ..errors import DTypeError, ShapeError
from ..ir.attrs import Attrs
from ..sizes import Poly, Shape, Size, Symbol
from ..types import DType, TensorType

Types: TypeAlias = "tuple[TensorType, ...]"
Names: TypeAlias = "tuple[str | None, ...]"
Places: TypeAlias = "tuple[tuple[int, int], ...]"  # (operand, axis) of each size that is spoken of

FLOATS = frozenset({DType.float32, DType.float64})
INTEGERS = frozenset({DType.int32, DType.int64, DType.uint32})
NUMBERS = FLOATS | INTEGERS
BOOLS = frozenset({DType.bool})
ALL = NUMBERS | BOOLS


# ---- words
def size_text(t: TensorType, axis: int) -> str:
    """`Hidden=128`, or `128` where the axis has no name."""
    name, size = t.names[axis], t.shape[axis]
    return str(size) if name is None or name == str(size) else f"{name}={size}"


def axis_text(types: Types, operand: int, axis: int) -> str:
    """`axis 1 of operand 1 (Hidden=128)`: operands are counted from 1, axes from 0."""
    return f"axis {axis} of operand {operand + 1} ({size_text(types[operand], axis)})"


def words(t: TensorType) -> str:
    """`Tensor[Batch=32, 10]`, as a user would write it."""
    kind = "Tensor" if t.dtype.is_float else "BoolTensor" if t.dtype is DType.bool else "IntTensor"
    return f"{kind}[{', '.join(size_text(t, a) for a in range(t.ndim)) or '()'}]"


def axes_text(n: int) -> str:
    """`1 axis`, `2 axes`."""
    return "1 axis" if n == 1 else f"{n} axes"


def clash(title: str, a: Size, b: Size, details: list[str], code: str = "SW101", places: Places = ()) -> ShapeError:
    """The error for two sizes that differ; it carries them if one is known only at run time."""
    known = isinstance(a, int) and isinstance(b, int)
    return ShapeError(title, details=details, code=code, sizes=None if known else (a, b), places=places)


def two_sizes(
    op: str, types: Types, a: tuple[int, int], b: tuple[int, int], title: str, must: str, rule: str
) -> ShapeError:
    """The error for two (operand, axis) places that do not fit: SW102 if they are one axis by name, else SW101.

    title: a sentence with `{a}` and `{b}` for the sizes. must: one with the places.
    """
    left, right = types[a[0]], types[b[0]]
    name, other = left.names[a[1]], right.names[b[1]]
    sizes = left.shape[a[1]], right.shape[b[1]]
    details = [must.format(a=axis_text(types, *a), b=axis_text(types, *b)), rule]
    if name is not None and name == other and getattr(name, "dim", None) is getattr(other, "dim", None):
        return clash(f"{op}: axis `{name}` has two sizes: {sizes[0]} and {sizes[1]}", *sizes, details, "SW102", (a, b))
    said = title.format(a=size_text(left, a[1]), b=size_text(right, b[1]))
    return clash(f"{op}: {said}", *sizes, details, places=(a, b))


def same_size(op: str, types: Types, a: tuple[int, int], b: tuple[int, int], rule: str) -> Size:
    """The common size of two (operand, axis) places, which must be equal; `rule` says why, in a message."""
    left, right = types[a[0]].shape[a[1]], types[b[0]].shape[b[1]]
    if left != right:
        raise two_sizes(op, types, a, b, "{a} does not fit {b}", "{a} must equal {b}", rule)
    return left


# ---- operands
def arity(op: str, types: Types, low: int, high: int | None = None) -> None:
    """Check the number of operands: exactly `low`, or between `low` and `high`."""
    most = low if high is None else high
    if not low <= len(types) <= most:
        wanted = f"{low}" if low == most else f"{low} to {most}"
        raise ShapeError(
            f"{op} takes {wanted} operand{'s' if wanted != '1' else ''}, got {len(types)}",
            code="SW103",
        )


def kind_text(accept: frozenset[DType]) -> str:
    if accept == FLOATS:
        return "floating operands"
    if accept == INTEGERS:
        return "integer operands"
    if accept == BOOLS:
        return "bool operands"
    if accept == NUMBERS:
        return "numbers (floating or integer operands)"
    return " or ".join(sorted(d.value for d in accept)) + " operands"


def of_kind(op: str, types: Types, operand: int, accept: frozenset[DType]) -> None:
    """Check the element type of one operand."""
    t = types[operand]
    if t.dtype not in accept:
        raise DTypeError(
            f"{op} needs {kind_text(accept)}",
            details=[f"operand {operand + 1} is {t.dtype.value}"],
            places=((operand, 0),),
            code="SW203",
        )


def same_dtype(op: str, types: Types, first: int = 0) -> DType:
    """The common element type of the operands from `first` on."""
    want = types[first].dtype
    for i, t in enumerate(types[first + 1 :], first + 1):
        if t.dtype is not want:
            raise DTypeError(
                f"{op} needs operands of one element type",
                details=[f"operand {first + 1} is {want.value}, operand {i + 1} is {t.dtype.value}"],
                places=((first, 0), (i, 0)),
                code="SW202",
            )
    return want


def rank_at_least(op: str, types: Types, operand: int, rank: int) -> None:
    t = types[operand]
    if t.ndim < rank:
        raise ShapeError(
            f"{op} needs an operand with at least {rank} {'axis' if rank == 1 else 'axes'}",
            details=[f"operand {operand + 1} is {words(t)}"],
            code="SW103",
        )


def check_axes(op: str, t: TensorType, axes: Sequence[int]) -> None:
    """Axes must exist and not repeat (negative ones are resolved before they come here)."""
    for a in axes:
        if not 0 <= a < t.ndim:
            raise ShapeError(
                f"{op}: axis {a} does not exist in {words(t)}",
                details=[f"the axes are 0 to {t.ndim - 1}" if t.ndim else "a scalar has no axes"],
                code="SW104",
            )
    if len(set(axes)) != len(axes):
        raise ShapeError(f"{op}: an axis is named twice in {tuple(axes)}", code="SW104")


# ---- broadcasting
def broadcast(op: str, types: Types, first: int = 0) -> tuple[Shape, Names]:
    """NumPy broadcasting of the operands from `first` on; a symbolic size is never 1.

    Returns the common shape and the axis names: those of the operand that sets the size.
    """
    rank = max(t.ndim for t in types[first:])
    shape: list[Size] = [1] * rank
    names: list[str | None] = [None] * rank
    setter = [(first, 0)] * rank  # the (operand, axis) that gave each size
    for k, t in enumerate(types[first:], first):
        for axis, size in enumerate(t.shape):
            at = axis + rank - t.ndim
            if size == shape[at]:
                names[at] = names[at] or t.names[axis]
            elif shape[at] == 1:
                shape[at], names[at], setter[at] = size, t.names[axis], (k, axis)
            elif size != 1:
                must, rule = "{a} must equal {b}, or one of them be 1", "axes are lined up from the last one"
                raise two_sizes(op, types, setter[at], (k, axis), "{a} and {b} do not broadcast", must, rule)
    return tuple(shape), tuple(names)


def check_broadcast_to(op: str, t: TensorType, shape: Shape) -> Names:
    """Axis names of `t` broadcast to `shape`; raises where it does not fit."""
    if t.ndim > len(shape):
        raise ShapeError(
            f"{op}: {words(t)} has more axes than the wanted shape {shape_text(shape)}",
            details=["new axes come in front; none is taken away"],
            code="SW103",
        )
    lead = len(shape) - t.ndim
    for axis, size in enumerate(t.shape):
        if size not in (1, shape[axis + lead]):
            want = shape[axis + lead]
            must = f"{axis_text((t,), 0, axis)} must equal {want}, or be 1"
            details = [must, "axes are lined up from the last one"]
            raise clash(f"{op}: {size_text(t, axis)} cannot become {want}", size, want, details, places=((0, axis),))
    kept = (n if s == shape[i + lead] else None for i, (n, s) in enumerate(zip(t.names, t.shape, strict=True)))
    return (None,) * lead + tuple(kept)


def shape_text(shape: Shape) -> str:
    return f"[{', '.join(map(str, shape))}]"


# ---- reduction
def reduce_axes(t: TensorType, axes: tuple[int, ...], keepdims: bool) -> tuple[Shape, Names]:
    """Shape and names after `axes` are folded; a kept axis has size 1 and no name."""
    shape: list[Size] = []
    names: list[str | None] = []
    for i, (size, name) in enumerate(zip(t.shape, t.names, strict=True)):
        if i not in axes or keepdims:
            shape.append(1 if i in axes else size)
            names.append(None if i in axes else name)
    return tuple(shape), tuple(names)


def axes_of(attrs: Attrs) -> tuple[int, ...]:
    """The attr `axis` of a reduction: always a tuple."""
    return attrs.ints("axis")


# ---- bounds of symbolic sizes
def lower_bound(size: Size) -> int | None:
    """A number that `size` is never below, with every run-time size at least 1; None: unknown."""
    if not isinstance(size, Poly):
        return size
    total = 0
    for mono, k in size.terms:
        if mono and k < 0:
            return None
        total += k if all(isinstance(atom, Symbol) for atom in mono) else 0
    return total


def never_below(size: Size, bound: int) -> bool:
    """Whether `size` is at least `bound` for all run-time sizes."""
    low = lower_bound(size)
    return low is not None and low >= bound
