"""Random matrix products with their operands in device memory, for tests; and the plain kernel in Python."""

from __future__ import annotations

import ctypes
import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from shapewright.runtime.cuda.blas import Loop, Precision, Product, Width
from shapewright.runtime.cuda.device import Device

from .fake_driver import Handmade

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass
class Case:
    """A product with its operands in device memory, and what it should give."""

    device: Device
    product: Product
    c: int
    expected: Array  # [loop1, loop2, m, n]

    def result(self) -> Array:
        """C, read back; what lies between its rows must be as it was."""
        rows = self.expected.reshape(-1, *self.expected.shape[2:])
        out = np.empty((len(rows), self.product.m, self.product.ldc), self.expected.dtype)
        self.device.download(self.c, out)
        assert (out[..., self.product.n :] == 7).all()
        return out[..., : self.product.n].reshape(self.expected.shape)


def case(
    device: Device, m: int, n: int, k: int, trans_a: bool = False, trans_b: bool = False,
    loops: tuple[int, ...] = (), shared: bool = False, pad: int = 0, dtype: Width = "f32", precision: Precision = "highest",
) -> Case:  # fmt: skip
    """Random operands; `shared`: B is the same in every pass of the loops; `pad`: elements between rows."""
    rng = np.random.default_rng(m + 10 * n + 100 * k)
    kind = np.float64 if dtype == "f64" else np.float32
    one, two = (*loops, 1, 1)[:2]
    a: Array = rng.standard_normal((one, two, m, k)).astype(kind)
    b: Array = rng.standard_normal((1, 1, k, n) if shared else (one, two, k, n)).astype(kind)
    stored_a = a.swapaxes(2, 3) if trans_a else a
    stored_b = b.swapaxes(2, 3) if trans_b else b
    expected: Array = np.matmul(a, b) if k else np.zeros((one, two, m, n), kind)
    addresses: list[int] = []
    strides: list[tuple[int, int]] = []
    ld: list[int] = []
    for x in (stored_a, stored_b, np.full((one, two, m, n), 7, kind)):
        padded = np.pad(x, [(0, 0), (0, 0), (0, 0), (0, pad)], constant_values=7)
        addresses.append(device.alloc(padded.nbytes))
        device.upload(addresses[-1], np.ascontiguousarray(padded))
        per_matrix = padded.shape[2] * padded.shape[3] * padded.itemsize
        strides.append((per_matrix * two, per_matrix))
        ld.append(padded.shape[3])
    if shared:
        strides[1] = (0, 0)
    made = tuple(Loop(times, *(s[i] for s in strides)) for i, times in enumerate(loops))
    product = Product(
        m, n, k, addresses[0], ld[0], trans_a, addresses[1], ld[1], trans_b, addresses[2], ld[2], made, dtype, precision
    )
    return Case(device, product, addresses[2], expected)


def gemm(grid: int, block: int, ta: int, tb: int, m: int, n: int, k: int, a: int, lda: int, b: int, ldb: int,
         c: int, ldc: int, n1: int, a1: int, b1: int, c1: int, n2: int, a2: int, b2: int, c2: int) -> None:  # fmt: skip
    """The plain kernel, in Python."""

    def at(base: int, i: int, j: int, ld: int) -> Any:
        return ctypes.c_float.from_address(base + 4 * (i * ld + j))

    for i1, i2, i, j in itertools.product(range(n1), range(n2), range(m), range(n)):
        x, y, z = a + i1 * a1 + i2 * a2, b + i1 * b1 + i2 * b2, c + i1 * c1 + i2 * c2
        at(z, i, j, ldc).value = sum(
            (at(x, u, i, lda) if ta == 112 else at(x, i, u, lda)).value
            * (at(y, j, u, ldb) if tb == 112 else at(y, u, j, ldb)).value
            for u in range(k)
        )


PLAIN = Handmade({"gemm_f32": gemm})


def check(made: Case) -> None:
    made.product.enqueue(made.device)
    np.testing.assert_allclose(made.result(), made.expected, rtol=1e-4, atol=1e-5)
