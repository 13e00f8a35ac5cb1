"""Arrays of other libraries in device memory as inputs: what is accepted, what is refused, and what reaches a program.

There is no device here: the arrays are NumPy's, behind objects that say they are on one.
"""

from __future__ import annotations

import ctypes
import gc
from typing import Any

import numpy as np
import pytest

import shapewright as sw
from shapewright.compiler.errors import DeviceError, ShapeError
from shapewright.compiler.sizes import Poly, Symbol
from shapewright.compiler.types import DType, TensorType
from shapewright.runtime.cuda import dlpack, inputs
from shapewright.runtime.cuda.inputs import DeviceInput, device_input
from shapewright.runtime.values import Arr
from tests.runtime.fake_device import memory_at

from .foreign import KINDS, Exported, Interface, Refusing, some

F32 = TensorType(DType.float32, (2, 3))


def accepted(x: object, expected: TensorType = F32) -> DeviceInput:
    found = device_input("input `x`", x, expected, stream=5)
    assert found is not None
    return found


def refused(code: str, x: object, expected: TensorType = F32, **more: Any) -> str:
    """The message of the DeviceError, which names the argument, the user's line and a next step."""
    with pytest.raises(DeviceError) as error:
        device_input("input `x`", x, expected, **{"stream": 5, **more})
    text = str(error.value)
    assert error.value.code == code and "input `x`" in text and "help: " in text and "test_cuda_inputs.py" in text
    return text


# ---- one array
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool"])
def test_an_array_is_taken_where_it_is(kind: str, dtype: str) -> None:
    array = some(dtype)
    found = accepted(KINDS[kind](array), TensorType(DType(dtype), (2, 3)))
    assert (found.address, found.shape, found.strides) == (array.ctypes.data, array.shape, array.strides)
    assert (found.dtype, found.nbytes, found.stream) == (array.dtype, array.nbytes, None)
    assert np.array_equal(memory_at(found), array)


HOST: list[Any] = [
    *(some(), 3.0, None, [1.0], "text", object(), sw.Tensor(some())),
    *(Exported(some(), (1, 0)), Exported(some(), (3, 0))),
]


@pytest.mark.parametrize("x", HOST)
def test_what_is_on_the_host_is_no_device_input(x: object) -> None:
    assert device_input("x", x, F32, stream=5) is None


def test_managed_memory_and_read_only_arrays_are_fine() -> None:
    array = some()
    array.flags.writeable = False
    assert accepted(Interface(array)).address == array.ctypes.data
    assert accepted(Exported(some(), (13, 0))).shape == (2, 3)


def test_symbolic_sizes_fit_any_number() -> None:
    rows = Poly((((Symbol("Batch"),), 1),))
    assert accepted(Interface(some()), TensorType(DType.float32, (rows, 3))).shape == (2, 3)
    with pytest.raises(
        ShapeError, match=r"input `x` has another shape[\s\S]*expected f32\[Batch, 4\][\s\S]*got f32\[2, 3\]"
    ):
        accepted(Interface(some()), TensorType(DType.float32, (rows, 4)))
    with pytest.raises(ShapeError):
        accepted(Interface(some()), TensorType(DType.float32, (3,)))


@pytest.mark.parametrize("kind", KINDS)
def test_another_element_type_names_the_cast(kind: str) -> None:
    text = refused("SW612", KINDS[kind](some("float64")))
    assert "float64 on the device, the program takes float32" in text
    assert "x.to(torch.float32) (PyTorch)" in text and 'x.astype("float32") (CuPy)' in text
    assert "int32" in refused("SW612", KINDS[kind](some("int32")), TensorType(DType.int64, (2, 3)))
    assert "complex64" in refused("SW612", KINDS[kind](some("complex64")))
    assert "float16" in refused("SW612", KINDS[kind](some("float16")))


def test_the_library_of_an_array_decides_what_the_help_says() -> None:
    torch = type("Tensor", (Interface,), {"__module__": "torch"})
    assert "help: cast it: x.to(torch.float32)\n" in refused("SW612", torch(some("float64"))) + "\n"
    assert "help: make a contiguous copy: x.contiguous()" in refused(
        "SW613", torch(some().T), TensorType(DType.float32, (3, 2))
    )
    cupy = type("ndarray", (Interface,), {"__module__": "cupy"})
    assert 'help: cast it: x.astype("float32")' in refused("SW612", cupy(some("float64")))


def test_the_other_byte_order_is_another_element_type() -> None:
    assert "float32 of the other byte order" in refused("SW612", Interface(some(">f4")))


@pytest.mark.parametrize("kind", KINDS)
def test_not_contiguous(kind: str) -> None:
    text = refused("SW613", KINDS[kind](some().T), TensorType(DType.float32, (3, 2)))
    assert "strides in bytes [4, 12]" in text and "x.contiguous()" in text and "cupy.ascontiguousarray(x)" in text
    one = np.zeros((3, 2), np.float32)[:, :1].T[:, :1]  # strides of axes of size 1 do not matter
    assert accepted(KINDS[kind](one), TensorType(DType.float32, (1, 1))).strides == (4, 4)
    empty = np.zeros((3, 4), np.float32)[:, :0]
    assert accepted(KINDS[kind](empty), TensorType(DType.float32, (3, 0))).nbytes == 0


def test_another_device() -> None:
    text = refused("SW611", Exported(some(), (2, 3)))
    assert "CUDA device 3, the program runs on device 0" in text and "CUDA_VISIBLE_DEVICES=3" in text
    assert device_input("x", Exported(some(), (2, 3)), F32, stream=5, ordinal=3) is not None


def test_streams() -> None:
    array = some()
    assert accepted(Interface(array, stream=1234)).stream == 1234
    assert accepted(Interface(array, stream=2)).stream == 2
    assert accepted(Interface(array, version=2)).stream == 1  # says nothing: wait for the default stream
    assert "stream 0" in refused("SW614", Interface(array, stream=0))
    exported = Exported(array)
    assert accepted(exported).stream is None  # the producer made stream 5 wait
    assert exported.streams == [5]


def test_dlpack_comes_before_the_interface_unless_it_fails() -> None:
    array = some()
    said = {"__cuda_array_interface__": Interface(array, stream=9).__cuda_array_interface__}
    assert accepted(type("Both", (Exported,), said)(array)).stream is None
    assert accepted(type("Half", (Refusing,), said)(array)).stream == 9


def test_what_cannot_be_exported_says_why() -> None:
    text = refused("SW615", Refusing(some()))
    assert "require gradient" in text and ".detach()" in text
    assert "mask" in refused("SW615", Interface(some(), mask=Interface(some())))
    assert "SW615" in refused("SW615", Interface(some(), data=None))
    used: Any = some().__dlpack__()
    dlpack.take(used)
    assert "used before" in refused("SW615", Handing(used))


# ---- capsules
class Producer:
    """Capsules of its own making, that count how often they are given back."""

    def __init__(self, versioned: bool, *, major: int = 1, flags: int = 0, offset: int = 0) -> None:
        self.array, self.returned = some(), 0
        self.shape, self.strides = (ctypes.c_int64 * 2)(2, 3), (ctypes.c_int64 * 2)(3, 1)
        self._deleter = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self._back)
        tensor = dlpack.TensorFields(
            self.array.ctypes.data - offset,
            dlpack.DeviceFields(2, 0),
            2,
            dlpack.DataType(2, 32, 1),
            self.shape,
            self.strides,
            offset,
        )
        deleter = ctypes.cast(self._deleter, ctypes.c_void_p).value
        self.managed: Any = (
            dlpack.Versioned(major, 0, None, deleter, flags, tensor)
            if versioned
            else dlpack.Managed(tensor, None, deleter)
        )
        self._name = b"dltensor_versioned" if versioned else b"dltensor"

    def _back(self, address: int) -> None:
        assert address == ctypes.addressof(self.managed)
        self.returned += 1

    def capsule(self) -> object:
        new = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)(
            ("PyCapsule_New", ctypes.pythonapi)
        )
        return new(ctypes.addressof(self.managed), self._name, None)


class Handing:
    """Hands out a capsule: this one, or new ones of a producer."""

    def __init__(self, source: object) -> None:
        self.source = source

    def __dlpack_device__(self) -> tuple[int, int]:
        return 2, 0

    def __dlpack__(self, **_: object) -> object:
        return self.source.capsule() if isinstance(self.source, Producer) else self.source


@pytest.mark.parametrize("versioned", [False, True])
def test_a_capsule_is_given_back_once(versioned: bool) -> None:
    producer = Producer(versioned, offset=8)
    capsule = producer.capsule()
    taken = dlpack.take(capsule)
    assert (taken.address, taken.shape, taken.strides) == (producer.array.ctypes.data, (2, 3), (3, 1))
    assert (taken.dtype, taken.readonly) == ("float32", False)
    with pytest.raises(BufferError, match="used before"):
        dlpack.take(capsule)
    del capsule
    gc.collect()
    assert producer.returned == 0
    taken.owner.close()
    taken.owner.close()
    del taken
    assert producer.returned == 1


def test_a_refused_array_is_given_back() -> None:
    producer = Producer(True)
    x = Handing(producer)
    refused("SW612", x, TensorType(DType.float64, (2, 3)))
    gc.collect()
    assert producer.returned == 1
    given = accepted(x)
    gc.collect()
    assert producer.returned == 1
    del given
    assert producer.returned == 2


def test_versions_and_flags() -> None:
    assert dlpack.take(Producer(True, flags=1).capsule()).readonly
    producer = Producer(True, major=2)
    with pytest.raises(BufferError, match=r"DLPack 2\.0"):
        dlpack.take(producer.capsule())
    assert producer.returned == 1
    producer = Producer(True)
    producer.managed.tensor.dtype = dlpack.DataType(4, 16, 1)
    producer.managed.tensor.strides = None
    taken = dlpack.take(producer.capsule())
    assert (taken.dtype, taken.strides) == ("bfloat16", None)


def test_host_array_waits_for_the_producer_and_downloads(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []

    class Device:
        def wait_for(self, stream: int | None) -> None:
            calls.append(stream)

        def download(self, address: int, array: Arr) -> None:
            calls.append(address)
            ctypes.memmove(array.ctypes.data, address, array.nbytes)

    monkeypatch.setattr("shapewright.runtime.cuda.device.device", Device)
    array = some()
    given = accepted(Interface(array, stream=8))
    assert np.array_equal(inputs.host_array(given), array)
    assert calls == [8, array.ctypes.data]
    assert inputs.host_array(array) is array
