"""Functions whose signature is that of a class with `__call__`: mypy gives its name, and the call that of the function."""

from __future__ import annotations

from typing import cast

from mypy.checker import TypeChecker
from mypy.nodes import CallExpr, Context, MemberExpr, RefExpr
from mypy.plugin import MethodContext, MethodSigContext
from mypy.types import FunctionLike, Instance, ProperType, Type, get_proper_type

from .hooks import check_call, result_of_call
from .names import FUNCTIONS, KINDS, LINKED, METHODS
from .operators import check_linked


def check_called(ctx: MethodSigContext) -> FunctionLike:
    """A call of such a function or method before its overload is chosen."""
    name, owner = _named(ctx.context, cast("TypeChecker", ctx.api))
    if name in LINKED:
        return check_linked(name, ctx)
    return check_call(name, owner, ctx) if name in FUNCTIONS or owner is not None else ctx.default_signature


def called_result(ctx: MethodContext) -> Type:
    """The result of such a function or method."""
    name, owner = _named(ctx.context, cast("TypeChecker", ctx.api))
    return result_of_call(name, owner, ctx) if name in FUNCTIONS or owner is not None else ctx.default_return_type


def _named(context: Context, api: TypeChecker) -> tuple[str, ProperType | None]:
    """The full name of what is called, and the tensor whose method it is."""
    callee = context.callee if isinstance(context, CallExpr) else None
    if isinstance(callee, RefExpr) and callee.fullname:
        return callee.fullname, None
    if isinstance(callee, MemberExpr) and callee.name in METHODS and api.has_type(callee.expr):
        owner = get_proper_type(api.lookup_type(callee.expr))
        if isinstance(owner, Instance) and owner.type.fullname in KINDS:
            return f"{owner.type.fullname}.{callee.name}", owner
    return "", None
