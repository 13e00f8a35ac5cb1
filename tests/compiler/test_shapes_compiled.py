"""Programs with shapes that once came out wrong: compiled = references, values and gradients."""

from __future__ import annotations

import numpy as np
import pytest

from shapewright.compiler.autodiff import GraphBuild, graph_gradients
from shapewright.compiler.ir.graph import Graph, Node
from shapewright.compiler.ops.table import infer
from shapewright.compiler.types import DType, TensorType

from ..ops.oracle import close
from .harness import interpret, run_compiled


def compare(graph: Graph, loss: Node, params: list[Node], index: int = 2) -> None:
    """Loss and gradients of a graph, fused and not, on one and two workers, against the references."""
    rng = np.random.default_rng(0)
    graph.outputs = [loss, *graph_gradients(graph, loss, params)]
    leaves = {
        n.id: rng.normal(size=[int(s) for s in n.type.shape])
        if n.type.dtype.is_float
        else np.full([int(s) for s in n.type.shape], index)
        for n in graph.nodes
        if n.op == "leaf"
    }
    want = interpret(graph, leaves)
    for fuse in (True, False):
        for workers in (1, 2):
            got, _ = run_compiled(graph, leaves, fuse=fuse, workers=workers)
            for node, value in zip(graph.outputs, got, strict=True):
                assert close(value, want[node.id], 1000), f"fuse={fuse}, {workers} workers: {node!r}"


@pytest.mark.parametrize(("rows", "columns"), [(3, 4), (5, 3), (4, 4)])
def test_gradient_of_a_row_taken_by_a_scalar_index(rows: int, columns: int) -> None:
    """The updates of the scatter have no axis of the index: their first axis is the second one of the result."""
    graph = Graph(infer, "row")
    b = GraphBuild(graph)
    v = graph.leaf("param", "v", TensorType(DType.float64, (rows, columns)))
    i = graph.leaf("input", "i", TensorType(DType.int64, ()))
    row = b.op("take", v, i, axis=0)
    compare(graph, b.sum(b.mul(b.op("tanh", row), row), (0,)), [v])


def test_gradient_of_a_broadcast_whose_sum_is_a_value_per_row() -> None:
    """The gradient of v sums, over the new axis, values that do not vary along the last axis."""
    graph = Graph(infer, "broadcast")
    b = GraphBuild(graph)
    v = graph.leaf("param", "v", TensorType(DType.float64, (5, 3)))
    wide = b.broadcast_to(v, (2, 5, 3))
    total = b.op("tanh", b.sum(wide, (2,), True))
    compare(graph, b.sum(b.op("tanh", total), (0, 1, 2)), [v])


@pytest.mark.parametrize("axes", [(0,), (2,), (0, 2), (0, 1), (0, 1, 2)])
def test_fold_of_a_value_that_does_not_vary_along_the_row(axes: tuple[int, ...]) -> None:
    graph = Graph(infer, "constant rows")
    b = GraphBuild(graph)
    v = graph.leaf("param", "v", TensorType(DType.float64, (2, 5, 1)))
    folded = b.sum(b.broadcast_to(b.op("tanh", v), (2, 5, 3)), axes)
    compare(graph, b.sum(b.op("tanh", folded), tuple(range(3 - len(axes)))), [v])
