"""`shapewright doctor`: what this machine has, what is missing, and how to get it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, final

Status = Literal["ok", "optional", "missing"]

REQUIRED = ("numpy", "numba", "llvmlite", "scipy", "jaxtyping", "beartype", "rich", "typer", "safetensors")
OPTIONAL = (
    ("scikit-learn", "the digits of `shapewright demo`", "pip install 'shapewright[data]'"),
    ("pygls", "the language server, `shapewright lsp`", "pip install 'shapewright[lsp]'"),
    ("matplotlib", "plots", "pip install 'shapewright[plot]'"),
    ("pyrefly-shape-extensions", "size arithmetic in the Pyrefly checker", "pip install 'shapewright[pyrefly]'"),
    ("torch", "the comparisons of `make test-torch`", "pip install torch==2.13.0"),
)


@final
@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report: a thing, whether it is there, and what to do if it is not."""

    section: str
    name: str
    status: Status
    value: str
    help: str | None = None


def version_of(distribution: str) -> str | None:
    """The installed version, or None."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def checks() -> list[Check]:
    """Everything the doctor looks at, in the order of the report."""
    return [*_packages(), *_blas(), *_threads(), *_cache(), *_cuda()]


def healthy(found: list[Check]) -> bool:
    """Whether nothing required is missing."""
    return all(check.status != "missing" for check in found)


def report(found: list[Check]) -> str:
    """The checks as plain text, one line each, with a line of help below what is not there."""
    lines: list[str] = []
    section = ""
    for check in found:
        if check.section != section:
            section = check.section
            lines += ["", section]
        mark = {"ok": "ok", "optional": "--", "missing": "!!"}[check.status]
        lines.append(f"  {mark}  {check.name:<26} {check.value}")
        if check.help is not None and check.status != "ok":
            lines.append(f"      {'':<26} {check.help}")
    lines += ["", "ready" if healthy(found) else "not ready: see the lines marked !!"]
    return "\n".join(lines).lstrip("\n")


def _packages() -> Iterator[Check]:
    own = version_of("shapewright")
    yield Check("packages", "shapewright", "ok", own or "not installed (run from a checkout)")
    yield Check("packages", "python", "ok", f"{platform.python_version()}  {sys.executable}")
    for name in REQUIRED:
        found = version_of(name)
        yield Check("packages", name, "ok" if found else "missing", found or "not installed", f"pip install {name}")
    for name, purpose, how in OPTIONAL:
        found = version_of(name)
        yield Check("packages", name, "ok" if found else "optional", found or f"not installed: {purpose}", how)


def _blas() -> Iterator[Check]:
    if importlib.util.find_spec("scipy") is None:
        yield Check("BLAS", "scipy", "missing", "not installed", "pip install scipy")
        return
    scipy: Any = importlib.import_module("scipy")  # SciPy has no types
    blas: dict[str, str] = scipy.show_config(mode="dicts")["Build Dependencies"]["blas"]
    yield Check("BLAS", blas.get("name", "unknown"), "ok", f"{blas.get('version', '')}  (SciPy's own)".strip())


def _threads() -> Iterator[Check]:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield Check("threads", "cores", "ok", f"{usable} usable of {os.cpu_count()}")
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        if name in os.environ:
            yield Check("threads", name, "ok", os.environ[name])


def _cache() -> Iterator[Check]:
    from .cache import cache_info

    info = cache_info()
    folder = next(path for path in (info.root, *info.root.parents) if path.exists())
    writable = folder.is_dir() and os.access(folder, os.W_OK)
    what = "not writable" if folder.is_dir() else "not a folder"
    how = f"{folder} is {what}: set SHAPEWRIGHT_CACHE to a folder that is writable"
    yield Check("kernel cache", "folder", "ok" if writable else "missing", str(info), how)


def _cuda() -> Iterator[Check]:
    from .cuda.folders import simulated
    from .cuda.probe import driver_facts, missing

    if simulated():
        yield Check("CUDA", "simulator", "ok", "NUMBA_ENABLE_CUDASIM=1: kernels run in Python, slowly")
        return
    lacks = missing()
    ready = all(lack.optional for lack in lacks)
    yield Check("CUDA", "target", "ok" if ready else "optional", "ready" if ready else "no: programs run on the CPU")
    facts = driver_facts()
    if facts is not None:
        version = "unknown version" if facts.version is None else "supports CUDA {}.{}".format(*facts.version)
        yield Check("CUDA", "driver", "ok", version)
        for i, gpu in enumerate(facts.gpus):
            capability = f"compute capability {gpu.arch[3:-1]}.{gpu.arch[-1]}"
            yield Check("CUDA", f"device {i}", "ok", f"{gpu.name}, {capability}, {gpu.multiprocessors} multiprocessors")
    for name in ("numba-cuda", "cuda-bindings", "nvmath-python", "nvidia-cublas"):
        found = version_of(name)
        if found is not None:
            yield Check("CUDA", name, "ok", found)
    if ready:
        from .cuda.blas import provider

        yield Check("CUDA", "matrix products", "ok", provider("highest")[1])
    for lack in lacks if ready else (lack for lack in lacks if not lack.optional):
        yield Check("CUDA", "missing", "optional", lack.what, lack.how)
