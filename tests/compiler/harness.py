"""Runs graphs through the compiler and through the NumPy references, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import final

import numpy as np

from shapewright.compiler.autodiff import GraphBuild, graph_gradients
from shapewright.compiler.compile import compile_graph
from shapewright.compiler.ir.attrs import Attrs, AttrValue
from shapewright.compiler.ir.graph import Graph, Node
from shapewright.compiler.ops.opdef import Arr, OpDef, Sample
from shapewright.compiler.ops.table import OPS, infer
from shapewright.compiler.sizes import Poly, Symbol, evaluate
from shapewright.compiler.types import DType, TensorType
from shapewright.runtime.cpu.executor import Executor


def concrete(value: AttrValue, env: Mapping[Symbol, int]) -> AttrValue:
    """An attribute with run-time sizes replaced by numbers."""
    if isinstance(value, Poly):
        return evaluate(value, env)
    return tuple(concrete(v, env) for v in value) if isinstance(value, tuple) else value


def interpret(graph: Graph, leaves: Mapping[int, Arr], env: Mapping[Symbol, int] | None = None) -> dict[int, Arr]:
    """Every value of a graph by the references: node id -> array."""
    out: dict[int, Arr] = {**leaves, **graph.constants}
    for n in graph.nodes:
        if n.op != "leaf":
            attrs = Attrs({k: concrete(v, env or {}) for k, v in n.attrs.items()})
            out[n.id] = OPS[n.op].reference(tuple(out[x.id] for x in n.inputs), attrs)
    return out


def run_compiled(
    graph: Graph, leaves: Mapping[int, Arr], *, fuse: bool = True, workers: int = 1
) -> tuple[list[Arr], dict[int, Arr]]:
    """Outputs of the compiled graph, and the storage of its leaves after the step (updates applied)."""
    program = compile_graph(graph, fuse=fuse)
    outside = {"input", "scalar", "key"}
    storage = {
        n.id: leaves[n.id].copy() for n in graph.nodes if n.op == "leaf" and n.kind not in outside and n.id in leaves
    }
    executor = Executor(program, storage, workers)
    inputs = [leaves[n.id] for n in graph.leaves("input")]
    scalars = [float(leaves[n.id].item()) for n in graph.leaves("scalar")]
    keys = [leaves[n.id] for n in graph.leaves("key")]
    key = (int(keys[0][0]), int(keys[0][1])) if keys else (0, 0)
    return executor.run(inputs, scalars, key), storage


@final
@dataclass
class Case:
    """A graph with values for its leaves."""

    graph: Graph
    leaves: dict[int, Arr] = field(default_factory=dict[int, Arr])

    def input(self, name: str, value: Arr) -> Node:
        node = self.graph.leaf("input", name, TensorType(DType.of(value.dtype), value.shape))
        self.leaves[node.id] = value
        return node


def op_case(op: OpDef, samples: Sequence[tuple[Sample, tuple[Arr, ...]]]) -> Case:
    """One graph that applies `op` to every sample, with the gradients of each float operand as outputs too."""
    case = Case(Graph(infer, op.name))
    for i, (sample, args) in enumerate(samples):
        nodes = [case.input(f"x{i}_{j}", a) for j, a in enumerate(args)]
        out = case.graph.add(op.name, nodes, sample.attrs)
        case.graph.outputs.append(out)
        floats = [n for n in nodes if n.type.dtype.is_float]
        if op.vjp is not None and out.type.dtype.is_float and floats:
            seed = case.input(f"seed{i}", weights(out.type))
            case.graph.outputs += graph_gradients(case.graph, out, floats, seed)
    return case


def weights(t: TensorType) -> Arr:
    """A cotangent that tells elements apart."""
    shape = tuple(int(s) for s in t.shape)
    return np.asarray(np.random.default_rng(7).uniform(0.5, 1.5, shape), dtype=t.dtype.numpy)


__all__ = ["Case", "GraphBuild", "interpret", "op_case", "run_compiled"]
