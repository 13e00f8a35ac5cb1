"""What every schedule must satisfy: nothing is used before it is made, nothing overwritten before it is read."""

from __future__ import annotations

from ..errors import CompileError
from ..loop.ir import Gather, Leaf, LoopNode, Map, Scatter
from .kernels import Kernel, Schedule, Slab, Step, needed, nodes_of, produced


class NoOrder(CompileError):
    """Every order overwrites a leaf before it has been read. `leaves`: the graph's, whose updates wait for one another."""

    def __init__(self, leaves: list[int]) -> None:
        super().__init__("parameters are overwritten before they have been read", details=["internal: no valid order"])
        self.leaves = leaves


def early_updates(s: Schedule) -> dict[int, int]:
    """Updates that would overwrite a leaf too early: node -> the phase it must wait for.

    An update waits for every other step that reads its leaf, and for every check of an index: a step that fails
    must leave its leaves unchanged.
    """
    late: dict[int, int] = {}
    readers: dict[int, list[tuple[int, Step]]] = {}
    checked = 0  # the first phase after all index checks
    for slab in s.slabs:
        for step in slab.steps:
            for n in nodes_of(step):
                for v in n.reads:
                    if isinstance(v.source, Leaf):
                        readers.setdefault(v.source.id, []).append((slab.phase, step))
                if _checks(n):
                    checked = max(checked, slab.phase + 1)
    for n in s.program.nodes:
        if n.into is None:
            continue
        mine = s.kernel_of[n.id]
        wait = max([checked, *(phase + 1 for phase, step in readers.get(n.into.id, []) if step is not mine)])
        if wait > s.at[n.id].phase:
            # What checks an index does not wait: an update that shares its kernel leaves it.
            roots = [r for r in mine.roots if r.into is not None] if any(map(_checks, mine.nodes)) else mine.roots
            late.update({r.id: wait for r in [*roots, *_only_here(s, mine, roots)]})
    return late


def _only_here(s: Schedule, k: Kernel, roots: list[LoopNode]) -> list[LoopNode]:
    """The values of a kernel that only these results of it use, and that wait with them."""
    users: dict[int, list[LoopNode]] = {}
    for n in s.program.nodes:
        for v in n.reads:
            users.setdefault(v.source.id, []).append(n)
    waiting = {r.id for r in roots}
    found: list[LoopNode] = []
    for n in reversed(k.nodes):
        if n.id in waiting or _checks(n) or n in k.roots:
            continue
        if all(u.id in waiting for u in users.get(n.id, [])):
            waiting.add(n.id)
            found.append(n)
    return found


def _checks(n: LoopNode) -> bool:
    """Whether a node tests an index."""
    return isinstance(n, Gather | Scatter) or (isinstance(n, Map) and n.fn == "check_index")


def check(s: Schedule) -> None:
    """Every value is made before it is used, by the same tile or in an earlier phase.

    Raises:
        CompileError: the schedule is wrong (a fault of the compiler).
    """
    position: dict[int, tuple[int, int, Slab]] = {}
    for slab in s.slabs:
        for i, step in enumerate(slab.steps):
            for n in produced(step):
                position[n.id] = (slab.phase, i, slab)
    for slab in s.slabs:
        for i, step in enumerate(slab.steps):
            for u in needed(step, s.stored):
                phase, j, other = position[u.id]
                if phase < slab.phase or (other is slab and j < i):
                    continue
                raise CompileError(f"internal: {u.origin!r} is used before it is made", code="SW501")
