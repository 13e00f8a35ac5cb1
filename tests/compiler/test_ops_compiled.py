"""Every operation of the table through the compiler: forward and gradients, fused and not, one worker and two.

The references judge values; the derivative rules themselves are judged by central differences in tests/ops.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from shapewright.compiler.autodiff import GraphBuild
from shapewright.compiler.codegen import scalars
from shapewright.compiler.codegen.scalars import missing
from shapewright.compiler.ir.graph import Graph
from shapewright.compiler.ops.opdef import Elementwise, OpDef
from shapewright.compiler.ops.table import OPS, infer
from shapewright.compiler.types import DType, TensorType
from shapewright.runtime.cpu import support

from ..ops.oracle import close, draw, gap
from .harness import interpret, op_case, run_compiled

# Roundings between the compiled chain and NumPy's, in units of the largest element: the kernels contract to FMA, fold
# in another order and use polynomials of a few ulp; a chain has fewer than this many operations.
ROUNDINGS = 200
MODES = {"fused": (True, 1), "unfused": (False, 1), "two workers": (True, 2)}  # fuse, workers


def check_compiled(op: OpDef, fuse: bool = True, workers: int = 1) -> str:
    """What is wrong with the compiled values and gradients of an operation ("" = nothing)."""
    case = op_case(op, [(s, draw(s, op.name)) for s in op.domain])
    got, _ = run_compiled(case.graph, case.leaves, fuse=fuse, workers=workers)
    want = interpret(case.graph, case.leaves)
    for i, (node, value) in enumerate(zip(case.graph.outputs, got, strict=True)):
        if not close(value, want[node.id], ROUNDINGS):
            return f"{op.name}: output {i} ({node!r}) differs by {gap(value, want[node.id])}"
    return ""


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", sorted(OPS))
def test_compiled_equals_reference(name: str, mode: str) -> None:
    fuse, workers = MODES[mode]
    assert check_compiled(OPS[name], fuse, workers) == ""


def test_the_emitter_writes_every_scalar_function() -> None:
    assert missing() == []


def test_the_emitter_knows_what_support_exports() -> None:
    assert set(support.__all__) == scalars.SUPPORT


def test_a_wrong_lowering_is_caught() -> None:
    wrong = replace(OPS["tanh"], lower=Elementwise("sigmoid"))
    right = OPS["tanh"]
    OPS["tanh"] = wrong
    try:
        assert "tanh: output 0" in check_compiled(right)
    finally:
        OPS["tanh"] = right
    assert check_compiled(right) == ""


def test_a_wrong_derivative_is_caught_by_differences() -> None:
    """The compiled gradient of a wrong rule disagrees with central differences of the compiled forward."""
    graph = Graph(infer, "square")
    x = graph.leaf("input", "x", TensorType(DType.float64, (5,)))
    b = GraphBuild(graph)
    y = b.sum(b.square(x), (0,))
    wrong = b.mul(x, b.like(3.0, x))  # should be 2 x
    right = b.mul(x, b.like(2.0, x))
    graph.outputs = [y, wrong, right]
    at = np.linspace(0.5, 1.5, 5)
    h = float(np.finfo(np.float64).eps) ** (1 / 3)
    slope = np.zeros(5)
    for i in range(5):
        step = np.zeros(5)
        step[i] = h
        up, down = (run_compiled(graph, {x.id: at + s})[0][0] for s in (step, -step))
        slope[i] = (float(up) - float(down)) / (2 * h)
    _, bad, good = run_compiled(graph, {x.id: at})[0]
    allowed = 100 * h * h
    assert np.abs(np.asarray(good, np.float64) - slope).max() <= allowed
    assert np.abs(np.asarray(bad, np.float64) - slope).max() > allowed
