"""Where compiled device code is kept, and whether the simulator stands in for a device; without importing Numba."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import sys
from importlib.metadata import PackageNotFoundError, files, version
from pathlib import Path
from typing import Final

from ..cpu.folders import cache_root, private_folder

_COMPILERS: Final = (
    "numba-cuda", "numba", "llvmlite", "nvidia-nvvm", "nvidia-cuda-nvcc-cu12", "nvidia-nvjitlink", "nvidia-nvjitlink-cu12",
    "cuda-core",
)  # fmt: skip


def simulated() -> bool:
    """Whether Numba's simulator stands in for a device: `NUMBA_ENABLE_CUDASIM=1` in the environment."""
    return os.environ.get("NUMBA_ENABLE_CUDASIM", "0").strip().lower() not in ("", "0", "false")


def installed(package: str) -> str | None:
    """The version of an installed package, None where it is missing."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


@functools.cache
def sources_digest() -> str:
    """Digest of the sources of this package and of what it shares with others: device code is stale when they change."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for path in (*sorted(here.glob("*.py")), here.parent / "random_words.py"):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@functools.cache
def versions_tag() -> str:
    """Names the compilers: device code is shared only where all of them are equal. The processor plays no part."""
    parts = [sys.implementation.cache_tag, *(f"{package} {installed(package)}" for package in _COMPILERS)]
    digest = hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:8]
    return f"numba_cuda{installed('numba-cuda')}-{digest}"


def cache_folder() -> Path:
    """The folder for these compilers and this version of the runtime, created with permissions 0700.

    Private for the reason of the CPU's: files in it are executed.
    """
    return private_folder(cache_root() / f"cuda-{versions_tag()}-{sources_digest()}")


def nvdisasm() -> str | None:
    """The program that shows machine code: on PATH, or in the wheel nvidia-cuda-nvdisasm."""
    if found := shutil.which("nvdisasm"):
        return found
    for package in ("nvidia-cuda-nvdisasm", "nvidia-cuda-nvdisasm-cu12"):
        if installed(package):
            for file in files(package) or ():
                if file.name in ("nvdisasm", "nvdisasm.exe"):
                    return str(file.locate())
    return None
