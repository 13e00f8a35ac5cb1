"""What NumPy references share: IEEE arithmetic without warnings, and results that are always arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import IndexOutOfRange
from ..ir.attrs import Attrs
from .opdef import Arr, Reference

# References compute in the element type of their operands, whichever it is; these names are for the type checker.
Float: TypeAlias = "NDArray[np.float64]"
Int: TypeAlias = "NDArray[np.int64]"
Bool: TypeAlias = "NDArray[np.bool_]"
Word: TypeAlias = "NDArray[np.uint32]"


def plain(f: Callable[..., object]) -> Reference:
    """A reference from a function of the operands alone (a NumPy ufunc, say)."""

    def run(args: tuple[Arr, ...], attrs: Attrs) -> Arr:
        with np.errstate(all="ignore"):
            return np.asarray(f(*args))

    return run


def with_attrs(f: Callable[..., object]) -> Reference:
    """A reference from a function of the attributes, then the operands."""

    def run(args: tuple[Arr, ...], attrs: Attrs) -> Arr:
        with np.errstate(all="ignore"):
            return np.asarray(f(attrs, *args))

    return run


def in_range(op: str, index: Int, size: int, axis: int) -> None:
    """Refuse indices outside [0, size): there is no wrap-around.

    Raises:
        IndexOutOfRange: with the number of such indices and the size of the axis, never their values.
    """
    bad = int(np.count_nonzero((index < 0) | (index >= size)))
    if bad:
        raise IndexOutOfRange(
            f"{op}: {bad} of {index.size} indices {'lies' if bad == 1 else 'lie'} outside axis {axis} of size {size}",
            help=f"indices run from 0 to {size - 1}; negative ones do not wrap around" if size else "the axis is empty",
            code="SW301",
        )
