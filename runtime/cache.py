"""The cache of generated kernels, as the command line shows and clears it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import final

from .cpu.folders import cache_root

# The only folders that are ever deleted: the cache may have been pointed at a folder with other things in it.
_OURS = re.compile(r"(numba[\w.]+-.+|cuda-numba_cuda[\w.]+)-[0-9a-f]{8}-[0-9a-f]{16}|shapewright-editor")
EDITOR = "shapewright-editor"  # the texts that the language server has shown


@final
@dataclass(frozen=True, slots=True)
class CacheInfo:
    """Where the cache is and what it holds: `modules` of kernels, `files` in all, `size` in bytes."""

    root: Path
    modules: int
    files: int
    size: int

    def __str__(self) -> str:
        return f"{self.root}  {self.modules} kernel modules, {self.files} files, {self.size / 1e6:.1f} MB"


def cache_info() -> CacheInfo:
    """What the cache holds now, for every version of the library and of the machine it was used with."""
    files = [path for folder in _folders() for path in folder.rglob("*") if path.is_file()]
    modules = sum(path.suffix == ".py" and path.parent.name != "runtime" for path in files)
    return CacheInfo(cache_root(), modules, len(files), sum(path.stat().st_size for path in files))


def cache_clear() -> CacheInfo:
    """Delete what the cache holds; says what that was. Programs are compiled again when they next run."""
    info = cache_info()
    for folder in _folders():
        shutil.rmtree(folder)
    return info


def _folders() -> Iterator[Path]:
    root = cache_root()
    if root.is_dir():
        yield from (path for path in sorted(root.iterdir()) if path.is_dir() and _OURS.fullmatch(path.name))
