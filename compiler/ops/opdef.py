"""`OpDef`: everything the library knows about one operation, in one record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeAlias, TypeVar, final

import numpy as np
from numpy.typing import NDArray

from ..ir.attrs import Attrs
from ..ir.build import Build
from ..types import TensorType

V = TypeVar("V")
Arr: TypeAlias = NDArray[np.generic]


# ---- how an operation becomes loops: a closed union, the same for every target
@final
@dataclass(frozen=True, slots=True)
class Elementwise:
    """One scalar function of the broadcast operands; `fn` is a name of `compiler.ops.scalars.SCALARS`."""

    fn: str


class DecomposeRule(Protocol):
    def __call__(self, b: Build[V], args: tuple[V, ...], attrs: Attrs, /) -> V: ...


@final
@dataclass(frozen=True, slots=True)
class Decompose:
    """Written with other operations of the table; the compiler expands it and keeps the name for kernels."""

    rule: DecomposeRule


@final
@dataclass(frozen=True, slots=True)
class Reduction:
    """Fold over attrs `axis` (tuple of ints) with `keepdims`; `fn` is "sum" or "max" or "min" or "argmax"."""

    fn: str


@final
@dataclass(frozen=True, slots=True)
class Movement:
    """An index map; `kind` is one of reshape, transpose, broadcast_to, slice."""

    kind: str


@final
@dataclass(frozen=True, slots=True)
class Special:
    """A loop nest of its own: const, size, iota, einsum, concat, pad, take, take_along_axis, index_add,
    scatter_along_axis, random_bits."""

    kind: str


Lowering: TypeAlias = "Elementwise | Decompose | Reduction | Movement | Special"


# ---- derivative
@final
@dataclass(frozen=True, slots=True)
class Pullback(Generic[V]):
    """What a derivative rule sees: a builder, the operands, the result, and which operands need a gradient."""

    b: Build[V]
    args: tuple[V, ...]
    out: V
    attrs: Attrs
    needs: tuple[bool, ...]


class VjpRule(Protocol):
    """Gradient of each operand from the gradient `g` of the result. A rule may return a gradient of the broadcast
    shape: the driver sums it back (`Build.unbroadcast`). None: no gradient flows (not needed, or an integer operand)."""

    def __call__(self, p: Pullback[V], g: V, /) -> Sequence[V | None]: ...


InferRule: TypeAlias = Callable[[tuple[TensorType, ...], Attrs], TensorType]
JvpRule: TypeAlias = "Callable[..., object] | None"
Reference: TypeAlias = Callable[[tuple[Arr, ...], Attrs], Arr]


@final
@dataclass(frozen=True, slots=True)
class Sample:
    """One test case of an operation: operands as (shape, dtype, low, high) and attributes.

    Floats are drawn uniformly from [low, high), integers from low <= v < high; the bounds of a bool are not read.
    """

    operands: tuple[tuple[tuple[int, ...], str, float, float], ...]
    attrs: Attrs


@final
@dataclass(frozen=True, slots=True)
class OpDef:
    """One operation.

    infer: shape and dtype rule; raises `ShapeError`/`DTypeError` without a location (the caller adds it).
    vjp: derivative written with the builder's own operations, None where the result is not differentiable.
    jvp: forward derivative; None: derived from vjp.
    lower: how it becomes loops (its parallel axes follow from that).
    reference: NumPy; the eager CPU path and the oracle. Results have exactly the inferred dtype and shape.
    domain: operands and attributes that tests draw, inside the domain of the function and away from kinks.
    """

    name: str
    infer: InferRule
    vjp: VjpRule | None
    jvp: JvpRule
    lower: Lowering
    reference: Reference
    domain: tuple[Sample, ...]
    doc: str
