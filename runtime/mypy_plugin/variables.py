"""Variables of a module: what they are assigned, and so whether their type says what they hold.

mypy gives a variable one type. A later value of another size is right when it runs, and right for mypy if its size is
Any; after that the type of the variable says nothing certain.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import final

from mypy.checker import TypeChecker
from mypy.nodes import (
    Argument,
    AssignmentStmt,
    Block,
    CallExpr,
    ClassDef,
    Context,
    Decorator,
    Expression,
    ExpressionStmt,
    ForStmt,
    FuncDef,
    IfStmt,
    IndexExpr,
    ListExpr,
    MatchStmt,
    MemberExpr,
    MypyFile,
    NameExpr,
    Node,
    OperatorAssignmentStmt,
    OverloadedFuncDef,
    RefExpr,
    StarExpr,
    TryStmt,
    TupleExpr,
    Var,
    WhileStmt,
    WithStmt,
)
from mypy.subtypes import is_subtype
from mypy.types import AnyType, Type, get_proper_type

from .names import SAME_SHAPE
from .tensors import tensor_axes


@final
@dataclass(frozen=True, slots=True)
class Binding:
    """One place where a variable gets a value.

    value: the expression, if it is the whole of it. part: what is unpacked, and which item of it goes here.
    """

    target: RefExpr
    value: Expression | None
    in_loop: bool
    part: tuple[Expression, int] | None = None


@final
class Variables:
    """The bindings of a module, by name: nodes are looked at when asked for, since mypy makes some of them anew."""

    def __init__(self, tree: MypyFile) -> None:
        self.statements = tree.defs
        self._bindings: dict[str, list[Binding]] = {}
        self._parameters: dict[str, list[Argument]] = {}
        self._annotations: dict[Node | None, list[Type]] = {}
        self._targets: dict[Context, list[RefExpr]] = {}
        self._stored: set[Context] = set()  # values that are put in a list or dict, one of several
        self._captured = _captured(tree.path)
        for statement in tree.defs:
            self._read(statement, None, False)

    def annotations(self, function: Node | None) -> list[Type]:
        """Types that variables of a function (None: of the module) are declared to have."""
        return self._annotations.get(function, [])

    def of(self, var: Var) -> list[Binding]:
        """Where a variable gets its values, as an argument excepted."""
        return [b for b in self._bindings.get(var.name, ()) if b.target.node is var]

    def is_parameter(self, var: Var) -> bool:
        """Whether a variable is a parameter of a function."""
        return any(a.variable is var for a in self._parameters.get(var.name, ()))

    def only(self, var: Var) -> Binding | None:
        """Where a local variable gets its value, if that happens in one place."""
        found = self.of(var)
        local = not self.is_parameter(var) and "." not in var.fullname
        return found[0] if len(found) == 1 and local and not self.is_captured(var) else None

    def is_captured(self, var: Var) -> bool:
        """Whether a variable of this name gets a value inside of an expression or pattern."""
        return var.name in self._captured

    def is_given_again(self, value: Context) -> bool:
        """Whether an expression is the value of a variable without an annotation, or of a container, that has others."""
        return value in self._stored or any(self._has_more(t) for t in self._targets.get(value, ()))

    def is_inferred(self, value: Context) -> bool:
        """Whether an expression is the value of a variable without an annotation."""
        nodes = (t.node for t in self._targets.get(value, ()))
        return any(isinstance(node, Var) and node.is_inferred for node in nodes)

    def _has_more(self, target: RefExpr) -> bool:
        var = target.node
        if isinstance(target, MemberExpr) or not isinstance(var, Var):
            return not isinstance(var, Var) or var.is_inferred
        if self.is_parameter(var):
            return True
        return var.is_inferred and any(b.target is not target and not _keeps_shape(b.value, var) for b in self.of(var))

    def _read(self, node: Node, owner: Node | None, in_loop: bool) -> None:
        """owner: the function or class that a statement stands in."""
        match node:
            case AssignmentStmt(lvalues=targets, rvalue=value, type=annotation):
                if annotation is not None:
                    self._annotations.setdefault(owner, []).append(annotation)
                for target in targets:
                    self._bind(target, value, value, in_loop)
            case OperatorAssignmentStmt(lvalue=target):
                self._bind(target, None, None, in_loop)
            case ForStmt(index=target, expr=source):
                self._bind(target, None, source, in_loop)
            case ExpressionStmt(expr=CallExpr(callee=MemberExpr(name="append" | "insert"), args=values)):
                self._stored.update(values)
            case WithStmt(target=many):
                for each in many:
                    if each is not None:
                        self._bind(each, None, None, in_loop)
            case FuncDef(arguments=arguments):
                for a in arguments:
                    self._parameters.setdefault(a.variable.name, []).append(a)
            case _:
                pass
        inside = in_loop or isinstance(node, ForStmt | WhileStmt)
        owner = node if isinstance(node, FuncDef | ClassDef) else owner
        for child in _children(node):
            self._read(child, owner, inside)

    def _bind(
        self,
        target: Expression,
        value: Expression | None,
        source: Expression | None,
        in_loop: bool,
        part: tuple[Expression, int] | None = None,
    ) -> None:
        """value: the whole new value of the target. source: what it is a part of."""
        match target:
            case NameExpr() | MemberExpr():
                self._bindings.setdefault(target.name, []).append(Binding(target, value, in_loop, part))
                if source is not None:
                    self._targets.setdefault(source, []).append(target)
            case TupleExpr(items=items) | ListExpr(items=items):
                plain = value is not None and not any(isinstance(i, StarExpr) for i in items)
                for n, item in enumerate(items):
                    self._bind(item, None, source, in_loop, (value, n) if value is not None and plain else None)
            case StarExpr(expr=expr):
                self._bind(expr, None, source, in_loop)
            case IndexExpr() if source is not None:
                self._stored.add(source)
            case _:
                pass


def _captured(path: str) -> frozenset[str]:
    """Names that `:=`, patterns and `except ... as` set. Read from the text: mypy's own visitors cannot be extended."""
    try:
        tree = ast.parse(Path(path).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return frozenset()
    names: set[str | None] = set()
    for node in ast.walk(tree):
        match node:
            case ast.NamedExpr(target=target):
                names.add(target.id)
            case ast.MatchAs(name=name) | ast.MatchStar(name=name) | ast.MatchMapping(rest=name):
                names.add(name)
            case ast.ExceptHandler(name=name):
                names.add(name)
            case _:
                pass
    return frozenset(n for n in names if n is not None)


def _keeps_shape(value: Expression | None, var: Var) -> bool:
    """Whether a value has the shape that the variable had before: `h = sw.relu(h)`."""
    if not isinstance(value, CallExpr) or not isinstance(value.callee, RefExpr) or not value.args:
        return False
    first = value.args[0]
    return value.callee.fullname in SAME_SHAPE and isinstance(first, NameExpr) and first.node is var


def _children(node: Node) -> Iterator[Node]:
    """The statements in a statement."""
    match node:
        case Block(body=body):
            yield from body
        case IfStmt(body=bodies, else_body=rest):
            yield from bodies
            yield from () if rest is None else (rest,)
        case ForStmt(body=body, else_body=rest) | WhileStmt(body=body, else_body=rest):
            yield body
            yield from () if rest is None else (rest,)
        case WithStmt(body=body) | FuncDef(body=body):
            yield body
        case TryStmt(body=body, handlers=handlers, else_body=rest, finally_body=last):
            yield from (b for b in (body, *handlers, rest, last) if b is not None)
        case MatchStmt(bodies=bodies):
            yield from bodies
        case ClassDef(defs=body):
            yield body
        case Decorator(func=func):
            yield func
        case OverloadedFuncDef(items=items):
            yield from items
        case _:
            pass


_last: Variables | None = None


def variables_of(tree: MypyFile) -> Variables:
    """The variables of the module that is being checked."""
    global _last
    if _last is None or _last.statements is not tree.defs:
        _last = Variables(tree)
    return _last


def is_certain(api: TypeChecker, expr: Expression) -> bool:
    """Whether the type of an expression says what it holds: not that of a variable with a value of a type with Any."""
    var = expr.node if isinstance(expr, RefExpr) else None
    if not isinstance(var, Var):
        return True
    variables = variables_of(api.tree)
    bindings = variables.of(var)
    if isinstance(expr, MemberExpr):
        return not var.is_inferred or len(bindings) == 1
    if variables.is_captured(var):
        return False
    if len(bindings) + variables.is_parameter(var) < 2:
        return True
    return all(_keeps_shape(b.value, var) or _is_exact(api, b) for b in bindings)


def _is_exact(api: TypeChecker, binding: Binding) -> bool:
    """Whether a variable holds what its type says after this binding, as far as mypy has got."""
    if binding.value is None:
        return False
    if not api.has_type(binding.value):
        return not binding.in_loop  # it comes later
    found = tensor_axes(get_proper_type(api.lookup_type(binding.value)))
    return found is not None and not any(isinstance(get_proper_type(a), AnyType) for a in found[1])


def is_given_again(api: TypeChecker, call: Context) -> bool:
    """Whether a call is the value of a variable, without an annotation, that has other values too.

    `h = sw.concat((x, y)); h = sw.concat((h, z))`: with exact types, the second one would be an error.
    """
    return variables_of(api.tree).is_given_again(call)


def has_another_type(api: TypeChecker, call: Context, wanted: Type | None, found: Type) -> bool:
    """Whether a call is the value of a variable to which something else (`:=`, say) has given another type."""
    return wanted is not None and variables_of(api.tree).is_inferred(call) and not is_subtype(found, wanted)


def has_computed_type(expr: Expression) -> bool:
    """Whether an expression has a type that nobody has written: its numbers may be what a Dim stands for."""
    if isinstance(expr, NameExpr) and isinstance(expr.node, Var):
        return expr.node.is_inferred
    return not isinstance(expr, MemberExpr)
