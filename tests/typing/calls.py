"""Run programs, in a process of their own: `calls.py run FILE...` as `python FILE` would, `calls.py call FILE...` every
typed function of each on real tensors. Prints JSON: for each file the errors, as [line, what].
"""

from __future__ import annotations

import io
import json
import runpy
import sys
import traceback
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from shapewright.compiler.errors import ShapewrightError
from shapewright.compiler.loc import Loc
from shapewright.compiler.sizes import evaluate
from shapewright.compiler.types import TensorType
from shapewright.dsl.array import AnyArray, make, type_of
from shapewright.dsl.example import Example, examples_of
from shapewright.dsl.interpreters import use
from shapewright.dsl.pack import flatten
from shapewright.runtime.check.arguments import Builder, Symbols, Unbound, arguments, axis_sizes
from shapewright.runtime.check.functions import Target, targets
from shapewright.runtime.check.importing import import_file
from shapewright.runtime.check.state import ShapeOps
from shapewright.runtime.eager import EagerOps

Errors: TypeAlias = "list[tuple[int, str]]"
_SIZES = (5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43)


def run(file: str) -> Errors:
    """What `python FILE` raises."""
    try:
        runpy.run_path(file, run_name="__main__")
    except Exception as error:
        return [(_line(error, file), type(error).__name__)]
    return []


def call(file: str) -> Errors:
    """What the typed functions raise, each called once, at which line."""
    errors: Errors = []
    for target in targets(import_file(file), file):
        for example in examples_of(target.f) or (Example((), {}),):
            try:
                args, kwargs = real_arguments(target, example)
            except Unbound:
                continue
            try:
                with use(EagerOps()):
                    target.f(*args, **kwargs)
            except Exception as error:
                errors.append((_line(error, file) or target.place.line, type(error).__name__))
    return errors


def real_arguments(target: Target, example: Example) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What `shapewright check` would call a function with, on zeros: every symbol is another small prime."""
    axes = Symbols(axis_sizes(target.plan.parameters, example), lambda i: _SIZES[i])
    build = Builder(ShapeOps(axes.example), axes)
    args, kwargs = arguments(target.plan, example, build, target.owner)
    usable = [n for n in _SIZES if n not in axes.fixed]
    numbers = dict(zip(axes.symbols.values(), usable, strict=False))

    def zeros(x: AnyArray) -> AnyArray:
        t = type_of(x)
        shape = tuple(evaluate(s, numbers) for s in t.shape)
        return make(TensorType(t.dtype, shape, t.names), np.zeros(shape, t.dtype.numpy), None)

    leaves, spec = flatten((args, kwargs))
    made: tuple[tuple[Any, ...], dict[str, Any]] = spec.unflatten([zeros(x) for x in leaves])
    return made


def _line(error: BaseException, file: str) -> int:
    """The line of the program that an error is about; 0 if that is where it was called from."""
    loc: Loc | None = error.diagnostic.loc if isinstance(error, ShapewrightError) else None
    if loc is not None:
        return loc.line if loc.file == file else 0
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    return frames[-1].lineno or 0 if frames else 0


def main(what: str, files: list[str]) -> None:
    """Print what the files raise."""
    found: dict[str, Errors] = {}
    for name in files:
        path = str(Path(name).absolute())
        with redirect_stdout(io.StringIO()):
            found[name] = run(path) if what == "run" else call(path)
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
