"""Matrix products on devices: what the library is asked for, and that it is the right product.

cuBLASLt needs a GPU; a stand-in (fake_lt.py) computes what it is asked for.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator

import numpy as np
import pytest

from shapewright.compiler.errors import DeviceError
from shapewright.runtime.cuda import blas, builtins, cublaslt
from shapewright.runtime.cuda.blas import WORKSPACE, Precision, Product, Width
from shapewright.runtime.cuda.folders import simulated
from shapewright.runtime.cuda.nvidia import NvidiaDevice
from shapewright.runtime.cuda.simulated import SimulatedDevice

from .fake_driver import OWN, FakeDriver
from .fake_lt import FakeLt
from .products import PLAIN, case, check


@pytest.fixture
def lt(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLt]:
    """A GPU (`lt.driver` is its driver) with cuBLASLt through nvmath-python."""
    driver = FakeDriver(PLAIN.entries())
    made = FakeLt(driver)
    monkeypatch.setattr(blas, "_found", [])
    monkeypatch.setattr(blas, "_doors", lambda: iter([("cuBLASLt by nvmath-python", lambda: made)]))
    monkeypatch.setattr(builtins, "module", lambda: PLAIN)
    monkeypatch.delenv("NUMBA_ENABLE_CUDASIM", raising=False)
    yield made
    gc.collect()


@pytest.fixture
def gpu(lt: FakeLt) -> NvidiaDevice:
    return NvidiaDevice(driver=lt.driver)


# ---- the library's product


@pytest.mark.parametrize("trans_a", [False, True])
@pytest.mark.parametrize("trans_b", [False, True])
@pytest.mark.parametrize("pad", [0, 3])
@pytest.mark.parametrize("loops", [(), (3,), (2, 5), (5, 2)])
@pytest.mark.parametrize("dtype", ["f32", "f64"])
def test_products(
    gpu: NvidiaDevice, lt: FakeLt, trans_a: bool, trans_b: bool, pad: int, loops: tuple[int, ...], dtype: Width
) -> None:
    check(case(gpu, 4, 6, 5, trans_a, trans_b, loops, pad=pad, dtype=dtype))
    assert len(lt.products) == 1, "nested loops with fitting strides are one batch"


@pytest.mark.parametrize(("m", "n", "k"), [(1, 6, 5), (4, 1, 5), (4, 6, 1), (1, 1, 1), (1, 6, 1)])
@pytest.mark.parametrize("trans", [(False, False), (True, False), (False, True), (True, True)])
def test_thin_products(gpu: NvidiaDevice, lt: FakeLt, m: int, n: int, k: int, trans: tuple[bool, bool]) -> None:
    check(case(gpu, m, n, k, *trans))
    assert len(lt.products) == 1


def test_a_row_stride_that_means_nothing(gpu: NvidiaDevice, lt: FakeLt) -> None:
    """Matrices of one row: compiled code may say any stride."""
    made = case(gpu, 1, 6, 1)
    made.product.lda = made.product.ldb = 0
    check(made)
    assert len(lt.products) == 1


def test_one_operand_for_all_passes(gpu: NvidiaDevice, lt: FakeLt) -> None:
    check(case(gpu, 4, 6, 5, loops=(2, 3), shared=True))
    assert len(lt.products) == 1


def test_loops_that_are_no_single_batch(gpu: NvidiaDevice, lt: FakeLt) -> None:
    """The longer loop is the batch, the other one is a call each."""
    made = case(gpu, 4, 6, 5, loops=(2, 3))
    first, second = made.product.loops
    made.product.loops = (second, first)
    check(made)
    assert len(lt.products) == 2
    assert len(lt.things) == 4  # one operation, three layouts


@pytest.mark.parametrize(
    ("dtype", "precision", "compute"),
    [("f32", "highest", 68), ("f32", "high", 77), ("f64", "highest", 70), ("f64", "high", 70)],
)
def test_precision(gpu: NvidiaDevice, lt: FakeLt, dtype: Width, precision: Precision, compute: int) -> None:
    check(case(gpu, 4, 6, 5, dtype=dtype, precision=precision))
    assert lt.products[0].made == (compute, 1 if dtype == "f64" else 0)


def test_the_library_is_told_how_operands_are_aligned(gpu: NvidiaDevice, lt: FakeLt) -> None:
    p = case(gpu, 8, 8, 8, loops=(4,)).product
    p.prepare(gpu)
    q = Product(4, 8, 8, p.a + 12, 8, False, p.b + 32, 8, False, p.c + 8 * 4 * 3, 8)
    q.prepare(gpu)
    aligned, shifted = lt.preferences
    assert [aligned[key] for key in cublaslt.PREF_MIN_ALIGNMENT] == [256, 256, 256, 256]
    assert [shifted[key] for key in cublaslt.PREF_MIN_ALIGNMENT] == [32, 4, 32, 32]  # of B, A, C, C
    assert aligned[cublaslt.PREF_MAX_WORKSPACE_BYTES] == WORKSPACE


def test_one_workspace_where_it_is_needed(gpu: NvidiaDevice, lt: FakeLt) -> None:
    free = gpu.memory_info()[0]
    first = case(gpu, 4, 6, 5)
    check(first)
    assert lt.used == [(0, 0, OWN)] and gpu.memory_info()[0] > free - WORKSPACE
    lt.workspace = 1 << 20
    for made in (case(gpu, 4, 6, 7), case(gpu, 4, 6, 8)):
        check(made)
    (_, (one, size, stream), (two, _, _)) = lt.used
    assert one == two != 0 and (size, stream) == (1 << 20, OWN)
    assert free - 2 * WORKSPACE < gpu.memory_info()[0] < free - WORKSPACE


def test_products_are_recorded(gpu: NvidiaDevice, lt: FakeLt) -> None:
    made = case(gpu, 4, 6, 5)
    made.product.prepare(gpu)
    with gpu.capture() as graph:
        made.product.enqueue(gpu)
    assert (made.result() == 7).all()
    graph.launch()
    np.testing.assert_allclose(made.result(), made.expected, rtol=1e-4, atol=1e-5)
    assert len(lt.products) == 1


def test_the_algorithm_is_chosen_once(gpu: NvidiaDevice, lt: FakeLt) -> None:
    made = case(gpu, 4, 6, 5)
    for _ in range(3):
        made.product.enqueue(gpu)
    assert (len(lt.preferences), len(lt.products)) == (1, 3)


def test_descriptors_go_with_the_product(gpu: NvidiaDevice, lt: FakeLt) -> None:
    made = case(gpu, 4, 6, 5)
    made.product.prepare(gpu)
    assert len(lt.things) == 4
    del made
    gc.collect()
    assert not lt.things


def test_what_the_library_refuses(gpu: NvidiaDevice, lt: FakeLt) -> None:
    made = case(gpu, 4, 6, 5)
    lt.failing = "matmul"
    with pytest.raises(DeviceError, match=r"refused a product \[4, 5\] x \[5, 6\]") as error:
        made.product.enqueue(gpu)
    assert error.value.code == "SW604"
    assert "matmul is not supported" in str(error.value) and "manual" not in str(error.value)


# ---- no product, and the plain one


@pytest.mark.parametrize("pad", [0, 2])
@pytest.mark.parametrize("loops", [(), (2, 3)])
def test_a_sum_of_no_terms_is_zero(gpu: NvidiaDevice, lt: FakeLt, pad: int, loops: tuple[int, ...]) -> None:
    check(case(gpu, 4, 6, 0, loops=loops, pad=pad))
    assert not lt.products


@pytest.mark.parametrize(("m", "n", "loops"), [(0, 6, ()), (4, 0, ()), (4, 6, (0,)), (4, 6, (3, 0))])
def test_empty_results(gpu: NvidiaDevice, lt: FakeLt, m: int, n: int, loops: tuple[int, ...]) -> None:
    made = case(gpu, m, n, 5, loops=loops)
    made.product.enqueue(gpu)
    gpu.synchronize()
    assert not lt.products and not lt.driver.calls["cuLaunchKernel"]


@pytest.mark.parametrize("what", ["none", "state", "error", "overlap"])
def test_the_plain_kernel_where_the_library_cannot(gpu: NvidiaDevice, lt: FakeLt, what: str) -> None:
    made = case(gpu, 4, 6, 5, trans_b=True, loops=(2,))
    if what == "none":
        lt.algorithms = 0
    elif what == "state":
        lt.state = 15
    elif what == "error":
        lt.failing = "heuristic"
    else:
        made.product.a, made.product.lda = made.product.b, 1  # every row begins one element later
        values = np.empty(60, np.float32)
        gpu.download(made.product.b, values)
        windows = np.lib.stride_tricks.sliding_window_view(values, 5)
        b = values.reshape(2, 6, 5)
        made.product.loops = (made.product.loops[0]._replace(a=0),)
        made.expected = (windows[:4] @ b.transpose(0, 2, 1))[:, None]
    check(made)
    assert not lt.products and lt.driver.calls["cuLaunchKernel"] == 1


@pytest.mark.skipif(not simulated(), reason="runs kernels in the simulator: NUMBA_ENABLE_CUDASIM=1")
@pytest.mark.parametrize("trans", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("loops", [(), (2, 3)])
@pytest.mark.parametrize("dtype", ["f32", "f64"])
@pytest.mark.parametrize("k", [5, 0])
def test_simulated_products(trans: tuple[bool, bool], loops: tuple[int, ...], dtype: Width, k: int) -> None:
    device = SimulatedDevice()
    made = case(device, 4, 6, k, *trans, loops, pad=2, dtype=dtype)
    check(made)
    with device.capture() as graph:
        made.product.enqueue(device)
    device.zero(made.product.a, 4 * k)
    graph.launch()
    device.synchronize()


def test_simulated_products_use_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builtins, "module", lambda: PLAIN)
    monkeypatch.setattr(blas, "library", lambda: pytest.fail("the library was looked for"))
    check(case(SimulatedDevice(), 4, 6, 5, True, False, (2,)))
