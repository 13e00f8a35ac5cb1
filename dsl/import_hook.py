"""Modules whose functions are checked like `@typed` ones without saying so: an import hook."""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType, TracebackType
from typing import Final, cast, final

from ..compiler.errors import OptionError

_NAME: Final = "_shapewright_typed"
_LEAVE: Final = frozenset(["typed", "no_type_check", "overload"])  # decorators of functions that stay as they are


def install_import_hook(modules: str | Sequence[str]) -> ImportHook:
    """Check the annotated functions and methods of modules that are imported from now on, as `@typed` does.

    modules: names of modules or packages, "models" or ["models", "training.losses"]; all modules inside of a package are
    meant. An annotation that cannot be resolved (a name imported for type checkers only) leaves its function unchecked;
    so do `typing.no_type_check` and `async`. The hook stays until `.uninstall()`, or until the end of a `with` block:

        with sw.install_import_hook("models"):
            import models

    Raises:
        OptionError: a module is imported already, or the name is none.
    """
    names = tuple(modules) if isinstance(modules, tuple | list) else (cast("str", modules),)
    for name in names:
        if not isinstance(cast("object", name), str) or not all(part.isidentifier() for part in name.split(".")):
            raise OptionError(
                f"{name!r} is not the name of a module", help='write it as in an import: "package.module"', code="SW801"
            )
        loaded = next((m for m in sys.modules if m == name or m.startswith(f"{name}.")), None)
        if loaded is not None:
            raise OptionError(
                f"the module `{loaded}` is imported already, and its functions stay as they are",
                help="install the hook before anything imports it",
                code="SW801",
            )
    hook = ImportHook(names)
    sys.meta_path.insert(0, hook)
    return hook


@final
class ImportHook(MetaPathFinder):
    """Finds modules for `install_import_hook`."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names

    def __repr__(self) -> str:
        return f"ImportHook({', '.join(map(repr, self.names))})"

    def __enter__(self) -> ImportHook:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.uninstall()

    def uninstall(self) -> None:
        """Leave modules that are imported from now on as they are."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module as it would be found anyway, with another loader."""
        if not any(fullname == n or fullname.startswith(f"{n}.") for n in self.names):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        found: Loader | None = None if spec is None else spec.loader
        if spec is not None and isinstance(found, SourceFileLoader):
            spec.loader = _TypedLoader(found.name, found.path)
        return spec


@final
class _TypedLoader(SourceFileLoader):
    """Compiles a module with the decorator in front of its functions."""

    def get_code(self, fullname: str) -> CodeType:
        """The code; nothing is read from or written to `__pycache__`, which has the module as it stands."""
        path = self.get_filename(fullname)
        tree = _Decorate().visit(ast.parse(self.get_data(path), path))
        return compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)


@final
class _Decorate(ast.NodeTransformer):
    """Puts the decorator in front of every annotated function, nearest to it."""

    def visit_Module(self, node: ast.Module) -> ast.Module:
        self.generic_visit(node)
        line = next((i for i, s in enumerate(node.body) if not _first(s)), len(node.body))
        names = [ast.alias("typed_by_hook", _NAME)]
        node.body.insert(line, ast.ImportFrom(f"{__package__}.typed", names, 0, lineno=1, col_offset=0))
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.generic_visit(node)
        a = node.args
        listed = (*a.posonlyargs, *a.args, *a.kwonlyargs, *(x for x in (a.vararg, a.kwarg) if x is not None))
        annotated = node.returns is not None or any(p.annotation is not None for p in listed)
        if annotated and not any(_called(d) in _LEAVE for d in node.decorator_list):
            at = {"lineno": node.lineno, "col_offset": node.col_offset}
            node.decorator_list.append(ast.Name(_NAME, ast.Load(), **at))
        return node


def _first(statement: ast.stmt) -> bool:
    """Whether a statement has to stay in front of any other: the docstring, imports from the future."""
    if isinstance(statement, ast.ImportFrom):
        return statement.module == "__future__"
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _called(decorator: ast.expr) -> str:
    """The last name of a decorator: `typed` in `@sw.typed` and `@sw.typed()`."""
    if isinstance(decorator, ast.Call):
        return _called(decorator.func)
    return decorator.attr if isinstance(decorator, ast.Attribute) else getattr(decorator, "id", "")
