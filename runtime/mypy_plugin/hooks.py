"""What is done with a call of the language: refuse it, or give its result a better type than the signature can."""

from __future__ import annotations

from typing import TypeAlias, cast

from mypy.checker import TypeChecker
from mypy.errorcodes import ErrorCode
from mypy.nodes import CallExpr, Context, IndexExpr, MemberExpr
from mypy.plugin import FunctionContext, FunctionSigContext, MethodContext, MethodSigContext
from mypy.server.trigger import make_trigger
from mypy.types import AnyType, CallableType, FunctionLike, Instance, ProperType, Type, TypeOfAny, get_proper_type

from .arguments import Arguments, Unclear, name_of
from .axes import Reader
from .evaluate import Argument, Call, Operand, Refusal, Result, evaluate
from .names import ONES, SIZE, WRITTEN
from .results import Results, unknown_tensor
from .tensors import replaced, tensor_axes, with_axes
from .variables import has_another_type, is_certain, is_given_again

CODE = ErrorCode("shapewright", "Sizes of shapewright tensors that do not fit", "shapewright")
Outcome: TypeAlias = "Result | Refusal | None"


# ---- functions and methods
def check_function(fullname: str, ctx: FunctionSigContext) -> FunctionLike:
    """Report a call of a function that cannot be right; overloads are chosen after this."""
    return check_call(fullname, None, ctx)


def check_method(fullname: str, ctx: MethodSigContext) -> FunctionLike:
    """Report a call of a method that cannot be right."""
    return check_call(fullname, ctx.type, ctx)


def function_result(fullname: str, ctx: FunctionContext) -> Type:
    """The result of a function with the sizes that are known."""
    return result_of_call(fullname, None, ctx)


def method_result(fullname: str, ctx: MethodContext) -> Type:
    """The result of a method with the sizes that are known."""
    return result_of_call(fullname, ctx.type, ctx)


def check_call(fullname: str, owner: ProperType | None, ctx: FunctionSigContext | MethodSigContext) -> FunctionLike:
    """Report a call of a function, or of a method of `owner`, that cannot be right."""
    api = cast("TypeChecker", ctx.api)
    outcome = outcome_of(fullname, owner, ctx.context, api, Reader())
    if isinstance(outcome, Refusal):
        api.fail(outcome.message, ctx.context, code=CODE)
    return ctx.default_signature


def refused(refusal: Refusal, signature: CallableType, api: TypeChecker, context: Context) -> CallableType:
    """Report a call that the signature refuses too, or may refuse: it then accepts it, so that there is one error."""
    api.fail(refusal.message, context, code=CODE)
    anything: list[Type] = [AnyType(TypeOfAny.from_error)] * len(signature.arg_types)
    return replaced(signature, anything, wanted_type(api) or unknown_tensor(api, refusal.kind))


def result_of_call(fullname: str, owner: ProperType | None, ctx: FunctionContext | MethodContext) -> Type:
    """The result of a call with the sizes that are known, where the signature leaves Any."""
    default = get_proper_type(ctx.default_return_type)
    said = tensor_axes(default)
    if said is not None and not any(isinstance(get_proper_type(a), AnyType) for a in said[1]):
        return ctx.default_return_type
    api, reader = cast("TypeChecker", ctx.api), Reader()
    outcome = outcome_of(fullname, owner, ctx.context, api, reader)
    if isinstance(outcome, Refusal) and isinstance(default, AnyType):
        return wanted_type(api) or unknown_tensor(
            api, outcome.kind
        )  # no Any, of which strict mypy would complain again
    if outcome is None or isinstance(outcome, Refusal) or is_given_again(api, ctx.context):
        return ctx.default_return_type
    name = fullname.rpartition(".")[2]
    results = Results(api, reader, written=name in WRITTEN, ones=name in ONES)
    wanted = wanted_type(api)
    found = _merged(default, results.type_of(outcome, wanted))
    return ctx.default_return_type if has_another_type(api, ctx.context, wanted, found) else found


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


def outcome_of(fullname: str, owner: ProperType | None, context: Context, api: TypeChecker, reader: Reader) -> Outcome:
    """What the call of a function, or of a method of `owner`, gives."""
    arguments = Arguments(api, reader)
    try:
        first = () if owner is None else (_receiver(api, arguments, owner, context),)
        if isinstance(context, IndexExpr):
            call = Call(fullname, (*first, arguments.key(context.index)))
        elif isinstance(context, CallExpr):
            args, kwargs = arguments.of_call(context)
            call = Call(fullname, (*first, *args), kwargs)
        else:
            return None
    except Unclear:
        return None
    return evaluated(call, api, reader)


def evaluated(call: Call, api: TypeChecker, reader: Reader) -> Outcome:
    """What a call gives, and the code that it stands in is checked again when the size of one of its Dims changes."""
    depend_on(api, reader)
    return evaluate(call)


def depend_on(api: TypeChecker, reader: Reader) -> None:
    """Let mypy's daemon check the code again when the size of one of these Dims changes."""
    for dim in reader.dims:
        api.tree.plugin_deps.setdefault(make_trigger(f"{dim}.{SIZE}"), set()).add(api.tscope.current_target())


def _receiver(api: TypeChecker, arguments: Arguments, t: ProperType, context: Context) -> Argument:
    """The tensor whose method is called. Unclear: its shape is not known."""
    written = context.base if isinstance(context, IndexExpr) else None
    if isinstance(context, CallExpr) and isinstance(context.callee, MemberExpr):
        written = context.callee.expr
    if written is None or not is_certain(api, written):
        raise Unclear
    found = arguments.of_type(t, name=name_of(written))
    if not isinstance(found, Operand):
        raise Unclear
    return found
