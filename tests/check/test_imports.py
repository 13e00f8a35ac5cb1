"""How the file that is checked is imported, and which of its functions are found."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from shapewright.runtime.check import CheckResult, check_source

AXES = "import shapewright as sw\nclass Batch(sw.Dim): ...\nclass Net(sw.Pack):\n    w: sw.Tensor[Batch]\n"
LOSS = "@sw.typed\ndef loss(p: Net, x: sw.Tensor[Batch]) -> sw.Scalar:\n    return p.w @ x\n"
WRONG = "@sw.typed\ndef wrong(x: sw.Tensor[Batch]) -> sw.Scalar:\n    return x.foo\n"


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def found(result: CheckResult) -> list[tuple[int, str]]:
    return [(d.span.line, d.message) for d in result.diagnostics]


# ---- packages
def test_a_file_that_its_package_imports_runs_once(tmp_path: Path) -> None:
    """A second run would make other classes of the same names."""
    layers = "from . import Batch, Net\nimport shapewright as sw\nprint(1)\n" + LOSS
    count = "import builtins\nassert not hasattr(builtins, __name__)\nsetattr(builtins, __name__, 1)\n"
    write(tmp_path, {"net/__init__.py": f"{count}{AXES}from .layers import loss\n", "net/layers.py": count + layers})
    for name in ("__init__.py", "layers.py"):
        result = check_source(tmp_path / "net" / name)
        assert (result.imported, found(result)) == (True, [])
        assert len(result.functions) == (name == "layers.py")
    text = (tmp_path / "net" / "layers.py").read_text().replace("p.w @ x", "p.w @ x.foo")
    result = check_source(tmp_path / "net" / "layers.py", text=text)
    assert [d.code for d in result.diagnostics] == ["SW000"]


def test_a_name_with_a_dot(tmp_path: Path) -> None:
    write(tmp_path, {"net/__init__.py": "", "net/axes.py": AXES, "net/model.v2.py": "from .axes import *\n" + WRONG})
    write(tmp_path, {"model.v2.py": AXES + WRONG})
    for name, line in (("model.v2.py", 7), ("net/model.v2.py", 4)):
        result = check_source(tmp_path / name)
        assert (result.imported, [d.span.line for d in result.diagnostics]) == (True, [line])


def test_packages_without_an_init_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"lib/axes.py": AXES, "lib/deep/far.py": "from ..axes import *\nimport shapewright as sw\n" + LOSS})
    write(tmp_path, {"lib/near.py": "from lib.axes import *\nimport shapewright as sw\n" + LOSS})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [p for p in sys.path if p not in ("", str(tmp_path))])
    for name in ("lib/near.py", "lib/deep/far.py"):
        result = check_source(name)
        assert (result.imported, found(result), result.checked) == (True, [], 1)


def test_a_link_to_a_file_imports_what_is_beside_the_file(tmp_path: Path) -> None:
    write(tmp_path, {"lib/axes.py": AXES, "lib/model.py": "from axes import *\nimport shapewright as sw\n" + LOSS})
    (tmp_path / "link.py").symlink_to(tmp_path / "lib" / "model.py")
    result = check_source(tmp_path / "link.py")
    assert (result.imported, found(result), result.checked) == (True, [], 1)


# ---- the text
def test_bytecode_of_an_older_text_is_not_used_and_none_is_left(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    for text, expected in ((AXES + LOSS, 0), (AXES + LOSS.replace("p.w @ x", "p.w @ 1"), 1)):
        path.write_text(text)
        os.utime(path, (10**9, 10**9))
        assert len(check_source(path).diagnostics) == expected
    assert [p.name for p in tmp_path.iterdir()] == ["program.py"]


def test_a_file_that_declares_no_encoding(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_bytes(AXES.encode() + b"# caf\xe9\n" + LOSS.encode())
    result = check_source(path)
    assert not result.imported
    assert found(result) == [
        (
            5,
            "the file cannot be imported: SyntaxError: Non-UTF-8 code starting with '\\xe9', but no encoding declared",
        )
    ]
    path.write_bytes(b"# coding: latin-1\n" + AXES.encode() + b"# caf\xe9\n" + LOSS.encode())
    assert check_source(path).checked == 1


def test_an_import_that_fails_in_another_file_is_also_noted_in_this_one(tmp_path: Path) -> None:
    write(tmp_path, {"low.py": "x = (\n", "mid.py": "import low\n", "top.py": "import shapewright\n\nimport mid\n"})
    result = check_source(tmp_path / "top.py")
    (error,) = result.diagnostics
    assert error.span.file == str(tmp_path / "low.py")
    assert [(n.file, n.line, n.text) for n in result.notes] == [
        (
            str(tmp_path / "top.py"),
            3,
            "the file cannot be imported: SyntaxError: '(' was never closed (low.py:1)",
        )
    ]


# ---- what is found
FOUND = """
class Outer(sw.Pack):
    w: sw.Tensor[Batch]
    class Inner(sw.Pack):
        v: sw.Tensor[Batch]
        @sw.typed
        def nested(self, x: sw.Tensor[Batch]) -> sw.Scalar:
            return self.v.nested
    @property
    @sw.typed
    def norm(self) -> sw.Scalar:
        return self.w.norm_of
REGISTRY = {}
def register(f):
    REGISTRY[f.__name__] = f
@register
@sw.typed
def kept(x: sw.Tensor[Batch]) -> sw.Scalar:
    return x.kept
@sw.typed
def _(x: sw.Tensor[Batch]) -> sw.Scalar:
    return x.first
@sw.typed
def _(x: sw.Tensor[Batch]) -> sw.Scalar:
    return x.second
@overload
def both(x: sw.Tensor[Batch]) -> sw.Scalar: ...
@overload
@sw.typed
def both(x: sw.Tensor[Batch, Batch]) -> sw.Scalar: ...
def both(x):
    return x.sum()
def scaled(x: sw.Tensor[Batch], by: float) -> sw.Scalar:
    return x.scaled
twice = functools.partial(sw.typed(scaled), by=2.0)
def make():
    @sw.typed
    def inner(x: sw.Tensor[Batch]) -> sw.Scalar:
        return x.inner
    return None
make()
@register
class Lost:
    @sw.typed
    def method(self, x: sw.Tensor[Batch]) -> sw.Scalar:
        return x.method
"""


def test_functions_that_the_module_does_not_hold_are_found(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text("import functools\nfrom typing import overload\n" + AXES + FOUND)
    result = check_source(path)
    missing = [m.rpartition(" ")[2].strip("'") for _, m in found(result)]
    assert missing == ["nested", "norm_of", "kept", "first", "second"]
    assert [(f.name, f.reason is None) for f in result.functions] == [
        ("Outer.Inner.nested", True),
        ("Outer.norm", True),
        ("kept", True),
        ("_", True),
        ("_", True),
        ("scaled", False),
        ("Lost.method", False),
    ]
    assert [n.text.partition(":")[0] for n in result.notes] == [
        "`scaled` is not checked",
        "`Lost.method` is not checked",
    ]
