"""Variables that were given their type by an earlier assignment: a later value of another shape is no mistake."""

from __future__ import annotations

from collections.abc import Iterator

from mypy.checker import TypeChecker
from mypy.nodes import (
    AssignmentStmt,
    Block,
    Context,
    ForStmt,
    FuncItem,
    IfStmt,
    MatchStmt,
    NameExpr,
    Statement,
    TryStmt,
    Var,
    WhileStmt,
    WithStmt,
)
from mypy.subtypes import is_subtype
from mypy.types import Type


def may_take_any(api: TypeChecker, call: Context, wanted: Type | None, found: Type) -> bool:
    """Whether `call` is the whole value of a variable, without an annotation, that has another type by now.

    `h = sw.concat((x, y)); h = sw.concat((h, z))` is right when it runs. The size that the signature leaves Any makes it
    right for mypy too, and the exact one would not.
    """
    if wanted is None or is_subtype(found, wanted):
        return False
    function = api.scope.current_function()
    body = function.body.body if isinstance(function, FuncItem) else api.tree.defs
    arguments = function.arguments if isinstance(function, FuncItem) else []
    targets = (t for s in _assignments(body) if s.rvalue is call for t in s.lvalues)
    return any(
        isinstance(t, NameExpr)
        and isinstance(t.node, Var)
        and (t.node.is_inferred or any(a.variable is t.node for a in arguments))
        for t in targets
    )


def _assignments(statements: list[Statement]) -> Iterator[AssignmentStmt]:
    for s in statements:
        if isinstance(s, AssignmentStmt):
            yield s
        for block in _blocks(s):
            yield from _assignments(block.body)


def _blocks(statement: Statement) -> Iterator[Block]:
    match statement:
        case Block():
            yield statement
        case IfStmt(body=bodies, else_body=rest):
            yield from bodies
            yield from () if rest is None else (rest,)
        case ForStmt(body=body, else_body=rest) | WhileStmt(body=body, else_body=rest):
            yield body
            yield from () if rest is None else (rest,)
        case WithStmt(body=body):
            yield body
        case TryStmt(body=body, handlers=handlers, else_body=rest, finally_body=last):
            yield body
            yield from handlers
            yield from (b for b in (rest, last) if b is not None)
        case MatchStmt(bodies=bodies):
            yield from bodies
        case _:
            pass
