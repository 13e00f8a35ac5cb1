"""Which files are checked: those that are named, and those of a folder that import shapewright."""

from __future__ import annotations

import ast
import os
import re
import tokenize
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.machinery import SOURCE_SUFFIXES
from pathlib import Path

from ...compiler.errors import OptionError

_IMPORT = re.compile(r"^[ \t]*(?:from|import)[ \t]+shapewright\b", re.MULTILINE)


def read_text(path: Path) -> str | None:
    """The text of a Python file in the encoding that it declares, or about that, if it is not in it; None if it cannot be
    read."""
    try:
        with tokenize.open(path) as file:
            return file.read()
    except (SyntaxError, UnicodeDecodeError):
        with suppress(OSError):
            return path.read_bytes().decode(errors="replace")
    except OSError:
        pass
    return None


def imports_us(text: str) -> bool:
    """Whether a program imports shapewright; one that cannot be parsed, whether a line looks as if."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return _IMPORT.search(text) is not None
    names = [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
    names += [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and not n.level]
    return any(name.partition(".")[0] == "shapewright" for name in names)


def python_file(path: str | Path) -> Path:
    """The absolute path of a Python file. OptionError: it is none."""
    file = Path(path).absolute()
    if not file.exists():
        raise OptionError(f"there is no file {path}", help="pass the path of a file", code="SW801")
    if not file.is_file():
        raise OptionError(f"{path} is not a Python file", help="pass the path of a file", code="SW801")
    if file.suffix not in SOURCE_SUFFIXES:
        help = f"pass a file that ends in {' or '.join(SOURCE_SUFFIXES)}"
        raise OptionError(f"{path} is not a Python file", help=help, code="SW801")
    return file


def chosen(paths: Sequence[Path]) -> tuple[list[Path], list[tuple[Path, OptionError]]]:
    """The files that are meant, each once, in order, and what is wrong with paths that mean none."""
    files: dict[Path, None] = {}
    wrong: list[tuple[Path, OptionError]] = []
    for path in paths:
        try:
            found = list(_inside(path)) if path.is_dir() else [path]
            if not found:
                help = "pass the path of a file, or of another folder"
                raise OptionError(f"no Python file in {path} imports shapewright", help=help, code="SW801")
            for file in found:
                python_file(file)
            files |= dict.fromkeys(found)
        except OptionError as error:
            wrong.append((path, error))
    return list(files), wrong


def _inside(folder: Path) -> Iterator[Path]:
    """The files of a folder and those in it that are ours; not of hidden folders, virtual environments and packages that
    are installed there."""
    for root, folders, names in os.walk(folder):
        at = Path(root)
        folders[:] = sorted(
            n
            for n in folders
            if not n.startswith(".")
            and n not in ("__pycache__", "node_modules", "site-packages")
            and not (at / n / "pyvenv.cfg").exists()
        )
        for file in (at / n for n in sorted(names) if n.endswith(".py") and not n.startswith(".")):
            if file.is_file() and imports_us(read_text(file) or ""):
                yield file
