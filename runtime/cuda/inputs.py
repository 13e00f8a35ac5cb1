"""Arrays of other libraries that already live on a CUDA device, as inputs of programs: copied within the device.

Accepted is what has `__dlpack__` on a CUDA device, or `__cuda_array_interface__`: arrays of PyTorch, CuPy, JAX, Numba.
A `DeviceInput` takes the place of an array in a tensor, so that checks and recording see an ordinary tensor of its type.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeAlias, cast, final

import numpy as np
from numpy.typing import NDArray

from ...compiler.errors import DeviceError, ShapeError
from ...compiler.loc import user_loc
from ...compiler.types import DType, TensorType
from ...dsl.array import Array, make, value_of
from ...dsl.pack import Pack, children, new_tuple
from ..values import array_of
from . import dlpack

Arr: TypeAlias = NDArray[np.generic]
AnyArray: TypeAlias = "Array[*tuple[Any, ...]]"

ORDINAL: Final = 0
"""The device that programs run on."""
_UNKNOWN: Final = -1  # `__cuda_array_interface__` does not say which device it is
_LEGACY: Final = 1  # the legacy default stream
_HOST: Final = (Array, np.ndarray, np.generic, int, float, str, list, Pack)


@final
@dataclass(frozen=True, slots=True)
class DeviceArray:
    """What another library says about an array of its own in device memory.

    strides: in bytes. dtype: as NumPy names it. ordinal: of its device, -1 where nothing tells. stream: what must be
    waited for before the first read (1 legacy default, 2 per-thread default, else a handle), None where nothing must.
    keep: holds the memory.
    """

    address: int
    shape: tuple[int, ...]
    strides: tuple[int, ...] | None
    dtype: str
    ordinal: int
    stream: int | None
    readonly: bool
    keep: object


@final
@dataclass(frozen=True, slots=True)
class DeviceInput:
    """A C-contiguous input of a program in device memory. It looks like an array as far as programs are chosen by it.

    name: as messages show it. stream: the device's stream has to wait for this one before the first read
    (`device().wait_for(stream)`). keep: holds the memory, so the input must live until its last read is done.
    """

    name: str
    address: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: np.dtype[np.generic]
    stream: int | None
    source: object
    keep: object

    @property
    def nbytes(self) -> int:
        """Bytes from `address`."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    def astype(self, dtype: np.dtype[np.generic]) -> NoReturn:
        """Arrays of the host are cast to the program's floating type; this is the error for one of a device."""
        raise _wrong_dtype(self.name, self.source, self.dtype.name, DType.of(dtype))


# ---- where inputs come in
def received(x: object, name: str, device: str, runs: str, real: DType | None = None) -> object:
    """An input as a caller passed it, with every array of a CUDA device as a tensor on a `DeviceInput`.

    Everything else is returned as it is; tuples and dicts are searched. device: that of the options; runs: what they
    belong to ("this trainer"); real: the program's floating type.

    Raises:
        DeviceError: the array is not where the program runs (SW610, SW611), or cannot be read as it is (SW612 to SW615).
    """
    if isinstance(x, _HOST):
        return cast("object", x)
    if isinstance(x, tuple | Mapping):
        return _received_pack(cast("object", x), name, device, runs, real)
    where = _ordinal(x)
    if where is None:
        return x
    if device == "cpu":
        raise DeviceError(
            f"{name} lives on a CUDA device, {runs} runs on the CPU",
            loc=user_loc(),
            details=[f"it is a {_kind(x)}"],
            help=f'copy it to the host: {_by_library(x, name, _TO_HOST)}; or run on the device: sw.Options(device="cuda")',
            code="SW610",
        )
    found = _found(name, x, where, None)
    given = _checked(name, x, found, _wanted(found.dtype, real))
    return make(TensorType(DType.of(given.dtype), given.shape), given, None)


def _received_pack(x: object, name: str, device: str, runs: str, real: DType | None) -> object:
    parts = children(x)
    assert parts is not None  # tuples and mappings are packs
    kind, labels, items = parts
    path = name.rstrip("`")
    quote = name[len(path) :]
    new = [
        received(item, f"{path}.{label}{quote}", device, runs, real) for label, item in zip(labels, items, strict=True)
    ]
    if all(a is b for a, b in zip(new, items, strict=True)):
        return x
    if kind is dict:
        return dict(zip(labels, new, strict=True))
    return new_tuple(cast("type[tuple[object, ...]]", kind), new)


def _wanted(found: str, real: DType | None) -> DType:
    """The element type that an array of the host with this one would come to have."""
    if found == "bool":
        return DType.bool
    if found.startswith(("int", "uint")):
        return DType.int64
    return real or (DType.float64 if found == "float64" else DType.float32)


def given_array(x: AnyArray, what: str = "this argument") -> Arr | DeviceInput:
    """What a concrete tensor holds, not copied. TraceError: it is being recorded."""
    value = value_of(x)
    return value if isinstance(value, DeviceInput) else array_of(x, what)


def host_array(x: Arr | DeviceInput) -> Arr:
    """An input as an array of the host, downloaded if need be."""
    if not isinstance(x, DeviceInput):
        return x
    from .device import device

    array = np.empty(x.shape, x.dtype)
    if array.size:
        here = device()
        here.wait_for(x.stream)
        here.download(x.address, array)
    return array


def our_stream() -> int:
    """The stream of the device, as DLPack numbers it: 1 for the default one."""
    from .device import device

    return device().stream or _LEGACY


# ---- one array
def device_input(
    name: str, x: object, expected: TensorType, *, stream: int | None = None, ordinal: int = ORDINAL
) -> DeviceInput | None:
    """An array of a CUDA device as an input of the type `expected`; None if it lives on the host.

    stream: ours, which a DLPack producer makes wait; default: that of the device. Sizes that are not numbers fit any.

    Raises:
        DeviceError: SW611 another device, SW612 another element type, SW613 not contiguous, SW614 stream 0, SW615 the
            array cannot be exported. ShapeError: another shape.
    """
    where = _ordinal(x)
    if where is None:
        return None
    given = _checked(name, x, _found(name, x, where, stream, ordinal), expected.dtype)
    want = expected.shape
    fits = len(want) == len(given.shape) and all(
        not isinstance(w, int) or w == n for w, n in zip(want, given.shape, strict=True)
    )
    if not fits:
        raise ShapeError(
            f"{name} has another shape than its program takes",
            loc=user_loc(),
            details=[f"expected {expected}", f"got {TensorType(expected.dtype, given.shape)}"],
            help="pass an array of that shape",
            code="SW101",
        )
    return given


def _ordinal(x: object) -> int | None:
    """The number of the CUDA device an array lives on (-1 if nothing tells); None for every other object."""
    where = getattr(x, "__dlpack_device__", None)
    if where is None:
        return _UNKNOWN if _has_interface(x) else None
    try:
        kind, ordinal = where()
        return int(ordinal) if int(kind) in dlpack.CUDA else None
    except Exception:  # another library's code: whatever it says, the array is not on a CUDA device
        return None


def _has_interface(x: object) -> bool:
    try:
        return hasattr(x, "__cuda_array_interface__")
    except Exception:  # a property that refuses, such as that of a tensor of PyTorch that requires gradients
        return False


def _found(name: str, x: object, where: int, stream: int | None, ordinal: int = ORDINAL) -> DeviceArray:
    """Ask an array about itself: by DLPack if it can, because that orders streams too."""
    if where not in (ordinal, _UNKNOWN):
        raise DeviceError(
            f"{name} lives on CUDA device {where}, the program runs on device {ordinal}",
            loc=user_loc(),
            details=[f"it is a {_kind(x)}"],
            help=f"move it: {_by_library(x, name, _MOVED)}; or start with CUDA_VISIBLE_DEVICES={where}",
            code="SW611",
        )
    if hasattr(x, "__dlpack__"):
        try:
            return _from_dlpack(x, where, our_stream() if stream is None else stream)
        except DeviceError:
            raise  # of our own device
        except Exception as error:  # another library's code
            if not _has_interface(x):
                raise _unreadable(name, x, error) from error
    try:
        return _from_interface(name, x, where)
    except DeviceError:
        raise
    except Exception as error:  # another library's code, or a dictionary that is not as the protocol says
        raise _unreadable(name, x, error) from error


def _from_dlpack(x: object, where: int, stream: int) -> DeviceArray:
    export: Any = cast("Any", x).__dlpack__
    try:
        capsule: object = export(stream=stream, max_version=(1, 0))
    except TypeError:  # a producer of the time before versions
        capsule = export(stream=stream)
    t = dlpack.take(capsule)
    size = _itemsize(t.dtype)
    strides = None if t.strides is None else tuple(n * size for n in t.strides)
    return DeviceArray(t.address, t.shape, strides, t.dtype, where, None, t.readonly, t.owner)


def _itemsize(dtype: str) -> int:
    bits = re.search(r"\d+$", dtype)
    return int(bits[0]) // 8 if bits else 1


def _from_interface(name: str, x: object, where: int) -> DeviceArray:
    """https://numba.readthedocs.io/en/stable/cuda/cuda_array_interface.html, versions 0 to 3."""
    said: Mapping[str, Any] = cast("Any", x).__cuda_array_interface__
    dtype = np.dtype(said["typestr"])
    address, readonly = said["data"]
    stream: int | None = said.get("stream") if said.get("version", 0) >= 3 else _LEGACY  # before 3 nothing was said
    if stream == 0:
        raise DeviceError(
            f"{name} comes with stream 0, which its protocol does not allow",
            loc=user_loc(),
            details=[f"it is a {_kind(x)}"],
            help="its library has to say 1 (the legacy default stream), 2 (the per-thread one), a handle or None",
            code="SW614",
        )
    if said.get("mask") is not None:
        raise ValueError("it has a mask")
    return DeviceArray(
        int(address),
        tuple(int(n) for n in said["shape"]),
        None if said.get("strides") is None else tuple(int(n) for n in said["strides"]),
        dtype.name if dtype.isnative else f"{dtype.name} of the other byte order",
        where,
        None if stream is None else int(stream),
        bool(readonly),
        x,
    )


def _checked(name: str, x: object, found: DeviceArray, want: DType) -> DeviceInput:
    if found.dtype != want.value:
        raise _wrong_dtype(name, x, found.dtype, want)
    strides = _strides(found.shape, want.itemsize)
    if not _contiguous(found.shape, found.strides, strides):
        raise DeviceError(
            f"{name} is not contiguous",
            loc=user_loc(),
            details=[f"shape {list(found.shape)}, strides in bytes {list(found.strides or strides)}"],
            help=f"make a contiguous copy: {_by_library(x, name, _CONTIGUOUS)}",
            code="SW613",
        )
    return DeviceInput(name, found.address, found.shape, strides, want.numpy, found.stream, x, found.keep)


def _strides(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """Those of C order, in bytes."""
    strides: list[int] = []
    step = itemsize
    for n in reversed(shape):
        strides.append(step)
        step *= n
    return tuple(reversed(strides))


def _contiguous(shape: tuple[int, ...], have: tuple[int, ...] | None, want: tuple[int, ...]) -> bool:
    """Whether the strides are those of C order, where it matters."""
    return have is None or 0 in shape or all(n == 1 or h == w for n, h, w in zip(shape, have, want, strict=True))


# ---- what to write instead
_TO_HOST: Final = {
    "torch": "{x}.cpu()",
    "cupy": "{x}.get()",
    "jax": "numpy.asarray({x})",
    "numba": "{x}.copy_to_host()",
}
_MOVED: Final = {"torch": '{x}.to("cuda:0")', "cupy": "with cupy.cuda.Device(0): cupy.array({x})"}
_CONTIGUOUS: Final = {"torch": "{x}.contiguous()", "cupy": "cupy.ascontiguousarray({x})"}
_CASTS: Final = {"torch": "{x}.to(torch.{dtype})", "cupy": '{x}.astype("{dtype}")', "jax": '{x}.astype("{dtype}")'}
_LIBRARIES: Final = {"torch": "PyTorch", "cupy": "CuPy", "jax": "JAX", "jaxlib": "JAX", "numba": "Numba"}


def _by_library(x: object, name: str, ways: Mapping[str, str], dtype: str = "") -> str:
    """What to write for an array of this library; for one we do not know, what PyTorch and CuPy have."""
    found = re.search(r"`([\w.]+)`", name)
    shown = found[1] if found else "x"
    own = ways.get(type(x).__module__.partition(".")[0].replace("jaxlib", "jax"))
    if own is not None:
        return own.format(x=shown, dtype=dtype)
    return " or ".join(f"{ways[k].format(x=shown, dtype=dtype)} ({_LIBRARIES[k]})" for k in ("torch", "cupy"))


def _kind(x: object) -> str:
    kind = type(x)
    return f"{kind.__module__}.{kind.__qualname__}"


def _wrong_dtype(name: str, x: object, found: str, want: DType) -> DeviceError:
    return DeviceError(
        f"{name} has element type {found} on the device, the program takes {want.value}",
        loc=user_loc(),
        details=["arrays on a device are taken as they are, without a cast"],
        help=f"cast it: {_by_library(x, name, _CASTS, want.value)}",
        code="SW612",
    )


def _unreadable(name: str, x: object, error: Exception) -> DeviceError:
    grad = re.search(r"requires? ?_?grad", str(error)) is not None
    return DeviceError(
        f"{name} cannot be read on the device: {error}",
        loc=user_loc(),
        details=[f"it is a {_kind(x)}"],
        help=f"pass an array of the device that others may read{', such as x.detach()' if grad else ''}",
        code="SW615",
    )
