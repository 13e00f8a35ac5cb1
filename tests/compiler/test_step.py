"""What a compiled step is: one call into compiled code, no allocation, no object mode, no Python between kernels."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import numpy as np
import pytest

from shapewright.compiler.codegen.scalars import SUPPORT
from shapewright.compiler.program import Program
from shapewright.runtime.cpu import driver, loader

from . import models

BUILTINS = {"abs", "min", "max", "range"}


@contextmanager
def calls(note: Callable[[CodeType], None]) -> Generator[None]:
    """Call `note` with the code of every function, jitted ones included, that begins meanwhile."""

    def profile(frame: FrameType, event: str, arg: object) -> None:
        if event == "call":
            note(frame.f_code)

    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(None)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="Numba tells sys.setprofile of jitted calls up to Python 3.11")
def test_one_call_into_compiled_code_per_step() -> None:
    trainer = models.mlp_trainer()
    x, y = models.digits(64)
    trainer.step(x, y, lr=1e-3)
    jitted: list[str] = []
    runtime = Path(driver.__file__).parent
    kernels = Path(str(trainer.program.path)).parent

    def note(code: CodeType) -> None:
        file = Path(code.co_filename)
        compiled = file == Path(driver.__file__) or file.parent == kernels or file.name in ("builtins.py", "folds.py")
        if compiled and file.parent in (runtime, kernels):
            jitted.append(code.co_name)

    steps = 5
    with calls(note):
        for _ in range(steps):
            trainer.step(x, y, lr=1e-3)
    assert jitted == ["step"] * steps


def test_no_allocation_in_the_step() -> None:
    """Numba's own counters of allocations stand still over 100 steps."""
    nrt: Any = importlib.import_module("numba.core.runtime")  # untyped
    nrt._nrt_python.memsys_enable_stats()
    trainer = models.mlp_trainer()
    x, y = models.digits(50)
    trainer.step(x, y, lr=1e-3)
    before = nrt.rtsys.get_allocation_stats()
    for _ in range(100):
        trainer.step(x, y, lr=1e-3)
    assert nrt.rtsys.get_allocation_stats() == before


@pytest.mark.parametrize("name", sorted(models.PROGRAMS))
def test_no_object_mode_and_no_reference_call(name: str) -> None:
    program: Program = models.PROGRAMS[name]()
    tree = ast.parse(program.source)
    functions = [n for n in tree.body if isinstance(n, ast.FunctionDef)]
    assert {f.name for f in functions} == {k.name for k in program.kernels}
    for f in functions:
        local = {a.arg for a in f.args.args}
        local |= {n.id for n in ast.walk(f) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        used = {n.id for n in ast.walk(f) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        assert used - local <= SUPPORT | BUILTINS, f.name
    loaded = loader.load(program.source, program.name)
    for k in program.kernels:
        dispatcher: Any = getattr(loaded.module, k.name)
        assert [o.objectmode for o in dispatcher.overloads.values()] == [False]


def test_one_program_for_ten_batch_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The smaller last batch included; a new size is arithmetic."""
    loads: list[str] = []
    load = loader.load

    def counted(source: str, name: str, progress: loader.Progress | None = None) -> loader.LoadedModule:
        loads.append(name)
        return load(source, name, progress)

    monkeypatch.setattr(loader, "load", counted)
    trainer = models.mlp_trainer()
    for size in (64, 50, 33, 32, 31, 17, 8, 3, 2, 1):
        x, y = models.digits(size)
        assert np.isfinite(float(trainer.step(x, y, lr=1e-3)))
    assert loads == ["mlp_loss_step"]
    assert trainer.recompiles == []
