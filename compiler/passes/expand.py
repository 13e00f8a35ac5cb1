"""Graph -> graph: composite operations written out, with small simplifications on the way.

The new nodes keep the lines, the role and the user's name of the operation they came from, and its name as their
tag, so kernels can still be named after it. Hash-consing merges what forward and backward have in common.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from ..ir.attrs import Attrs
from ..ir.build import Build
from ..ir.graph import Graph, Node
from ..ops.opdef import Decompose
from ..ops.table import OPS, infer
from ..types import TensorType


def _constant(n: Node) -> float | None:
    """The number a node is everywhere, if it is one."""
    while n.op in ("broadcast_to", "reshape"):
        n = n.inputs[0]
    value = n.attrs["value"] if n.op == "const" else None
    return float(value) if isinstance(value, int | float) else None


def _simpler(op: str, args: Sequence[Node], attrs: Attrs) -> Node | None:
    """An existing node with the same value, or None."""
    if op in ("reshape", "broadcast_to"):
        return args[0] if args[0].type.shape == attrs.sizes("shape") else None
    if op == "transpose":
        return args[0] if attrs.ints("axes") == tuple(range(args[0].type.ndim)) else None
    if op == "cast":
        return args[0] if args[0].type.dtype.value == attrs.str("dtype") else None
    if op == "neg" and args[0].op == "neg":
        return args[0].inputs[0]
    neutral = {"mul": 1.0, "add": 0.0, "sub": 0.0, "div": 1.0}.get(op)
    if neutral is None:
        return None
    for x, y in ((args[0], args[1]), (args[1], args[0])):
        commutes = op in ("mul", "add")
        if (commutes or x is args[0]) and _constant(y) == neutral and _covers(x, y):
            return x
    return None


def _covers(x: Node, y: Node) -> bool:
    """Whether an elementwise result of x and y has the type of x."""
    return infer("add", (x.type, y.type), Attrs()) == x.type


@final
class SimplifyBuild(Build[Node]):
    """Records operations in primitive form, or finds that they are not needed."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def type_of(self, x: Node) -> TensorType:
        return x.type

    def apply(self, op: str, args: Sequence[Node], attrs: Attrs) -> Node:
        """The node for an operation, decomposed and simplified."""
        same = _simpler(op, args, attrs)
        if same is not None:
            return same
        lower = OPS[op].lower
        if isinstance(lower, Decompose):
            with self.graph.scope(tag=op):
                return lower.rule(self, tuple(args), attrs)
        return self.graph.add(op, args, attrs)


def expand(graph: Graph) -> Graph:
    """The same program in primitive operations."""
    out = Graph(infer, graph.name)
    b = SimplifyBuild(out)
    new: dict[int, Node] = {}
    for n in graph.live():
        kind = n.kind
        if kind != "":
            leaf = out.leaf(kind, n.name or "leaf", n.type)
            leaf.locs = n.locs
            new[n.id] = leaf
            if n.id in graph.constants:
                out.constants[leaf.id] = graph.constants[n.id]
            continue
        first = len(out.nodes)
        with out.scope(role=n.role, loc=n.loc, tag=n.tag):
            value = b.apply(n.op, [new[x.id] for x in n.inputs], n.attrs)
        if value.id >= first and value.name is None:
            value.name = n.name
            value.gradient_of = new.get(n.gradient_of.id) if n.gradient_of is not None else None
        value.name_axes(n.type.names)
        new[n.id] = value
    out.outputs = [new[n.id] for n in graph.outputs]
    out.updates = [(new[leaf.id], new[value.id]) for leaf, value in graph.updates]
    return out
