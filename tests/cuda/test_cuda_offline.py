"""Device code made without a device: what it computes (by a small PTX machine), what it looks like, what it takes."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from shapewright.compiler.codegen.cuda.names import SUPPORT
from shapewright.compiler.errors import CompileError
from shapewright.runtime.cuda import builtins
from shapewright.runtime.cuda.folders import installed, nvdisasm, simulated
from shapewright.runtime.cuda.loader import LoadedModule, Resources, load, read_report

from .cases import EXACT, HEAD, SCALARS, Case
from .ptx_machine import Program

if simulated():
    pytest.skip("the simulator makes no device code: NUMBA_ENABLE_CUDASIM=0", allow_module_level=True)
if installed("numba-cuda") is None:
    pytest.skip("numba-cuda is not installed", allow_module_level=True)

pytestmark = pytest.mark.cuda_offline


@pytest.mark.parametrize("case", EXACT, ids=lambda case: case.label)
def test_device_code_computes_what_numpy_does(case: Case) -> None:
    case.check(Program(load(case.source, "case").ptx("test")).launch)


CALLED = {"sin_f64", "cos_f64"}  # they call functions, which the machine does not


@pytest.mark.parametrize("case", [c for c in SCALARS if c.label not in CALLED], ids=lambda case: case.label)
def test_scalar_functions(case: Case) -> None:
    case.check(Program(load(case.source, "case").ptx("test")).launch)


# ---- built-in kernels


def products(width: str, m: int, n: int, k: int, trans: tuple[int, int]) -> tuple[list[int], list[Any], Any]:
    """Arguments of a product with one batch loop of 2, its arrays, and the result."""
    rng = np.random.default_rng(3)
    kind = np.float32 if width == "f32" else np.float64
    shapes = [(k, m) if trans[0] == 112 else (m, k), (n, k) if trans[1] == 112 else (k, n), (m, n)]
    arrays: list[Any] = [rng.integers(-3, 4, (2, *shape)).astype(kind) for shape in shapes]
    a, b, c = arrays
    want = (a.swapaxes(1, 2) if trans[0] == 112 else a) @ (b.swapaxes(1, 2) if trans[1] == 112 else b)
    arguments = [*trans, m, n, k]
    for v in arrays:
        arguments += [v.ctypes.data, v.shape[2]]
    return [*arguments, 1, 0, 0, 0, 2, a.strides[0], b.strides[0], c.strides[0]], arrays, want


@pytest.mark.parametrize("width", ["f32", "f64"])
@pytest.mark.parametrize("trans", [(111, 111), (111, 112), (112, 111), (112, 112)])
def test_products_in_small_tiles(width: str, trans: tuple[int, int]) -> None:
    arguments, arrays, want = products(width, 9, 5, 7, trans)
    tile = builtins.Tile(8, 4)
    ptx = load(HEAD + builtins.gemm_text(width, tile), "tiles").ptx(f"gemm_{width}")
    Program(ptx).launch(2 * 2 * 1, tile.threads, arguments, arrays)
    np.testing.assert_array_equal(arrays[2], want)


def test_a_product_in_full_tiles() -> None:
    arguments, arrays, want = products("f32", 66, 3, 18, (112, 111))
    Program(builtins.module().ptx("gemm_f32")).launch(
        builtins.gemm_grid(66, 3, 2), builtins.GEMM_BLOCK, arguments, arrays
    )
    np.testing.assert_array_equal(arrays[2], want)


@pytest.mark.parametrize("name", ["combine_sum_f32", "combine_max_f64", "combine_min_i64", "combine_max_bool"])
def test_combine(name: str) -> None:
    _, op, kind = name.split("_")
    given: list[Any] = [np.random.default_rng(1).integers(-50, 50, (19, columns)) for columns in (35, 1, 64)]
    dtype = {"f32": "f4", "f64": "f8", "i64": "i8", "bool": "?"}[kind]
    given = [x > 0 if kind == "bool" else x.astype(dtype) for x in given]
    outs: list[Any] = [np.zeros(x.shape[1], x.dtype) for x in given]
    *firsts, grid = builtins.combine_grid([35, 1, 64])
    rows = [(x.ctypes.data, o.ctypes.data, x.shape[1], 19, f) for x, o, f in zip(given, outs, firsts, strict=True)]
    table = np.array(rows, np.int64)
    program = Program(builtins.module().ptx(name))
    program.launch(grid, builtins.COMBINE_BLOCK, [table.ctypes.data, 3], [table, *given, *outs])
    for x, out in zip(given, outs, strict=True):
        np.testing.assert_array_equal(out, getattr(np, op)(x, axis=0))


# ---- what the text looks like, and what it takes

COPY = """@jit(launch_bounds=256)
def copied(n, x, y):
    x = f32(x, (n, 64))
    y = f32(y, (n, 64))
    for i in strided(cuda.grid(1), n * 64, cuda.gridsize(1)):
        row, column = unravel(i, (n, 64))
        y[row, column] = x[row, column]


@jit(launch_bounds=256)
def by_four(n, x, y):
    x = f32(x, (n, 64))
    y = f32(y, (n, 64))
    for i in strided(cuda.grid(1), n * 16, cuda.gridsize(1)):
        row, quad = unravel(i, (n, 16))
        four = load4(x[row], 4 * quad)
        out = registers(4, f4)
        for lane in range(4):
            out[lane] = four[lane] * TWO
        store4(y[row], 4 * quad, out)
"""


@pytest.fixture(scope="module")
def copies() -> LoadedModule:
    return load(HEAD + COPY, "copies")


def test_an_index_costs_an_address(copies: LoadedModule) -> None:
    ptx = copies.ptx("copied")
    assert not re.search(r"\b(selp|div|rem)\b", ptx)  # no wrapping around, no count of turns
    assert "ld.global.f32" in ptx and "st.global.f32" in ptx
    assert not re.search(r"\b(ld|st)\.(f32|local)", ptx)


def test_four_elements_in_one_access(copies: LoadedModule) -> None:
    ptx = copies.ptx("by_four")
    assert ptx.count("ld.global.v4.f32") == ptx.count("st.global.v4.f32") == 1
    assert "local" not in ptx


def test_lines_of_the_file_are_in_the_code(copies: LoadedModule) -> None:
    ptx = copies.ptx("copied")
    assert f'.file\t1 "{copies.path}"' in ptx
    lines = {int(line) for line in re.findall(r"\.loc\s+1 (\d+)", ptx)}
    text = copies.source.splitlines()
    assert any("y[row, column] = x[row, column]" in text[line - 1] for line in lines)


def test_names_are_the_kernels_own(copies: LoadedModule) -> None:
    assert f".entry {copies.entry('copied')}(" in copies.ptx("copied")
    assert copies.entry("copied").encode() in copies.cubin("copied")
    assert "_ZN" not in copies.ptx("copied")
    assert copies.entry("copied") in copies.llvm("copied")


def call(name: str) -> str:
    """A statement that uses a name of `support`."""
    kind = next((k for k in ("f32", "f64", "i32", "i64", "u32", "bool") if name.endswith(f"_{k}")), "")
    view = "bools" if kind == "bool" else kind
    if name.startswith("block_argmax"):
        return f"z[thread] = {name}({view}(x, (64,))[thread], i8(thread))"
    if name.startswith("block_"):
        return f"{view}(y, (64,))[thread] = {name}({view}(x, (64,))[thread])"
    if name in ("bits_to_f32", "bits_to_f64"):
        words = "u4(thread)" if name == "bits_to_f32" else "u4(thread), u4(7)"
        return f"{kind}(y, (64,))[thread] = {name}({words})"
    if kind:
        v = f"{kind}(x, (64,))[thread]"
        return f"{kind}(y, (64,))[thread] = {name}({v}{f', {v}' if name[:3] in ('pow', 'max', 'min') else ''})"
    match name:
        case "bools" | "f32" | "f64" | "i32" | "i64" | "u32":
            return f"{name}(y, (64,))[thread] = {name}(x, (64,))[thread]"
        case "f4" | "f8" | "i4" | "i8" | "u4":
            return f"z[thread] = i8({name}(z[thread + 1]))"
        case "registers" | "shared":
            return f"room = {name}(64, f4); room[thread] = ONE; z[thread] = i8(room[thread])"
        case "filled":
            return "room = filled(2, f4, ONE); z[thread] = i8(room[1])"
        case "load4":
            return "z[thread] = load4(z, 4 * thread)[2]"
        case "store4":
            return "room4 = registers(4, i8); room4[0] = room4[1] = room4[2] = room4[3] = i8(1); store4(z, 4 * thread, room4)"
        case "boolean":
            return "yes = registers(1, boolean); yes[0] = thread > 3; z[thread] = i8(yes[0])"
        case "unravel":
            return "z[thread] = unravel(i8(thread), (8, 8))[1]"
        case "strided":
            return "for i in strided(thread, 64, 32): z[i] = i8(i)"
        case "unrolled":
            return "for i in unrolled(4): z[4 * thread + i] = i8(i)"
        case "threefry2x32":
            return "z[thread] = i8(threefry2x32(u4(1), u4(2), u4(thread), u4(3))[0])"
        case "cuda" | "jit":
            return ""
        case _:  # constants
            return f"f64(y, (64,))[thread] = f8({name})"


def test_every_name_compiles() -> None:
    """Each name in a kernel of its own: no spills; no stack either, but for the far arguments of sine and cosine."""
    names = sorted(SUPPORT | {"shared", "strided"})
    head = (
        "@jit(launch_bounds=64)\ndef with_{}(x, y, z):\n    thread = cuda.threadIdx.x\n    z = i64(z, (256,))\n    {}\n"
    )
    module = load(HEAD + "\n\n".join(head.format(name, call(name)) for name in names), "names")
    for name in names:
        took = module.resources(f"with_{name}")
        assert took.spill_stores == took.spill_loads == 0, name
        assert took.stack == 0 or name[:3] in ("sin", "cos"), name
        assert took.registers > 0


def test_report_of_the_linker() -> None:
    log = """ptxas info    : Function properties for x
ptxas         .     96 bytes stack frame, 8 bytes spill stores, 4 bytes spill loads
ptxas info    : Used 46 registers, used 1 barriers, 128 bytes smem"""
    assert read_report(log) == Resources(46, 96, 8, 4, 128, 1)
    assert read_report(log.replace(", used 1 barriers, 128 bytes smem", "")).shared == 0


def test_machine_code_as_text(copies: LoadedModule) -> None:
    if nvdisasm() is None:
        with pytest.raises(CompileError, match="nvidia-cuda-nvdisasm"):
            copies.sass("by_four")
        return
    assert "LDG.E.128" in copies.sass("by_four")


def test_other_architectures(copies: LoadedModule) -> None:
    assert ".target sm_80\n" in copies.ptx("copied", "sm_80")
    assert ".target sm_90a\n" in copies.ptx("copied", "sm_90")
    with pytest.raises(CompileError, match="names no CUDA architecture"):
        copies.ptx("copied", "hopper")


def test_text_with_a_fault() -> None:
    module = load(
        HEAD + "@jit(launch_bounds=32)\ndef broken(x):\n    f32(x, (3,))[0] = nothing_of_this_name\n", "broken"
    )
    with pytest.raises(CompileError, match="does not compile") as caught:
        module.ptx("broken")
    assert str(module.path) in str(caught.value)


def test_a_warp_alone_shares_nothing() -> None:
    names = ["block_sum_f32", "block_argmax_f64", "block_min_bool"]
    head = "@jit(launch_bounds=32)\ndef with_{0}(x, y, z):\n    thread = cuda.threadIdx.x\n    z = i64(z, (64,))\n    {1}\n"
    module = load(HEAD + "\n\n".join(head.format(name, call(name)) for name in names), "warps")
    for name in names:
        took = module.resources(f"with_{name}")
        assert took.shared == took.barriers == 0


def test_device_functions_of_a_kernel() -> None:
    """Numba asks for the current device when it meets one; there is none here."""
    text = "@cuda.jit(device=True)\ndef twice(x):\n    return x + x\n\n\n@jit(launch_bounds=32)\ndef test(x):\n"
    text += "    x = f32(x, (32,))\n    x[cuda.threadIdx.x] = twice(x[cuda.threadIdx.x])\n"
    x = np.arange(32, dtype=np.float32)
    Program(load(HEAD + text, "calls").ptx("test")).launch(1, 32, [x.ctypes.data], [x])
    np.testing.assert_array_equal(x, 2 * np.arange(32))
