"""Arrays of other libraries in device memory, faked: NumPy's, behind objects that say they are on a device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def some(dtype: str = "float32") -> Any:
    """Two rows of three numbers."""
    return np.arange(6).reshape(2, 3).astype(dtype)


class Interface:
    """Has `__cuda_array_interface__` only, as arrays of Numba."""

    def __init__(self, array: Any, **changes: object) -> None:
        self.array = array
        self.__cuda_array_interface__ = {
            "shape": array.shape,
            "typestr": array.dtype.str,
            "data": (array.ctypes.data, not array.flags.writeable),
            "strides": None if array.flags.c_contiguous else array.strides,
            "version": 3,
            "stream": None,
            **changes,
        }


class Exported:
    """Has `__dlpack__`, as arrays of PyTorch; the capsules are NumPy's."""

    def __init__(self, array: Any, device: tuple[int, int] = (2, 0)) -> None:
        self.array, self.device, self.streams = array, device, list[object]()

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.device

    def __dlpack__(self, *, stream: int | None = None, max_version: tuple[int, int] | None = None) -> Any:
        self.streams.append(stream)
        return self.array.__dlpack__(max_version=max_version)


class OldExported(Exported):
    """Of the time before versions."""

    def __dlpack__(self, *, stream: int | None = None) -> Any:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride] - what is tested
        return super().__dlpack__(stream=stream)


class Refusing(Exported):
    """A tensor that requires gradients."""

    def __dlpack__(self, *, stream: int | None = None, max_version: tuple[int, int] | None = None) -> Any:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")


KINDS: dict[str, Callable[[Any], Any]] = {"interface": Interface, "dlpack": Exported, "old dlpack": OldExported}
