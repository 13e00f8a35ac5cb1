"""Where compiled code lives on disk, and the digest of everything (beside its own text) that it depends on."""

from __future__ import annotations

import atexit
import functools
import hashlib
import importlib
import os
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any


@functools.cache
def runtime_digest() -> str:
    """Digest of the sources of this package and of what it shares with others: compiled code is stale when they change."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for path in (*sorted(here.glob("*.py")), here.parent / "random_words.py"):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@functools.cache
def machine_tag() -> str:
    """Names the compiler and the processor: object code is shared only where both are equal."""
    llvm: Any = importlib.import_module("llvmlite.binding")  # untyped
    features = llvm.get_host_cpu_features().flatten()
    parts = (version("numba"), version("llvmlite"), sys.implementation.cache_tag, llvm.get_host_cpu_name(), features)
    digest = hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:8]
    return f"numba{parts[0]}-{parts[3]}-{digest}"


def cache_root() -> Path:
    """The user's cache folder: `SHAPEWRIGHT_CACHE`, else the XDG cache folder, else `~/.cache/shapewright`."""
    if chosen := os.environ.get("SHAPEWRIGHT_CACHE"):
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "shapewright"


def cache_folder() -> Path:
    """The folder for this machine and this version of the runtime, created with permissions 0700.

    It is private because files in it are executed: a folder that others can write to would run their code. Where it
    cannot be had (a read-only home, somebody else's folder), a temporary one serves this process.
    """
    return private_folder(cache_root() / f"{machine_tag()}-{runtime_digest()}")


@functools.cache
def private_folder(folder: Path) -> Path:
    """A folder that nobody else can write to, made if it is not there; a temporary one where that cannot be."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.access(folder, os.W_OK) and (not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()):
            return folder
    except OSError:
        pass
    temporary = tempfile.mkdtemp(prefix="shapewright-")
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    return Path(temporary)
