"""`Build`: writes operations into any interpreter, with one typed method per operation that rules use.

Derivative rules and decompositions are written once against it; `V` is a graph node while compiling and an array
value while running eagerly.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

from ..sizes import Shape, Size, product
from ..types import DType, TensorType
from .attrs import Attrs, AttrValue

V = TypeVar("V")


class Build(ABC, Generic[V]):
    """Abstract: an interpreter implements `apply` and `type_of`; everything else follows."""

    @abstractmethod
    def apply(self, op: str, args: Sequence[V], attrs: Attrs) -> V:
        """Perform (or record) one operation of the table."""

    @abstractmethod
    def type_of(self, x: V) -> TensorType:
        """Element type and sizes of a value."""

    def op(self, name: str, *args: V, **attrs: AttrValue) -> V:
        """One operation by name, with its attributes as keywords."""
        return self.apply(name, args, Attrs(attrs))

    # ---- facts
    def shape(self, x: V) -> Shape:
        return self.type_of(x).shape

    def dtype(self, x: V) -> DType:
        return self.type_of(x).dtype

    def ndim(self, x: V) -> int:
        return len(self.shape(x))

    # ---- creation
    def const(self, value: float | bool, dtype: DType) -> V:
        """A rank-0 constant."""
        return self.op("const", value=value, dtype=dtype.value)

    def like(self, value: float, x: V) -> V:
        """A rank-0 constant of the element type of `x`."""
        return self.const(value, self.dtype(x))

    def size(self, size: Size, dtype: DType) -> V:
        """A size (or a product of sizes) as a rank-0 number."""
        return self.const(size, dtype) if isinstance(size, int) else self.op("size", size=size, dtype=dtype.value)

    def zeros(self, type: TensorType) -> V:
        """A value of zeros."""
        return self.broadcast_to(self.const(0, type.dtype), type.shape)

    def iota(self, shape: Shape, axis: int, dtype: DType = DType.int64) -> V:
        """Index along `axis`, as an array of `shape`."""
        return self.op("iota", shape=shape, axis=axis, dtype=dtype.value)

    # ---- elementwise
    def add(self, x: V, y: V) -> V:
        return self.op("add", x, y)

    def sub(self, x: V, y: V) -> V:
        return self.op("sub", x, y)

    def mul(self, x: V, y: V) -> V:
        return self.op("mul", x, y)

    def div(self, x: V, y: V) -> V:
        return self.op("div", x, y)

    def scale(self, x: V, k: float) -> V:
        """`x` times a number."""
        return self.mul(x, self.like(k, x))

    def shift(self, x: V, k: float) -> V:
        """`x` plus a number."""
        return self.add(x, self.like(k, x))

    def neg(self, x: V) -> V:
        return self.op("neg", x)

    def square(self, x: V) -> V:
        return self.op("square", x)

    def sqrt(self, x: V) -> V:
        return self.op("sqrt", x)

    def rsqrt(self, x: V) -> V:
        return self.op("rsqrt", x)

    def exp(self, x: V) -> V:
        return self.op("exp", x)

    def log(self, x: V) -> V:
        return self.op("log", x)

    def tanh(self, x: V) -> V:
        return self.op("tanh", x)

    def sigmoid(self, x: V) -> V:
        return self.op("sigmoid", x)

    def abs(self, x: V) -> V:
        return self.op("abs", x)

    def maximum(self, x: V, y: V) -> V:
        return self.op("maximum", x, y)

    def minimum(self, x: V, y: V) -> V:
        return self.op("minimum", x, y)

    def where(self, c: V, x: V, y: V) -> V:
        return self.op("where", c, x, y)

    def eq(self, x: V, y: V) -> V:
        return self.op("equal", x, y)

    def gt(self, x: V, y: V) -> V:
        return self.op("greater", x, y)

    def ge(self, x: V, y: V) -> V:
        return self.op("greater_equal", x, y)

    def lt(self, x: V, y: V) -> V:
        return self.op("less", x, y)

    def le(self, x: V, y: V) -> V:
        return self.op("less_equal", x, y)

    def cast(self, x: V, dtype: DType) -> V:
        return x if self.dtype(x) is dtype else self.op("cast", x, dtype=dtype.value)

    # ---- reductions (axes are never negative here)
    def sum(self, x: V, axes: tuple[int, ...], keepdims: bool = False) -> V:
        return self.op("sum", x, axis=axes, keepdims=keepdims) if axes else x

    def max(self, x: V, axes: tuple[int, ...], keepdims: bool = False) -> V:
        return self.op("max", x, axis=axes, keepdims=keepdims) if axes else x

    def mean(self, x: V, axes: tuple[int, ...], keepdims: bool = False) -> V:
        """Sum over `axes` divided by the number of elements."""
        count = product([self.shape(x)[a] for a in axes])
        total = self.sum(x, axes, keepdims)
        return (
            self.scale(total, 1.0 / count)
            if isinstance(count, int) and count
            else self.div(total, self.size(count, self.dtype(x)))
        )

    # ---- movement
    def reshape(self, x: V, shape: Shape) -> V:
        return x if self.shape(x) == shape else self.op("reshape", x, shape=shape)

    def transpose(self, x: V, axes: tuple[int, ...]) -> V:
        return x if axes == tuple(range(len(axes))) else self.op("transpose", x, axes=axes)

    def broadcast_to(self, x: V, shape: Shape) -> V:
        return x if self.shape(x) == shape else self.op("broadcast_to", x, shape=shape)

    def unsqueeze(self, x: V, axis: int) -> V:
        """A new axis of size 1."""
        shape = self.shape(x)
        return self.op("reshape", x, shape=(*shape[:axis], 1, *shape[axis:]))

    def einsum(self, spec: str, x: V, y: V) -> V:
        return self.op("einsum", x, y, spec=spec)

    # ---- derived
    def unbroadcast(self, g: V, shape: Shape) -> V:
        """Sum `g` over the axes along which a value of `shape` was broadcast."""
        have = self.shape(g)
        if have == shape:
            return g
        lead = len(have) - len(shape)
        axes = tuple(range(lead)) + tuple(i + lead for i, s in enumerate(shape) if s == 1 and have[i + lead] != 1)
        return self.reshape(self.sum(g, axes), shape)
