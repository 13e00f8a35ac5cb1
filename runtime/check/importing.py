"""The file that is checked as a module: what it is called, where its imports are looked for, and what it consists of."""

from __future__ import annotations

import ast
import importlib
import io
import linecache
import os
import sys
import tokenize
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import TypeAlias, final

from ...dsl.typed import Plan

AnyFunction: TypeAlias = "Callable[..., object]"
_INIT = "__init__.py"

made: list[AnyFunction] = []  # the typed functions that the last import has made, of all files


def import_file(file: str, text: str | None = None) -> ModuleType:
    """The module of a file, which is not `__main__`. A file of a package is imported as a part of it, and once.

    text: what the module consists of, instead of what is in the file.
    """
    path = Path(file)
    sys.argv[:] = [file]
    name, folder = _place(path, text)
    sys.path.insert(0, str(folder))
    if not {"", os.getcwd()} & set(sys.path):  # where `python -m` looks too
        sys.path.insert(1, os.getcwd())
    while "." not in name and name in sys.modules:  # a module of that name is in use
        name = f"checked_{name}"
    loader = _Loader(name, file, text)
    sys.meta_path.insert(0, _Finder(loader))
    made.clear()
    entry = Plan.entry

    def noted(plan: Plan) -> AnyFunction:
        f = entry(plan)
        made.append(f)
        return f

    setattr(Plan, "entry", noted)
    try:
        module = importlib.import_module(name)
    finally:
        setattr(Plan, "entry", entry)
    return loader.module or module


def _place(path: Path, text: str | None) -> tuple[str, Path]:
    """The name of a file's module, and the folder in which its imports are looked for."""
    folder, ours = path.parent, Path(__file__).absolute().parents[2].resolve()
    inside = path.name == _INIT and folder.resolve() != ours  # it is the package itself
    parts = [] if inside else [path.stem.replace(".", "_")]
    while (folder / _INIT).exists() and folder.resolve() != ours and "." not in folder.name:
        parts.insert(0, folder.name)
        folder = folder.parent
    if _levels(path, text) > len(parts) - (not inside) and folder.is_relative_to(Path.cwd()):
        above = folder.relative_to(Path.cwd()).parts  # folders without __init__.py are packages too
        if all(map(str.isidentifier, above)):
            return ".".join((*above, *parts)), Path.cwd()
    if len(parts) == 1 and not inside and path.is_symlink():
        folder = path.resolve().parent
    return ".".join(parts) or path.parent.name.replace(".", "_"), folder


def _levels(path: Path, text: str | None) -> int:
    """The largest number of dots that a relative import begins with."""
    try:
        tree = ast.parse(path.read_bytes() if text is None else text)
    except (OSError, SyntaxError, ValueError):
        return 0
    return max((n.level for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)), default=0)


def _source(file: str) -> bytes:
    """The content of a file. SyntaxError: it has no encoding, which Python refuses in the main file, comments included."""
    content = Path(file).read_bytes()
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    except SyntaxError:
        encoding = "utf-8"  # or one that `compile` knows what to say about
    if encoding.startswith("utf-8"):
        try:
            content.decode()
        except UnicodeDecodeError as error:
            line = len((content[: error.start] + b"x").splitlines())
            code = f"\\x{content[error.start]:02x}"
            text = f"Non-UTF-8 code starting with '{code}', but no encoding declared"
            raise SyntaxError(text, (file, line, 1, None)) from None
    return content


@final
class _Loader(SourceFileLoader):
    """Compiles the text: bytecode that was kept may be of an older one, which had the same length in the same second."""

    def __init__(self, name: str, file: str, text: str | None) -> None:
        super().__init__(name, file)
        self._text = text
        self.module: ModuleType | None = None

    def get_code(self, fullname: str) -> CodeType:
        file = str(self.path)
        if self._text is None:
            return compile(_source(file), file, "exec", dont_inherit=True)
        lines = io.StringIO(self._text, newline=None).readlines()
        linecache.cache[file] = (len(self._text), None, lines, file)
        return compile(self._text, file, "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        self.module = module
        super().exec_module(module)


@final
class _Finder(MetaPathFinder):
    """Finds the module of the file under its name, whoever imports it first."""

    def __init__(self, loader: _Loader) -> None:
        self._loader = loader

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._loader.name:
            return None
        file = Path(str(self._loader.path))
        inside = [str(file.parent)] if file.name == _INIT else None
        return spec_from_file_location(fullname, file, loader=self._loader, submodule_search_locations=inside)
