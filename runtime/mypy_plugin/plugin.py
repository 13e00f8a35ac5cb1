"""The plugin: which functions, methods and classes are looked at. mypy asks for every name that it meets."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import final

from mypy.constant_fold import constant_fold_expr
from mypy.nodes import AssignmentStmt, Decorator, FuncDef, NameExpr, OverloadedFuncDef, TypeInfo
from mypy.options import Options
from mypy.plugin import (
    ClassDefContext,
    FunctionContext,
    FunctionSigContext,
    MethodContext,
    MethodSigContext,
    Plugin,
    ReportConfigContext,
)
from mypy.types import FunctionLike, Type

from .names import DIM, FUNCTIONS, KINDS, MATMUL, METADATA, METHODS, OPERATORS
from .tensors import declares_computed, takes_dims


@final
class ShapewrightPlugin(Plugin):
    """Literal sizes where signatures give Any."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._digest = _digest()

    def report_config_data(self, ctx: ReportConfigContext) -> str:
        """What kept results depend on besides mypy and its options: they are forgotten when this changes."""
        return self._digest

    def get_base_class_hook(self, fullname: str) -> Callable[[ClassDefContext], None] | None:
        """Classes that derive from a Dim: their size is kept."""
        if fullname == DIM:
            return keep_size
        node = self._node(fullname)
        return keep_size if isinstance(node, TypeInfo) and node.has_base(DIM) else None

    def get_function_signature_hook(self, fullname: str) -> Callable[[FunctionSigContext], FunctionLike] | None:
        """Calls that cannot be right are reported before an overload is chosen."""
        from . import functions, hooks

        if fullname in FUNCTIONS:
            return partial(hooks.check_function, fullname)
        if fullname == MATMUL:
            return partial(hooks.check_matmul, fullname)
        return functions.accept_numbers if takes_dims(self._signature(fullname)) else None

    def get_method_signature_hook(self, fullname: str) -> Callable[[MethodSigContext], FunctionLike] | None:
        """The same for methods and operators."""
        from . import functions, hooks

        owner, _, name = fullname.rpartition(".")
        if owner not in KINDS:
            return functions.accept_numbers if takes_dims(self._signature(fullname)) else None
        if name in METHODS:
            return partial(hooks.check_method, fullname)
        return partial(hooks.check_operator, fullname) if name in OPERATORS else None

    def get_function_hook(self, fullname: str) -> Callable[[FunctionContext], Type] | None:
        """Functions of the language, and those that declare a computed size."""
        from . import functions, hooks

        if fullname in FUNCTIONS:
            return partial(hooks.function_result, fullname)
        return functions.computed_result if declares_computed(self._signature(fullname)) else None

    def get_method_hook(self, fullname: str) -> Callable[[MethodContext], Type] | None:
        """The same for methods."""
        from . import functions, hooks

        owner, _, name = fullname.rpartition(".")
        if owner in KINDS:
            return partial(hooks.method_result, fullname) if name in METHODS else None
        return functions.computed_result if declares_computed(self._signature(fullname)) else None

    def _node(self, fullname: str) -> object:
        found = self.lookup_fully_qualified(fullname) if "." in fullname else None
        return None if found is None else found.node

    def _signature(self, fullname: str) -> FunctionLike | None:
        """The declared type of a function of the user."""
        if fullname.startswith("builtins."):
            return None
        node = self._node(fullname)
        declared = node.var.type if isinstance(node, Decorator) else None
        if isinstance(node, FuncDef | OverloadedFuncDef):
            declared = node.type
        return declared if isinstance(declared, FunctionLike) else None


def _digest() -> str:
    """Identifies the text of the plugin. The shape rules that it runs are modules that mypy looks at itself."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()


def keep_size(ctx: ClassDefContext) -> None:
    """Keep the size that stands in the body of a Dim class where a later run of mypy finds it."""
    if "size" not in ctx.cls.info.names:
        return
    known: int | None = None
    for statement in ctx.cls.defs.body:
        if isinstance(statement, AssignmentStmt) and any(
            isinstance(lvalue, NameExpr) and lvalue.name == "size" for lvalue in statement.lvalues
        ):
            size = constant_fold_expr(statement.rvalue, ctx.cls.info.module_name)
            known = size if isinstance(size, int) and not isinstance(size, bool) else None
    ctx.cls.info.metadata[METADATA] = {"size": known}


def plugin(version: str) -> type[Plugin]:
    """What mypy calls: `plugins = shapewright.mypy`."""
    return ShapewrightPlugin
