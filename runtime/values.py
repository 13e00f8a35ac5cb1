"""Between tensors and arrays, for code that runs programs."""

from __future__ import annotations

from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from ..compiler.errors import DTypeError, TraceError
from ..compiler.loc import user_loc
from ..compiler.types import DType, TensorType
from ..dsl.array import Array, Remote, make, ops_of, type_of, value_of
from ..dsl.conversion import as_array
from ..dsl.pack import Spec, flatten, refuse_tensors

Arr: TypeAlias = NDArray[np.generic]
AnyArray: TypeAlias = "Array[*tuple[Any, ...]]"


def array_of(x: AnyArray, what: str = "this argument") -> Arr:
    """The array of a concrete tensor, not copied; in an eager run on a device it is there.

    Raises:
        TraceError: the tensor is being recorded and has no values yet.
    """
    value = value_of(x)
    if ops_of(x) is not None or not isinstance(value, np.ndarray | Remote):
        raise TraceError(
            f"{what} has no values yet: it is being recorded",
            loc=user_loc(),
            help="call this outside of the recorded function",
            code="SW401",
        )
    return cast("Arr", value)


def tensor(array: Arr, names: tuple[str | None, ...] = ()) -> AnyArray:
    """A concrete tensor on `array`, not copied."""
    return make(TensorType(DType.of(array.dtype), array.shape, names), array, None)


def arrays_of(value: object, what: str = "this argument") -> tuple[list[Arr], Spec, list[TensorType]]:
    """Arrays (not copied), structure and types of the leaves of a pack of concrete tensors."""
    leaves, spec = flatten(value)
    return [array_of(x, what) for x in leaves], spec, [type_of(x) for x in leaves]


def boundary(x: object, real: DType | None, what: str) -> AnyArray:
    """A tensor from what a caller passed: a tensor, an array, nested lists or a number.

    Floats of another width than `real` are cast; nothing else changes kind.

    Raises:
        DTypeError: an object that is not an array.
    """
    if x.__class__ is list:
        refuse_tensors(x, what)
    try:
        return as_array(x, real)
    except DTypeError as error:
        error.diagnostic.notes.append(f"it was passed as {what}")
        raise
