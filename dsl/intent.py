"""What the code around an operation says about it: the result that a `return` needs, and whether it has run before."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import cast

from ..compiler.errors import ShapewrightError
from ..compiler.ops.elementwise import ELEMENTWISE
from ..compiler.source import nodes_of
from ..compiler.types import DType, TensorType
from .blame import UNKNOWN, UserCall, known_value
from .check import Item, bind, check_names
from .hints import ArrayHint
from .interpreters import SymbolicOps, current
from .running import innermost_call, running_items
from .scope import exact_sizes

_KEEP_SHAPE = frozenset(
    {op.name for op in ELEMENTWISE} | {"softmax", "log_softmax", "gelu", "clip", "astype", "dropout", "relu", "silu"}
)  # functions and methods whose result has the shape of their first operand
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_LOOPS = (ast.For, ast.While, ast.AsyncFor)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Wanted:
    """What the declared result of the typed function says about an operation whose result it returns."""

    def __init__(self, item: Item, given: list[Item]) -> None:
        self._item, self._given = item, given

    def accepts(self, result: TensorType) -> bool:
        """Whether the function may return a result of this type (the element type aside)."""
        items = [*self._given, self._item._replace(type=result)]
        if all(isinstance(s, int) for s in result.shape):
            items = [i._replace(type=_in_numbers(i.type)) for i in items]
        try:
            check_names(items[-1:])
            with exact_sizes():
                bind(items, {}, {})
        except ShapewrightError:
            return False
        return True


def _in_numbers(t: TensorType) -> TensorType:
    """A type with the numbers behind symbolic sizes, as an error of a recorded operation has them."""
    ops = current()
    if not isinstance(ops, SymbolicOps):
        return t
    return TensorType(t.dtype, tuple(map(ops.example, t.shape)), t.names)


def wanted(call: UserCall) -> Wanted | None:
    """What the result of the user's expression must be; None where the code around it does not say."""
    frame, node = call.frame, call.node
    if frame is None or call.loc is None or not isinstance(node, ast.expr):
        return None
    function = _function_around(call.loc.file, node)
    running = innermost_call(frame)
    if function is None or running is None or not _is_body(running.plan.f, frame) or not _returned(node, function):
        return None
    try:
        hint, source = running.plan.result
    except Exception:  # annotations that cannot be resolved: an error of theirs is none of this one's
        return None
    if not isinstance(hint, ArrayHint):
        return None
    return Wanted(Item(hint, TensorType(DType.float32, ()), source, 0), running_items(frame))


def _is_body(f: object, frame: FrameType) -> bool:
    return getattr(f, "__code__", None) is frame.f_code


def _function_around(file: str, node: ast.AST) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The innermost function that an expression stands in."""
    found = [f for f in nodes_of(file) if isinstance(f, _FUNCTIONS) and any(n is node for n in ast.walk(f))]
    return found[-1] if found else None  # `nodes_of` walks from the outside in


def _parents(function: ast.AST) -> dict[int, ast.AST]:
    return {id(child): parent for parent in ast.walk(function) for child in ast.iter_child_nodes(parent)}


def _returned(node: ast.AST, function: ast.AST) -> bool:
    """Whether a function returns the value of an expression, or that of elementwise functions of it."""
    parents = _parents(function)
    for _ in range(len(parents)):
        parent = parents.get(id(node))
        match parent:
            case ast.Return():
                return True
            case ast.Assign(targets=[ast.Name(id=name)]):
                use = _only_use(name, function)
                if use is None:
                    return False
                node = use
            case ast.expr() if _keeps_shape(parent, node, parents):
                node = parent
            case ast.Attribute() if isinstance(call := parents.get(id(parent)), ast.Call) and call.func is parent:
                if parent.attr not in _KEEP_SHAPE:
                    return False
                node = call
            case _:
                return False
    return False


def _keeps_shape(parent: ast.expr, node: ast.AST, parents: dict[int, ast.AST]) -> bool:
    """Whether an expression has the shape of a part of it."""
    match parent:
        case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
            return True
        case ast.BinOp(left=left, right=right, op=op):
            return not isinstance(op, ast.MatMult) and _is_number(right if left is node else left)
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=[first, *rest]):
            number = all(map(_is_number, rest))
            at_last = name == "where" and len(rest) == 2 and rest[0] is node and _is_number(rest[1])
            return at_last or (name in _KEEP_SHAPE and first is node and (number or name == "dropout"))
        case _:
            return False


def _is_number(expr: ast.expr) -> bool:
    return isinstance(expr, ast.Constant) or (isinstance(expr, ast.UnaryOp) and isinstance(expr.operand, ast.Constant))


def _only_use(name: str, function: ast.AST) -> ast.Name | None:
    """Where a variable that is assigned once is read, if that is one place."""
    names = [n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == name]
    reads = [n for n in names if isinstance(n.ctx, ast.Load)]
    return reads[0] if len(names) == 2 and len(reads) == 1 else None


# ---- loops
def may_have_run(call: UserCall) -> bool:
    """Whether the user's expression stands in a loop, and has perhaps worked in an earlier round of it."""
    frame, node = call.frame, call.node
    if frame is None or call.loc is None or node is None:
        return False
    function = _function_around(call.loc.file, node)
    scope = function if function is not None else nodes_of(call.loc.file)[0]
    return any(not _first_round(loop, frame) for loop in _loops_around(node, scope))


def _loops_around(node: ast.AST, function: ast.AST) -> Iterator[ast.AST]:
    parents = _parents(function)
    child, parent = node, parents.get(id(node))
    while parent is not None:
        if isinstance(parent, _LOOPS) and any(child is s for s in parent.body):
            yield parent
        if isinstance(parent, _COMPREHENSIONS) and child is not parent.generators[0]:
            yield from parent.generators
        child, parent = parent, parents.get(id(parent))


def _first_round(loop: ast.AST, frame: FrameType) -> bool:
    """Whether the variable of a loop still has its first value, as far as that is written there."""
    match loop:
        case ast.For(target=target, iter=source) | ast.comprehension(target=target, iter=source):
            pass
        case _:
            return False
    match source:
        case ast.Call(func=ast.Name(id="enumerate"), args=[_]) if isinstance(target, ast.Tuple):
            return known_value(target.elts[0], frame) == 0
        case ast.Call(func=ast.Name(id="range"), args=[_]):
            return known_value(target, frame) == 0
        case ast.Call(func=ast.Name(id="range"), args=[start, *_]):
            found = known_value(target, frame)
            return found is not UNKNOWN and found == known_value(start, frame)
        case ast.Tuple(elts=[first, *_]) | ast.List(elts=[first, *_]):
            found = known_value(target, frame)
            return found is not UNKNOWN and found is known_value(first, frame)
        case ast.Name() | ast.Attribute():
            items, found = known_value(source, frame), known_value(target, frame)
            listed = cast("Sequence[object]", items) if isinstance(items, tuple | list) else ()
            return bool(listed) and listed[0] is found
        case _:
            return False
