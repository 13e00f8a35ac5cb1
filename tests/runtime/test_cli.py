"""The command line, through the same entry point as the installed script."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from shapewright.runtime import doctor
from shapewright.runtime.cli import app

PROGRAM = """
import numpy as np
import shapewright as sw

class Rows(sw.Dim): ...

class Point(sw.Pack):
    a: sw.Scalar

@sw.typed
def loss(p: Point, x: sw.Tensor[Rows]) -> sw.Scalar:
    return sw.mse_loss(x * p.a, x)

def trainer():
    made = sw.ScalarTrainer(Point(a=sw.Scalar(0.5)), loss)
    made.step(sw.Tensor[Rows](np.ones(8)), lr=0.1)
    return made
"""


def run(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, args)
    return result.exit_code, result.output


def test_commands_are_listed() -> None:
    code, out = run("--help")
    assert code == 0
    for command in ("demo", "inspect", "doctor", "cache", "version"):
        assert command in out


def test_doctor_is_content_with_this_machine() -> None:
    code, out = run("doctor")
    assert (code, out.splitlines()[-1]) == (0, "ready")
    for word in ("numba", "scipy", "BLAS", "threads", "kernel cache"):
        assert word in out


def test_doctor_says_what_is_missing_and_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = doctor.version_of

    def without_numba(name: str) -> str | None:
        return None if name == "numba" else versions(name)

    monkeypatch.setattr(doctor, "version_of", without_numba)
    code, out = run("doctor")
    assert code == 1
    assert "!!  numba" in out
    assert "pip install numba" in out
    assert "not ready" in out


def test_doctor_is_not_content_with_a_cache_that_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cache").write_text("")
    monkeypatch.setenv("SHAPEWRIGHT_CACHE", str(tmp_path / "cache"))
    code, out = run("doctor")
    assert code == 1
    assert f"{tmp_path / 'cache'} is not a folder: set SHAPEWRIGHT_CACHE to a folder that is writable" in out
    assert "pygls" in out


def test_version() -> None:
    code, out = run("version")
    assert code == 0
    assert out.strip() == (doctor.version_of("shapewright") or "unknown (not installed)")


def test_cache_clear_deletes_only_its_own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHAPEWRIGHT_CACHE", str(tmp_path))
    ours = tmp_path / f"numba0.68.1-znver4-{'0' * 8}-{'a' * 16}"
    ours.mkdir()
    (ours / "kernels_1.py").write_text("x = 1\n")
    (tmp_path / "shapewright-editor").mkdir()
    (tmp_path / "shapewright-editor/train_3_0.md").write_text("# a line\n")
    (tmp_path / "numbers").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    assert "1 kernel modules, 2 files" in run("cache", "info")[1]
    code, out = run("cache", "clear")
    assert code == 0 and "deleted" in out
    assert sorted(p.name for p in tmp_path.iterdir()) == ["notes.txt", "numbers"]
    assert "0 kernel modules, 0 files" in run("cache", "info")[1]


def test_cache_info_of_a_folder_that_does_not_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHAPEWRIGHT_CACHE", str(tmp_path / "nowhere"))
    code, out = run("cache", "info")
    assert code == 0 and "0 kernel modules" in out


def test_inspect_prints_kernels_and_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "program_of_a_user.py"
    file.write_text(PROGRAM)
    code, out = run("inspect", f"{file}:trainer")
    assert code == 0, out
    assert "sw.mse_loss(x * p.a, x)" in out
    assert "def " in out


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("nothing", "FILE.py:NAME"),
        ("missing.py:trainer", "there is no file missing.py"),
        ("{file}:absent", "has no 'absent'"),
    ],
)
def test_inspect_of_what_is_not_there(tmp_path: Path, target: str, message: str) -> None:
    file = tmp_path / "another_program.py"
    file.write_text("x = 1\n")
    code, out = run("inspect", target.format(file=file))
    assert code == 1
    assert message in out
