"""Operators, and functions that compare the axes of their operands: what fits though the signature does not see it."""

from __future__ import annotations

from itertools import pairwise
from typing import cast

from mypy.checker import TypeChecker
from mypy.nodes import CallExpr, ComparisonExpr, Context, Expression, OperatorAssignmentStmt, OpExpr
from mypy.plugin import FunctionSigContext, MethodSigContext
from mypy.types import FunctionLike, ProperType, Type

from .arguments import Arguments, Unclear
from .axes import Reader
from .evaluate import Call, Refusal
from .hooks import Outcome, evaluated, outcome_of, refused, wanted_type
from .names import BROADCASTING
from .results import Results
from .tensors import replaced, tensor_axes
from .variables import has_computed_type, is_certain


def check_operator(fullname: str, ctx: MethodSigContext) -> FunctionLike:
    """`x + y` and `x @ y`. The signature is as it is, unless they fit (or cannot fit) in a way that it does not see."""
    api, signature = cast("TypeChecker", ctx.api), ctx.default_signature
    given = ctx.args[0] if ctx.args else []
    written = ctx.context
    left = _left(written, given[0]) if len(given) == 1 else None
    if left is None:
        return signature
    operands = (left, given[0])
    try:
        types = (ctx.type, Arguments(api, Reader()).type_of(given[0]))
    except Unclear:
        return signature
    if not is_certain(api, operands[0]) or any(tensor_axes(t) is None for t in types):
        return signature
    outcome = _of_two(fullname, api, operands, types, Reader())
    if isinstance(outcome, Refusal):
        return refused(outcome, signature, api, written)
    for soft in (False, True):
        reader = Reader(nominal=True, soft=soft)  # two Dims of one size are two axes, as in every signature
        outcome = _of_two(fullname, api, operands, types, reader)
        if outcome is not None and not isinstance(outcome, Refusal):
            result = Results(api, reader).type_of(outcome, wanted_type(api))
            return replaced(signature, [types[1]], result)
    return signature


def _left(written: Context, right: Expression) -> Expression | None:
    """The left operand of an operator, as it is written. None: the operator is the reflected one."""
    match written:
        case OpExpr(left=left) | OperatorAssignmentStmt(lvalue=left):
            return left
        case ComparisonExpr(operands=operands):
            return next((a for a, b in pairwise(operands) if b is right), None)
        case _:
            return None


def _of_two(
    fullname: str,
    api: TypeChecker,
    operands: tuple[Expression, Expression],
    types: tuple[ProperType, ProperType],
    reader: Reader,
) -> Outcome:
    left, right = (reader.operand(t, computed=has_computed_type(e)) for e, t in zip(operands, types, strict=True))
    return None if left is None or right is None else evaluated(Call(fullname, (left, right)), api, reader)


def check_linked(fullname: str, ctx: FunctionSigContext | MethodSigContext) -> FunctionLike:
    """Functions such as `sw.linear(x, w)` and `sw.add(x, y)`: what fits may not be what the signature knows, and an axis
    that was computed may be one with a name."""
    api, signature, call = cast("TypeChecker", ctx.api), ctx.default_signature, ctx.context
    if not isinstance(call, CallExpr):
        return signature
    outcome = outcome_of(fullname, None, call, api, Reader())
    if isinstance(outcome, Refusal):
        return refused(outcome, signature, api, call)
    for soft in (False, True):
        reader = Reader(nominal=True, soft=soft)
        outcome = outcome_of(fullname, None, call, api, reader)
        if outcome is not None and not isinstance(outcome, Refusal):
            if not soft and fullname not in BROADCASTING:
                return signature
            result = Results(api, reader).type_of(outcome, wanted_type(api))
            formals = zip(signature.arg_types, ctx.args, strict=True)
            return replaced(signature, [_actual(api, t, given) for t, given in formals], result)
    return signature


def _actual(api: TypeChecker, formal: Type, given: list[Expression]) -> Type:
    """The type of a tensor that is given, for a parameter that then takes just that."""
    if len(given) != 1:
        return formal
    t = Arguments(api, Reader()).type_of(given[0])
    return formal if tensor_axes(t) is None else t
