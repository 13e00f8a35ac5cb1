"""The plugin: which functions, methods and classes are looked at. mypy asks for every name that it meets."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import final

from mypy.constant_fold import constant_fold_expr
from mypy.nodes import (
    MDEF,
    AssignmentStmt,
    Decorator,
    FuncDef,
    NameExpr,
    OverloadedFuncDef,
    SymbolTableNode,
    TypeInfo,
    Var,
)
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
from mypy.types import AnyType, FunctionLike, LiteralType, Type, TypeOfAny

from .names import DIM, FUNCTIONS, KINDS, LANGUAGE, LIBRARY, LINKED, METHODS, OPERATORS, SIZE
from .tensors import declares_computed, has_dims, takes_dims


@final
class ShapewrightPlugin(Plugin):
    """Literal sizes where signatures give Any."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._digest = digest(Path(__file__).parent)

    def report_config_data(self, ctx: ReportConfigContext) -> str:
        """What kept results depend on besides mypy and its options: they are forgotten when this changes."""
        return self._digest

    def get_base_class_hook(self, fullname: str) -> Callable[[ClassDefContext], None] | None:
        """Classes that derive from a Dim: their size is kept."""
        if fullname == DIM:
            return keep_size
        node = self._node(fullname)
        return keep_size if isinstance(node, TypeInfo) and node.has_base(DIM) else None

    # What the hooks need is loaded with the first call that they look at.
    def get_function_signature_hook(self, fullname: str) -> Callable[[FunctionSigContext], FunctionLike] | None:
        """Calls that cannot be right are reported before an overload is chosen."""
        if fullname in FUNCTIONS:
            from .hooks import check_function

            return partial(check_function, fullname)
        if fullname in LINKED:
            from .operators import check_linked

            return partial(check_linked, fullname)
        return self._accepting(fullname)

    def get_method_signature_hook(self, fullname: str) -> Callable[[MethodSigContext], FunctionLike] | None:
        """The same for methods and operators."""
        owner, _, name = fullname.rpartition(".")
        if owner in KINDS and name in METHODS:
            from .hooks import check_method

            return partial(check_method, fullname)
        if owner in KINDS and name in OPERATORS:
            from .operators import check_operator

            return partial(check_operator, fullname)
        if name == "__call__" and owner.startswith(LANGUAGE):
            from .called import check_called

            return check_called
        return self._accepting(fullname)

    def get_function_hook(self, fullname: str) -> Callable[[FunctionContext], Type] | None:
        """Functions of the language, and those that declare a computed size."""
        if fullname in FUNCTIONS:
            from .hooks import function_result

            return partial(function_result, fullname)
        return self._computing(fullname)

    def get_method_hook(self, fullname: str) -> Callable[[MethodContext], Type] | None:
        """The same for methods."""
        owner, _, name = fullname.rpartition(".")
        if owner in KINDS and name in METHODS:
            from .hooks import method_result

            return partial(method_result, fullname)
        if name == "__call__" and owner.startswith(LANGUAGE):
            from .called import called_result

            return called_result
        return self._computing(fullname)

    def _accepting(self, fullname: str) -> Callable[[FunctionSigContext | MethodSigContext], FunctionLike] | None:
        """For a function or class of the user that takes tensors with nominal axes."""
        node = self._node(fullname)
        if not (has_dims(node) if isinstance(node, TypeInfo) else takes_dims(self._signature(fullname))):
            return None
        from .functions import accept_numbers

        return accept_numbers

    def _computing(self, fullname: str) -> Callable[[FunctionContext | MethodContext], Type] | None:
        """For a function of the user that declares Add[N, M] or Mul[N, M] in its result."""
        if not declares_computed(self._signature(fullname)):
            return None
        from .functions import computed_result

        return computed_result

    def _node(self, fullname: str) -> object:
        if "." not in fullname or fullname.partition(".")[0] in LIBRARY:
            return None
        found = self.lookup_fully_qualified(fullname)
        return None if found is None else found.node

    def _signature(self, fullname: str) -> FunctionLike | None:
        """The declared type of a function of the user."""
        node = self._node(fullname)
        declared = node.var.type if isinstance(node, Decorator) else None
        if isinstance(node, FuncDef | OverloadedFuncDef | Var):
            declared = node.type
        return declared if isinstance(declared, FunctionLike) else None


def digest(folder: Path) -> str:
    """Identifies the text of the plugin. The shape rules that it runs are modules that mypy looks at itself."""
    return hashlib.sha256(b"".join(f.read_bytes() for f in sorted(folder.glob("*.py")))).hexdigest()


def keep_size(ctx: ClassDefContext) -> None:
    """Keep the size that stands in the body of a Dim class, as the type of a name in it."""
    info = ctx.cls.info
    if "size" not in info.names:
        return
    found: Type = AnyType(TypeOfAny.special_form)  # a size that is not written as a number
    for statement in ctx.cls.defs.body:
        if isinstance(statement, AssignmentStmt) and any(
            isinstance(lvalue, NameExpr) and lvalue.name == "size" for lvalue in statement.lvalues
        ):
            size = constant_fold_expr(statement.rvalue, info.module_name)
            if isinstance(size, int) and not isinstance(size, bool):
                found = LiteralType(size, ctx.api.named_type("builtins.int"))
    var = Var(SIZE, found)
    var.info = info
    var._fullname = f"{info.fullname}.{SIZE}"  # pyright: ignore[reportPrivateUsage]  # as plugins of mypy itself do
    info.names[SIZE] = SymbolTableNode(MDEF, var, plugin_generated=True)


def plugin(version: str) -> type[Plugin]:
    """What mypy calls: `plugins = shapewright.mypy`."""
    return ShapewrightPlugin
