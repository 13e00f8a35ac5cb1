"""Memory of a device that a program keeps: mirrors of cells in one arena, and pieces that are freed with their owner."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np

from ...compiler.errors import DeviceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..params import Cell
    from .device import Device

PAD: Final = 64
"""Every value begins at, and is padded to, a multiple of this: kernels read and write four elements at a time."""


def padded(nbytes: int) -> int:
    """Bytes that a value takes up."""
    return -(-max(nbytes, 1) // PAD) * PAD


@final
class Arena:
    """Memory of a device, zeroed, that is freed when nobody holds this object."""

    def __init__(self, device: Device, nbytes: int) -> None:
        self.device: Final = device
        self.nbytes: Final = nbytes
        self.address: Final = device.alloc(max(nbytes, PAD))
        self._finalizer = weakref.finalize(self, _free, device, self.address)
        self._finalizer.atexit = False  # the driver gives everything back when the process ends

    def close(self) -> None:
        """Free it now; a second time does nothing."""
        self._finalizer()


def _free(device: Device, address: int) -> None:
    with contextlib.suppress(DeviceError):  # a device that was lost has nothing to free
        device.free(address)


@final
class DeviceMirror:
    """The copy of a cell's value on a device (`Mirror` in mirrors.py)."""

    __slots__ = ("_arena", "_host", "address", "newer", "stale")

    def __init__(self, arena: Arena, address: int, host: NDArray[Any]) -> None:
        self._arena, self._host, self.address = arena, host, address
        self.newer = False
        self.stale = True

    @property
    def device(self) -> Device:
        """The device that holds it."""
        return self._arena.device

    def upload(self) -> None:
        """Make the device's copy current."""
        self.device.upload(self.address, self._host)
        self.stale = False

    def download(self) -> NDArray[Any]:
        """The device's value; the host is then current."""
        array = np.empty(self._host.shape, self._host.dtype)
        self.device.download(self.address, array)
        self.newer = False
        return array

    def invalidate(self) -> None:
        """The host was written."""
        self.newer, self.stale = False, True


def mirrors_of(device: Device, cells: Sequence[Cell]) -> list[DeviceMirror]:
    """The mirrors of cells on a device. Those that have none get one, in one arena, in the order of the cells: updates of
    neighbours, whose state lies in the same order, can be one launch."""
    missing = [c for c in dict.fromkeys(cells) if _mirror(device, c) is None]
    if missing:
        arena = Arena(device, sum(padded(c.host.nbytes) for c in missing))
        address = arena.address
        for c in missing:
            c.attach(DeviceMirror(arena, address, c.host))
            address += padded(c.host.nbytes)
    found = [_mirror(device, c) for c in cells]
    return [m for m in found if m is not None]


def _mirror(device: Device, cell: Cell) -> DeviceMirror | None:
    m = cell.mirror
    return m if isinstance(m, DeviceMirror) and m.device is device else None
