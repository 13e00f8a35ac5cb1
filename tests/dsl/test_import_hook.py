"""`install_import_hook`: annotated functions of modules are checked without a decorator."""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import shapewright as sw

MODULE = '''"""A module that says nothing of checks."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, no_type_check

import shapewright as sw

if TYPE_CHECKING:
    from nowhere import Something


class Batch(sw.Dim): ...


class Pixels(sw.Dim):
    size = 4


class Layer(sw.Pack):
    w: sw.Tensor[Pixels, Batch]

    def apply(self, x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Batch]:
        return x @ self.w

    @property
    def rows(self) -> int:
        return "three"

    @staticmethod
    def of(x: sw.Tensor[Pixels]) -> int:
        return 1

    @classmethod
    def named(cls, name: str) -> str:
        return name


def rows(x: sw.Tensor[Batch, Pixels], y: sw.IntTensor[Batch]) -> sw.Scalar:
    return x.sum()


@functools.lru_cache
def cached(n: int) -> int:
    return n


@sw.typed
def decorated(x: sw.Tensor[Batch]) -> sw.Tensor[Batch]:
    return x


@no_type_check
def left(x: sw.Tensor[Batch]) -> sw.Tensor[Batch]:
    return x


def of_checkers(x: Something) -> Something:
    return x


def of_later(x: functools.of_a_later_python, y: "a number") -> "Layer" | None:
    return x


async def waiting(x: sw.Tensor[Batch]) -> sw.Tensor[Batch]:
    return x


def bare(x, y=2):
    return x


def outer() -> Any:
    class Inner(sw.Dim): ...

    def inner(x: sw.Tensor[Inner]) -> sw.Tensor[Inner]:
        return x

    return inner


def fails(x: sw.Tensor[Batch]) -> int:
    raise RuntimeError("here")  # line
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    package = tmp_path / "hooked_models"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "plain.py").write_text(MODULE)
    (tmp_path / "hooked_models_not.py").write_text(MODULE)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    importlib.invalidate_caches()
    yield tmp_path
    for name in [m for m in sys.modules if m.startswith("hooked_models")]:
        del sys.modules[name]


@pytest.fixture
def hooked(folder: Path) -> Any:
    with sw.install_import_hook("hooked_models"):
        return importlib.import_module("hooked_models.plain")


def t(*shape: int) -> Any:
    tensor: Any = sw.Tensor
    return tensor(np.zeros(shape, np.float32))


def ints(n: int) -> Any:
    tensor: Any = sw.IntTensor
    return tensor(np.zeros(n, np.int64))


def test_functions_and_methods_are_checked(hooked: Any) -> None:
    assert hooked.rows(t(3, 4), ints(3)).shape == ()
    assert isinstance(hooked.rows(np.zeros((3, 4)), np.zeros(3, int)), sw.Tensor)  # raw arrays are converted
    layer = hooked.Layer(t(4, 3))
    assert layer.apply(t(3, 4)).shape == (3, 3)
    assert hooked.Layer.of(t(4)) == 1
    assert hooked.Layer.named("a") == "a"
    assert hooked.cached(3) == 3
    assert hooked.outer()(t(2)).shape == (2,)
    calls: list[Callable[[], Any]] = [
        lambda: hooked.rows(t(3, 4), ints(5)),
        lambda: hooked.rows(t(3, 5), ints(3)),
        lambda: layer.apply(t(4, 4)),
        lambda: layer.rows,
        lambda: hooked.Layer.of(t(5)),
        lambda: hooked.Layer.named(3),
        lambda: hooked.cached("a"),
        lambda: hooked.outer()(t(2, 2)),
        lambda: hooked.decorated(t(2, 2)),
    ]
    for call in calls:
        with pytest.raises(sw.ShapewrightError):
            call()


def test_what_is_left_as_it_is(hooked: Any) -> None:
    assert hooked.left("anything") == "anything"
    assert hooked.of_checkers("anything") == "anything"
    assert hooked.of_later("anything", 1) == "anything"
    assert hooked.bare("anything") == "anything"
    assert inspect.iscoroutinefunction(hooked.waiting)
    assert not hasattr(hooked.bare, "__wrapped__")
    assert not hasattr(hooked.decorated.__wrapped__, "__wrapped__")  # decorated once


def test_places_in_the_source_stay(hooked: Any) -> None:
    line = next(i for i, text in enumerate(MODULE.splitlines(), 1) if text.endswith("# line"))
    with pytest.raises(RuntimeError) as caught:
        hooked.fails(t(2))
    assert traceback.extract_tb(caught.value.__traceback__)[-1].lineno == line
    assert inspect.getsource(hooked.rows).startswith("def rows(")
    assert hooked.__doc__ == "A module that says nothing of checks."
    with pytest.raises(sw.ShapeError) as refused:
        hooked.rows(t(3, 4), ints(5))
    declared = next(i for i, text in enumerate(MODULE.splitlines(), 1) if text.startswith("def rows("))
    assert f"(plain.py:{declared})" in str(refused.value)


def test_other_modules_and_later_imports_are_left_alone(folder: Path) -> None:
    def accepts_anything(module: ModuleType) -> bool:
        return bool(module.of_checkers("x") == "x") and not hasattr(module.rows, "__wrapped__")

    hook = sw.install_import_hook(["hooked_models"])
    assert repr(hook) == "ImportHook('hooked_models')"
    assert accepts_anything(importlib.import_module("hooked_models_not"))
    assert not accepts_anything(importlib.import_module("hooked_models.plain"))
    hook.uninstall()
    hook.uninstall()
    for name in ("hooked_models.plain", "hooked_models"):
        del sys.modules[name]
    assert accepts_anything(importlib.import_module("hooked_models.plain"))  # no code of the hook's in __pycache__


def test_bad_names(hooked: Any) -> None:
    with pytest.raises(sw.OptionError, match="`hooked_models` is imported already"):
        sw.install_import_hook("hooked_models")
    with pytest.raises(sw.OptionError, match="is not the name of a module"):
        sw.install_import_hook("models/plain.py")
    with pytest.raises(sw.OptionError, match="is not the name of a module"):
        sw.install_import_hook(hooked)
    assert not any(type(f).__name__ == "ImportHook" for f in sys.meta_path)
