"""Places of messages are in the user's files, not in those of Python or of installed packages."""

from __future__ import annotations

import functools
import inspect
import sys
from collections import UserList
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import shapewright as sw
from shapewright.compiler import loc as loc_module
from shapewright.compiler.loc import is_users_frame

TENSOR: Any = sw.Tensor
HELPER = """
def twice(f, x):
    return f(x) + f(x)

def add(x, y):
    return x + y

def frame():
    import sys
    return sys._getframe()
"""
MODEL = """
import shapewright as sw
import sys

def add(x, y):
    return x + y

def frame():
    return sys._getframe()
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Any]:
    """A module in a folder of installed packages."""

    def install(name: str, text: str) -> Any:
        folder = tmp_path / "site-packages"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.py").write_text(text)
        monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
        monkeypatch.delitem(sys.modules, name, raising=False)
        return __import__(name)

    return install


def place(run: Callable[[], object]) -> tuple[str, str]:
    """File and line of the error."""
    with pytest.raises(sw.ShapeError) as caught:
        run()
    loc = caught.value.diagnostic.loc
    assert loc is not None
    return Path(loc.file).name, loc.text


def test_a_package_that_knows_nothing_of_tensors(installed: Callable[[str, str], Any]) -> None:
    helper = installed("helper_without_tensors", HELPER)
    file, line = place(lambda: helper.add(TENSOR([1.0, 2.0]), TENSOR([1.0, 2.0, 3.0])))
    assert file == Path(__file__).name
    assert "helper.add(" in line


def test_a_model_that_is_installed_is_the_user_s(installed: Callable[[str, str], Any]) -> None:
    model = installed("installed_model", MODEL)
    want = ("installed_model.py", "return x + y")
    assert place(lambda: model.add(TENSOR([1.0, 2.0]), TENSOR([1.0, 2.0, 3.0]))) == want


def test_functions_of_python() -> None:
    x, y = TENSOR([1.0, 2.0]), TENSOR([1.0, 2.0, 3.0])

    def add(a: Any, b: Any) -> Any:
        return a + b

    assert place(lambda: functools.reduce(add, [x, y]))[1] == "return a + b"
    file, _ = place(lambda: UserList([x]).count(y))  # it compares them
    assert file == Path(__file__).name


def test_text_without_a_file_is_the_user_s() -> None:
    code = compile("x + y", "<string>", "eval")
    with pytest.raises(sw.ShapeError) as caught:
        eval(code, {"x": TENSOR([1.0, 2.0]), "y": TENSOR([1.0, 2.0, 3.0])})
    assert caught.value.diagnostic.loc is not None
    assert caught.value.diagnostic.loc.file == "<string>"


def test_without_a_frame_of_the_user_the_innermost_that_is_not_ours(
    installed: Callable[[str, str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = installed("helper_alone", HELPER)

    def yes(frame: object) -> bool:
        return True

    monkeypatch.setattr(loc_module, "_is_foreign", yes)  # as if all of this were installed
    assert place(lambda: helper.add(TENSOR([1.0, 2.0]), TENSOR([1.0, 2.0, 3.0]))) == ("helper_alone.py", "return x + y")


def test_frames_of_the_user(installed: Callable[[str, str], Any]) -> None:
    frame = inspect.currentframe()
    assert frame is not None
    assert is_users_frame(frame)
    assert not is_users_frame(installed("helper_frame", HELPER).frame())
    assert is_users_frame(installed("model_frame", MODEL).frame())
