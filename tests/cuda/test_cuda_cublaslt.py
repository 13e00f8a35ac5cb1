"""Who does matrix products, and how cuBLASLt is found and called; without a GPU, it takes descriptors only."""

from __future__ import annotations

import ctypes
import importlib
import importlib.metadata
from typing import Any

import pytest

from shapewright.compiler.errors import DeviceError
from shapewright.runtime.cuda import blas, cublaslt
from shapewright.runtime.cuda.blas import WORKSPACE, Library, NoLibrary, provider
from shapewright.runtime.cuda.cublaslt import CtypesLt, Heuristic, Lt, library_path
from shapewright.runtime.cuda.folders import installed
from shapewright.runtime.cuda.nvidia import NvidiaDevice

from .fake_driver import FakeDriver
from .fake_lt import HANDLE, FakeLibrary, FakeLt
from .products import case, check

# ---- who does them


@pytest.fixture
def search(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A process that has looked for no library, without the simulator."""
    monkeypatch.setattr(blas, "_found", [])
    monkeypatch.delenv("NUMBA_ENABLE_CUDASIM", raising=False)
    return monkeypatch


def offer(monkeypatch: pytest.MonkeyPatch, nvmath: object, path: str | None, library: object = None) -> None:
    """Make nvmath-python (an object, or an error) and libcublasLt be there or not."""

    def load() -> object:
        if isinstance(nvmath, Exception):
            raise nvmath
        return nvmath

    def version(name: str) -> str | None:
        return "1.0" if nvmath is not None else None

    monkeypatch.setattr(blas, "installed", version)
    monkeypatch.setattr(blas, "nvmath_lt", load)
    monkeypatch.setattr(blas, "library_path", lambda: path)
    loads(monkeypatch, library)


def loads(monkeypatch: pytest.MonkeyPatch, library: object) -> None:
    """What ctypes loads, whichever file it is."""

    def load(path: str) -> object:
        return library

    monkeypatch.setattr(ctypes, "CDLL", load)


def fake_lt() -> FakeLt:
    return FakeLt(FakeDriver(context=0x1234))


def test_nvmath_comes_first(search: pytest.MonkeyPatch) -> None:
    lt = fake_lt()
    offer(search, lt, "libcublasLt.so.13", FakeLibrary(fake_lt()))
    assert blas.library() == Library(lt, HANDLE, "cuBLASLt by nvmath-python")
    assert provider("high") == ("cublaslt", "library product (cuBLASLt by nvmath-python, TF32)")
    assert provider("highest") == ("cublaslt", "library product (cuBLASLt by nvmath-python, float32)")


@pytest.mark.parametrize("nvmath", [None, ImportError("no module")])
def test_the_library_itself_comes_second(search: pytest.MonkeyPatch, nvmath: object) -> None:
    offer(search, nvmath, "libcublasLt.so.13", FakeLibrary(fake_lt()))
    assert provider("high") == ("cublaslt", "library product (cuBLASLt, TF32)")
    assert blas.library() is blas.library()


def test_nothing_is_there(search: pytest.MonkeyPatch) -> None:
    offer(search, None, None)
    assert provider("high") == ("plain", "plain tiled kernel: nvmath-python and nvidia-cublas are not installed")


def test_what_does_not_start(search: pytest.MonkeyPatch) -> None:
    broken = fake_lt()
    broken.failing = "create"
    offer(search, ImportError(), "libcublasLt.so.13", FakeLibrary(broken))
    name, why = provider("highest")
    assert name == "plain"
    assert why == (
        "plain tiled kernel: cuBLASLt by nvmath-python does not start (ImportError); "
        "cuBLASLt does not start (CUBLAS_STATUS_NOT_SUPPORTED)"
    )
    assert isinstance(blas.library(), NoLibrary)


def test_the_simulator_has_none(search: pytest.MonkeyPatch) -> None:
    search.setenv("NUMBA_ENABLE_CUDASIM", "1")
    assert provider("high") == ("plain", "plain tiled kernel: the simulator has no library")


# ---- the library by ctypes


@pytest.mark.parametrize("loops", [(), (3,)])
def test_products_by_ctypes(search: pytest.MonkeyPatch, loops: tuple[int, ...]) -> None:
    lt = FakeLt(FakeDriver(), workspace=512)
    offer(search, None, "libcublasLt.so.13", FakeLibrary(lt))
    check(case(NvidiaDevice(driver=lt.driver), 4, 6, 5, True, False, loops, dtype="f64"))
    assert len(lt.products) == 1
    assert isinstance(blas.library(), Library)


def test_ctypes_errors_have_names(monkeypatch: pytest.MonkeyPatch) -> None:
    lt = fake_lt()
    loads(monkeypatch, FakeLibrary(lt))
    by_ctypes = CtypesLt("libcublasLt.so.13")
    assert by_ctypes.get_version() == 130100
    lt.failing = "heuristic"
    with pytest.raises(DeviceError, match="refused cublasLtMatmulAlgoGetHeuristic") as error:
        by_ctypes.matmul_algo_get_heuristic(HANDLE, 1, 2, 3, 4, 4, 5, 1, 0, 0)
    assert "CUBLAS_STATUS_NOT_SUPPORTED" in str(error.value)


def test_the_result_of_the_heuristic_has_the_size_of_the_library() -> None:
    assert ctypes.sizeof(Heuristic) == 96
    assert (Heuristic.workspace.offset, Heuristic.state.offset) == (64, 72)


def test_library_path_is_none_or_loads() -> None:
    path = library_path()
    assert path is None or CtypesLt(path).get_version() > 110000


def test_library_path_looks_into_wheels(monkeypatch: pytest.MonkeyPatch) -> None:
    class File:
        def __init__(self, name: str) -> None:
            self.name = name

        def locate(self) -> str:
            return f"/site/nvidia/cu13/lib/{self.name}"

    def version(name: str) -> str | None:
        return "13.1" if name == "nvidia-cublas" else None

    def files(name: str) -> list[File]:
        return [File("libcublas.so.13"), File("libcublasLt.so.13")]

    monkeypatch.setattr(cublaslt, "installed", version)
    monkeypatch.setattr(importlib.metadata, "files", files)
    assert library_path() == "/site/nvidia/cu13/lib/libcublasLt.so.13"


def descriptors(lt: Lt) -> None:
    """Everything that works without a GPU: the library checks the sizes of attributes itself."""
    desc = lt.matmul_desc_create(cublaslt.COMPUTE_32F_FAST_TF32, cublaslt.REAL_32F)
    layout = lt.matrix_layout_create(cublaslt.REAL_64F, 5, 7, 8)
    preference = lt.matmul_preference_create()
    settings: list[tuple[Any, int, int, Any]] = [
        (lt.matmul_desc_set_attribute, desc, cublaslt.DESC_TRANSA, ctypes.c_int32(1)),
        (lt.matmul_desc_set_attribute, desc, cublaslt.DESC_TRANSB, ctypes.c_int32(0)),
        (lt.matrix_layout_set_attribute, layout, cublaslt.LAYOUT_BATCH_COUNT, ctypes.c_int32(3)),
        (lt.matrix_layout_set_attribute, layout, cublaslt.LAYOUT_STRIDED_BATCH_OFFSET, ctypes.c_int64(40)),
        (lt.matmul_preference_set_attribute, preference, cublaslt.PREF_MAX_WORKSPACE_BYTES, ctypes.c_uint64(WORKSPACE)),
        *(
            (lt.matmul_preference_set_attribute, preference, key, ctypes.c_uint32(16))
            for key in cublaslt.PREF_MIN_ALIGNMENT
        ),
    ]
    for setter, target, key, value in settings:
        setter(target, key, ctypes.addressof(value), ctypes.sizeof(value))
    lt.matmul_preference_destroy(preference)
    lt.matrix_layout_destroy(layout)
    lt.matmul_desc_destroy(desc)


@pytest.mark.skipif(installed("nvidia-cublas") is None, reason="needs the library: pip install nvidia-cublas")
def test_the_installed_library_takes_the_descriptors() -> None:
    path = library_path()
    assert path is not None
    lt = CtypesLt(path)
    descriptors(lt)
    with pytest.raises(DeviceError, match="INVALID_VALUE"):
        layout = lt.matrix_layout_create(cublaslt.REAL_32F, 5, 7, 8)
        value = ctypes.c_int64(3)
        lt.matrix_layout_set_attribute(layout, cublaslt.LAYOUT_BATCH_COUNT, ctypes.addressof(value), 8)


@pytest.mark.skipif(installed("nvmath-python") is None, reason="compares with nvmath-python, which is not installed")
def test_the_numbers_are_those_of_nvmath() -> None:
    lt: Any = importlib.import_module("nvmath.bindings.cublasLt")
    kinds: Any = importlib.import_module("nvmath.bindings.cublas").ComputeType
    desc, layout, preference = lt.MatmulDescAttribute, lt.MatrixLayoutAttribute, lt.MatmulPreferenceAttribute
    assert (desc.TRANSA, desc.TRANSB) == (cublaslt.DESC_TRANSA, cublaslt.DESC_TRANSB)
    assert (layout.BATCH_COUNT, layout.STRIDED_BATCH_OFFSET) == (5, 6)
    assert preference.MAX_WORKSPACE_BYTES == cublaslt.PREF_MAX_WORKSPACE_BYTES
    assert [int(preference[f"MIN_ALIGNMENT_{x}_BYTES"]) for x in "ABCD"] == list(cublaslt.PREF_MIN_ALIGNMENT)
    assert (kinds.COMPUTE_32F, kinds.COMPUTE_32F_FAST_TF32, kinds.COMPUTE_64F) == (68, 77, 70)
    for name in (name for name in vars(Lt) if not name.startswith("_")):
        assert callable(getattr(lt, name))
