"""What NumPy references share: IEEE arithmetic without warnings, and results that are always arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

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
