"""Runs graphs on a CUDA device, or in the simulator of one, beside the NumPy references."""

from __future__ import annotations

from collections.abc import Mapping

from shapewright.compiler.codegen.cuda import CUDA, SIMULATOR, Machine
from shapewright.compiler.compile import compile_graph
from shapewright.compiler.ir.graph import Graph
from shapewright.compiler.ops.opdef import Arr
from shapewright.runtime.cuda.device import device
from shapewright.runtime.cuda.executor import CudaExecutor
from shapewright.runtime.options import Options
from shapewright.runtime.params import Cell


def run_cuda(
    graph: Graph,
    leaves: Mapping[int, Arr],
    *,
    fuse: bool = True,
    steps: int = 1,
    machine: Machine | None = None,
) -> tuple[list[Arr], dict[int, Arr]]:
    """Outputs of the last of some steps, and the storage of the graph's leaves after it (updates applied)."""
    machine = machine or (SIMULATOR if device().simulated else CUDA)
    program = compile_graph(graph, fuse=fuse, target="cuda", machine=machine)
    outside = {"input", "scalar", "key"}
    stored = [n for n in graph.nodes if n.op == "leaf" and n.kind not in outside and n.id in leaves]
    cells = {n.id: Cell(leaves[n.id], name=n.name or "") for n in stored}
    executor = CudaExecutor(program, cells, Options())
    inputs = [leaves[n.id] for n in graph.leaves("input")]
    scalars = [float(leaves[n.id].item()) for n in graph.leaves("scalar")]
    keys = [leaves[n.id] for n in graph.leaves("key")]
    key = (int(keys[0][0]), int(keys[0][1])) if keys else (0, 0)
    outputs: list[Arr] = []
    for _ in range(steps):
        outputs = executor.run(inputs, scalars, key)
    return outputs, {i: c.read() for i, c in cells.items()}
