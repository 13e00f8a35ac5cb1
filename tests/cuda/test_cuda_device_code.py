"""What the device code of every operation computes: its PTX, as a GPU would get it, run without one.

The kernels are those of a real GPU (blocks of 256 threads, four elements an access), on fresh inputs and poisoned memory.
"""

from __future__ import annotations

import pytest

from shapewright.compiler.codegen.cuda import CUDA
from shapewright.compiler.ops.table import OPS

from ..compiler.harness import interpret, op_case
from ..compiler.test_ops_compiled import ROUNDINGS
from ..ops.oracle import close, draw, gap
from .harness import run_cuda
from .ptx_device import OFFLINE, use_ptx

pytestmark = OFFLINE
CALLING = {"pow"}  # libdevice's pow of float64 calls a function, which the machine does not


@pytest.mark.parametrize("name", sorted(OPS.keys() - CALLING))
def test_device_code_equals_reference(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use_ptx(monkeypatch)
    case = op_case(OPS[name], [(s, draw(s, name)) for s in OPS[name].domain])
    got, _ = run_cuda(case.graph, case.leaves, machine=CUDA)
    want = interpret(case.graph, case.leaves)
    for i, (node, value) in enumerate(zip(case.graph.outputs, got, strict=True)):
        assert close(value, want[node.id], ROUNDINGS), f"output {i} ({node!r}): {gap(value, want[node.id])}"
