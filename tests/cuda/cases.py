"""Small kernels in the emitter's style, with what they must compute: run by the simulator, and as PTX.

Both run the same text, so that the simulator's twins and the device's instructions are held to the same NumPy results.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from shapewright.compiler.ops.threefry import threefry

Array = np.ndarray[Any, Any]
HEAD = "from shapewright.runtime.cuda.support import *\n\n"
RNG = np.random.default_rng(7)
Launch = Callable[[int, int, Sequence[int], Sequence[Array]], None]


@dataclass(frozen=True)
class Case:
    """A kernel `test(numbers..., arrays...)`; `expected` are the arrays after it, None where they do not change."""

    label: str
    text: str
    arrays: Sequence[Array]
    expected: Sequence[Array | None]
    numbers: Sequence[int] = ()
    grid: int = 1
    block: int = 32
    bound: int = 0
    rtol: float = 0.0
    source: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", f"{HEAD}@jit(launch_bounds={self.bound or self.block})\n{self.text}")

    def check(self, launch: Launch) -> None:
        """Launch `launch(grid, block, arguments, arrays)` on copies and compare."""
        arrays = [array.copy() for array in self.arrays]
        launch(self.grid, self.block, [*self.numbers, *(array.ctypes.data for array in arrays)], arrays)
        for got, before, want in zip(arrays, self.arrays, self.expected, strict=True):
            wanted = before if want is None else want
            assert got.dtype == wanted.dtype
            if self.rtol:
                np.testing.assert_allclose(got, wanted, rtol=self.rtol, atol=0)
            else:
                np.testing.assert_array_equal(got, wanted)


def _f4(*shape: int) -> Array:
    return RNG.normal(size=shape).astype(np.float32)


def _views() -> list[Case]:
    x, y = _f4(3, 4, 5), np.zeros((3, 4, 5), np.float32)
    flags = RNG.random(40) < 0.5
    ints = RNG.integers(-9, 9, (5, 8))
    shifted = np.zeros((2, 9), np.float32)
    shifted[:, 3:] = x.ravel()[:12].reshape(2, 6)
    rows = RNG.normal(size=(4, 16))
    return [
        Case(
            "full index",
            """def test(n, x, y):
    x = f32(x, (n, 4, 5))
    y = f32(y, (n, 4, 5))
    for i in strided(cuda.grid(1), n * 20, cuda.gridsize(1)):
        a, b, c = unravel(i, (n, 4, 5))
        y[a, b, c] = x[a, b, c]
        y[a, b, c] += ONE
""",
            [x, y], [None, x + np.float32(1)], [3], grid=2,
        ),
        Case(
            "rows of rows",
            """def test(n, x, y):
    x = f32(x, (n, 4, 5))
    y = f32(y, (n, 4, 5))
    for a in range(cuda.threadIdx.x, n, cuda.blockDim.x):
        plane = x[a]
        target = y[a, 1]
        for c in range(5):
            target[c] = plane[2][c] + plane[3, c]
""",
            [x, y], [None, np.where(np.arange(4)[:, None] == 1, x[:, 2:3] + x[:, 3:4], y)], [3],
        ),
        Case(
            "slices",
            """def test(x, y):
    x = f32(x, (12,))
    y = f32(y, (2, 9))
    i = cuda.threadIdx.x
    if i < 6:
        y[0, 3:][i] = x[i]
        row = y[1]
        row[3:][i] = x[6:][i]
""",
            [x, np.zeros((2, 9), np.float32)], [None, shifted],
        ),
        Case(
            "bool views",
            """def test(x, y):
    x = bools(x, (40,))
    y = bools(y, (40,))
    for i in range(cuda.threadIdx.x, 40, 32):
        y[i] = not x[i]
""",
            [flags, np.zeros(40, np.bool_)], [None, ~flags],
        ),
        Case(
            "int views",
            """def test(x, y, z, w):
    x = i64(x, (5, 8))
    y = i32(y, (5, 8))
    z = u32(z, (5, 8))
    w = f64(w, (5, 8))
    for i in strided(cuda.threadIdx.x, 40, 32):
        a, b = unravel(i, (5, 8))
        y[a, b] = i4(x[a, b])
        z[a, b] = u4(x[a, b])
        w[a, b] = f8(i8(x[a, b])) / f8(f4(4.0))
""",
            [ints, np.zeros((5, 8), np.int32), np.zeros((5, 8), np.uint32), np.zeros((5, 8))],
            [None, ints.astype(np.int32), ints.astype(np.uint32), ints / 4],
        ),
        Case(
            "four doubles",
            """def test(x, y):
    x = f64(x, (4, 16))
    y = f64(y, (4, 16))
    i = cuda.threadIdx.x
    if i < 16:
        row, quad = unravel(i, (4, 4))
        four = load4(x[row], 4 * quad)
        out = registers(4, f8)
        for lane in range(4):
            out[lane] = four[3 - lane] * f8(2.0)
        store4(y[row], 4 * quad, out)
""",
            [rows, np.zeros((4, 16))], [None, 2 * rows.reshape(4, 4, 4)[:, :, ::-1].reshape(4, 16)],
        ),
        Case(
            "four bools",
            """def test(x, y):
    x = bools(x, (40,))
    y = bools(y, (40,))
    i = cuda.threadIdx.x
    if i < 10:
        four = load4(x, 4 * i)
        out = registers(4, boolean)
        for lane in range(4):
            out[lane] = not four[lane]
        store4(y, 4 * i, out)
""",
            [flags, np.zeros(40, np.bool_)], [None, ~flags],
        ),
        Case(
            "register array",
            """def test(x, y):
    x = f32(x, (32, 8))
    y = f32(y, (32,))
    row = x[cuda.threadIdx.x]
    kept = registers(8, f4)
    sums = filled(2, f4, ONE)
    for j in range(8):
        kept[j] = row[j] * TWO
    for j in range(8):
        sums[1] += kept[j]
    total = sums[1] - sums[0]
    y[cuda.threadIdx.x] = total
""",
            [(w := RNG.integers(-4, 4, (32, 8)).astype(np.float32)), np.zeros(32, np.float32)],
            [None, 2 * w.sum(1)],
        ),
        Case(
            "shared memory",
            """def test(x, y):
    x = i32(x, (64,))
    y = i32(y, (64,))
    room = shared(64, i4)
    thread = cuda.threadIdx.x
    room[thread] = x[thread]
    cuda.syncthreads()
    y[thread] = room[63 - thread]
""",
            [(v := RNG.integers(0, 99, 64).astype(np.int32)), np.zeros(64, np.int32)], [None, v[::-1].copy()], block=64,
        ),
    ]  # fmt: skip


def _words() -> list[Case]:
    keys = RNG.integers(0, 2**32, (2, 32), dtype=np.uint32)
    keys[:, :4] = [[0, 0xFFFFFFFF, 0, 0x80000000], [0, 0xFFFFFFFF, 1, 0x7FFFFFFF]]
    counters = np.arange(32, dtype=np.uint32)
    a, b = threefry(keys[0], keys[1], counters, np.uint32(5) + 0 * counters)
    singles = ((a >> np.uint32(8)) * 2.0**-24).astype(np.float32)
    doubles = ((a >> np.uint32(5)) * 2.0**26 + (b >> np.uint32(6))) * 2.0**-53
    return [
        Case(
            "threefry",
            """def test(k, words, singles, doubles):
    k = u32(k, (2, 32))
    words = u32(words, (2, 32))
    singles = f32(singles, (32,))
    doubles = f64(doubles, (32,))
    i = cuda.threadIdx.x
    a, b = threefry2x32(k[0, i], k[1, i], u4(i), u4(5))
    words[0, i] = a
    words[1, i] = b
    singles[i] = bits_to_f32(a)
    doubles[i] = bits_to_f64(a, b)
""",
            [keys, np.zeros((2, 32), np.uint32), np.zeros(32, np.float32), np.zeros(32)],
            [None, np.stack([a, b]), singles, doubles],
        )
    ]


TYPES: dict[str, Any] = {
    "f32": np.float32, "f64": np.float64, "i32": np.int32, "i64": np.int64, "u32": np.uint32, "bool": np.bool_,
}  # fmt: skip


def butterfly(function: Any, values: Array) -> Any:
    """The fold of a block, in the order that is promised: inside each warp by halves, then the warps."""
    lanes = values.reshape(-1, 32)
    with np.errstate(all="ignore"):
        for half in (16, 8, 4, 2, 1):
            lanes = function(lanes[:, :half], lanes[:, half:])
        total = lanes[0, 0]
        for warp in lanes[1:, 0]:
            total = function(total, warp)
    return total


def _values(name: str, count: int) -> Array:
    kind: Any = TYPES[name]
    if name == "bool":
        return RNG.random(count) < 0.5
    if name[0] == "f":
        return RNG.normal(size=count).astype(kind)
    info = np.iinfo(kind)
    whole: Array = cast(Any, RNG).integers(info.min, info.max, count, dtype=kind)
    return whole


def _reductions() -> list[Case]:
    cases: list[Case] = []
    functions: dict[str, Any] = {"sum": np.add, "max": np.maximum, "min": np.minimum}
    for block, bound in ((32, 32), (32, 128), (96, 96)):
        for op, function in functions.items():
            for name, kind in TYPES.items():
                if (op, name) == ("sum", "bool"):
                    continue
                x = _values(name, 2 * block)
                view = "bools" if name == "bool" else name
                want = [butterfly(function, x[:block]), butterfly(function, x[block:])]
                cases.append(
                    Case(
                        f"block_{op}_{name} {block} of {bound}",
                        f"""def test(threads, x, y):
    x = {view}(x, (2, threads))
    y = {view}(y, (2, threads))
    thread = cuda.threadIdx.x
    for row in range(2):
        y[row, thread] = block_{op}_{name}(x[row, thread])
""",
                        [x, np.zeros(2 * block, kind)], [None, np.repeat(np.array(want, kind), block)], [block],
                        block=block, bound=bound,
                    )
                )  # fmt: skip
    return cases


def _nan_reductions() -> list[Case]:
    x = _values("f32", 64)
    x[37] = np.nan
    d = x.astype(np.float64)
    return [
        Case(
            f"block_{op}_{name} of NaN",
            f"""def test(x, y):
    x = {name}(x, (64,))
    y = {name}(y, (64,))
    thread = cuda.threadIdx.x
    y[thread] = block_{op}_{name}(x[thread])
""",
            [values, np.zeros_like(values)], [None, np.full_like(values, np.nan)], block=64,
        )
        for op in ("max", "min")
        for name, values in (("f32", x), ("f64", d))
    ]  # fmt: skip


def _argmaxima() -> list[Case]:
    cases: list[Case] = []
    for block in (32, 96):
        for name in ("f32", "f64", "i32", "i64", "u32"):
            kind = TYPES[name]
            plain: Array = RNG.permutation(block).astype(kind)
            ties: Array = np.full(block, 3, kind)
            ties[[block - 20, block - 3]] = 5
            columns = [plain, ties, np.zeros(block, kind)]
            if name[0] == "f":
                broken = plain.copy()
                broken[[block - 9, block - 2]] = np.nan
                columns.append(broken)
                columns.append(np.full(block, -np.inf, kind))
            x = np.stack(columns)
            cases.append(
                Case(
                    f"block_argmax_{name} {block}",
                    f"""def test(rows, threads, x, y):
    x = {name}(x, (rows, threads))
    y = i64(y, (rows, threads))
    thread = cuda.threadIdx.x
    for row in range(rows):
        y[row, thread] = block_argmax_{name}(x[row, thread], i8(thread))
""",
                    [x, np.zeros(x.shape, np.int64)], [None, np.repeat(np.argmax(x, 1)[:, None], block, 1)],
                    [len(x), block], block=block,
                )
            )  # fmt: skip
    return cases


SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 30.0, -30.0, 100.0, -100.0, np.inf, -np.inf, np.nan, 1e-30, -1e-30, 3.25]


def _extremes() -> list[Case]:
    x = np.array([v for v in SPECIAL for _ in SPECIAL])
    y = np.array(SPECIAL * len(SPECIAL))
    cases: list[Case] = []
    for op in ("maximum", "minimum"):
        for name, kind in (("f32", np.float32), ("f64", np.float64)):
            a, b = x.astype(kind), y.astype(kind)
            want = getattr(np, op)(a, b) + kind(0)  # which zero is not promised
            cases.append(
                Case(
                    f"{op}_{name}",
                    f"""def test(x, y, z):
    x = {name}(x, (256,))
    y = {name}(y, (256,))
    z = {name}(z, (256,))
    for i in range(cuda.threadIdx.x, 256, 32):
        z[i] = {op}_{name}(x[i], y[i])
""",
                    [a, b, np.zeros(256, kind)], [None, None, want],
                )
            )  # fmt: skip
    return cases


def _sigmoid(x: Array) -> Array:
    return np.asarray(np.where(x < 0, np.exp(-abs(x)), 1) / (1 + np.exp(-abs(x))))


REFERENCES: dict[str, Callable[[Any], Any]] = {
    "exp": np.exp, "log": np.log, "log1p": np.log1p, "tanh": np.tanh, "sigmoid": _sigmoid, "sin": np.sin, "cos": np.cos,
    "softplus": lambda x: np.logaddexp(x, 0), "erf": np.vectorize(math.erf), "sqrt": np.sqrt,
    "rsqrt": lambda x: 1 / np.sqrt(x), "floor": np.floor,
}  # fmt: skip


def _scalars() -> list[Case]:
    cases: list[Case] = []
    for width, kind in (("f32", np.float32), ("f64", np.float64)):
        x = np.array([*SPECIAL, *np.linspace(-8, 8, 48)], kind)
        for name, reference in REFERENCES.items():
            with np.errstate(all="ignore"):
                want = reference(x.astype(np.float64)).astype(kind)
            cases.append(
                Case(
                    f"{name}_{width}",
                    f"""def test(x, y):
    x = {width}(x, (64,))
    y = {width}(y, (64,))
    thread = cuda.threadIdx.x
    y[thread] = {name}_{width}(x[thread])
    y[32 + thread] = {name}_{width}(x[32 + thread])
""",
                    [x, np.zeros(64, kind)], [None, want], rtol=4 * float(np.finfo(kind).eps),
                )
            )  # fmt: skip
    return cases


SCALARS = _scalars()
"""Scalar functions of every width: near NumPy's results in float64."""
EXACT = [*_views(), *_words(), *_reductions(), *_nan_reductions(), *_argmaxima(), *_extremes()]
"""Cases whose result is known to the bit."""
