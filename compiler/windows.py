"""Slices with run-time bounds that are assumed to lie inside their axes, and whether they do for the sizes of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .ir.graph import Node
from .sizes import Symbol, evaluate


def outside(nodes: Iterable[Node], env: Mapping[Symbol, int]) -> Node | None:
    """The first node whose window does not lie inside its axes with these run-time sizes, or is empty; None if all do."""
    return next((n for n in nodes if "assumed" in n.attrs and not _inside(n, env)), None)


def _inside(node: Node, env: Mapping[Symbol, int]) -> bool:
    whole, part = node.inputs[0].type.shape, node.type.shape
    if node.op == "unslice":
        whole, part = part, whole
    for have, start, step, size in zip(whole, node.attrs.sizes("starts"), node.attrs.ints("steps"), part, strict=True):
        first, count = evaluate(start, env), evaluate(size, env)
        if count < 1:
            if 0 in env.values():
                continue  # an empty input: nothing is run by kernels, which assume sizes of at least 1
            return False
        ends = (first, first + step * (count - 1))
        if min(ends) < 0 or max(ends) >= evaluate(have, env):
            return False
    return True
