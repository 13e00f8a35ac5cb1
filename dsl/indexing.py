"""`x[key]`: integers, slices, None, Ellipsis, integer tensors and boolean masks, with NumPy's meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias, cast, final

import numpy as np

from ..compiler.errors import DTypeError, IndexOutOfRange, ShapeError, TraceError
from ..compiler.sizes import Poly, Shape, Size, product
from ..compiler.types import DType, TensorType
from .array import AnyArray, Array, is_array, make, ops_of, type_of, with_names
from .conversion import as_array, integer
from .dispatch import apply, fail
from .movement import transpose

Key: TypeAlias = object


@final
@dataclass(slots=True)
class _Plan:
    """What each entry of a key becomes: a strided slice of every axis, then a reshape, then gathers."""

    starts: list[Size]
    steps: list[int]
    sizes: list[Size]  # after the slice
    shape: list[Size]  # after dropping integer axes and inserting new ones
    names: list[str | None]
    gathers: list[tuple[int, AnyArray]]  # (axis of `shape`, indices)
    places: list[int]  # order in the key of the integers and index tensors, to see whether they are apart
    first: int | None = None  # where in `shape` the first of them stands


def index(x: AnyArray, key: Key) -> Any:
    """`x[key]`.

    Raises:
        IndexOutOfRange: an integer, or an element of an index tensor, outside its axis (index tensors do not wrap).
        ShapeError: more entries than axes.
        TraceError: a boolean mask while recording (the size of the result would depend on values).
    """
    entries = _expand(x, key)
    plan = _plan(x, entries)
    out = x
    if plan.sizes != list(type_of(x).shape) or any(s != 1 for s in plan.steps):
        at = {"starts": tuple(plan.starts), "steps": tuple(plan.steps), "shape": tuple(plan.sizes)}
        out = apply("slice", (x,), at)
    if tuple(plan.shape) != type_of(out).shape:
        out = apply("reshape", (out,), {"shape": tuple(plan.shape)})
    if type_of(out).names != tuple(plan.names):
        out = with_names(out, tuple(plan.names))
    return _gather(out, plan) if plan.gathers else out


# ---- reading the key
def _expand(x: AnyArray, key: Key) -> list[object]:
    """The key with its Ellipsis written out and its masks as index tensors: one entry per axis, plus the Nones."""
    entries = list(cast("tuple[object, ...]", key)) if isinstance(key, tuple) else [key]
    flat: list[object] = []
    for e in entries:
        mask = _as_mask(e)
        flat += _mask_indices(x, mask) if mask is not None else [e]
    dots = [i for i, e in enumerate(flat) if e is Ellipsis]
    used = sum(e is not None and e is not Ellipsis for e in flat)
    if len(dots) > 1:
        fail(ShapeError("an index with more than one `...`", code="SW107"), x)
    if used > x.ndim:
        text = f"{used} indices for {x.ndim} {'axis' if x.ndim == 1 else 'axes'}"
        fail(ShapeError(text, code="SW107"), x)
    at = dots[0] if dots else len(flat)
    return flat[:at] + [slice(None)] * (x.ndim - used) + flat[at + 1 :]


def _as_mask(e: object) -> AnyArray | None:
    if is_array(e):
        return e if type_of(e).dtype is DType.bool else None
    if isinstance(e, bool | np.bool_):
        return as_array(np.asarray(e))
    if isinstance(e, list | np.ndarray):
        values = np.asarray(cast("object", e))
        return as_array(values) if values.dtype.kind == "b" else None
    return None


def _mask_indices(x: AnyArray, mask: AnyArray) -> list[object]:
    if ops_of(mask) is not None:
        error = TraceError(
            "a boolean mask while the function is recorded: the size of the result would depend on values",
            help="use sw.where(mask, x, other), or multiply by mask.astype(...)",
            code="SW403",
        )
        fail(error, x, mask)
    if mask.ndim == 0:
        fail(ShapeError("a scalar condition is no index", help="use sw.where", code="SW107"), x)
    return [make(TensorType(DType.int64, i.shape), i, None) for i in np.nonzero(mask.numpy())]


def _plan(x: AnyArray, entries: list[object]) -> _Plan:
    plan = _Plan([], [], [], [], [], [], [])
    advanced = any(isinstance(e, Array | list | np.ndarray) for e in entries)
    axis = 0
    for place, e in enumerate(entries):
        if e is None:
            plan.shape.append(1)
            plan.names.append(None)
            continue
        size, name = type_of(x).shape[axis], type_of(x).names[axis]
        if type(e) is slice:
            start, step, count = _slice_bounds(e, size, x)
            _keep(plan, start, step, count, name if count == size else None)
        elif isinstance(e, Array | list | np.ndarray):
            plan.first = len(plan.shape) if plan.first is None else plan.first
            plan.places.append(place)
            plan.gathers.append((len(plan.shape), _indices(x, cast("object", e), size)))
            _keep(plan, 0, 1, size, name)
        else:
            if advanced:
                plan.first = len(plan.shape) if plan.first is None else plan.first
                plan.places.append(place)
            plan.starts.append(_position(x, e, size, axis))
            plan.steps.append(1)
            plan.sizes.append(1)
        axis += 1
    return plan


def _keep(plan: _Plan, start: Size, step: int, count: Size, name: str | None) -> None:
    plan.starts.append(start)
    plan.steps.append(step)
    plan.sizes.append(count)
    plan.shape.append(count)
    plan.names.append(name)


def _position(x: AnyArray, e: object, size: Size, axis: int) -> Size:
    """One integer, counted from the end if it is negative."""
    if isinstance(e, Poly):
        if 0 <= int_example(e) < int_example(size):
            return e
        e = int(e)
    i = integer(e)
    if i is None:
        error = DTypeError(
            f"an index of type {type(e).__name__}",
            help="an index is an int, a slice, None, `...`, an integer tensor or a boolean mask",
            code="SW203",
        )
        fail(error, x)
    if isinstance(size, Poly):
        # Counted in the example: a smaller axis at run time is caught by the shape rule.
        if -int_example(size) <= i < int_example(size):
            return i if i >= 0 else size + i
        size = int(size)
    elif -size <= i < size:
        return i % size
    outside = IndexOutOfRange(f"index {i} is outside axis {axis} of size {size}", code="SW301")
    return fail(outside, x)


def int_example(size: Size) -> int:
    """The number a size has in the example (without making it a constant of the program)."""
    from .interpreters import ExampleOps, current

    ops = current()
    return size if isinstance(size, int) else ops.example(size) if isinstance(ops, ExampleOps) else int(size)


def _slice_bounds(s: Any, size: Size, x: AnyArray) -> tuple[Size, int, Size]:
    """Start, step and number of places. A slice of a run-time size stays symbolic where it only cuts off the ends."""
    s = slice(*(_bound(x, b) for b in (s.start, s.stop, s.step)))
    step = 1 if s.step is None else int(s.step)
    if step == 0:
        fail(ShapeError("a slice with step 0", code="SW107"), x)
    if isinstance(size, Poly) or isinstance(s.start, Poly) or isinstance(s.stop, Poly):
        ends = _symbolic_bounds(s.start, s.stop, size) if step == 1 else None
        if ends is not None:
            return ends[0], 1, ends[1] - ends[0]
    n = int(size)
    low, high = (None if b is None else int(b) for b in (s.start, s.stop))
    start, stop, step = slice(low, high, step).indices(n)
    count = len(range(start, stop, step))
    return start if count else 0, step, count


def _bound(x: AnyArray, bound: object) -> Size | None:
    """Start, stop or step of a slice, as Python takes them: integers of any library, or None."""
    found = bound if bound is None or isinstance(bound, Poly) else integer(bound)
    if found is None and bound is not None:
        error = DTypeError(
            f"a slice with a bound of type {type(bound).__name__}",
            details=["start, stop and step of a slice are integers, or left out"],
            code="SW203",
        )
        fail(error, x)
    return found


def _symbolic_bounds(start: Size | None, stop: Size | None, size: Size) -> tuple[Size, Size] | None:
    """Start and stop without numbers: nothing, or a fixed number of places, cut off each end."""
    low: Size = 0 if start is None else start
    high: Size = size if stop is None else stop
    if isinstance(low, int) and low < 0:
        low = size + low
    if isinstance(high, int) and high < 0:
        high = size + high
    in_order = 0 <= int_example(low) <= int_example(high) <= int_example(size)
    if not in_order or (isinstance(high, int) and isinstance(size, Poly)):
        return None
    return low, high


# ---- gathering
def _indices(x: AnyArray, e: object, size: Size) -> AnyArray:
    if is_array(e):
        tensor = e
    else:
        # Positions written in the program count from the end if negative, like a single integer.
        values = np.asarray(e)
        if values.size == 0 and not isinstance(e, np.ndarray):
            values = values.astype(np.int64)
        if values.dtype.kind in "iu" and (values < 0).any():
            values = np.where(values < 0, values + int(size), values)
        tensor = as_array(values)
    if not type_of(tensor).dtype.is_int:
        fail(DTypeError("an index tensor must have integer elements", code="SW203"), x, tensor)
    return tensor


def _gather(x: AnyArray, plan: _Plan) -> Any:
    """Apply the index tensors: one by `take`; several, broadcast, by `take` on their axes merged into one."""
    axes = [a for a, _ in plan.gathers]
    spread = plan.places[-1] - plan.places[0] + 1 != len(plan.places)
    target = 0 if spread else plan.first or 0
    if len(axes) == 1:
        ids, rank, at = plan.gathers[0][1], plan.gathers[0][1].ndim, axes[0]
        out = apply("take", (x, ids), {"axis": at})
    else:
        x, ids, at = _merge(x, plan.gathers)
        rank = ids.ndim
        out = apply("take", (x, ids), {"axis": at})
    if at == target:
        return out
    moved = list(range(at, at + rank))
    rest = [i for i in range(out.ndim) if i not in moved]
    return transpose(out, rest[:target] + moved + rest[target:])


def _merge(x: AnyArray, gathers: list[tuple[int, AnyArray]]) -> tuple[AnyArray, AnyArray, int]:
    """The tensor with the indexed axes as one, and the flat index; -1 (out of range) where any index is."""
    axes = [a for a, _ in gathers]
    shape = type_of(x).shape
    at = axes[0]
    rest = [i for i in range(x.ndim) if i not in axes]
    moved = transpose(x, rest[:at] + axes + rest[at:])
    merged: Shape = (*(shape[i] for i in rest[:at]), product([shape[a] for a in axes]), *(shape[i] for i in rest[at:]))
    flat: Any = None
    valid: Any = None
    for a, ids in gathers:
        inside = apply("logical_and", (apply("greater_equal", (ids, 0)), apply("less", (ids, shape[a]))))
        flat = ids if flat is None else apply("add", (apply("mul", (flat, shape[a])), ids))
        valid = inside if valid is None else apply("logical_and", (valid, inside))
    return apply("reshape", (moved,), {"shape": merged}), apply("where", (valid, flat, -1)), at
