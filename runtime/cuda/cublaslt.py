"""The functions of cuBLASLt that matrix products need, under one interface, whichever way they are reached.

The interface is that of `nvmath.bindings.cublasLt` (the nvmath-python package); `CtypesLt` has the same methods over the
library itself, as in the nvidia-cublas wheel. Handles and descriptors are addresses, attributes are passed as the
address and size of a buffer.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import importlib.metadata
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Protocol, cast, final

from ...compiler.errors import DeviceError
from .folders import installed

# The numbers of cublasLt.h and library_types.h.
REAL_32F: Final = 0
REAL_64F: Final = 1
COMPUTE_32F: Final = 68
COMPUTE_32F_FAST_TF32: Final = 77
COMPUTE_64F: Final = 70
DESC_TRANSA: Final = 3
DESC_TRANSB: Final = 4
LAYOUT_BATCH_COUNT: Final = 5
LAYOUT_STRIDED_BATCH_OFFSET: Final = 6
PREF_MAX_WORKSPACE_BYTES: Final = 1
PREF_MIN_ALIGNMENT: Final = (5, 6, 7, 8)
"""Of the matrices A, B, C and D, in bytes."""

_WHEELS: Final = ("nvidia-cublas", "nvidia-cublas-cu12")
_NAMES: Final = ("libcublasLt.so.13", "libcublasLt.so.12", "cublasLt64_13.dll", "cublasLt64_12.dll")


class Heuristic(ctypes.Structure):
    """cublasLtMatmulHeuristicResult_t: an algorithm, and what it needs."""

    _fields_ = (
        ("algo", ctypes.c_uint64 * 8),
        ("workspace", ctypes.c_size_t),
        ("state", ctypes.c_int),
        ("waves", ctypes.c_float),
        ("reserved", ctypes.c_int * 4),
    )


class Lt(Protocol):
    """The functions, as nvmath.bindings.cublasLt has them; they raise where the library reports an error."""

    def get_version(self) -> int: ...
    def create(self) -> int: ...
    def matmul_desc_create(self, compute_type: int, scale_type: int, /) -> int: ...
    def matmul_desc_set_attribute(self, desc: int, attr: int, buf: int, size: int, /) -> None: ...
    def matmul_desc_destroy(self, desc: int, /) -> None: ...
    def matrix_layout_create(self, type: int, rows: int, cols: int, ld: int, /) -> int: ...
    def matrix_layout_set_attribute(self, layout: int, attr: int, buf: int, size: int, /) -> None: ...
    def matrix_layout_destroy(self, layout: int, /) -> None: ...
    def matmul_preference_create(self) -> int: ...
    def matmul_preference_set_attribute(self, pref: int, attr: int, buf: int, size: int, /) -> None: ...
    def matmul_preference_destroy(self, pref: int, /) -> None: ...
    def matmul_algo_get_heuristic(
        self, handle: int, desc: int, a: int, b: int, c: int, d: int, pref: int, count: int, found: int, number: int, /
    ) -> None: ...
    def matmul(
        self, handle: int, desc: int, alpha: int, a: int, a_layout: int, b: int, b_layout: int, beta: int,
        c: int, c_layout: int, d: int, d_layout: int, algo: int, workspace: int, workspace_size: int, stream: int, /,
    ) -> None: ...  # fmt: skip


_P, _INT, _SIZE = ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t
_ATTRIBUTE: Final = (_P, _INT, _P, _SIZE)
SIGNATURES: Final[dict[str, tuple[Any, ...]]] = {
    "cublasLtCreate": (_P,),
    "cublasLtMatmulDescCreate": (_P, _INT, _INT),
    "cublasLtMatmulDescSetAttribute": _ATTRIBUTE,
    "cublasLtMatmulDescDestroy": (_P,),
    "cublasLtMatrixLayoutCreate": (_P, _INT, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_int64),
    "cublasLtMatrixLayoutSetAttribute": _ATTRIBUTE,
    "cublasLtMatrixLayoutDestroy": (_P,),
    "cublasLtMatmulPreferenceCreate": (_P,),
    "cublasLtMatmulPreferenceSetAttribute": _ATTRIBUTE,
    "cublasLtMatmulPreferenceDestroy": (_P,),
    "cublasLtMatmulAlgoGetHeuristic": (_P, _P, _P, _P, _P, _P, _P, _INT, _P, _P),
    "cublasLtMatmul": (_P, _P, _P, _P, _P, _P, _P, _P, _P, _P, _P, _P, _P, _P, _SIZE, _P),
}


@final
class CtypesLt:
    """`Lt` over a loaded libcublasLt. A call that the library refuses raises DeviceError SW604 with its reason."""

    def __init__(self, path: str) -> None:
        self.path = path
        library = self._library = ctypes.CDLL(path)
        for name, parameters in SIGNATURES.items():
            function = getattr(library, name)
            function.argtypes, function.restype = parameters, _INT
        library.cublasLtGetVersion.argtypes, library.cublasLtGetVersion.restype = (), _SIZE
        library.cublasLtGetStatusName.argtypes = (_INT,)
        library.cublasLtGetStatusName.restype = ctypes.c_char_p

    def _call(self, name: str, *arguments: object) -> None:
        status: int = getattr(self._library, name)(*arguments)
        if status:
            said: bytes = self._library.cublasLtGetStatusName(status) or b"status %d" % status
            raise DeviceError(
                f"the matrix library refused {name}",
                details=[said.decode(), self.path],
                help="this is a fault of shapewright: please report it with the program",
                code="SW604",
            )

    def _made(self, name: str, *arguments: int) -> int:
        handle = ctypes.c_void_p()
        self._call(name, ctypes.addressof(handle), *arguments)
        return handle.value or 0

    def get_version(self) -> int:
        return cast(int, self._library.cublasLtGetVersion())

    def create(self) -> int:
        return self._made("cublasLtCreate")

    def matmul_desc_create(self, compute_type: int, scale_type: int, /) -> int:
        return self._made("cublasLtMatmulDescCreate", compute_type, scale_type)

    def matmul_desc_set_attribute(self, desc: int, attr: int, buf: int, size: int, /) -> None:
        self._call("cublasLtMatmulDescSetAttribute", desc, attr, buf, size)

    def matmul_desc_destroy(self, desc: int, /) -> None:
        self._call("cublasLtMatmulDescDestroy", desc)

    def matrix_layout_create(self, type: int, rows: int, cols: int, ld: int, /) -> int:
        return self._made("cublasLtMatrixLayoutCreate", type, rows, cols, ld)

    def matrix_layout_set_attribute(self, layout: int, attr: int, buf: int, size: int, /) -> None:
        self._call("cublasLtMatrixLayoutSetAttribute", layout, attr, buf, size)

    def matrix_layout_destroy(self, layout: int, /) -> None:
        self._call("cublasLtMatrixLayoutDestroy", layout)

    def matmul_preference_create(self) -> int:
        return self._made("cublasLtMatmulPreferenceCreate")

    def matmul_preference_set_attribute(self, pref: int, attr: int, buf: int, size: int, /) -> None:
        self._call("cublasLtMatmulPreferenceSetAttribute", pref, attr, buf, size)

    def matmul_preference_destroy(self, pref: int, /) -> None:
        self._call("cublasLtMatmulPreferenceDestroy", pref)

    def matmul_algo_get_heuristic(
        self, handle: int, desc: int, a: int, b: int, c: int, d: int, pref: int, count: int, found: int, number: int, /
    ) -> None:
        self._call("cublasLtMatmulAlgoGetHeuristic", handle, desc, a, b, c, d, pref, count, found, number)

    def matmul(
        self, handle: int, desc: int, alpha: int, a: int, a_layout: int, b: int, b_layout: int, beta: int,
        c: int, c_layout: int, d: int, d_layout: int, algo: int, workspace: int, workspace_size: int, stream: int, /,
    ) -> None:  # fmt: skip
        self._call(
            "cublasLtMatmul", handle, desc, alpha, a, a_layout, b, b_layout, beta, c, c_layout, d, d_layout, algo,
            workspace, workspace_size, stream,
        )  # fmt: skip


def library_path() -> str | None:
    """Where libcublasLt is: in an installed wheel, or a name that the system's loader finds; None if neither."""
    for path in _in_wheels():
        return str(path)
    for name in _NAMES:
        if _loads(name):
            return name
    return None


def _in_wheels() -> Iterator[Path]:
    for wheel in _WHEELS:
        if installed(wheel) is not None:
            for file in importlib.metadata.files(wheel) or ():
                if file.name in _NAMES:
                    yield Path(str(file.locate()))


@functools.cache
def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def nvmath_lt() -> Lt:
    """nvmath-python's bindings; ImportError if it is not installed."""
    module: Any = importlib.import_module("nvmath.bindings.cublasLt")  # untyped
    return cast(Lt, module)
