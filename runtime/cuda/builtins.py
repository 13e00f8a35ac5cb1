"""Kernels that are not generated for a program: they differ between programs by their arguments only.

They are text in the emitter's style, loaded as emitted text is, and found by name: folds of partial results and a plain
matrix product, for where no library has one.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

from .folders import simulated
from .loader import LoadedModule, load

if TYPE_CHECKING:
    from .blas import Product
    from .device import Device


@final
@dataclass(frozen=True, slots=True)
class Tile:
    """How the matrix product is cut: a block makes `size` x `size` of C, a thread 4 x 4, `depth` of k at a time."""

    size: int
    depth: int

    @property
    def threads(self) -> int:
        """Threads of a block."""
        return (self.size // 4) ** 2


TILE: Final = Tile(64, 16)
COMBINE_BLOCK: Final = 32 if simulated() else 256
"""Threads of a block of the `combine` kernels."""
GEMM_BLOCK: Final = 1 if simulated() else TILE.threads
"""Threads of a block of the `gemm` kernels."""

_TYPES: Final = {"f32": "f4", "f64": "f8", "i32": "i4", "i64": "i8", "u32": "u4", "bool": "boolean"}
_LIMITS: Final = {"i32": (-(2**31), 2**31 - 1), "i64": (-(2**63), 2**63 - 1), "u32": (0, 2**32 - 1)}

COMBINES: Final = tuple(
    f"combine_{op}_{name}" for op in ("sum", "max", "min") for name in _TYPES if (op, name) != ("sum", "bool")
)
"""Names of the folds: `combine_OP_T(table, entries)`, for every row (partials, out, columns, blocks, first block) of the
int64 table: out[c] = OP over b of partials[b, c]; `combine_grid` makes the last column, and the blocks of the launch."""
GEMMS: Final = ("gemm_f32", "gemm_f64")
"""Names of the products, with the arguments of the CPU's."""


def combine_grid(columns: Sequence[int]) -> list[int]:
    """The first block of every fold of these many columns, 32 columns a block; at the end how many blocks there are."""
    return list(itertools.accumulate((max(1, -(-n // 32)) for n in columns), initial=0))


def gemm_grid(m: int, n: int, loops: int) -> int:
    """Blocks that `loops` products with an m x n result want."""
    if simulated():
        return 1
    return max(1, -(-m // TILE.size) * -(-n // TILE.size) * loops)


@functools.cache
def module() -> LoadedModule:
    """The built-in kernels, loaded."""
    return load(source(), "builtins")


def source() -> str:
    """The text of all built-in kernels."""
    parts = [_HEAD + "from numpy.lib.stride_tricks import as_strided\n" if simulated() else _HEAD]
    parts += [_combine(*name.split("_")[1:]) for name in COMBINES]
    parts += [_plain_gemm(name[-3:]) if simulated() else gemm_text(name[-3:], TILE) for name in GEMMS]
    return "\n\n".join(parts)


_HEAD: Final = '''"""Built-in kernels of shapewright."""

from shapewright.runtime.cuda.support import (
    INF, ZERO, ZERO8, boolean, bools, cuda, f4, f8, f32, f64, i4, i8, i32, i64, jit, load4, maximum_f32, maximum_f64,
    minimum_f32, minimum_f64, registers, shared, strided, u4, u32, unravel,
)
'''

_COMBINE: Final = '''@jit(launch_bounds=256)
def combine_OP_NAME(table, entries):
    """out[c] = OP of partials[b, c] over b: each warp folds every WARPS-th row of 32 columns, then the warps in order."""
    table = i64(table, (entries, 5))
    entry = 0
    for later in strided(1, entries, 1):
        if table[later, 4] <= cuda.blockIdx.x:
            entry = later
    columns, blocks = table[entry, 2], table[entry, 3]
    partials = VIEW(table[entry, 0], (blocks, columns))
    out = VIEW(table[entry, 1], (columns,))
    room = shared(256, CAST)
    warps = cuda.blockDim.x // 32
    warp, lane = unravel(cuda.threadIdx.x, (warps, 32))
    column = 32 * (cuda.blockIdx.x - table[entry, 4]) + lane
    total = START
    if column < columns:
        for block in strided(warp, blocks, warps):
            total = FOLD(partials[block, column])
    room[32 * warp + lane] = total
    cuda.syncthreads()
    if warp == 0 and column < columns:
        for other in strided(1, warps, 1):
            total = FOLD(room[32 * other + lane])
        out[column] = total
'''


def _combine(op: str, name: str) -> str:
    cast, floating = _TYPES[name], name in ("f32", "f64")
    low, high = _LIMITS.get(name, (False, True))
    if op == "sum":
        start, fold = {"f32": "ZERO", "f64": "ZERO8"}.get(name, f"{cast}(0)"), f"{cast}(total + VALUE)"
    elif floating:
        start, fold = f"{cast}({'-' if op == 'max' else ''}INF)", f"{op}imum_{name}(total, VALUE)"
    elif name == "bool":
        start, fold = str(low if op == "max" else high), f"total {'|' if op == 'max' else '&'} VALUE"
    else:
        start, fold = f"{cast}({low if op == 'max' else high})", f"{op}(total, VALUE)"
    lines: list[str] = []
    for line in _COMBINE.splitlines():
        before, call, value = line.partition("FOLD(")
        lines.append(before + fold.replace("VALUE", value[:-1]) if call else line)
    text = "\n".join(lines) + "\n"
    words = {"OP": op, "NAME": name, "VIEW": "bools" if name == "bool" else name, "CAST": cast, "START": start}
    for word, meaning in words.items():
        text = text.replace(word, meaning)
    return text


_GEMM: Final = '''@jit(launch_bounds=THREADS)
def gemm_NAME(trans_a, trans_b, m, n, k, a, lda, b, ldb, c, ldc, loop1, a1, b1, c1, loop2, a2, b2, c2):
    """C = op(A) op(B), for every index of two loops over strides in bytes: SIZE x SIZE of C in a block."""
    if m == 0 or n == 0:
        return
    i1, i2, tile_row, tile_column = unravel(cuda.blockIdx.x, (loop1, loop2, (m + LAST) // SIZE, (n + LAST) // SIZE))
    if i1 >= loop1:
        return
    row0, column0 = SIZE * tile_row, SIZE * tile_column
    a_row, a_inner = (1, lda) if trans_a == 112 else (lda, 1)
    b_inner, b_column = (1, ldb) if trans_b == 112 else (ldb, 1)
    a = VIEW(a + i1 * a1 + i2 * a2, ((m - 1) * a_row + (k - 1) * a_inner + 1,))
    b = VIEW(b + i1 * b1 + i2 * b2, ((k - 1) * b_inner + (n - 1) * b_column + 1,))
    c = VIEW(c + i1 * c1 + i2 * c2, (m, ldc))
    a_tile = shared(ROOM, CAST)  # DEPTH rows of SIZE elements, and four between rows
    b_tile = shared(ROOM, CAST)
    thread = cuda.threadIdx.x
    down, across = unravel(thread, (ACROSS, ACROSS))
    total = registers(16, CAST)
    for i in range(16):
        total[i] = START
    for start in strided(0, k, DEPTH):
        for part in range(PARTS):
            place = thread + THREADS * part
            if trans_a == 112:  # neighbouring threads read what lies side by side
                depth, along = unravel(place, (DEPTH, SIZE))
            else:
                along, depth = unravel(place, (SIZE, DEPTH))
            row, inner = row0 + along, start + depth
            value = START
            if row < m and inner < k:
                value = a[row * a_row + inner * a_inner]
            a_tile[STRIDE * depth + along] = value
            if trans_b == 112:
                along, depth = unravel(place, (SIZE, DEPTH))
            else:
                depth, along = unravel(place, (DEPTH, SIZE))
            column, inner = column0 + along, start + depth
            value = START
            if column < n and inner < k:
                value = b[inner * b_inner + column * b_column]
            b_tile[STRIDE * depth + along] = value
        cuda.syncthreads()
        for depth in range(DEPTH):
            a4 = load4(a_tile, STRIDE * depth + 4 * down)
            b4 = load4(b_tile, STRIDE * depth + 4 * across)
            for i in range(4):
                for j in range(4):
                    total[4 * i + j] += a4[i] * b4[j]
        cuda.syncthreads()
    for i in range(4):
        for j in range(4):
            row, column = row0 + 4 * down + i, column0 + 4 * across + j
            if row < m and column < n:
                c[row, column] = total[4 * i + j]
'''


def gemm_text(name: str, tile: Tile) -> str:
    """The kernel `gemm_NAME` for a device, cut into these tiles."""
    stride = tile.size + 4
    words = {
        "THREADS": tile.threads, "STRIDE": stride, "START": "ZERO8" if name == "f64" else "ZERO", "SIZE": tile.size,
        "LAST": tile.size - 1, "ROOM": tile.depth * stride, "DEPTH": tile.depth, "ACROSS": tile.size // 4,
        "PARTS": tile.size * tile.depth // tile.threads, "NAME": name, "VIEW": name, "CAST": _TYPES[name],
    }  # fmt: skip
    text = _GEMM
    for word, meaning in words.items():
        text = text.replace(word, str(meaning))
    return text


def _plain_gemm(name: str) -> str:
    """The kernel `gemm_NAME` for the simulator: NumPy's product, since a simulated thread takes long for 64 x 64."""
    return f'''@jit(launch_bounds=1)
def gemm_{name}(trans_a, trans_b, m, n, k, a, lda, b, ldb, c, ldc, loop1, a1, b1, c1, loop2, a2, b2, c2):
    """C = op(A) op(B), for every index of two loops over strides in bytes."""
    for i1 in range(loop1):
        for i2 in range(loop2):
            x = stored_{name}(a + i1 * a1 + i2 * a2, (k, m) if trans_a == 112 else (m, k), lda)
            y = stored_{name}(b + i1 * b1 + i2 * b2, (n, k) if trans_b == 112 else (k, n), ldb)
            z = stored_{name}(c + i1 * c1 + i2 * c2, (m, n), ldc)
            z[...] = (x.T if trans_a == 112 else x) @ (y.T if trans_b == 112 else y)


def stored_{name}(address, shape, stride):
    """Rows that lie `stride` elements apart."""
    whole = {name}(address, ((shape[0] - 1) * stride + shape[1],))
    return as_strided(whole, shape, (stride * whole.itemsize, whole.itemsize))
'''


def gemm(product: Product, device: Device) -> Callable[[], None]:
    """What enqueues a product of at most two loops by the plain kernel. Raises what loading the kernel raises."""
    p, name = product, f"gemm_{product.dtype}"
    outer, inner = ((1, 0, 0, 0),) * (2 - len(p.loops)) + tuple(p.loops)
    function = device.functions(module(), [name])[name]
    trans_a, trans_b = (112 if trans else 111 for trans in (p.trans_a, p.trans_b))
    arguments = (trans_a, trans_b, p.m, p.n, p.k, p.a, p.lda, p.b, p.ldb, p.c, p.ldc, *outer, *inner)
    grid = gemm_grid(p.m, p.n, outer[0] * inner[0])
    return lambda: device.launch(function, grid, GEMM_BLOCK, arguments)
