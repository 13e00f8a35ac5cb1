"""`sw.compile`: from a recorded graph to a program of kernels, for the CPU or for CUDA, without running it."""

from __future__ import annotations

from collections.abc import Mapping

from ..compiler.compile import compile_graph
from ..compiler.ir.graph import Graph
from ..compiler.program import Program
from ..compiler.sizes import Symbol
from .options import Options


def compile(
    graph: Graph,
    options: Options | None = None,
    *,
    name: str | None = None,
    fuse: bool = True,
    example: Mapping[Symbol, int] | None = None,
    arch: str = "sm_90",
) -> Program:
    """Compile a graph with outputs and updates into a program of kernels.

    A CUDA program can be made and read on a machine without a GPU: its kernels have `source`, and with the packages of
    `shapewright[cuda13]` also `ptx`, `sass` and `resources` (registers and spills).

    Args:
        graph: what `sw.record` made.
        options: `device` chooses the target.
        name: shown in listings and in the file of the kernels; default: the graph's name.
        fuse: False gives every operation its own kernel.
        example: run-time sizes for the figures that a listing shows; default: those the graph was recorded with.
        arch: the GPU architecture that PTX and machine code are for.

    Raises:
        CompileError: a program that has no kernels (the message names the user's line where there is one).
    """
    options = options if options is not None else Options()
    program = compile_graph(graph, name=name, fuse=fuse, example=example, target=options.device)
    if options.device == "cuda":
        from .cuda.inspection import inspect_offline

        inspect_offline(program, arch)
    return program
