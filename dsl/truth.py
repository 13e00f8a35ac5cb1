"""What to write where a tensor of many elements is asked for one value: by `if`, by a chain of comparisons, by `float()`."""

from __future__ import annotations

import ast

from ..compiler.types import DType, TensorType
from .blame import entry_frames, node_at
from .rewrite import LONGEST

_OF_CONDITIONS = "say for which elements: `sw.all(x)` or `sw.any(x)`, or choose per element with sw.where"
_OF_NUMBERS = "compare it, and reduce the condition: sw.all(x > 0), sw.any(x > 0)"


def instead_of_one(what: str, t: TensorType) -> str:
    """The help line."""
    if not what.startswith("`if`"):
        if t.dtype is DType.bool:
            return "reduce it first with sw.all(x) or sw.any(x), or count with .astype"
        return "reduce it first, for instance with .sum() or .mean()"
    return instead_of_syntax() or (_OF_CONDITIONS if t.dtype is DType.bool else _OF_NUMBERS)


def instead_of_syntax() -> str | None:
    """The help line, if it is the syntax of the user's line that asks for a truth value without saying so."""
    node = _node()
    if isinstance(node, ast.Compare) and len(node.ops) > 1:
        return _chain(node)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("min", "max"):
        return f"Python's {node.func.id} compares whole tensors: write sw.{_NAMES[node.func.id]}"
    if isinstance(node, ast.BoolOp):
        sign = "&" if isinstance(node.op, ast.And) else "|"
        return f"`{'and' if sign == '&' else 'or'}` asks for one truth value: between conditions write `{sign}`"
    return None


_NAMES = {"min": "min(x), or sw.minimum(x, y) of two", "max": "max(x), or sw.maximum(x, y) of two"}


def _node() -> ast.AST | None:
    """The expression of the user's line that asks for the value."""
    from ..compiler.loc import frame_loc

    frame = entry_frames()[1]
    return None if frame is None else node_at(frame_loc(frame))


def _chain(node: ast.Compare) -> str:
    """`(0 < x) & (x < 3)` for `0 < x < 3`."""
    sides = [node.left, *node.comparators]
    pairs = [ast.Compare(sides[i], [op], [sides[i + 1]]) for i, op in enumerate(node.ops)]
    text = " & ".join(f"({ast.unparse(p)})" for p in pairs)
    said = "a chain of comparisons asks for one truth value"
    return f"{said}: write each in parentheses, with `&` between" if len(text) > LONGEST else f"{said}: write `{text}`"
