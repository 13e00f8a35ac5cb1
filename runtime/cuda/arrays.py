"""Arrays in device memory as values of an eager run, and their memory, which is used again as soon as it is free."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np
from numpy.typing import NDArray

from ...compiler.errors import DeviceError
from ...compiler.types import DType, TensorType
from ...dsl.array import Remote
from .memory import padded

if TYPE_CHECKING:
    from collections.abc import Callable

    from .device import Device

Arr = NDArray[Any]


@final
class Pool:
    """Memory of one device by size. A block that an array gives back serves the next array of that size: all work is
    on one stream, so whoever gets it comes after whoever had it."""

    def __init__(self, device: Device) -> None:
        self.device: Final = device
        self._free: dict[int, list[int]] = {}

    def take(self, nbytes: int) -> tuple[int, int]:
        """Address and size of a block of at least this many bytes."""
        size = padded(nbytes)
        blocks = self._free.get(size)
        if blocks:
            return blocks.pop(), size
        try:
            return self.device.alloc(size, zero=False), size
        except DeviceError:
            self.trim()
            return self.device.alloc(size, zero=False), size

    def give(self, address: int, size: int) -> None:
        """Take a block back."""
        self._free.setdefault(size, []).append(address)

    def trim(self) -> None:
        """Give all unused blocks back to the device."""
        for blocks in self._free.values():
            while blocks:
                self.device.free(blocks.pop())


@final
class DeviceArray(Remote):
    """A C-contiguous array in device memory. It is told apart by identity, as eager values are."""

    __slots__ = ("__weakref__", "_cast", "_keep", "address", "device", "dtype", "shape")

    def __init__(
        self,
        device: Device,
        address: int,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        keep: object,
        cast: Callable[[DeviceArray, DType], DeviceArray],
    ) -> None:
        self.device, self.address, self.shape, self.dtype = device, address, shape, dtype
        self._keep, self._cast = keep, cast

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def nbytes(self) -> int:
        """Bytes of its elements."""
        return self.size * self.dtype.itemsize

    @property
    def type(self) -> TensorType:
        """Element type and sizes."""
        return TensorType(DType.of(self.dtype), self.shape)

    def fetch(self) -> Arr:
        """A copy on the host."""
        out = np.empty(self.shape, self.dtype)
        self.device.download(self.address, out)
        return out

    @property
    def borrowed(self) -> bool:
        """Whether something else owns the memory, and may write it."""
        keep = self._keep
        while isinstance(keep, DeviceArray):
            keep = keep._keep
        return not isinstance(keep, Lease)

    def view(self) -> DeviceArray:
        """Another value on the same memory."""
        return DeviceArray(self.device, self.address, self.shape, self.dtype, self, self._cast)

    def astype(self, dtype: np.dtype[Any]) -> DeviceArray:
        """The elements converted, on the device."""
        return self._cast(self, DType.of(np.dtype(dtype)))

    def __array__(self, dtype: np.dtype[Any] | None = None, copy: bool | None = None) -> Arr:
        return self.fetch() if dtype is None else self.fetch().astype(dtype)

    def __repr__(self) -> str:
        return f"DeviceArray({self.type})"


@final
class Lease:
    """A block of a pool that goes back when nobody holds this object."""

    __slots__ = ("__weakref__", "address")

    def __init__(self, pool: Pool, nbytes: int) -> None:
        self.address, size = pool.take(nbytes)
        weakref.finalize(self, pool.give, self.address, size).atexit = False
