"""Every kernel of the op table, forward and gradients, compiled for GPUs without one: no spills.

SHAPEWRIGHT_ARCHS names the architectures (sm_90 alone by default).
"""

from __future__ import annotations

import os

import pytest

from shapewright.compiler.compile import compile_graph
from shapewright.compiler.ops.table import OPS
from shapewright.compiler.program import Program
from shapewright.runtime.cuda.folders import installed, simulated
from shapewright.runtime.cuda.loader import load

from ..compiler.harness import op_case
from ..ops.oracle import draw

pytestmark = [
    pytest.mark.cuda_offline,
    pytest.mark.skipif(simulated(), reason="the simulator compiles nothing (NUMBA_ENABLE_CUDASIM=1)"),
    pytest.mark.skipif(installed("numba-cuda") is None, reason="numba-cuda is not installed (make test-cuda)"),
]
ARCHS = os.environ.get("SHAPEWRIGHT_ARCHS", "sm_90").split(",")


def op_program(name: str, fuse: bool = True) -> Program:
    """All samples of an operation and their gradients as one CUDA program."""
    case = op_case(OPS[name], [(s, draw(s, name)) for s in OPS[name].domain])
    return compile_graph(case.graph, target="cuda", fuse=fuse)


@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("name", sorted(OPS))
def test_kernels_compile_without_spills(name: str, arch: str) -> None:
    program = op_program(name)
    module = load(program.source, program.name)
    assert module.kernels or not program.kernels
    for kernel in module.kernels:
        took = module.resources(kernel, arch)
        assert (took.spill_stores, took.spill_loads) == (0, 0), f"{kernel}: {took}"
        assert 0 < took.registers <= 255
        assert ".loc" in module.ptx(kernel, arch)
