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
from .llvm import add_symbol, external, has_avx512, part, stack, view

NO_TRANS: Final = 111
"""`ta`, `tb`: the operand is stored as it is used (CBLAS numbering)."""
TRANS: Final = 112
"""`ta`, `tb`: the operand is stored transposed."""
SMALL: Final = 96 if has_avx512() else 2048
"""Products of at most this many multiply-adds run in own loops: OpenBLAS has quick small products for AVX-512 only."""

_ROW_MAJOR: Final = 101
_f32 = view(np.float32)
_f64 = view(np.float64)
_room4, _room8 = stack(4 * SMALL), stack(8 * SMALL)
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
    """Register `cblas_sgemm` and `cblas_dgemm` for compiled code and set the library to one thread.

    Raises DeviceError, with the files that were tried, if there is no library with 32-bit CBLAS functions.
    """
    tried: list[str] = []
    for path in _candidates():
        tried.append(str(path))
        try:
            library = ctypes.CDLL(str(path))
        except OSError:
            continue
        single, double = _find(library, "cblas_sgemm"), _find(library, "cblas_dgemm")
        if single is None or double is None:
            continue
        add_symbol("shapewright_sgemm", single)
        add_symbol("shapewright_dgemm", double)
        threads = _find(library, "openblas_set_num_threads")
        if threads is not None:
            ctypes.CFUNCTYPE(None, ctypes.c_int)(threads)(1)
        return path
    raise DeviceError(
        "no BLAS library for matrix products was found",
        details=[f"tried: {name}" for name in tried] or ["SciPy is not installed"],
        help="install SciPy's wheel (pip install scipy), or set SHAPEWRIGHT_BLAS to a library with cblas_sgemm",
    )


LIBRARY: Final = load_blas()

_INT: Final = np.int32
_sgemm = external(
    "shapewright_sgemm",
    type(None),
    *(_INT, _INT, _INT, _INT, _INT, _INT),
    *(np.float32, int, _INT, int, _INT, np.float32, int, _INT),
)
_dgemm = external(
    "shapewright_dgemm",
    type(None),
    *(_INT, _INT, _INT, _INT, _INT, _INT),
    *(np.float64, int, _INT, int, _INT, np.float64, int, _INT),
)


@njit(nogil=True, fastmath=KW["fastmath"])
def _by_rows(a: V, b: V, c: V, m: int, n: int, k: int, sm: int, sk: int, tk: int, ldc: int) -> None:
    """C[i, :] = sum over u of A[i * sm + u * sk] * B[u * tk :], four contiguous rows of B at a time, for k > 0."""
    for i in range(m):
        row = part(c, i * ldc, n)
        at = i * sm
        r0 = part(b, 0, n)
        for j in range(n):
            row[j] = a[at] * r0[j]
        u = 1
        while u + 4 <= k:
            at = i * sm + u * sk
            a0, a1, a2, a3 = a[at], a[at + sk], a[at + 2 * sk], a[at + 3 * sk]
            r0, r1 = part(b, u * tk, n), part(b, (u + 1) * tk, n)
            r2, r3 = part(b, (u + 2) * tk, n), part(b, (u + 3) * tk, n)
            for j in range(n):
                row[j] += (a0 * r0[j] + a1 * r1[j]) + (a2 * r2[j] + a3 * r3[j])
            u += 4
        while u < k:
            a0, r0 = a[i * sm + u * sk], part(b, u * tk, n)
            for j in range(n):
                row[j] += a0 * r0[j]
            u += 1


@njit(nogil=True, fastmath=KW["fastmath"])
def _by_dots(a: V, b: V, c: V, m: int, n: int, k: int, sm: int, sk: int, tk: int, tn: int, ldc: int) -> None:
    """C[i, j] = sum over u of A[i * sm + u * sk] * B[u * tk + j * tn], for k > 0."""
    for i in range(m):
        for j in range(n):
            left, right = part(a, i * sm, k), part(b, j * tn, k)
            total = left[0] * right[0]
            if sk == 1 and tk == 1:
                for u in range(1, k):
                    total += left[u] * right[u]
            else:
                for u in range(1, k):
                    total += left[u * sk] * right[u * tk]
            c[i * ldc + j] = total


@njit(nogil=True, fastmath=KW["fastmath"])
def _product(
    a: V, b: V, c: V, pack: V,
    m: int, n: int, k: int, sm: int, sk: int, tk: int, tn: int, ldc: int,
) -> None:  # fmt: skip
    """One product, k > 0, in the order of loops that suits the strides; `pack` has room for SMALL elements."""
    if n == 1 and ldc == 1:  # a column: the same as a row, transposed
        a, b = b, a
        m, n, sm, sk, tk, tn = 1, m, 0, tk, sk, sm
    if tn != 1 and m >= 4 and n > 1 and n * k <= SMALL:
        for u in range(k):
            for j in range(n):
                pack[u * n + j] = b[u * tk + j * tn]
        b, tk, tn = pack, n, 1
    if tn == 1:
        _by_rows(a, b, c, m, n, k, sm, sk, tk, ldc)
    else:
        _by_dots(a, b, c, m, n, k, sm, sk, tk, tn, ldc)


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
    sm, sk = (lda, 1) if ta == NO_TRANS else (1, lda)
    tk, tn = (ldb, 1) if tb == NO_TRANS else (1, ldb)
    if m == 1 and sk == 1:  # a row that is stored as a column: BLAS is quicker with the row
        ta, lda = NO_TRANS, k
    if n == 1 and tk == 1:
        tb, ldb = TRANS, k
    ra, ca = (m, k) if ta == NO_TRANS else (k, m)
    rb, cb = (k, n) if tb == NO_TRANS else (n, k)
    lda = max(lda, ca) if ra == 1 else lda
    ldb = max(ldb, cb) if rb == 1 else ldb
    row = max(ldc, n) if m == 1 else ldc
    own = k == 0 or m * n * k <= SMALL or (m == 1 and sk != 1) or lda < ca or ldb < cb or row < n
    if m == 0 or n == 0:
        return
    pack = _f32(_room4(), SMALL)
    for i in range(n1):
        for j in range(n2):
            pa, pb, pc = A + i * a1 + j * a2, B + i * b1 + j * b2, C + i * c1 + j * c2
            if not own:
                _sgemm(_ROW_MAJOR, ta, tb, m, n, k, _ONE4, pa, lda, pb, ldb, _ZERO4, pc, row)
                continue
            out = _f32(pc, (m - 1) * ldc + n)
            if k == 0:
                for r in range(m):
                    out[r * ldc : r * ldc + n] = _ZERO4
            else:
                left = _f32(pa, (m - 1) * sm + (k - 1) * sk + 1)
                right = _f32(pb, (k - 1) * tk + (n - 1) * tn + 1)
                _product(left, right, out, pack, m, n, k, sm, sk, tk, tn, ldc)


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
    sm, sk = (lda, 1) if ta == NO_TRANS else (1, lda)
    tk, tn = (ldb, 1) if tb == NO_TRANS else (1, ldb)
    if m == 1 and sk == 1:  # a row that is stored as a column: BLAS is quicker with the row
        ta, lda = NO_TRANS, k
    if n == 1 and tk == 1:
        tb, ldb = TRANS, k
    ra, ca = (m, k) if ta == NO_TRANS else (k, m)
    rb, cb = (k, n) if tb == NO_TRANS else (n, k)
    lda = max(lda, ca) if ra == 1 else lda
    ldb = max(ldb, cb) if rb == 1 else ldb
    row = max(ldc, n) if m == 1 else ldc
    own = k == 0 or m * n * k <= SMALL or (m == 1 and sk != 1) or lda < ca or ldb < cb or row < n
    if m == 0 or n == 0:
        return
    pack = _f64(_room8(), SMALL)
    for i in range(n1):
        for j in range(n2):
            pa, pb, pc = A + i * a1 + j * a2, B + i * b1 + j * b2, C + i * c1 + j * c2
            if not own:
                _dgemm(_ROW_MAJOR, ta, tb, m, n, k, _ONE8, pa, lda, pb, ldb, _ZERO8, pc, row)
                continue
            out = _f64(pc, (m - 1) * ldc + n)
            if k == 0:
                for r in range(m):
                    out[r * ldc : r * ldc + n] = _ZERO8
            else:
                left = _f64(pa, (m - 1) * sm + (k - 1) * sk + 1)
                right = _f64(pb, (k - 1) * tk + (n - 1) * tn + 1)
                _product(left, right, out, pack, m, n, k, sm, sk, tk, tn, ldc)
