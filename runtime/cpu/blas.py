"""Matrix products: C = op(A) op(B) over two optional batch axes, by OpenBLAS or, for small ones, by own loops.

OpenBLAS is the one inside SciPy's wheel, called by address. It runs on one thread: the step's own workers split the
work, on tiles that do not depend on their number, so results do not either.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

from ...compiler.errors import DeviceError
from .jit import KW, I, njit, void
from .llvm import add_symbol, external, part, view

NO_TRANS: Final = 111
"""`ta`, `tb`: the operand is stored as it is used (CBLAS numbering)."""
TRANS: Final = 112
"""`ta`, `tb`: the operand is stored transposed."""
SMALL: Final = 64
"""Products of at most this many multiply-adds run in an own loop: above, OpenBLAS is quicker."""

_ROW_MAJOR: Final = 101
_f32 = view(np.float32)
_f64 = view(np.float64)
_ZERO4, _ONE4 = np.float32(0.0), np.float32(1.0)
_ZERO8, _ONE8 = np.float64(0.0), np.float64(1.0)

V = TypeVar("V", "np.ndarray[Any, np.dtype[np.float32]]", "np.ndarray[Any, np.dtype[np.float64]]")


def _candidates() -> Iterator[Path]:
    if chosen := os.environ.get("SHAPEWRIGHT_BLAS"):
        yield Path(chosen)
    spec = importlib.util.find_spec("scipy")
    if spec is None or spec.origin is None:
        return
    package = Path(spec.origin).parent
    for folder in (package.parent / "scipy.libs", package / ".dylibs"):
        yield from sorted(folder.glob("*openblas*"))


def _find(library: ctypes.CDLL, name: str) -> int | None:
    """The address of a function under the names that builds of OpenBLAS give it."""
    for full in (f"scipy_{name}", name):
        if hasattr(library, full):
            return ctypes.cast(getattr(library, full), ctypes.c_void_p).value
    return None


def load_blas() -> Path:
    """Register the products of matrices and vectors for compiled code and set the library to one thread.

    Raises DeviceError, with the files that were tried, if there is no library with 32-bit CBLAS functions.
    """
    tried: list[str] = []
    for path in _candidates():
        tried.append(str(path))
        try:
            library = ctypes.CDLL(str(path))
        except OSError:
            continue
        found = {name: _find(library, f"cblas_{name}") for name in ("sgemm", "dgemm", "sgemv", "dgemv")}
        if None in found.values():
            continue
        for name, address in found.items():
            add_symbol(f"shapewright_{name}", address or 0)
        threads = _find(library, "openblas_set_num_threads")
        if threads is not None:
            ctypes.CFUNCTYPE(None, ctypes.c_int)(threads)(1)
        return path
    raise DeviceError(
        "no BLAS library for matrix products was found",
        details=[f"tried: {name}" for name in tried] or ["SciPy is not installed"],
        help="install SciPy's wheel (pip install scipy), or set SHAPEWRIGHT_BLAS to a library with cblas_sgemm",
        code="SW601",
    )


LIBRARY: Final = load_blas()

_INT: Final = np.int32
_MM: Final = (_INT, _INT, _INT, _INT, _INT, _INT)  # order, two transpositions, m, n, k
_MV: Final = (_INT, _INT, _INT, _INT)  # order, transposition, rows, columns
_f4, _f8 = np.float32, np.float64
_sgemm = external("shapewright_sgemm", type(None), *_MM, _f4, int, _INT, int, _INT, _f4, int, _INT)
_dgemm = external("shapewright_dgemm", type(None), *_MM, _f8, int, _INT, int, _INT, _f8, int, _INT)
_sgemv = external("shapewright_sgemv", type(None), *_MV, _f4, int, _INT, int, _INT, _f4, int, _INT)
_dgemv = external("shapewright_dgemv", type(None), *_MV, _f8, int, _INT, int, _INT, _f8, int, _INT)


@njit(nogil=True, fastmath=KW["fastmath"])
def _by_dots(a: V, b: V, c: V, m: int, n: int, k: int, sm: int, sk: int, tk: int, tn: int, ldc: int) -> None:
    """C[i, j] = sum over u of A[i * sm + u * sk] * B[u * tk + j * tn], for k > 0."""
    for i in range(m):
        for j in range(n):
            left, right = part(a, i * sm, k), part(b, j * tn, k)
            total = left[0] * right[0]
            for u in range(1, k):
                total += left[u * sk] * right[u * tk]
            c[i * ldc + j] = total


@njit(void(*[I] * 19), defer=True, **KW)
def gemm_f32(
    ta: int, tb: int, m: int, n: int, k: int,
    A: int, lda: int, B: int, ldb: int, C: int, ldc: int,
    n1: int, a1: int, b1: int, c1: int, n2: int, a2: int, b2: int, c2: int,
) -> None:  # fmt: skip
    """C[m, n] = op(A)[m, k] op(B)[k, n], float32, row-major, for each of n1 * n2 batches.

    `A`, `B`, `C` are addresses; `lda`, `ldb`, `ldc` are row strides in elements; `a1` ... `c2` batch strides in
    bytes; `ta`, `tb` are NO_TRANS or TRANS. C is overwritten: with zeros where k is 0.
    """
    if m == 0 or n == 0:
        return
    sm, sk = (lda, 1) if ta == NO_TRANS else (1, lda)
    tk, tn = (ldb, 1) if tb == NO_TRANS else (1, ldb)
    ra, ca = (m, k) if ta == NO_TRANS else (k, m)
    rb, cb = (k, n) if tb == NO_TRANS else (n, k)
    lda = max(lda, ca) if ra == 1 else lda  # the stride between rows of a matrix of one row is anything
    ldb = max(ldb, cb) if rb == 1 else ldb
    row = max(ldc, n) if m == 1 else ldc
    xa, xb = max(sk, 1), max(tk, 1)
    column, line = n == 1 and (tk == xb or k == 1), m == 1 and (sk == xa or k == 1)
    own = m * n * k <= SMALL or lda < ca or ldb < cb or row < n  # BLAS refuses row strides below the row
    for i in range(n1):
        for j in range(n2):
            pa, pb, pc = A + i * a1 + j * a2, B + i * b1 + j * b2, C + i * c1 + j * c2
            out = _f32(pc, (m - 1) * ldc + n)
            if k > 0 and own:
                left = _f32(pa, (m - 1) * sm + (k - 1) * sk + 1)
                right = _f32(pb, (k - 1) * tk + (n - 1) * tn + 1)
                _by_dots(left, right, out, m, n, k, sm, sk, tk, tn, ldc)
            elif k > 0 and not column and not line:
                _sgemm(_ROW_MAJOR, ta, tb, m, n, k, _ONE4, pa, lda, pb, ldb, _ZERO4, pc, row)
            else:
                for r in range(m):
                    for q in range(n):
                        out[r * ldc + q] = _ZERO4
                if k > 0 and column:
                    _sgemv(_ROW_MAJOR, ta, ra, ca, _ONE4, pa, lda, pb, xb, _ONE4, pc, max(ldc, 1))
                elif k > 0:
                    _sgemv(_ROW_MAJOR, NO_TRANS + TRANS - tb, rb, cb, _ONE4, pb, ldb, pa, xa, _ONE4, pc, 1)


@njit(void(*[I] * 19), defer=True, **KW)
def gemm_f64(
    ta: int, tb: int, m: int, n: int, k: int,
    A: int, lda: int, B: int, ldb: int, C: int, ldc: int,
    n1: int, a1: int, b1: int, c1: int, n2: int, a2: int, b2: int, c2: int,
) -> None:  # fmt: skip
    """C[m, n] = op(A)[m, k] op(B)[k, n], float64, row-major, for each of n1 * n2 batches.

    `A`, `B`, `C` are addresses; `lda`, `ldb`, `ldc` are row strides in elements; `a1` ... `c2` batch strides in
    bytes; `ta`, `tb` are NO_TRANS or TRANS. C is overwritten: with zeros where k is 0.
    """
    if m == 0 or n == 0:
        return
    sm, sk = (lda, 1) if ta == NO_TRANS else (1, lda)
    tk, tn = (ldb, 1) if tb == NO_TRANS else (1, ldb)
    ra, ca = (m, k) if ta == NO_TRANS else (k, m)
    rb, cb = (k, n) if tb == NO_TRANS else (n, k)
    lda = max(lda, ca) if ra == 1 else lda  # the stride between rows of a matrix of one row is anything
    ldb = max(ldb, cb) if rb == 1 else ldb
    row = max(ldc, n) if m == 1 else ldc
    xa, xb = max(sk, 1), max(tk, 1)
    column, line = n == 1 and (tk == xb or k == 1), m == 1 and (sk == xa or k == 1)
    own = m * n * k <= SMALL or lda < ca or ldb < cb or row < n  # BLAS refuses row strides below the row
    for i in range(n1):
        for j in range(n2):
            pa, pb, pc = A + i * a1 + j * a2, B + i * b1 + j * b2, C + i * c1 + j * c2
            out = _f64(pc, (m - 1) * ldc + n)
            if k > 0 and own:
                left = _f64(pa, (m - 1) * sm + (k - 1) * sk + 1)
                right = _f64(pb, (k - 1) * tk + (n - 1) * tn + 1)
                _by_dots(left, right, out, m, n, k, sm, sk, tk, tn, ldc)
            elif k > 0 and not column and not line:
                _dgemm(_ROW_MAJOR, ta, tb, m, n, k, _ONE8, pa, lda, pb, ldb, _ZERO8, pc, row)
            else:
                for r in range(m):
                    for q in range(n):
                        out[r * ldc + q] = _ZERO8
                if k > 0 and column:
                    _dgemv(_ROW_MAJOR, ta, ra, ca, _ONE8, pa, lda, pb, xb, _ONE8, pc, max(ldc, 1))
                elif k > 0:
                    _dgemv(_ROW_MAJOR, NO_TRANS + TRANS - tb, rb, cb, _ONE8, pb, ldb, pa, xa, _ONE8, pc, 1)
