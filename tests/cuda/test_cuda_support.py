"""What kernels import, in Numba's simulator: every name has a twin that does what NumPy does, in the right dtype."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from shapewright.compiler.codegen.cuda.names import SUPPORT
from shapewright.runtime.cuda import builtins
from shapewright.runtime.cuda.folders import simulated
from shapewright.runtime.cuda.loader import load

from .cases import EXACT, REFERENCES, SPECIAL, Array, Case

if not simulated():
    pytest.skip("NUMBA_ENABLE_CUDASIM=0: these run in the simulator", allow_module_level=True)

from shapewright.runtime.cuda import support, twins

WIDTHS = {"f32": np.float32, "f64": np.float64}


def test_every_name_the_emitter_may_import_is_there() -> None:
    missing = SUPPORT - set(support.__all__)
    assert not missing
    assert all(getattr(support, name) is not None for name in support.__all__)
    assert len(set(support.__all__)) == len(support.__all__)


@pytest.mark.parametrize("case", EXACT, ids=lambda case: case.label)
def test_kernels_compute_what_numpy_does(case: Case) -> None:
    kernel = load(case.source, "case").kernel("test")

    def launch(grid: int, block: int, arguments: Sequence[int], arrays: Sequence[Array]) -> None:
        kernel[grid, block](*arguments)

    case.check(launch)


# ---- scalar functions


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", REFERENCES)
def test_scalar_functions(name: str, width: str) -> None:
    kind: Any = WIDTHS[width]
    x = np.array([*SPECIAL, *np.linspace(-8, 8, 33)], kind)
    with np.errstate(all="ignore"):
        want = REFERENCES[name](x.astype(np.float64)).astype(kind)
        got = [getattr(support, f"{name}_{width}")(v) for v in x]
    assert {v.dtype for v in got} == {np.dtype(kind)}
    np.testing.assert_allclose(got, want, rtol=4 * np.finfo(kind).eps, atol=0)


def c_power(x: float, y: float) -> float:
    """C's pow, which Python turns into errors where the result is NaN or infinite."""
    try:
        return math.pow(x, y)
    except (ValueError, OverflowError):
        return float(np.power(x, y))


@pytest.mark.parametrize("width", WIDTHS)
def test_powers(width: str) -> None:
    kind: Any = WIDTHS[width]
    pairs = [(kind(x), kind(y)) for x in SPECIAL for y in SPECIAL]
    got = [getattr(support, f"pow_{width}")(x, y) for x, y in pairs]
    with np.errstate(all="ignore"):
        want = np.array([c_power(float(x), float(y)) for x, y in pairs]).astype(kind)
    assert {v.dtype for v in got} == {np.dtype(kind)}
    np.testing.assert_allclose(got, want, rtol=4 * np.finfo(kind).eps, atol=0)


@pytest.mark.filterwarnings("error")
def test_kernels_are_silent() -> None:
    """Overflow and 0 / 0 give infinity and NaN without a warning, inside functions and between them."""
    text = (
        "from shapewright.runtime.cuda.support import *\n\n"
        + """@jit(launch_bounds=32)
def test(x):
    x = f32(x, (4,))
    if cuda.threadIdx.x == 0:
        x[0] = exp_f32(x[0] * f4(1e38))
        x[1] = log_f32(x[1]) / x[1]
        x[2] = x[3] / x[3]
        x[3] = f4(f8(1e300) * f8(1e300))
"""
    )
    x = np.array([1e10, 0, 0, 0], np.float32)
    load(text, "silent").kernel("test")[1, 32](x.ctypes.data)
    np.testing.assert_array_equal(x, np.array([np.inf, -np.inf, np.nan, np.inf], np.float32))


@pytest.mark.parametrize(
    ("cast", "value", "want"),
    [
        ("i4", 2**31, np.int32(-(2**31))), ("i4", np.int64(2**32 + 5), np.int32(5)), ("i4", np.float32(-2.7), np.int32(-2)),
        ("u4", -1, np.uint32(2**32 - 1)), ("u4", 2**32 + 7, np.uint32(7)), ("i8", 2**63, np.int64(-(2**63))),
        ("i8", True, np.int64(1)), ("i4", np.bool_(True), np.int32(1)), ("f4", 1, np.float32(1)), ("f8", 2, np.float64(2)),
    ],
)  # fmt: skip
def test_casts_wrap_around(cast: str, value: Any, want: Any) -> None:
    got = getattr(support, cast)(value)
    assert got == want and got.dtype == want.dtype


def test_registers_show_what_nobody_wrote() -> None:
    assert np.isnan(twins.registers(3, support.f4)).all()
    assert twins.registers(3, support.i4).tolist() == [2**31 - 1] * 3
    assert twins.registers(2, support.boolean).dtype == np.bool_


def test_four_at_an_edge() -> None:
    x: Any = np.arange(6, dtype=np.float32)
    assert list(twins.load4(x, 4)) == [4, 5, 0, 0]
    four: Any = np.full(4, 9, np.float32)
    support.store4(x, 4, four)
    assert x.tolist() == [0, 1, 2, 3, 9, 9]
    support.load4(x, 0)[0] = 7
    assert x[0] == 0  # a copy, as registers are


def test_indices_of_a_number() -> None:
    assert support.unravel(23, (2, 3, 4)) == (1, 2, 3)
    assert support.unravel(5, (9,)) == (5,)
    assert list(support.strided(3, 20, 8)) == [3, 11, 19]


def test_one_launch_at_a_time() -> None:
    """Kernels launched from several threads wait for each other: the simulator holds one."""
    case = next(c for c in EXACT if c.label == "block_sum_f32 96 of 96")
    kernel = load(case.source, "case").kernel("test")
    failures: list[BaseException] = []

    def launch(grid: int, block: int, arguments: Sequence[int], arrays: Sequence[Array]) -> None:
        kernel[grid, block](*arguments)

    def work() -> None:
        try:
            case.check(launch)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_a_fault_in_a_kernel_is_raised_and_forgotten() -> None:
    text = (
        "from shapewright.runtime.cuda.support import *\n\n"
        + """@jit(launch_bounds=32)
def test(n, x):
    x = i64(x, (4,))
    if cuda.threadIdx.x == 0:
        x[n] = 1
    block_sum_i32(i4(1))
"""
    )
    x = np.zeros(4, np.int64)
    kernel = load(text, "fault").kernel("test")
    with pytest.raises(IndexError):
        kernel[1, 32](4, x.ctypes.data)
    kernel[1, 32](3, x.ctypes.data)
    assert x.tolist() == [0, 0, 0, 1]


# ---- built-in kernels

COMBINED = {
    "f32": np.float32, "f64": np.float64, "i32": np.int32, "i64": np.int64, "u32": np.uint32, "bool": np.bool_,
}  # fmt: skip


def partials(name: str, blocks: int, columns: int) -> Array:
    rng = np.random.default_rng(blocks * 100 + columns)
    if name == "bool":
        return rng.random((blocks, columns)) < 0.5
    return rng.integers(0 if name == "u32" else -99, 99, (blocks, columns)).astype(COMBINED[name])


@pytest.mark.parametrize("name", builtins.COMBINES)
@pytest.mark.parametrize(("blocks", "columns", "block"), [(1, 1, 32), (11, 35, 64)])
def test_combine(name: str, blocks: int, columns: int, block: int) -> None:
    op, kind = name.split("_")[1:]
    x = partials(kind, blocks, columns)
    out = np.zeros(columns, x.dtype)
    table = np.array([(x.ctypes.data, out.ctypes.data, columns, blocks, 0)], np.int64)
    kernel = builtins.module().kernel(name)
    kernel[builtins.combine_grid([columns])[-1], block](table.ctypes.data, 1)
    np.testing.assert_array_equal(out, getattr(np, op)(x, axis=0))


def test_combine_of_nothing_is_neutral() -> None:
    out = np.full(3, 5, np.float32)
    table = np.array([(out.ctypes.data, out.ctypes.data, 3, 0, 0)], np.int64)
    builtins.module().kernel("combine_max_f32")[1, 32](table.ctypes.data, 1)
    assert np.isneginf(out).all()


def product_case(m: int, n: int, k: int, trans: tuple[int, int], loops: tuple[int, int], kind: Any) -> Any:
    """Arguments of a `gemm` kernel over padded rows, its arrays, and the result."""
    rng = np.random.default_rng(m * n + k)
    shapes = [(k, m) if trans[0] == 112 else (m, k), (n, k) if trans[1] == 112 else (k, n), (m, n)]
    arrays = [rng.normal(size=(*loops, r, c + 2)).astype(kind) for r, c in shapes]
    x, y = (
        v[..., : s[1]].swapaxes(-1, -2) if t == 112 else v[..., : s[1]]
        for v, s, t in zip(arrays[:2], shapes[:2], trans, strict=True)
    )
    want = arrays[2].copy()
    want[..., :n] = x.astype(np.float64) @ y.astype(np.float64)
    leads = [v.strides[0] for v in arrays], [v.strides[1] for v in arrays]
    arguments = [*trans, m, n, k]
    for v in arrays:
        arguments += [v.ctypes.data, v.shape[-1]]
    arguments += [loops[0], *leads[0], loops[1], *leads[1]]
    return arguments, arrays, want


@pytest.mark.parametrize("tiled", [False, True], ids=["numpy", "tiled"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("trans", [(111, 111), (111, 112), (112, 111), (112, 112)])
@pytest.mark.parametrize(("m", "n", "k", "loops"), [(9, 5, 7, (1, 1)), (3, 10, 17, (2, 3)), (1, 1, 1, (1, 2))])
def test_products(
    m: int, n: int, k: int, loops: tuple[int, int], trans: tuple[int, int], width: str, tiled: bool
) -> None:
    """The simulator's product, and the text for devices in small tiles."""
    arguments, arrays, want = product_case(m, n, k, trans, loops, WIDTHS[width])
    name, tile = f"gemm_{width}", builtins.Tile(8, 4)
    if tiled:
        text = "from shapewright.runtime.cuda.support import *\n\n" + builtins.gemm_text(width, tile)
        grid = -(-m // 8) * -(-n // 8) * loops[0] * loops[1]
        load(text, "tiles").kernel(name)[grid, tile.threads](*arguments)
    else:
        builtins.module().kernel(name)[builtins.gemm_grid(m, n, loops[0] * loops[1]), builtins.GEMM_BLOCK](*arguments)
    np.testing.assert_allclose(
        arrays[2], want, rtol=1e-5 if width == "f32" else 1e-13, atol=1e-5 if width == "f32" else 1e-13
    )
