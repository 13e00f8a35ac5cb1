"""What is shipped: the wheel holds every real file of the package and nothing else, and so does a wheel from the sdist."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("compiler", "dsl", "runtime")
SHIPPED = (*ROOMS, "docs/errors")  # the pages are read by `shapewright explain`
# What a source checkout holds besides the package itself (never .venv, build or caches).
SOURCES = (*ROOMS, "docs", "src", "pyproject.toml", "README.md", "LICENSE")

pytest.importorskip("hatchling")


def metadata() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def package_files() -> set[str]:
    """The files an installed package must have, by their path below site-packages."""
    own = {p for p in (ROOT / "src/shapewright").iterdir() if p.is_file()}
    names = {f"shapewright/{p.name}" for p in own}
    for room in SHIPPED:
        files = (p for p in (ROOT / room).rglob("*") if p.is_file() and "__pycache__" not in p.parts)
        names |= {f"shapewright/{p.relative_to(ROOT).as_posix()}" for p in files}
    return names


def wheel_files(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def build(source: Path, target: str, out: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(out)],
        cwd=source,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources, as `git clone` would lay them out, links included."""
    copy = tmp_path_factory.mktemp("checkout") / "shapewright"
    copy.mkdir()
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    return copy


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(checkout, "wheel", tmp_path_factory.mktemp("wheel"))


def test_links_point_at_the_rooms() -> None:
    for room in ROOMS:
        link = ROOT / "src/shapewright" / room
        assert link.is_symlink() and os.readlink(link) == f"../../{room}"


def test_only_include_lists_every_real_file() -> None:
    listed = metadata()["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    real = {f"src/shapewright/{p.name}" for p in (ROOT / "src/shapewright").iterdir() if p.is_file()}
    assert set(listed) == real | set(SHIPPED)


def test_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    assert wheel_files(wheel) == package_files()


def test_wheel_made_from_the_sdist_is_the_same(checkout: Path, wheel: Path, tmp_path: Path) -> None:
    sdist = build(checkout, "sdist", tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.4 and later
        archive.extractall(tmp_path / "unpacked")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    again = build(unpacked, "wheel", tmp_path / "again")
    assert wheel_files(again) == wheel_files(wheel)
    assert again.name == wheel.name


def test_wheel_metadata(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (info,) = {n.split("/")[0] for n in archive.namelist() if ".dist-info/" in n}
        text = archive.read(f"{info}/METADATA").decode()
        scripts = archive.read(f"{info}/entry_points.txt").decode()
        assert f"{info}/licenses/LICENSE" in archive.namelist()
    assert "Name: shapewright\n" in text
    assert "License-Expression: Apache-2.0\n" in text
    assert "shapewright = shapewright.__main__:main" in scripts
    required = [line for line in text.splitlines() if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert not any("torch" in line or "scikit" in line or "matplotlib" in line for line in required)
