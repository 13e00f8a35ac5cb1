"""Reverse mode, once for every interpreter: a table of rules (`OpDef.vjp`) and this driver.

The driver alone knows accumulation and un-broadcasting, so no rule repeats them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, final

from .ir.attrs import Attrs
from .ir.build import Build
from .ir.graph import Graph, Node
from .ops.opdef import Pullback
from .ops.table import OPS
from .types import TensorType

V = TypeVar("V")


@final
@dataclass(frozen=True, slots=True)
class Entry(Generic[V]):
    """One executed operation: what reverse mode needs to know of it."""

    op: str
    args: tuple[V, ...]
    attrs: Attrs
    out: V


def gradients(
    b: Build[V],
    tape: Sequence[Entry[V]],
    out: V,
    seed: V,
    wrt: Sequence[V],
    key: Callable[[V], Hashable],
    enter: Callable[[Entry[V], V], None] = lambda entry, g: None,
) -> list[V | None]:
    """Gradient of `out` (seeded with `seed`, of the shape of `out`) with respect to each of `wrt`; None if not reached.

    `key` identifies a value; `enter` is called before the rule of an entry runs, with the gradient of its result.
    """
    needed = {key(w) for w in wrt}
    for e in tape:
        if any(key(a) in needed for a in e.args) and OPS[e.op].vjp is not None:
            needed.add(key(e.out))
    grads: dict[Hashable, V] = {key(out): seed}
    for e in reversed(tape):
        g = grads.get(key(e.out))
        rule = OPS[e.op].vjp
        if g is None or rule is None or key(e.out) not in needed:
            continue
        enter(e, g)
        needs = tuple(key(a) in needed and b.dtype(a).is_float for a in e.args)
        found = rule(Pullback(b, e.args, e.out, e.attrs, needs), g)
        for a, need, ga in zip(e.args, needs, found, strict=True):
            if not need or ga is None:
                continue
            ga = b.unbroadcast(ga, b.shape(a))
            old = grads.get(key(a))
            grads[key(a)] = ga if old is None else b.add(old, ga)
    return [grads.get(key(w)) for w in wrt]


@final
class GraphBuild(Build[Node]):
    """`Build` into a graph: every operation becomes a node."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def apply(self, op: str, args: Sequence[Node], attrs: Attrs) -> Node:
        return self.graph.add(op, args, attrs)

    def type_of(self, x: Node) -> TensorType:
        return x.type


def graph_gradients(graph: Graph, out: Node, wrt: Sequence[Node], seed: Node | None = None) -> list[Node]:
    """Append the derivative of `out` to `graph`; zeros for a leaf that `out` does not depend on.

    Gradient nodes have the role `backward`, the source lines of the operation they differentiate, and the name of
    the value they are the gradient of, with `_grad` added.
    """
    b = GraphBuild(graph)
    first = len(graph.nodes)
    tape = [Entry(n.op, n.inputs, n.attrs, n) for n in graph.nodes[: out.id + 1] if n.op != "leaf"]
    with graph.scope(role="backward", loc=out.loc):
        seed = seed if seed is not None else b.broadcast_to(b.const(1.0, out.type.dtype), out.type.shape)
        state = [graph.scope()]

        def enter(e: Entry[Node], g: Node) -> None:
            if e.out.name is not None and g.id >= first and g.name is None:
                g.name, g.gradient_of = f"{e.out.name}_grad", e.out
            state.pop().__exit__(None, None, None)
            scope = graph.scope(loc=e.out.loc, tag=f"{e.op}_grad")
            scope.__enter__()
            state.append(scope)

        state[0].__enter__()
        found = gradients(b, tape, out, seed, wrt, key=lambda n: n.id, enter=enter)
        state.pop().__exit__(None, None, None)
        result = [g if g is not None else b.zeros(w.type) for g, w in zip(found, wrt, strict=True)]
    for w, g in zip(wrt, result, strict=True):
        if g.id >= first and g.name is None and w.name is not None:
            g.name = f"{w.name}_grad"
    return result
