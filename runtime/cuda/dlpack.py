"""DLPack capsules: what one says about an array of another library, and giving it back.

https://dmlc.github.io/dlpack/latest, both the first layout ("dltensor") and version 1 ("dltensor_versioned").
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

CUDA: Final = frozenset({2, 13})
"""Kinds of device whose memory kernels can read: kDLCUDA, kDLCUDAManaged."""

_CODES: Final = {0: "int", 1: "uint", 2: "float", 4: "bfloat", 5: "complex", 6: "bool"}
_READ_ONLY: Final = 1  # a flag


class DeviceFields(ctypes.Structure):
    """DLDevice."""

    _fields_ = (("kind", ctypes.c_int32), ("ordinal", ctypes.c_int32))


class DataType(ctypes.Structure):
    """DLDataType."""

    _fields_ = (("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16))


class TensorFields(ctypes.Structure):
    """DLTensor."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device", DeviceFields),
        ("ndim", ctypes.c_int32),
        ("dtype", DataType),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    )


class Managed(ctypes.Structure):
    """DLManagedTensor: what a capsule of the first layout points to."""

    _fields_ = (("tensor", TensorFields), ("context", ctypes.c_void_p), ("deleter", ctypes.c_void_p))


class Versioned(ctypes.Structure):
    """DLManagedTensorVersioned: what a capsule of version 1 points to."""

    _fields_ = (
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("context", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
        ("flags", ctypes.c_uint64),
        ("tensor", TensorFields),
    )


# Prototypes of our own: those of `ctypes.pythonapi` are shared with everybody.
_is_valid: Final = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.c_char_p)(
    ("PyCapsule_IsValid", ctypes.pythonapi)
)
_pointer: Final = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)
_rename: Final = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.c_void_p)(
    ("PyCapsule_SetName", ctypes.pythonapi)
)
_deleter: Final = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)  # holding the GIL suits every producer

# A capsule keeps the address of its name, so these live as long as the process.
_USED: Final = ctypes.create_string_buffer(b"used_dltensor")
_USED_VERSIONED: Final = ctypes.create_string_buffer(b"used_dltensor_versioned")


@final
class Owner:
    """What a capsule managed, ours now: `close` gives it back to its producer, at the latest when nothing holds it."""

    __slots__ = ("_address", "_delete")

    def __init__(self, address: int, delete: int | None) -> None:
        self._address = address
        self._delete: Callable[[int], None] | None = _deleter(delete) if delete else None

    def close(self) -> None:
        """Give it back; a second call does nothing."""
        delete, self._delete = self._delete, None
        if delete is not None:
            delete(self._address)

    def __del__(self) -> None:
        self.close()


@final
@dataclass(frozen=True, slots=True)
class Taken:
    """An array that was in a capsule. dtype: as NumPy names it, "bfloat16" too. strides: in elements; None: C order."""

    address: int
    shape: tuple[int, ...]
    strides: tuple[int, ...] | None
    dtype: str
    readonly: bool
    owner: Owner


def take(capsule: object) -> Taken:
    """Own what a capsule holds.

    Raises:
        BufferError: no capsule of DLPack, one that was taken before, or one of a version we cannot read.
    """
    if _is_valid(capsule, b"dltensor_versioned"):
        address = _pointer(capsule, b"dltensor_versioned")
        _rename(capsule, ctypes.addressof(_USED_VERSIONED))
        versioned = Versioned.from_address(address)
        owner = Owner(address, versioned.deleter)
        if versioned.major != 1:
            raise BufferError(f"the array comes as DLPack {versioned.major}.{versioned.minor}, version 1 is known")
        return _taken(versioned.tensor, bool(versioned.flags & _READ_ONLY), owner)
    if _is_valid(capsule, b"dltensor"):
        address = _pointer(capsule, b"dltensor")
        _rename(capsule, ctypes.addressof(_USED))
        managed = Managed.from_address(address)
        return _taken(managed.tensor, False, Owner(address, managed.deleter))
    raise BufferError(f"{type(capsule).__name__} is no DLPack capsule, or one that was used before")


def _taken(t: TensorFields, readonly: bool, owner: Owner) -> Taken:
    shape = tuple(t.shape[i] for i in range(t.ndim))
    strides = tuple(t.strides[i] for i in range(t.ndim)) if t.strides else None
    return Taken((t.data or 0) + t.byte_offset, shape, strides, _name(t.dtype), readonly, owner)


def _name(t: DataType) -> str:
    kind = _CODES.get(t.code, f"type code {t.code}, bits ")
    name = "bool" if (kind, t.bits) == ("bool", 8) else f"{kind}{t.bits}"
    return name if t.lanes == 1 else f"{name} in {t.lanes} lanes"
