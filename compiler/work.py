"""How much a kernel computes and moves, as sizes: floating-point operations, and bytes read and written once."""

from __future__ import annotations

from .loop.ir import Dot, Gather, LoopNode, Map, Reduce
from .schedule.kernels import Kernel, Step, produced
from .schedule.places import is_inline
from .sizes import Size, product

FREE = frozenset({"identity", "cast", "check_index", "where"})


def flops(step: Step) -> Size:
    """One operation per element and scalar function, two per term of a contraction."""
    total: Size = 0
    for n in step.nodes if isinstance(step, Kernel) else [step]:
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
    inner = step.inner if isinstance(step, Kernel) else set[tuple[int, int]]()
    buffers = {id(n): n for n in produced(step)}
    for n in step.nodes if isinstance(step, Kernel) else [step]:
        for i, v in enumerate(n.reads):
            if (n.id, i) not in inner:
                buffers[id(v.source)] = v.source
    total: Size = 0
    for n in buffers.values():
        total = total + n.size * n.dtype.itemsize
    return total
