"""Functions of the user: computed sizes in their results, and arguments whose axes were computed."""

from __future__ import annotations

from typing import cast

from mypy.checker import TypeChecker
from mypy.nodes import Expression
from mypy.plugin import FunctionContext, FunctionSigContext, MethodContext, MethodSigContext
from mypy.types import FunctionLike, Instance, LiteralType, TupleType, Type, get_proper_type

from .axes import Reader, number_of
from .hooks import depend_on, wanted_type
from .results import sized
from .tensors import dim_size, is_computed, is_dim, replaced, tensor_axes, with_axes
from .variables import has_computed_type, is_given_again


# ---- Add[N, M] and Mul[N, M] in a result
def computed_result(ctx: FunctionContext | MethodContext) -> Type:
    """The result of a function that declares computed sizes, with their numbers."""
    api, reader = cast("TypeChecker", ctx.api), Reader()
    if is_given_again(api, ctx.context):
        return ctx.default_return_type
    for given in ctx.arg_types:
        for t in given:
            reader.operand(get_proper_type(t))
    depend_on(api, reader)
    return _with_numbers(ctx.default_return_type, api, reader, wanted_type(api))


def _with_numbers(t: Type, api: TypeChecker, reader: Reader, wanted: Type | None) -> Type:
    proper = get_proper_type(t)
    expected = get_proper_type(wanted) if wanted is not None else None
    if isinstance(proper, TupleType):
        fits = isinstance(expected, TupleType) and len(expected.items) == len(proper.items)
        items = expected.items if fits and isinstance(expected, TupleType) else [None] * len(proper.items)
        parts = [_with_numbers(i, api, reader, w) for i, w in zip(proper.items, items, strict=True)]
        return proper.copy_modified(items=parts)
    found = tensor_axes(proper)
    if found is None or not isinstance(proper, Instance) or not any(map(is_computed, found[1])):
        return t
    declared = tensor_axes(expected) if expected is not None else None
    axes: list[Type] = []
    for i, axis in enumerate(found[1]):
        number = number_of(axis) if is_computed(axis) else None
        want = declared[1][i] if declared is not None and len(declared[1]) == len(found[1]) else None
        axes.append(axis if number is None else sized(api, number, reader, want))
    return with_axes(proper, axes)


# ---- arguments
def accept_numbers(ctx: FunctionSigContext | MethodSigContext) -> FunctionLike:
    """A signature with Dims that takes variables whose axes were computed: a number may be what the Dim stands for."""
    signature, api = ctx.default_signature, cast("TypeChecker", ctx.api)
    arg_types = list(signature.arg_types)
    for i, (formal, given) in enumerate(zip(signature.arg_types, ctx.args, strict=True)):
        if len(given) == 1:
            arg_types[i] = _accepting(formal, given[0], api)
    if arg_types == signature.arg_types:
        return signature
    changed = replaced(signature, arg_types, signature.ret_type)
    changed.variables = signature.variables
    return changed


def _accepting(formal: Type, given: Expression, api: TypeChecker) -> Type:
    """The type of a parameter, with the numbers of the argument in the place of Dims that may have these sizes."""
    t = get_proper_type(formal)
    want = tensor_axes(t)
    if want is None or not isinstance(t, Instance) or not has_computed_type(given):
        return formal
    have = tensor_axes(get_proper_type(api.get_expression_type(given)))
    if have is None or have[0] != want[0] or len(have[1]) != len(want[1]):
        return formal
    axes = [h if _may_be(w, h) else w for w, h in zip(want[1], have[1], strict=True)]
    return with_axes(t, axes) if axes != list(want[1]) else formal


def _may_be(wanted: Type, given: Type) -> bool:
    """Whether a Dim may stand for a number; mypy makes one `int` of the different numbers in a list."""
    dim, number = get_proper_type(wanted), get_proper_type(given)
    if not isinstance(dim, Instance) or not is_dim(dim):
        return False
    if isinstance(number, LiteralType):
        return dim_size(dim.type) in (None, number.value)
    return isinstance(number, Instance) and number.type.fullname == "builtins.int"
