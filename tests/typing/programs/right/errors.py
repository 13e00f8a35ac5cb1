"""Calls: errors of the library have types of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 4


def refused(f: Callable[[], object], error: type[sw.ShapewrightError]) -> str:
    try:
        f()
    except error as found:
        return found.code
    raise AssertionError(error)


def read(x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, In]:
    return x * float(sw.sum(x))


x = sw.Tensor[Batch, In].ones(shape=(2, 4))
anything: Any = x
codes = [
    refused(lambda: anything @ anything, sw.ShapeError),
    refused(lambda: anything + sw.IntTensor([1]), sw.DTypeError),
    refused(lambda: anything[7], sw.IndexOutOfRange),
    refused(lambda: sw.dropout(x, 2.0), sw.OptionError),
    refused(lambda: x.to("mars"), sw.DeviceError),
    refused(lambda: sw.jit(read)(x), sw.TraceError),
]
reveal_type(codes)  # list[str]
kinds: list[type[sw.ShapewrightError]] = [sw.CheckpointError, sw.CompileError, sw.NumericError]
kind: sw.DType = sw.DType.float32
print(codes, kinds, kind.value)
