"""What an operation costs: the figures of the kernels that it becomes when it is compiled alone."""

from __future__ import annotations

from functools import lru_cache

from ...compiler.compile import work_of
from ...compiler.errors import CompileError
from ...compiler.ir.graph import Graph
from ...compiler.ops.opdef import Movement
from ...compiler.ops.table import OPS, infer
from ...compiler.sizes import Size
from .state import Operation


def cost_of(work: tuple[Operation, ...]) -> tuple[Size, Size] | None:
    """FLOPs, and bytes read and written, of operations that run one after the other; None if one has no kernel."""
    flops: Size = 0
    moved: Size = 0
    for operation in work:
        try:
            f, b = _cost(operation)
        except CompileError:
            return None
        flops, moved = flops + f, moved + b
    return flops, moved


@lru_cache(maxsize=4096)
def _cost(operation: Operation) -> tuple[Size, Size]:
    if isinstance(OPS[operation.op].lower, Movement):
        return 0, 0  # it becomes an index map of the kernel that reads it
    graph = Graph(infer)
    inputs = [
        graph.leaf("input", f"x{i}", x.type) if x.literal is None else graph.add(x.literal[0], (), x.literal[1])
        for i, x in enumerate(operation.operands)
    ]
    graph.outputs = [graph.add(operation.op, inputs, operation.attrs)]
    return work_of(graph)
