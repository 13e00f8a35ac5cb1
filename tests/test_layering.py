"""The import directions of the three rooms: compiler <- dsl <- runtime, relative inside them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAY_IMPORT = {"compiler": {"compiler"}, "dsl": {"compiler", "dsl"}, "runtime": {"compiler", "dsl", "runtime"}}
FILES = sorted(path.relative_to(ROOT) for room in MAY_IMPORT for path in (ROOT / room).rglob("*.py"))


def imported(source: str, module: tuple[str, ...], is_package: bool) -> Iterator[tuple[int, str]]:
    """(line, absolute dotted name) of every import in a module, wherever in the file it stands.

    `module` is the dotted path below `shapewright`; relative imports come out as `shapewright.<room>...`.
    """
    package = ("shapewright", *(module if is_package else module[:-1]))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            stem = ".".join((*base, *((node.module,) if node.module else ())))
            for alias in node.names:
                yield node.lineno, f"{stem}.{alias.name}"


def violations(source: str, path: Path) -> list[str]:
    """What a file of one of the rooms imports that its room may not."""
    room = path.parts[0]
    module = (*path.parent.parts, path.stem) if path.stem != "__init__" else path.parent.parts
    found: list[str] = []
    for line, name in imported(source, module, path.stem == "__init__"):
        parts = name.split(".")
        if parts[0] in MAY_IMPORT:
            found.append(f"{path}:{line}: `{name}` is absolute: inside the rooms import relatively")
        elif parts[0] == "shapewright" and (len(parts) < 2 or parts[1] not in MAY_IMPORT[room]):
            found.append(f"{path}:{line}: {room} imports {name}")
    return found


def test_there_is_something_to_check() -> None:
    assert {path.parts[0] for path in FILES} == set(MAY_IMPORT)
    assert len(FILES) > 20


@pytest.mark.parametrize("path", FILES, ids=str)
def test_import_directions(path: Path) -> None:
    assert violations((ROOT / path).read_text(), path) == []


def test_rooms_import_relatively() -> None:
    """No `import shapewright` inside the rooms: a linked folder must not be loaded twice under two names."""
    for path in FILES:
        for node in ast.walk(ast.parse((ROOT / path).read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            assert not any(n.partition(".")[0] == "shapewright" for n in names), f"{path}: {names}"


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("compiler/a.py", "from ..dsl import tensor"),
        ("compiler/passes/a.py", "from ...runtime.eager import EagerOps"),
        ("compiler/__init__.py", "from ..dsl import tensor"),
        ("dsl/a.py", "def f():\n    from .. import runtime"),
        ("dsl/a.py", "import compiler.errors"),
        ("runtime/a.py", "from .. import nn"),
    ],
)
def test_wrong_directions_are_seen(path: str, source: str) -> None:
    assert len(violations(source, Path(path))) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("compiler/a.py", "from .ir.graph import Graph\nimport numpy"),
        ("compiler/__init__.py", "from .errors import ShapeError"),
        ("dsl/a.py", "from ..compiler.errors import ShapeError\nfrom . import tensor"),
        ("runtime/cpu/a.py", "from ...dsl.tensor import Array\nfrom ..eager import EagerOps"),
    ],
)
def test_right_directions_pass(path: str, source: str) -> None:
    assert violations(source, Path(path)) == []
