"""What is done with a call of the language: refuse it, or give its result a better type than the signature can."""

from __future__ import annotations

from typing import TypeAlias, cast

from mypy.checker import TypeChecker
from mypy.errorcodes import ErrorCode
from mypy.nodes import CallExpr, Context, Expression, IndexExpr, MemberExpr, OperatorAssignmentStmt, OpExpr
from mypy.plugin import FunctionContext, FunctionSigContext, MethodContext, MethodSigContext
from mypy.types import AnyType, CallableType, FunctionLike, Instance, ProperType, Type, TypeOfAny, get_proper_type

from .arguments import Arguments, Unclear
from .axes import Reader
from .evaluate import Argument, Call, Operand, Refusal, Result, evaluate
from .names import ONES, WRITTEN
from .results import Results
from .tensors import replaced, tensor_axes, with_axes
from .variables import has_computed_type, is_certain, is_given_again

CODE = ErrorCode("shapewright", "Sizes of shapewright tensors that do not fit", "shapewright")
Outcome: TypeAlias = "Result | Refusal | None"


# ---- functions and methods
def check_function(fullname: str, ctx: FunctionSigContext) -> FunctionLike:
    """Report a call of a function that cannot be right; overloads are chosen after this."""
    return _checked(fullname, None, ctx)


def check_method(fullname: str, ctx: MethodSigContext) -> FunctionLike:
    """Report a call of a method that cannot be right."""
    return _checked(fullname, ctx.type, ctx)


def function_result(fullname: str, ctx: FunctionContext) -> Type:
    """The result of a function with the sizes that are known."""
    return _result(fullname, None, ctx)


def method_result(fullname: str, ctx: MethodContext) -> Type:
    """The result of a method with the sizes that are known."""
    return _result(fullname, ctx.type, ctx)


def _checked(fullname: str, owner: ProperType | None, ctx: FunctionSigContext | MethodSigContext) -> FunctionLike:
    api = cast("TypeChecker", ctx.api)
    outcome = _outcome(fullname, owner, ctx.context, api, Reader())
    if isinstance(outcome, Refusal):
        return _refused(outcome, ctx.default_signature, api, ctx.context)
    return ctx.default_signature


def _refused(refusal: Refusal, signature: CallableType, api: TypeChecker, context: Context) -> CallableType:
    """Report it. The signature then accepts the call: one mistake gives one error."""
    api.fail(refusal.message, context, code=CODE)
    anything = AnyType(TypeOfAny.from_error)
    return replaced(signature, [anything] * len(signature.arg_types), anything)


def _result(fullname: str, owner: ProperType | None, ctx: FunctionContext | MethodContext) -> Type:
    default = get_proper_type(ctx.default_return_type)
    said = tensor_axes(default)
    if said is not None and not any(isinstance(get_proper_type(a), AnyType) for a in said[1]):
        return ctx.default_return_type
    api, reader = cast("TypeChecker", ctx.api), Reader()
    outcome = _outcome(fullname, owner, ctx.context, api, reader)
    if outcome is None or isinstance(outcome, Refusal) or is_given_again(api, ctx.context):
        return ctx.default_return_type
    name = fullname.rpartition(".")[2]
    results = Results(api, reader, written=name in WRITTEN, ones=name in ONES)
    return _merged(default, results.type_of(outcome, wanted_type(api)))


def wanted_type(api: TypeChecker) -> Type | None:
    """The type that the place of the call wants."""
    return api.type_context[-1] if api.type_context else None


def _merged(default: ProperType, found: Type) -> Type:
    """What the signature gives, with what was found where it gives Any."""
    said, known = tensor_axes(default), tensor_axes(get_proper_type(found))
    if said is None or not isinstance(default, Instance):
        return found
    if known is None or said[0] != known[0] or len(said[1]) != len(known[1]):
        return default
    axes = [f if isinstance(get_proper_type(d), AnyType) else d for d, f in zip(said[1], known[1], strict=True)]
    return with_axes(default, axes)


def _outcome(fullname: str, owner: ProperType | None, context: Context, api: TypeChecker, reader: Reader) -> Outcome:
    """What the call of a function, or of a method of `owner`, gives."""
    arguments = Arguments(api, reader)
    try:
        first = () if owner is None else (_receiver(api, arguments, owner, context),)
        if isinstance(context, IndexExpr):
            return evaluate(Call(fullname, (*first, arguments.key(context.index))))
        if isinstance(context, CallExpr):
            args, kwargs = arguments.of_call(context)
            return evaluate(Call(fullname, (*first, *args), kwargs))
    except Unclear:
        pass
    return None


def _receiver(api: TypeChecker, arguments: Arguments, t: ProperType, context: Context) -> Argument:
    """The tensor whose method is called. Unclear: its shape is not known."""
    written = context.base if isinstance(context, IndexExpr) else None
    if isinstance(context, CallExpr) and isinstance(context.callee, MemberExpr):
        written = context.callee.expr
    found = arguments.of_type(t)
    if written is None or not is_certain(api, written) or not isinstance(found, Operand):
        raise Unclear
    return found


# ---- operators and products
def check_operator(fullname: str, ctx: MethodSigContext) -> FunctionLike:
    """`x + y` and `x @ y` of tensors whose signature may not know that they fit."""
    api = cast("TypeChecker", ctx.api)
    given = ctx.args[0] if ctx.args else []
    match ctx.context:
        case OpExpr(left=left) | OperatorAssignmentStmt(lvalue=left) if len(given) == 1:
            return _operated(fullname, ctx.default_signature, api, ctx.context, (left, given[0]), ctx.type)
        case _:
            return ctx.default_signature


def check_matmul(fullname: str, ctx: FunctionSigContext) -> FunctionLike:
    """`sw.matmul(x, y)`, which has no signature for every product."""
    given = [a[0] for a in ctx.args if len(a) == 1]
    if len(given) != 2 or len(ctx.default_signature.arg_types) != 2:
        return ctx.default_signature
    api = cast("TypeChecker", ctx.api)
    return _operated(fullname, ctx.default_signature, api, ctx.context, (given[0], given[1]), None)


def _operated(
    fullname: str,
    signature: CallableType,
    api: TypeChecker,
    context: Context,
    operands: tuple[Expression, Expression],
    left: ProperType | None,
) -> CallableType:
    """The signature for these operands: as it is, unless they fit (or cannot fit) in a way that it does not see."""
    arguments = Arguments(api, Reader())
    try:
        right = arguments.type_of(operands[1])
        left = arguments.type_of(operands[0]) if left is None else left
    except Unclear:
        return signature
    if not is_certain(api, operands[0]) or tensor_axes(left) is None or tensor_axes(right) is None:
        return signature
    outcome = _evaluated(fullname, (left, right), Reader())
    if isinstance(outcome, Refusal):
        return _refused(outcome, signature, api, context)
    result = _fitting(fullname, api, operands, (left, right))
    if result is None:
        return signature
    arg_types: list[Type] = [left, right]
    return replaced(signature, arg_types[-len(signature.arg_types) :], result)


def _fitting(
    fullname: str, api: TypeChecker, operands: tuple[Expression, Expression], types: tuple[ProperType, ProperType]
) -> Type | None:
    """The type of the result, if the operands fit as types: two Dims of one size are two axes, as in all signatures.

    A number that was computed may be what a Dim stands for.
    """
    computed = tuple(map(has_computed_type, operands))
    for soft in [(False, False)] + [computed] * any(computed):
        reader = Reader(nominal=True)
        outcome = _evaluated(fullname, types, reader, soft)
        if outcome is not None and not isinstance(outcome, Refusal):
            return Results(api, reader).type_of(outcome, wanted_type(api))
    return None


def _evaluated(
    fullname: str,
    types: tuple[ProperType, ProperType],
    reader: Reader,
    soft: tuple[bool, ...] = (False, False),
) -> Outcome:
    left, right = (reader.operand(t, soft=s) for t, s in zip(types, soft, strict=True))
    return None if left is None or right is None else evaluate(Call(fullname, (left, right)))
