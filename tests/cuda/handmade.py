"""Two kernels in Python, a GPU without a GPU, and shorthands, for the tests of devices."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from shapewright.compiler.errors import DeviceError
from shapewright.runtime.cuda.device import Device
from shapewright.runtime.cuda.nvidia import NvidiaDevice

from .fake_driver import FakeDriver, Handmade


def add_one(grid: int, block: int, x: int, n: int) -> None:
    for i in range(n):
        ctypes.c_float.from_address(x + 4 * i).value += 1


def overrun(grid: int, block: int, x: int) -> None:
    ctypes.c_uint8.from_address(x).value = 1


KERNELS = Handmade({"add_one": add_one, "overrun": overrun})


def fake() -> tuple[FakeDriver, NvidiaDevice]:
    """A GPU over a stand-in for its driver."""
    driver = FakeDriver(KERNELS.entries())
    return driver, NvidiaDevice(driver=driver)


def array(device: Device, values: object, dtype: str = "float32") -> tuple[int, np.ndarray[Any, np.dtype[Any]]]:
    """An array on the device, and on the host."""
    host = np.array(values, dtype)
    address = device.alloc(host.nbytes)
    device.upload(address, host)
    return address, host


def read(device: Device, address: int, count: int) -> list[float]:
    """Some float32 of the device."""
    out = np.empty(count, np.float32)
    device.download(address, out)
    return out.tolist()


def code(call: Callable[[], object]) -> str:
    """The code of the DeviceError that a call raises."""
    with pytest.raises(DeviceError) as error:
        call()
    return error.value.code
