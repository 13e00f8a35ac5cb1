"""What a call is written with, as far as mypy knows it: tensors, numbers, tuples, slices, and sizes like `x.shape[0]`."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

from mypy.checker import TypeChecker
from mypy.constant_fold import constant_fold_expr
from mypy.nodes import (
    ARG_NAMED,
    ARG_POS,
    CallExpr,
    EllipsisExpr,
    Expression,
    IndexExpr,
    ListExpr,
    MemberExpr,
    NameExpr,
    OpExpr,
    SliceExpr,
    TupleExpr,
    Var,
)
from mypy.types import Instance, LiteralType, NoneType, ProperType, TupleType, UnpackType, get_proper_type

from ...compiler.sizes import Poly, Size
from .axes import Reader
from .evaluate import Argument, Cut
from .variables import has_computed_type, is_certain, variables_of

_FOLDED: dict[str, Callable[[Size, Size], Size]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
}


class Unclear(Exception):
    """An argument that is not known before the program runs."""


@final
class Arguments:
    """Reads the arguments of one call."""

    def __init__(self, api: TypeChecker, reader: Reader) -> None:
        self._api = api
        self._reader = reader
        self._read: set[Var] = set()  # whose values are being looked at

    def of_call(self, call: CallExpr) -> tuple[tuple[Argument, ...], tuple[tuple[str, Argument], ...]]:
        """Positional arguments and keyword arguments. Unclear: not all of them are known."""
        args: list[Argument] = []
        kwargs: list[tuple[str, Argument]] = []
        for expr, kind, name in zip(call.args, call.arg_kinds, call.arg_names, strict=True):
            if kind == ARG_POS:
                args.append(self.value(expr))
            elif kind == ARG_NAMED and name is not None:
                kwargs.append((name, self.value(expr)))
            else:
                raise Unclear
        return tuple(args), tuple(kwargs)

    def value(self, expr: Expression) -> Argument:
        """The value of an expression, or a tensor of its type. Unclear: it has no known value."""
        match expr:
            case TupleExpr() | ListExpr():
                return tuple(self.value(item) for item in expr.items)
            case EllipsisExpr():
                return ...
            case _:
                size = self._size(expr)
                if size is not None:
                    return size
                return self.of_type(self.type_of(expr), computed=has_computed_type(expr), name=name_of(expr))

    def key(self, expr: Expression) -> Argument:
        """What stands in the brackets of `x[...]`."""
        match expr:
            case TupleExpr():
                return tuple(self.key(item) for item in expr.items)
            case SliceExpr(begin_index=start, end_index=stop, stride=step):
                return Cut(*(None if e is None else self.value(e) for e in (start, stop, step)))
            case ListExpr():
                raise Unclear
            case _:
                return self.value(expr)

    def type_of(self, expr: Expression) -> ProperType:
        """The type of an expression by itself. Unclear: it is a variable that may hold something else by now."""
        if not is_certain(self._api, expr):
            raise Unclear
        with self._api.msg.filter_errors():  # they are reported where the call is checked
            return get_proper_type(self._api.get_expression_type(expr))

    def of_type(self, t: ProperType, *, computed: bool = False, name: str = "") -> Argument:
        """A value that every expression of this type has. computed: nobody has written the type."""
        operand = self._reader.operand(t, computed=computed, name=name)
        if operand is not None:
            return operand
        match t:
            case NoneType():
                return None
            case LiteralType(value=bool() | int() | str() as value):
                return value
            case Instance(last_known_value=LiteralType(value=bool() | int() | str() as value)):
                return value
            case TupleType(items=items) if not any(isinstance(i, UnpackType) for i in items):
                return tuple(self.of_type(get_proper_type(i), computed=computed) for i in items)
            case _:
                raise Unclear

    def _size(self, expr: Expression) -> Size | float | None:
        """A number that is written down, or computed from such numbers and sizes of tensors."""
        folded = constant_fold_expr(expr, self._api.tree.fullname)
        if isinstance(folded, int | float):
            return folded
        if isinstance(expr, OpExpr) and expr.op in _FOLDED:
            left, right = self._operand_size(expr.left), self._operand_size(expr.right)
            return None if left is None or right is None else _FOLDED[expr.op](left, right)
        return self._axis(expr)

    def _operand_size(self, expr: Expression) -> Size | None:
        """One side of such a computation."""
        found = self._size(expr)
        if found is None:
            t = self.type_of(expr)
            literal = t.last_known_value if isinstance(t, Instance) else t
            found = literal.value if isinstance(literal, LiteralType) and isinstance(literal.value, int) else None
        return found if isinstance(found, int | Poly) else None

    def _axis(self, expr: Expression) -> Size | float | None:
        """`x.shape[1]` of a tensor, or a variable that is it, or is a number."""
        if isinstance(expr, IndexExpr):
            at = constant_fold_expr(expr.index, self._api.tree.fullname)
            return self._of_shape(expr.base, at) if isinstance(at, int) else None
        var = expr.node if isinstance(expr, NameExpr) else None
        if not isinstance(var, Var) or var in self._read:
            return None
        binding = variables_of(self._api.tree).only(var)
        if binding is None:
            return None
        self._read.add(var)
        try:
            if binding.value is not None:
                return self._size(binding.value)
            return self._of_shape(*binding.part) if binding.part is not None else None
        finally:
            self._read.discard(var)

    def _of_shape(self, expr: Expression, at: int) -> Size | None:
        """One item of `x.shape`."""
        if not isinstance(expr, MemberExpr) or expr.name != "shape":
            return None
        operand = self._reader.operand(self.type_of(expr.expr), name=name_of(expr.expr))
        if operand is None:
            return None
        return operand.shape[at] if -len(operand.shape) <= at < len(operand.shape) else None


def name_of(expr: Expression) -> str:
    """What tells a variable from others; nothing for other expressions."""
    var = expr.node if isinstance(expr, NameExpr) else None
    return f"{var.fullname}@{var.line}" if isinstance(var, Var) else ""
