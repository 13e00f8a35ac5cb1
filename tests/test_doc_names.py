"""What the documentation names exists: names of `shapewright`, keywords of its functions, attributes of its objects."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import shapewright as sw

ROOT = Path(__file__).resolve().parents[1]
FILES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "benchmarks/README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
WRONG = re.compile(r"## Wrong\n.*?(?=\n## )", re.DOTALL)  # programs that are to fail
# What the pages call their objects.
OBJECTS: dict[str, type[Any]] = {
    "trainer": sw.StateTrainer,
    "program": sw.Program,
    "kernel": sw.Kernel,
    "report": sw.Report,
    "pack": sw.Pack,
}


def pieces(text: str) -> Iterator[str]:
    """The Python in a page: fenced blocks, and code inside of lines."""
    for kind, block in re.findall(r"^```(\w*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        if kind == "python":
            yield block
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))


def tree_of(code: str) -> ast.AST:
    """The syntax tree of a piece; an empty one if it is no Python."""
    try:
        return ast.parse(code.replace("(...", "(Ellipsis"))
    except SyntaxError:
        return ast.Module([], [])


def value_of(node: ast.expr) -> Any:
    """What a name or dotted name of `sw`, or a bare name such as `Options`, stands for; None for anything else.

    Raises:
        AttributeError: there is no such name.
    """
    if isinstance(node, ast.Name):
        public = {"sw": sw, **{name: getattr(sw, name) for name in sw.__all__ if name[0].isupper()}}
        return OBJECTS.get(node.id, public.get(node.id))
    if isinstance(node, ast.Attribute):
        owner = value_of(node.value)
        known = owner is sw or owner is sw.optim or owner in OBJECTS.values()
        return getattr(owner, node.attr) if known else None
    return None


def faults(code: str) -> Iterator[str]:
    """The names and keywords of a piece that do not exist."""
    for node in ast.walk(tree_of(code)):
        if isinstance(node, ast.Attribute):
            try:
                value_of(node)
            except AttributeError as error:
                yield str(error)
        elif isinstance(node, ast.Call):
            with suppress(AttributeError):  # told above
                called = value_of(node.func)
                yield from wrong_keywords(node, called) if callable(called) else ()


def wrong_keywords(call: ast.Call, called: Any) -> Iterator[str]:
    try:
        parameters = inspect.signature(called).parameters
    except (TypeError, ValueError):
        return
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return
    yield from (f"{called.__name__} has no {k.arg}" for k in call.keywords if k.arg not in (None, *parameters))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_names_and_keywords_of_a_page_exist(path: Path) -> None:
    text = WRONG.sub("", path.read_text(encoding="utf-8"))
    for name in set(re.findall(r"\bsw\.([A-Za-z_]\w*)", text)):
        assert hasattr(sw, name), f"sw.{name}"
    assert [fault for code in pieces(text) for fault in faults(code)] == []


def test_what_does_not_exist_is_seen() -> None:
    text = (
        "`Options(backend=..., precision=...)`, `sw.relu(x)`, `trainer.run(x)`\n\n```python\nsw.optim.Adagrad()\n```\n"
    )
    found = [fault for code in pieces(text) for fault in faults(code)]
    assert found == [
        "module 'shapewright.optim' has no attribute 'Adagrad'",
        "Options has no precision",
        "type object 'StateTrainer' has no attribute 'run'",
    ]
