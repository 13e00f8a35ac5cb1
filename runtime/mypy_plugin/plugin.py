"""The plugin: which functions, methods and classes are looked at. mypy asks for every name that it meets."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
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
from mypy.types import CallableType, FunctionLike, Type

from .names import DIM, FUNCTIONS, KINDS, MATMUL, METADATA, METHODS, OPERATORS
from .tensors import declares_computed

VERSION = 1  # raised when the plugin gives other types than before: mypy then forgets those that it has kept


@final
class ShapewrightPlugin(Plugin):
    """Literal sizes where signatures give Any."""

    def report_config_data(self, ctx: ReportConfigContext) -> object:
        """What kept results depend on besides mypy and its options."""
        return VERSION

    def get_base_class_hook(self, fullname: str) -> Callable[[ClassDefContext], None] | None:
        """Classes that derive from a Dim: their size is kept."""
        if fullname == DIM:
            return keep_size
        node = self._node(fullname)
        return keep_size if isinstance(node, TypeInfo) and node.has_base(DIM) else None

    def get_function_signature_hook(self, fullname: str) -> Callable[[FunctionSigContext], FunctionLike] | None:
        """Calls that cannot be right are reported before an overload is chosen."""
        from . import hooks

        if fullname in FUNCTIONS:
            return partial(hooks.check_function, fullname)
        return partial(hooks.check_matmul, fullname) if fullname == MATMUL else None

    def get_method_signature_hook(self, fullname: str) -> Callable[[MethodSigContext], FunctionLike] | None:
        """The same for methods and operators."""
        owner, _, name = fullname.rpartition(".")
        if owner not in KINDS:
            return None
        from . import hooks

        if name in METHODS:
            return partial(hooks.check_method, fullname)
        return partial(hooks.check_operator, fullname) if name in OPERATORS else None

    def get_function_hook(self, fullname: str) -> Callable[[FunctionContext], Type] | None:
        """Functions of the language, and those that declare a computed size."""
        from . import hooks

        if fullname in FUNCTIONS:
            return partial(hooks.function_result, fullname)
        return hooks.computed_result if self._computes(fullname) else None

    def get_method_hook(self, fullname: str) -> Callable[[MethodContext], Type] | None:
        """The same for methods."""
        from . import hooks

        owner, _, name = fullname.rpartition(".")
        if owner in KINDS:
            return partial(hooks.method_result, fullname) if name in METHODS else None
        return hooks.computed_result if self._computes(fullname) else None

    def _node(self, fullname: str) -> object:
        found = self.lookup_fully_qualified(fullname) if "." in fullname else None
        return None if found is None else found.node

    def _computes(self, fullname: str) -> bool:
        """Whether a function declares Add[N, M] or Mul[N, M] in its result."""
        node = self._node(fullname)
        declared = node.var.type if isinstance(node, Decorator) else None
        if isinstance(node, FuncDef | OverloadedFuncDef):
            declared = node.type
        if not isinstance(declared, FunctionLike):
            return False
        return any(isinstance(f, CallableType) and declares_computed(f.ret_type) for f in declared.items)


def keep_size(ctx: ClassDefContext) -> None:
    """Keep the size that stands in the body of a Dim class where a later run of mypy finds it."""
    for statement in ctx.cls.defs.body:
        if not isinstance(statement, AssignmentStmt):
            continue
        if any(isinstance(lvalue, NameExpr) and lvalue.name == "size" for lvalue in statement.lvalues):
            size = constant_fold_expr(statement.rvalue, ctx.cls.info.module_name)
            known = size if isinstance(size, int) and not isinstance(size, bool) else None
            ctx.cls.info.metadata[METADATA] = {"size": known}


def plugin(version: str) -> type[Plugin]:
    """What mypy calls: `plugins = shapewright.mypy`."""
    return ShapewrightPlugin
