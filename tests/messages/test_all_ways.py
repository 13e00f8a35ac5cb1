"""One mistake, one text: eager, in an eager trainer, recorded and run node by node, compiled, and in a check without data.

A check speaks of `Batch` where the others know `Batch=97`, and of nothing else in another way. What only values show,
a check does not know.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numpy as np
import pytest

import shapewright as sw
from shapewright.runtime import programs
from shapewright.runtime.check import check_source

HERE = Path(__file__).resolve().parent
GOLDEN = HERE / "golden_ways"
UPDATE = os.environ.get("SHAPEWRIGHT_UPDATE_GOLDEN") == "1"
SOURCE = (HERE / "ways.txt").read_text(encoding="utf-8")
CASES = [name for name in re.findall(r"^def (\w+)", SOURCE, re.MULTILINE) if name not in ("head", "scores")]
ROWS = 97  # of the batch: no other size


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ways") / "ways.py"
    path.write_text(SOURCE, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def program(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("ways", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["ways"] = module
    spec.loader.exec_module(module)
    return module


@cache
def checked(path: Path) -> dict[str, str]:
    """Function -> the text of its one error."""
    found = check_source(path).diagnostics
    assert len({d.function for d in found}) == len(found)
    return {{"scores": "wrong_result"}.get(d.function, d.function): d.text for d in found}


def floats(*shape: int) -> Any:
    return np.full(shape, 0.5, np.float32)


def raised(f: Any, *args: Any) -> str:
    with pytest.raises(sw.ShapewrightError) as caught:
        f(*args)
    return str(caught.value)


def symbolic(text: str) -> str:
    """The text of an eager error as a check says it."""
    return re.sub(rf"\b{ROWS}\b", "Batch", text.replace(f"Batch={ROWS}", "Batch"))


@pytest.mark.parametrize("case", CASES)
def test_one_text(case: str, program: ModuleType, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    f = getattr(program, case)
    p = program.MLP(floats(6, 4), floats(4), floats(4, 3))
    x, y = floats(ROWS, 6), np.zeros(ROWS, int)
    eager = raised(f, p, x, y)
    trainers = {b: sw.ScalarTrainer(p, f, sw.Options(backend=b)) for b in ("eager", "compiled")}
    assert raised(trainers["eager"].forward, x, y) == eager
    assert raised(trainers["compiled"].forward, x, y) == eager
    assert raised(trainers["compiled"].value_and_grad, x, y) == eager
    monkeypatch.setattr(programs, "target", programs.linked_target)
    assert raised(sw.ScalarTrainer(p, f).forward, x, y) == eager
    assert raised(sw.jit(f), p, x, y) == eager
    assert checked(path)[case] == symbolic(eager)
    golden = GOLDEN / f"{case}.txt"
    if UPDATE:
        golden.write_text(eager + "\n", encoding="utf-8")
    assert eager + "\n" == golden.read_text(encoding="utf-8")


# ---- what only values show
class Batch(sw.Dim): ...


class Classes(sw.Dim): ...


class Table(sw.Pack):
    w: sw.Tensor[Classes, Any]


@sw.typed
def classified(p: Table, x: sw.Tensor[Batch, Any], y: sw.IntTensor[Batch]) -> sw.Scalar:
    return sw.cross_entropy(x @ p.w.mT, y)


@sw.typed
def embedded(p: Table, x: sw.Tensor[Batch, Any], y: sw.IntTensor[Batch]) -> sw.Scalar:
    rows = sw.embedding(y, p.w)
    return (rows * x).mean()


def taken(p: Any, x: Any, y: Any) -> Any:
    return (p.w[y] * x).mean()


def picked(p: Any, x: Any, y: Any) -> Any:
    scores: Any = x @ p.w.mT
    found: Any = cast("Any", sw).take_along_axis(scores, y.reshape(-1, 1), 1)
    return found.sum()


def hot(p: Any, x: Any, y: Any) -> Any:
    rows: Any = sw.one_hot(y, 3)
    product: Any = rows @ p.w * x
    return product.mean()


@pytest.mark.parametrize("f", [classified, embedded, taken, picked, hot])
def test_one_text_for_an_index_outside_its_axis(f: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    p = Table(floats(3, 4))
    x, y = floats(5, 4), np.array([0, 3, 1, -1, 2])
    named = [sw.Tensor[Batch, Any](x), sw.IntTensor[Batch](y)]
    eager = raised(f, p, *named)
    assert "2 of 5 indices lie outside axis" in eager and "of size 3" in eager
    assert "\n   | " in eager and eager.endswith("help: indices run from 0 to 2; negative ones do not wrap around")
    for linked in (False, True):
        if linked:
            monkeypatch.setattr(programs, "target", programs.linked_target)
        for backend in ("eager", "compiled"):
            trainer: Any = sw.ScalarTrainer(p, f, sw.Options(backend=backend))
            trainer.step(floats(2, 4), np.array([0, 1]), lr=0.0)  # the program is made for another batch
            for method in ("forward", "value_and_grad", "step"):
                more = {"lr": 0.1} if method == "step" else {}
                assert raised(partial(getattr(trainer, method), **more), *named) == eager
            assert trainer.steps == 1
            assert raised(sw.jit(f, sw.Options(backend=backend)), p, *named) == eager


def test_no_golden_file_is_left_over() -> None:
    assert sorted(p.stem for p in GOLDEN.glob("*.txt")) == sorted(CASES)
