"""Loading kernels: files, what is kept beside them, damage, and starting warm without Numba."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shapewright.compiler.errors import CompileError, DeviceError
from shapewright.runtime.cuda import loader
from shapewright.runtime.cuda.folders import installed, simulated
from shapewright.runtime.cuda.loader import Resources, load

if not simulated() and installed("numba-cuda") is None:
    pytest.skip("NUMBA_ENABLE_CUDASIM=0, and numba-cuda is not installed", allow_module_level=True)

from shapewright.runtime.cuda import api

SOURCE = '''"""Two kernels."""

from shapewright.runtime.cuda.support import cuda, f32, jit, strided


# y  <-  double
@jit(launch_bounds=128)
def double(n, x, y):
    x = f32(x, (n,))
    y = f32(y, (n,))
    for i in strided(cuda.grid(1), n, cuda.gridsize(1)):
        y[i] = x[i] + x[i]


def no_kernel(n):
    return n


@jit(launch_bounds=32)
def nothing():
    return
'''
LOG = (
    "64 bytes stack frame, 0 bytes spill stores, 4 bytes spill loads\nUsed 10 registers, used 1 barriers, 8 bytes smem"
)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of its own, and no module loaded."""
    monkeypatch.setenv("SHAPEWRIGHT_CACHE", str(tmp_path))
    loader._loaded.clear()  # pyright: ignore[reportPrivateUsage] - as in a new process
    yield tmp_path
    loader._loaded.clear()  # pyright: ignore[reportPrivateUsage] - the folder goes


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A compiler and a linker that note what they are asked for."""
    calls: list[str] = []

    def compile_kernel(function: object, parameters: int, threads: int, arch: str) -> api.Compiled:
        calls.append(f"compile {parameters} {threads} {arch}")
        return api.Compiled(f"ptx {parameters}", "llvm", "double_kernel")

    def link(ptx: str, arch: str) -> api.Linked:
        calls.append(f"link {ptx} {arch}")
        return api.Linked(b"\x7fELF", LOG)

    monkeypatch.setattr(api, "compile_kernel", compile_kernel)
    monkeypatch.setattr(api, "link", link)
    return calls


def again() -> loader.LoadedModule:
    """The module as a new process has it."""
    loader._loaded.clear()  # pyright: ignore[reportPrivateUsage] - as in a new process
    return load(SOURCE, "pair")


def test_the_text_says_what_there_is(cache: Path) -> None:
    module = load(SOURCE, "pair")
    assert module.kernels == ("double", "nothing")
    assert [module.parameters(k) for k in module.kernels] == [3, 0]
    assert [module.threads(k) for k in module.kernels] == [128, 32]
    assert module.path.read_text() == module.source == SOURCE
    assert cache in module.path.parents and module.path.name.startswith("pair_")
    assert load(SOURCE, "pair") is module
    assert load(SOURCE + "\n", "pair") is not module


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_files_are_private(cache: Path, compiled: list[str]) -> None:
    module = load(SOURCE, "pair")
    module.cubin("double")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in module.path.parent.iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE(module.path.parent.stat().st_mode) == 0o700


def test_an_unknown_kernel_or_architecture(cache: Path) -> None:
    module = load(SOURCE, "pair")
    for ask in (module.ptx, module.kernel, module.threads, module.entry):
        with pytest.raises(CompileError, match="no kernel 'no_kernel'") as caught:
            ask("no_kernel")
        assert "double, nothing" in str(caught.value)
    with pytest.raises(CompileError, match="names no CUDA architecture"):
        module.ptx("double", "../sm_90")


def test_each_thing_is_made_once(cache: Path, compiled: list[str]) -> None:
    module = load(SOURCE, "pair")
    assert (module.ptx("double"), module.llvm("double")) == ("ptx 3", "llvm")
    assert module.cubin("double") == b"\x7fELF"
    assert module.resources("double") == Resources(10, 64, 0, 4, 8, 1)
    assert module.ptx("double", "sm_80") == "ptx 3"
    assert compiled == ["compile 3 128 sm_90", "link ptx 3 sm_90", "compile 3 128 sm_80"]
    compiled.clear()
    warm = again()
    assert warm is not module
    assert warm.resources("double") == Resources(10, 64, 0, 4, 8, 1)
    assert warm.cubin("double") == b"\x7fELF" and warm.llvm("double") == "llvm"
    assert compiled == []


@pytest.mark.parametrize("suffix", ["ptx", "ptx.sha256", "cubin"])
def test_a_damaged_file_is_made_again(cache: Path, compiled: list[str], suffix: str) -> None:
    module = load(SOURCE, "pair")
    module.cubin("double")
    compiled.clear()
    file = module.path.with_name(f"double.sm_90.{suffix}")
    file.write_bytes(file.read_bytes()[:-2])
    warm = again()
    assert warm.ptx("double") == "ptx 3" and warm.cubin("double") == b"\x7fELF"
    assert compiled == (["link ptx 3 sm_90"] if suffix == "cubin" else ["compile 3 128 sm_90"])


def test_a_lost_file_is_made_again(cache: Path, compiled: list[str]) -> None:
    module = load(SOURCE, "pair")
    module.ptx("double")
    module.path.with_name("double.sm_90.ptx").unlink()
    assert again().ptx("double") == "ptx 3"
    assert len(compiled) == 2


def test_a_changed_text_file_is_not_executed(cache: Path) -> None:
    path = load(SOURCE, "pair").path
    path.write_text("raise SystemExit('somebody else wrote this')")
    assert again().kernel("double").py_func.__name__ == "double"
    assert path.read_text() == SOURCE


def test_text_that_does_not_run(cache: Path) -> None:
    module = load("import nothing_of_this_name\n\n@jit(launch_bounds=32)\ndef k(x):\n    pass\n", "broken")
    with pytest.raises(CompileError, match="does not compile: ModuleNotFoundError") as caught:
        module.kernel("k")
    assert str(module.path) in str(caught.value) and "please report" in str(caught.value)


def run(code: str, cache: Path, simulate: bool) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "SHAPEWRIGHT_CACHE": str(cache), "NUMBA_ENABLE_CUDASIM": str(int(simulate))}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


WARM = """
import sys
from pathlib import Path
from shapewright.runtime.cuda.loader import load
module = load(Path({path!r}).read_text(), "pair")
print(module.ptx("double").count("ld.global"), len(module.cubin("double")), module.resources("double").registers)
print(sorted({{"numba", "llvmlite", "cuda"}} & set(sys.modules)))
"""


def test_loading_imports_no_numba(cache: Path, tmp_path: Path) -> None:
    code = f"import sys\nfrom shapewright.runtime.cuda.loader import load\nload({SOURCE!r}, 'pair')\nprint('numba' in sys.modules)"
    done = run(code, tmp_path, simulated())
    assert done.stdout.split() == ["False"], done.stderr


@pytest.mark.skipif(installed("numba-cuda") is not None, reason="numba-cuda is installed")
def test_what_is_missing_is_said(cache: Path, tmp_path: Path) -> None:
    source = tmp_path / "pair.py"
    source.write_text(SOURCE)
    done = run(WARM.format(path=str(source)), tmp_path, False)
    assert "error[SW602]: compiling for CUDA needs numba-cuda" in done.stderr
    assert "pip install 'shapewright[cuda13]'" in done.stderr


def test_the_simulator_makes_no_device_code(cache: Path) -> None:
    if not simulated():
        pytest.skip("NUMBA_ENABLE_CUDASIM=0")
    with pytest.raises(DeviceError, match="simulator") as caught:
        load(SOURCE, "pair").ptx("double")
    assert caught.value.code == "SW602"


@pytest.mark.cuda_offline
@pytest.mark.skipif(installed("numba-cuda") is None, reason="numba-cuda is not installed")
def test_a_warm_start_imports_no_numba(tmp_path: Path) -> None:
    source = tmp_path / "pair.py"
    source.write_text(SOURCE)
    cold, warm = (run(WARM.format(path=str(source)), tmp_path, False) for _ in range(2))
    assert cold.returncode == warm.returncode == 0, cold.stderr + warm.stderr
    first, second = cold.stdout.splitlines(), warm.stdout.splitlines()
    assert first[0] == second[0] and first[0].split()[0] == "1"
    assert "numba" in first[1] and second[1] == "[]"
