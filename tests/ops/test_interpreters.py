"""Every operation in three interpreters: the eager one and its tape, the linked graph, and what the table infers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from shapewright.compiler.autodiff import graph_gradients
from shapewright.compiler.ir.graph import Graph
from shapewright.compiler.ops.opdef import OpDef, Sample
from shapewright.compiler.ops.table import OPS, infer
from shapewright.compiler.types import DType, TensorType
from shapewright.runtime.eager import EagerOps, EagerSession, Tape, scoped, tape_gradients
from shapewright.runtime.linked import LinkedSession

from . import oracle

CASES = [pytest.param(op, s, id=f"{op.name}-{i}") for op in OPS.values() for i, s in enumerate(op.domain)]


def has_gradient(op: OpDef, sample: Sample) -> bool:
    floats = [d for _, d, *_ in sample.operands if d.startswith("float")]
    args = oracle.draw(sample, op.name)
    return op.vjp is not None and bool(floats) and op.reference(args, sample.attrs).dtype.kind == "f"


SMOOTH = [
    pytest.param(op, s, id=f"{op.name}-{i}")
    for op in OPS.values()
    for i, s in enumerate(op.domain)
    if has_gradient(op, s)
]


def same(a: Any, b: Any) -> bool:
    x, y = np.asarray(a), np.asarray(b)
    return x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes()


def recorded(op: OpDef, sample: Sample, args: Sequence[Any]) -> tuple[Graph, Any, list[Any]]:
    graph = Graph(infer, op.name)
    leaves = [graph.leaf("input", f"x{i}", TensorType(DType.of(a.dtype), tuple(a.shape))) for i, a in enumerate(args)]
    return graph, graph.add(op.name, leaves, sample.attrs), leaves


@pytest.mark.parametrize(("op", "sample"), CASES)
def test_eager_is_linked_is_what_was_inferred(op: OpDef, sample: Sample) -> None:
    """The same bits, of the inferred element type and shape."""
    args = oracle.draw(sample, op.name)
    eager = EagerOps().apply(op.name, list(args), sample.attrs)
    graph, out, _ = recorded(op, sample, args)
    graph.outputs = [out]
    (linked,) = LinkedSession(graph).run(list(args), (), (0, 0))
    assert same(eager, linked)
    assert (out.type.dtype.numpy, tuple(out.type.shape)) == (np.asarray(eager).dtype, np.asarray(eager).shape)


@pytest.mark.parametrize(("op", "sample"), SMOOTH)
def test_gradients_of_the_tape_are_those_of_the_graph(op: OpDef, sample: Sample) -> None:
    args = [np.array(a) for a in oracle.draw(sample, op.name)]
    wrt = [i for i, a in enumerate(args) if a.dtype.kind == "f"]
    graph, out, leaves = recorded(op, sample, args)
    tape = Tape()
    with EagerSession(), scoped(tape=tape):
        eager = EagerOps().apply(op.name, args, sample.attrs)
    seed = np.ones(eager.shape, eager.dtype)
    found = tape_gradients(tape, eager, seed, [args[i] for i in wrt])
    ct = graph.constant(seed, TensorType(DType.of(seed.dtype), seed.shape), "seed")
    graph.outputs = graph_gradients(graph, out, [leaves[i] for i in wrt], ct)
    linked = LinkedSession(graph).run(args, (), (0, 0))
    for a, b in zip(found, linked, strict=True):
        assert oracle.close(a, b)
