"""What is done with a call: refuse it, or give its result a better type than the signature can."""

from __future__ import annotations

from typing import TypeAlias, cast

from mypy.checker import TypeChecker
from mypy.errorcodes import ErrorCode
from mypy.nodes import CallExpr, Context, Expression, IndexExpr
from mypy.plugin import FunctionContext, FunctionSigContext, MethodContext, MethodSigContext
from mypy.types import (
    AnyType,
    CallableType,
    FunctionLike,
    Instance,
    ProperType,
    TupleType,
    Type,
    TypeOfAny,
    get_proper_type,
)

from .arguments import Arguments, Unclear
from .assignments import may_take_any
from .axes import Reader, number_of
from .evaluate import Argument, Call, Operand, Refusal, Result, evaluate
from .names import WRITTEN
from .results import Results, sized, sizes_in_sight, tensor
from .tensors import is_computed, tensor_axes

CODE = ErrorCode("shapewright", "Sizes of shapewright tensors that do not fit", "shapewright")
Outcome: TypeAlias = "Result | Refusal | None"


# ---- functions and methods
def check_function(fullname: str, ctx: FunctionSigContext) -> FunctionLike:
    """Report a call of a function that cannot be right; overloads are chosen after this."""
    return _checked(fullname, None, ctx)


def check_method(fullname: str, ctx: MethodSigContext) -> FunctionLike:
    """Report a call of a method that cannot be right."""
    return _checked(fullname, ctx.type, ctx)


def _checked(fullname: str, owner: ProperType | None, ctx: FunctionSigContext | MethodSigContext) -> FunctionLike:
    api = cast("TypeChecker", ctx.api)
    outcome = _outcome(fullname, owner, ctx.context, api, Reader())
    if isinstance(outcome, Refusal):
        api.fail(outcome.message, ctx.context, code=CODE)
        return _accepting_anything(ctx.default_signature)
    return ctx.default_signature


def _accepting_anything(signature: CallableType) -> CallableType:
    """A signature that no call of this shape is an error for: one mistake gives one error."""
    anything = AnyType(TypeOfAny.from_error)
    return signature.copy_modified(arg_types=[anything] * len(signature.arg_types), ret_type=anything, variables=[])


def function_result(fullname: str, ctx: FunctionContext) -> Type:
    """The result of a function with the sizes that are known."""
    return _result(fullname, None, ctx)


def method_result(fullname: str, ctx: MethodContext) -> Type:
    """The result of a method with the sizes that are known."""
    return _result(fullname, ctx.type, ctx)


def _result(fullname: str, owner: ProperType | None, ctx: FunctionContext | MethodContext) -> Type:
    default = get_proper_type(ctx.default_return_type)
    if _complete(default):
        return ctx.default_return_type
    api, reader = cast("TypeChecker", ctx.api), Reader()
    outcome = _outcome(fullname, owner, ctx.context, api, reader)
    if outcome is None or isinstance(outcome, Refusal):
        return ctx.default_return_type
    written = fullname.rpartition(".")[2] in WRITTEN
    results = Results(api, reader, sizes_in_sight(api), written=written)
    wanted = api.type_context[-1] if api.type_context else None
    found = merged(default, results.type_of(outcome, wanted))
    return default if may_take_any(api, ctx.context, wanted, found) else found


def _complete(t: ProperType) -> bool:
    """Whether a tensor type says all there is to say."""
    found = tensor_axes(t)
    return found is not None and not any(isinstance(get_proper_type(a), AnyType) for a in found[1])


def merged(default: ProperType, found: Type) -> Type:
    """What the signature gives, with what was found where it gives Any."""
    if isinstance(default, AnyType):
        return found
    said, known = tensor_axes(default), tensor_axes(get_proper_type(found))
    if said is None or known is None or len(said[1]) != len(known[1]) or said[0] != known[0]:
        return default if said is not None else found
    axes = [f if isinstance(get_proper_type(d), AnyType) else d for d, f in zip(said[1], known[1], strict=True)]
    assert isinstance(default, Instance)
    return default.copy_modified(args=axes) if axes else default


def _outcome(
    fullname: str, owner: ProperType | None, context: Context, api: TypeChecker, reader: Reader
) -> Outcome:
    """What the call of a function, or of a method of `owner`, gives."""
    arguments = Arguments(api, reader)
    try:
        first = () if owner is None else (_tensor(arguments, owner),)
        if isinstance(context, IndexExpr):
            return evaluate(Call(fullname, (*first, arguments.key(context.index))))
        if isinstance(context, CallExpr):
            args, kwargs = arguments.of_call(context)
            return evaluate(Call(fullname, (*first, *args), kwargs))
    except Unclear:
        pass
    return None


def _tensor(arguments: Arguments, t: ProperType) -> Argument:
    found = arguments.of_type(t)
    if not isinstance(found, Operand):
        raise Unclear
    return found


# ---- operators
def check_operator(fullname: str, ctx: MethodSigContext) -> FunctionLike:
    """`x + y` and `x @ y` of tensors whose signature may not know that they fit."""
    return _operated(fullname, ctx, ctx.type, ctx.args[0][0] if ctx.args and ctx.args[0] else None)


def _operated(fullname: str, ctx: MethodSigContext, left: ProperType, right_expr: Expression | None) -> CallableType:
    signature = ctx.default_signature
    api = cast("TypeChecker", ctx.api)
    right = get_proper_type(api.get_expression_type(right_expr)) if right_expr is not None else None
    if right is None or tensor_axes(left) is None or tensor_axes(right) is None or left == right:
        return signature
    return _two_operands(fullname, signature, api, ctx.context, (left, right))


def _two_operands(
    fullname: str, signature: CallableType, api: TypeChecker, context: Context, types: tuple[ProperType, ProperType]
) -> CallableType:
    """The signature for these operands: as it is, unless they fit (or cannot fit) in a way that it does not see."""
    outcome = _evaluated(fullname, types, Reader())
    if isinstance(outcome, Refusal):
        api.fail(outcome.message, context, code=CODE)
        return _accepting_anything(signature)
    reader = Reader(nominal=True)  # two Dims of one size are two axes, as everywhere in signatures
    outcome = _evaluated(fullname, types, reader)
    if outcome is None or isinstance(outcome, Refusal):
        return signature
    result = Results(api, reader, sizes_in_sight(api), written=False).type_of(outcome, None)
    arg_types: list[Type] = list(types[-len(signature.arg_types) :])
    return signature.copy_modified(arg_types=arg_types, ret_type=result, variables=[])


def _evaluated(fullname: str, types: tuple[ProperType, ProperType], reader: Reader) -> Outcome:
    operands = [reader.operand(t) for t in types]
    known = tuple(o for o in operands if o is not None)
    return evaluate(Call(fullname, known)) if len(known) == len(operands) else None


def check_matmul(fullname: str, ctx: FunctionSigContext) -> FunctionLike:
    """`sw.matmul(x, y)`, which has no signature for every product."""
    signature, api = ctx.default_signature, cast("TypeChecker", ctx.api)
    given = [a[0] for a in ctx.args if len(a) == 1]
    if len(given) != 2 or len(signature.arg_types) != 2:
        return signature
    left, right = (get_proper_type(api.get_expression_type(e)) for e in given)
    return _two_operands(fullname, signature, api, ctx.context, (left, right))


# ---- Add[N, M] and Mul[N, M] in the result of a function
def computed_result(ctx: FunctionContext | MethodContext) -> Type:
    """The result of a function that declares computed sizes, with their numbers."""
    api = cast("TypeChecker", ctx.api)
    wanted = api.type_context[-1] if api.type_context else None
    found = _with_numbers(ctx.default_return_type, api, wanted)
    return ctx.default_return_type if may_take_any(api, ctx.context, wanted, found) else found


def _with_numbers(t: Type, api: TypeChecker, wanted: Type | None) -> Type:
    proper = get_proper_type(t)
    expected = get_proper_type(wanted) if wanted is not None else None
    if isinstance(proper, TupleType):
        items = expected.items if isinstance(expected, TupleType) and len(expected.items) == len(proper.items) else None
        parts = [_with_numbers(i, api, None if items is None else items[k]) for k, i in enumerate(proper.items)]
        return proper.copy_modified(items=parts)
    found = tensor_axes(proper)
    if found is None or not any(map(is_computed, found[1])):
        return t
    declared = tensor_axes(expected) if expected is not None else None
    in_sight = sizes_in_sight(api)
    axes: list[Type] = []
    for i, axis in enumerate(found[1]):
        number = number_of(axis) if is_computed(axis) else None
        want = declared[1][i] if declared is not None and len(declared[1]) == len(found[1]) else None
        axes.append(axis if number is None else sized(api, number, in_sight, want))
    return tensor(api, found[0], axes)
