"""What shape rules share: broadcasting, comparing sizes, axis names, and the wording of what does not fit.

Sizes may be symbolic (`Poly`); they are compared by their normal form and never turned into numbers here. Where two
sizes differ and one of them is symbolic, the error carries both (code SW102): a recorder may start again with numbers.
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


def clash(message: str, a: Size, b: Size, help: str) -> ShapeError:
    """The error for two sizes that differ: SW101 between numbers, SW102 where one is known only at run time."""
    if isinstance(a, int) and isinstance(b, int):
        return ShapeError(message, help=help, code="SW101")
    return ShapeError(message, help=help, code="SW102", sizes=(a, b))


def same_size(op: str, types: Types, a: tuple[int, int], b: tuple[int, int], help: str) -> Size:
    """The common size of two (operand, axis) places, which must be equal."""
    left, right = types[a[0]].shape[a[1]], types[b[0]].shape[b[1]]
    if left != right:
        raise clash(f"{op}: {axis_text(types, *a)} must equal {axis_text(types, *b)}", left, right, help)
    return left


# ---- operands
def arity(op: str, types: Types, low: int, high: int | None = None) -> None:
    """Check the number of operands: exactly `low`, or between `low` and `high`."""
    most = low if high is None else high
    if not low <= len(types) <= most:
        wanted = f"{low}" if low == most else f"{low} to {most}"
        raise ShapeError(
            f"{op} takes {wanted} operand{'s' if wanted != '1' else ''}, got {len(types)}",
            help=f"call {op} with {wanted}",
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
        wanted = "float32" if DType.float32 in accept else sorted(d.value for d in accept)[0]
        raise DTypeError(
            f"{op} needs {kind_text(accept)}; operand {operand + 1} is {t}",
            help=f'convert it first: x.astype("{wanted}")',
            code="SW203",
        )


def same_dtype(op: str, types: Types, first: int = 0) -> DType:
    """The common element type of the operands from `first` on."""
    want = types[first].dtype
    for i, t in enumerate(types[first + 1 :], first + 1):
        if t.dtype is not want:
            raise DTypeError(
                f"{op} needs operands of one element type; operand {first + 1} is {types[first]}, operand {i + 1} is {t}",
                help=f'convert one of them: x.astype("{(want if want.is_float else t.dtype).value}")',
                code="SW202",
            )
    return want


def rank_at_least(op: str, types: Types, operand: int, rank: int) -> None:
    t = types[operand]
    if t.ndim < rank:
        raise ShapeError(
            f"{op}: operand {operand + 1} must have at least {rank} {'axis' if rank == 1 else 'axes'}, it is {t}",
            help="insert the missing axis with x[None] or reshape",
            code="SW103",
        )


def check_axes(op: str, t: TensorType, axes: Sequence[int]) -> None:
    """Axes must exist and not repeat (negative ones are resolved before they come here)."""
    for a in axes:
        if not 0 <= a < t.ndim:
            raise ShapeError(
                f"{op}: axis {a} does not exist in {t}",
                help=f"axes of this operand are 0 to {t.ndim - 1}" if t.ndim else "the operand is a scalar",
                code="SW104",
            )
    if len(set(axes)) != len(axes):
        raise ShapeError(f"{op}: axis named twice in {tuple(axes)}", help="name each axis once", code="SW104")


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
                raise clash(
                    f"{op}: {axis_text(types, *setter[at])} and {axis_text(types, k, axis)} do not broadcast: "
                    "they must be equal, or one of them 1",
                    shape[at],
                    size,
                    "axes are lined up from the last one; insert an axis of size 1 where one is meant: x[:, None]",
                )
    return tuple(shape), tuple(names)


def check_broadcast_to(op: str, t: TensorType, shape: Shape) -> Names:
    """Axis names of `t` broadcast to `shape`; raises where it does not fit."""
    if t.ndim > len(shape):
        raise ShapeError(
            f"{op}: {t} has more axes than the wanted shape {shape_text(shape)}",
            help="give a shape with at least as many axes",
            code="SW103",
        )
    lead = len(shape) - t.ndim
    for axis, size in enumerate(t.shape):
        if size not in (1, shape[axis + lead]):
            raise clash(
                f"{op}: {axis_text((t,), 0, axis)} cannot become {shape[axis + lead]}: it must be equal, or 1",
                size,
                shape[axis + lead],
                "axes are lined up from the last one",
            )
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
