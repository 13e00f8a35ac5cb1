"""Stands in for cuBLASLt: it multiplies with NumPy what the descriptors say, column-major, in host memory.

`FakeLt` has the interface of nvmath-python's bindings, `FakeLibrary` that of the loaded C library.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shapewright.runtime.cuda import cublaslt

from .fake_driver import FakeDriver

INT32, INT64 = ctypes.c_int32, ctypes.c_int64
# The types of cublasLt.h, by attribute.
DESC = {cublaslt.DESC_TRANSA: INT32, cublaslt.DESC_TRANSB: INT32}
LAYOUT = {cublaslt.LAYOUT_BATCH_COUNT: INT32, cublaslt.LAYOUT_STRIDED_BATCH_OFFSET: INT64}
PREFERENCE = {cublaslt.PREF_MAX_WORKSPACE_BYTES: ctypes.c_uint64} | dict.fromkeys(
    cublaslt.PREF_MIN_ALIGNMENT, ctypes.c_uint32
)
ALGORITHM = 0xA190
HANDLE = 0x4A4D1E


@dataclass
class Thing:
    """A descriptor: what it was made of, and its attributes."""

    made: tuple[int, ...]
    attributes: dict[int, int] = field(default_factory=dict[int, int])


@dataclass
class FakeLt:
    """`algorithms`: how many the heuristic knows; `workspace`: what the algorithm needs; `products`: calls made."""

    driver: FakeDriver
    algorithms: int = 1
    workspace: int = 0
    state: int = 0
    failing: str = ""
    things: dict[int, Thing] = field(default_factory=dict[int, Thing])
    preferences: list[dict[int, int]] = field(default_factory=list[dict[int, int]])
    products: list[Thing] = field(default_factory=list[Thing])
    used: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])

    def _new(self, *made: int) -> int:
        key = 1000 + len(self.things)
        self.things[key] = Thing(made)
        return key

    def _set(self, kinds: dict[int, Any], key: int, attr: int, buf: int, size: int) -> None:
        kind = kinds[attr]
        assert size == ctypes.sizeof(kind)
        self.things[key].attributes[attr] = kind.from_address(buf).value

    def _check(self, name: str) -> None:
        if self.failing == name:
            raise RuntimeError(f"{name} is not supported\nsee the manual")

    def get_version(self) -> int:
        return 130100

    def create(self) -> int:
        self._check("create")
        assert self.driver.context, "cuBLASLt is started in a context"
        return HANDLE

    def matmul_desc_create(self, compute_type: int, scale_type: int, /) -> int:
        return self._new(compute_type, scale_type)

    def matmul_desc_set_attribute(self, desc: int, attr: int, buf: int, size: int, /) -> None:
        self._set(DESC, desc, attr, buf, size)

    def matmul_desc_destroy(self, desc: int, /) -> None:
        del self.things[desc]

    def matrix_layout_create(self, type: int, rows: int, cols: int, ld: int, /) -> int:
        assert rows > 0 and cols > 0 and ld >= rows, "a column-major matrix with overlapping columns"
        return self._new(type, rows, cols, ld)

    def matrix_layout_set_attribute(self, layout: int, attr: int, buf: int, size: int, /) -> None:
        self._set(LAYOUT, layout, attr, buf, size)

    def matrix_layout_destroy(self, layout: int, /) -> None:
        del self.things[layout]

    def matmul_preference_create(self) -> int:
        return self._new()

    def matmul_preference_set_attribute(self, pref: int, attr: int, buf: int, size: int, /) -> None:
        self._set(PREFERENCE, pref, attr, buf, size)

    def matmul_preference_destroy(self, pref: int, /) -> None:
        self.preferences.append(self.things.pop(pref).attributes)

    def matmul_algo_get_heuristic(
        self, handle: int, desc: int, a: int, b: int, c: int, d: int, pref: int, count: int, found: int, number: int, /
    ) -> None:
        self._check("heuristic")
        assert handle == HANDLE and c == d and count == 1
        cublaslt.Heuristic.from_address(found).algo[0] = ALGORITHM
        cublaslt.Heuristic.from_address(found).workspace = self.workspace
        cublaslt.Heuristic.from_address(found).state = self.state
        ctypes.c_int.from_address(number).value = min(self.algorithms, count)

    def matmul(
        self, handle: int, desc: int, alpha: int, a: int, a_layout: int, b: int, b_layout: int, beta: int,
        c: int, c_layout: int, d: int, d_layout: int, algo: int, workspace: int, workspace_size: int, stream: int, /,
    ) -> None:  # fmt: skip
        self._check("matmul")
        assert (handle, c, c_layout) == (HANDLE, d, d_layout)
        assert ctypes.c_uint64.from_address(algo).value == ALGORITHM
        operation = self.things[desc]
        scalar = ctypes.c_double if operation.made[1] == cublaslt.REAL_64F else ctypes.c_float
        assert (scalar.from_address(alpha).value, scalar.from_address(beta).value) == (1, 0)
        self.products.append(operation)
        self.used.append((workspace, workspace_size, stream))
        layouts = [self.things[key] for key in (a_layout, b_layout, d_layout)]
        flipped = [operation.attributes[key] for key in (cublaslt.DESC_TRANSA, cublaslt.DESC_TRANSB)]

        def run() -> None:
            x, y = (
                view.transpose(0, 2, 1) if flip else view
                for view, flip in zip(map(columns, (a, b), layouts[:2]), flipped, strict=True)
            )
            columns(d, layouts[2])[...] = x @ y

        (self.driver.queue if self.driver.recorded is None else self.driver.recorded).append(run)


def columns(address: int, layout: Thing) -> np.ndarray[Any, np.dtype[Any]]:
    """The matrices of a layout, as [batch, rows, columns] over the memory."""
    kind, rows, cols, ld = layout.made
    count = layout.attributes.get(cublaslt.LAYOUT_BATCH_COUNT, 1)
    stride = layout.attributes.get(cublaslt.LAYOUT_STRIDED_BATCH_OFFSET, 0)
    item = 8 if kind == cublaslt.REAL_64F else 4
    length = (count - 1) * stride + (cols - 1) * ld + rows
    element = ctypes.c_double if item == 8 else ctypes.c_float
    flat: np.ndarray[Any, np.dtype[Any]] = np.ctypeslib.as_array((element * length).from_address(address))
    return np.lib.stride_tricks.as_strided(flat, (count, rows, cols), (stride * item, item, ld * item), writeable=True)


class Function:
    """A function of the library; ctypes lets its types be set."""

    def __init__(self, body: Callable[..., Any]) -> None:
        self.body = body
        self.argtypes: tuple[Any, ...] = ()
        self.restype: Any = None

    def __call__(self, *arguments: Any) -> Any:
        assert len(arguments) == len(self.argtypes)
        for value, kind in zip(arguments, self.argtypes, strict=True):
            kind(value)  # raises for what does not fit
        return self.body(*arguments)


def status_name(status: int) -> bytes | None:
    return b"CUBLAS_STATUS_NOT_SUPPORTED" if status == 15 else None


class FakeLibrary:
    """libcublasLt over a `FakeLt`: status codes, and handles by address."""

    def __init__(self, lt: FakeLt) -> None:
        self.cublasLtGetVersion = Function(lt.get_version)
        self.cublasLtGetStatusName = Function(status_name)
        for name in cublaslt.SIGNATURES:
            short = re.sub(r"(?<!^)([A-Z])", r"_\1", name.removeprefix("cublasLt")).lower()
            setattr(self, name, Function(self._status(getattr(lt, short), short.endswith("create"))))

    @staticmethod
    def _status(method: Callable[..., Any], makes: bool) -> Callable[..., int]:
        def call(*arguments: int) -> int:
            try:
                made = method(*arguments[1 if makes else 0 :])
            except RuntimeError:
                return 15
            if makes:
                ctypes.c_uint64.from_address(arguments[0]).value = made
            return 0

        return call
