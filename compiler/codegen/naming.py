"""What values and buffers are called in kernels, listings and reports: the user's names first."""

from __future__ import annotations

from ..loop.ir import Combine, Dot, Leaf, LoopNode, Map, Reduce
from ..sizes import Poly, Size, symbols
from .text import identifier

# Operations whose result may be a copy of the operand.
_MOVING = frozenset(["broadcast_to", "identity", "reshape", "slice", "transpose"])

# What a value without a name of the user's holds, by the scalar function that makes it.
RESULTS = {
    "abs": "magnitude",
    "add": "total",
    "argmax": "position",
    "check_index": "index",
    "div": "ratio",
    "exp": "exponential",
    "identity": "copy",
    "log": "logarithm",
    "max": "largest",
    "min": "smallest",
    "mul": "product",
    "random_bits": "bits",
    "size": "count",
    "sub": "difference",
    "sum": "total",
    "where": "kept",
}


def size_name(size: Size) -> str:
    """The parameter for a run-time size: `Batch_size`, `Batch_64_count` for 64 times that."""
    names = sorted(s.name for s in symbols(size))
    if isinstance(size, Poly) and len(size.terms) == 1 and len(size.terms[0][0]) == 1:
        factor = size.terms[0][1]
        return f"{names[0]}_size" if factor == 1 else f"{names[0]}_{factor}_count"
    return "_".join(names) + "_count"


def buffer_name(n: LoopNode) -> str:
    """The user's name of a buffer, or what it holds."""
    return identifier(n.node.name or n.node.kind) if isinstance(n, Leaf) else value_name(n)


def is_copy(n: LoopNode) -> bool:
    """Whether this is another value as an operation wants it to lie, and not what the operation gives."""
    if not isinstance(n, Map) or n.fn != "identity" or n.into is not None or n.origin is None:
        return False
    given = n.reads[0].source.origin is n.origin or n.origin.op in _MOVING
    return not given


def value_name(n: LoopNode) -> str:
    """The user's name of a value, else what it is."""
    o = n.origin
    if n.into is not None:
        return buffer_name(n.into)
    if is_copy(n):
        return f"{buffer_name(n.reads[0].source)}_copy"
    if o is not None and o.name:
        return identifier(o.name)
    match n:
        case Map(fn=fn) | Reduce(fn=fn):
            base = RESULTS.get(fn, fn)
        case Dot():
            base = "product"
        case Combine():
            return value_name(n.reads[0].source)
        case _:
            base = type(n).__name__.lower()
    return f"{base}_grad" if o is not None and o.role == "backward" else base
