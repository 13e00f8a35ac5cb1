"""How much a kernel computes and moves, as sizes: floating-point operations, and bytes read and written once."""

from __future__ import annotations

from .loop.ir import Dot, Gather, LoopNode, Map, Reduce, is_inline
from .schedule.kernels import Step, loads, nodes_of, produced
from .sizes import Size, product

FREE = frozenset({"identity", "cast", "check_index", "where"})


def flops(step: Step) -> Size:
    """One operation per element and scalar function, two per term of a contraction."""
    total: Size = 0
    for n in nodes_of(step):
        total = total + _node_flops(n)
    return total


def _node_flops(n: LoopNode) -> Size:
    match n:
        case Map(fn=fn):
            return 0 if is_inline(n) or fn in FREE or not n.dtype.is_float else n.size
        case Reduce():
            return product(n.reads[0].shape) if n.dtype.is_float else 0
        case Dot(spec=(a, b, _)):
            sizes = dict(zip(a + b, n.reads[0].shape + n.reads[1].shape, strict=True))
            return 2 * product(list(sizes.values()))
        case Gather():
            return 0
        case _:
            return n.size


def moved(step: Step) -> Size:
    """Bytes of every buffer that is read or written, once each."""
    total: Size = 0
    for n in dict.fromkeys([*produced(step), *(v.source for v in loads(step))]):
        total = total + n.size * n.dtype.itemsize
    return total
