"""The loader: one file per text, machine code cached over processes, LLVM text and assembly kept."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from shapewright.compiler.errors import CompileError
from shapewright.runtime.cpu import folders
from shapewright.runtime.cpu.jit import Compiled
from shapewright.runtime.cpu.loader import load

SOURCE = '''"""Two kernels."""
from shapewright.runtime.cpu.support import KW, I, exp_f32, f32, f4, njit, void


@njit(void(I, I, I), **KW)
def double(x, y, n):
    x = f32(x, (n,))
    y = f32(y, (n,))
    for i in range(n):
        y[i] = f4(2) * x[i]


@njit(void(I, I, I), **KW)
def exponential(x, y, n):
    x = f32(x, (n,))
    y = f32(y, (n,))
    for i in range(n):
        y[i] = exp_f32(x[i])
'''

CHILD = """
import ctypes, json, sys
import numpy as np
from shapewright.runtime.cpu.loader import load
loaded = load(sys.stdin.read(), "sample")
x, y = np.arange(5, dtype=np.float32), np.zeros(5, np.float32)
kernel = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)(loaded.address("double"))
kernel(x.ctypes.data, y.ctypes.data, 5)
print(json.dumps({"cold": loaded.cold, "y": y.tolist(), "path": str(loaded.path), "kernels": loaded.kernels,
                  "llvm": "define" in loaded.llvm("double"), "asm": "ret" in loaded.asm("exponential")}))
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder for this test."""
    monkeypatch.setenv("SHAPEWRIGHT_CACHE", str(tmp_path))
    return tmp_path


def start_child(source: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    pipe = subprocess.PIPE
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD], env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    )
    assert child.stdin is not None
    child.stdin.write(source)
    child.stdin.close()
    child.stdin = None
    return child


def finish(child: subprocess.Popen[str]) -> dict[str, object]:
    out, err = child.communicate(timeout=120)
    assert child.returncode == 0, err
    answer: dict[str, object] = json.loads(out)
    assert answer["y"] == [0.0, 2.0, 4.0, 6.0, 8.0]
    assert answer["llvm"] is True and answer["asm"] is True
    assert answer["kernels"] == ["double", "exponential"]
    return answer


def test_a_text_becomes_kernels_with_reports(cache: Path) -> None:
    seen: list[Compiled] = []
    loaded = load(SOURCE + "# reports\n", "sample", progress=seen.append)
    assert loaded.kernels == ("double", "exponential")
    assert [record.name for record in seen] == ["double", "exponential"]
    assert loaded.compiled == tuple(seen)
    assert loaded.cold and all(record.seconds > 0 for record in seen)
    assert loaded.path.read_text() == loaded.source == SOURCE + "# reports\n"
    assert cache in loaded.path.parents
    assert stat.S_IMODE(folders.cache_folder().stat().st_mode) == 0o700
    x, y = np.array([0.0, 1.0], np.float32), np.zeros(2, np.float32)
    loaded.module.exponential(x.ctypes.data, y.ctypes.data, 2)
    np.testing.assert_allclose(y, np.exp(x), rtol=2e-7)
    assert "define" in loaded.llvm("double") and "ret" in loaded.asm("double")
    assert load(SOURCE + "# reports\n", "sample") is loaded


def test_an_unknown_kernel_is_named(cache: Path) -> None:
    loaded = load(SOURCE + "# unknown\n", "sample")
    with pytest.raises(CompileError, match="no kernel 'triple'") as caught:
        loaded.llvm("triple")
    assert "double, exponential" in str(caught.value)


def test_text_that_does_not_compile_is_a_compile_error(cache: Path) -> None:
    with pytest.raises(CompileError, match="does not compile") as caught:
        load(SOURCE.replace("f4(2) * x[i]", "unheard_of"), "broken")
    assert "broken_" in str(caught.value)


def test_a_second_process_finds_everything_in_the_cache(cache: Path) -> None:
    assert finish(start_child(SOURCE))["cold"] is True
    assert finish(start_child(SOURCE))["cold"] is False


def test_a_damaged_file_is_written_again(cache: Path) -> None:
    first = finish(start_child(SOURCE))
    path = Path(str(first["path"]))
    path.write_text("raise SystemExit('not our text')\n")
    again = finish(start_child(SOURCE))
    assert again["path"] == first["path"]
    assert path.read_text() == SOURCE


def test_damaged_object_code_is_compiled_again(cache: Path) -> None:
    finish(start_child(SOURCE))
    files = [*cache.rglob("kernels/*/*.nbi"), *cache.rglob("kernels/*/*.nbc")]
    assert files
    for data in files:
        data.write_bytes(data.read_bytes()[: data.stat().st_size // 2])
    assert finish(start_child(SOURCE))["cold"] is True
    assert finish(start_child(SOURCE))["cold"] is False


def test_two_processes_race(cache: Path) -> None:
    children = [start_child(SOURCE) for _ in range(2)]
    paths = {finish(child)["path"] for child in children}
    assert len(paths) == 1
    assert not list(cache.rglob("*.tmp*"))


def test_the_cache_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHAPEWRIGHT_CACHE", str(tmp_path / "own"))
    assert folders.cache_root() == tmp_path / "own"
    monkeypatch.delenv("SHAPEWRIGHT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert folders.cache_root() == tmp_path / "shapewright"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert folders.cache_root() == Path.home() / ".cache" / "shapewright"


def test_without_a_writable_cache_a_temporary_folder_serves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SHAPEWRIGHT_CACHE", str(tmp_path / "file" / "below"))
    folder = folders.cache_folder()
    assert folder.is_dir() and tmp_path not in folder.parents
    assert folders.cache_folder() == folder
