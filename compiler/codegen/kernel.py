"""What a kernel's arguments are, independent of the target, and how a value in a buffer is addressed.

Every argument is an integer that the step table computes as
`base + start * per_start + worker * per_worker + count * per_count + tile * per_tile`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, final

from ..loop.ir import Affine, LoopNode, strides
from ..sizes import Shape, Size
from ..types import DType


@final
@dataclass(frozen=True, slots=True)
class BufferArg:
    """The address of `owner`'s buffer, moved `shift` elements per unit of the slab axis; `partial`: one copy a tile."""

    owner: LoopNode
    shift: Size
    partial: bool = False


@final
@dataclass(frozen=True, slots=True)
class RowScratchArg:
    """The address of a row of `length` elements that belongs to the worker."""

    index: int
    length: Size
    dtype: DType


@final
@dataclass(frozen=True, slots=True)
class CountArg:
    """Elements of the slab axis in this tile: `count * per_unit`."""

    per_unit: Size


@final
@dataclass(frozen=True, slots=True)
class FirstArg:
    """Index of the tile's first element along the slab axis: `start * per_unit`."""

    per_unit: Size


@final
@dataclass(frozen=True, slots=True)
class SizeArg:
    """A size that is known at run time only."""

    size: Size


@final
@dataclass(frozen=True, slots=True)
class FlagsArg:
    """The address of the error flags: word 0 is the number of the failing index site, 0 if none."""


Arg: TypeAlias = "BufferArg | RowScratchArg | CountArg | FirstArg | SizeArg | FlagsArg"


@final
@dataclass(frozen=True, slots=True)
class Access:
    """An element of a buffer seen as an array of `shape`, each index affine in the dimensions of the kernel's space.

    Dimension -1 stands for a value looked up at run time (an index)."""

    owner: LoopNode
    shape: Shape
    index: tuple[Affine, ...]
    partial: bool = False

    def shift(self, tile: int | None, unit: int) -> Size:
        """Elements that the address moves per unit of the slab axis."""
        out: Size = 0
        for a, s in zip(self.index, strides(self.shape), strict=True):
            for d, c in a.terms:
                if d == tile:
                    out = out + s * c * unit
        return out

    @property
    def fixed(self) -> bool:
        """Whether this is one element, wherever the kernel is."""
        return not any(ix.terms for ix in self.index)

    def uses(self, dim: int) -> bool:
        """Whether the element depends on a dimension of the space."""
        return any(d == dim for a in self.index for d, _ in a.terms)
