"""Axes that were given as something else than their numbers, and orders of two axes only: what to write instead."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from ..compiler.errors import Help
from .annotations import DimName
from .array import AnyArray, type_of
from .blame import user_call
from .fixes import line_help
from .rewrite import number_written
from .running import named, running_items

COUNTED = "an axis is a number, counted from 0"


def numbered(x: AnyArray, axes: Sequence[object]) -> str | Help:
    """For axes that are no numbers: the numbers of those that are the class or the name of one axis of the tensor."""
    call = user_call((x, *axes))
    names = named([type_of(x)], running_items(call.frame))[0].names
    places = [[i for i, name in enumerate(names) if _is_axis(name, axis)] for axis in axes]
    found = [place[0] for place in places if len(place) == 1]
    if len(set(found)) < len(axes):
        return COUNTED
    said = " and ".join(f"`{names[i]}` is axis {i}" for i in found)
    exprs = call.operands[1:]
    if call.node is not None and all(e is not None for e in exprs):
        new = {e: number_written(i) for e, i in zip(exprs, found, strict=True) if e is not None}
        written = line_help(call, said, call.node, new, exprs[0])
        if written is not None:
            return written
    return f"{said}: write axis={found[0] if len(found) == 1 else tuple(found)}"


def _is_axis(name: str | None, axis: object) -> bool:
    if isinstance(axis, str):
        return name == axis
    return isinstance(name, DimName) and name.dim is axis


def exchanged(x: AnyArray, a: int, b: int) -> str | Help:
    """For an order of two axes, of a tensor that has more: the order of all axes that exchanges the two."""
    order = list(range(x.ndim))
    order[a], order[b] = b, a
    said = "to exchange two axes, give the order of all"
    call = user_call((x,))
    node = call.node
    new = None if not isinstance(node, ast.Call) else _with_order(node, [number_written(i) for i in order])
    written = None if new is None or node is None else line_help(call, said, node, new)
    return written or f"{said}: {tuple(order)}"


def _with_order(node: ast.Call, order: list[ast.expr]) -> dict[ast.expr, ast.expr] | None:
    """What changes in `x.transpose((1, 2))` or `x.transpose(1, 2)` for an order of more axes."""
    last = [*node.args, *(k.value for k in node.keywords)][-1]
    if isinstance(last, ast.Tuple | ast.List) and len(last.elts) == 2:
        return {last: ast.Tuple(elts=order, ctx=ast.Load())}
    if isinstance(node.func, ast.Attribute) and len(node.args) == 2 and not node.keywords:
        return {node: ast.Call(func=node.func, args=order, keywords=[])}
    return None
