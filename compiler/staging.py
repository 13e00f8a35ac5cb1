"""Updates that cannot be written where they are computed: their new value is kept apart, and copied when all have read.

Most updates are written in place (`p -= lr * g`, element by element). One cannot be if its kernel also reads the leaf
elsewhere than where it writes it (`p.T`, another row, all elements of one for a sum), if on a GPU other threads read the
element, or if two updates each read what the other overwrites.
"""

from __future__ import annotations

from collections.abc import Callable

from .codegen.analysis import Analysis
from .loop.ir import Gather, Leaf, LoopNode, Reduce
from .program import TargetName
from .schedule.check import NoOrder
from .schedule.kernels import Schedule, rank


def settled(build: Callable[[frozenset[int]], Schedule], target: TargetName) -> Schedule:
    """The schedule with as few updates staged as it takes; `build` makes it for a set of leaves that are.

    Raises:
        NoOrder: staging does not help.
    """
    staged: frozenset[int] = frozenset()
    while True:
        try:
            s = build(staged)
            more = clashes(s, target)
        except NoOrder as error:
            more = set(error.leaves[:1])
            if more <= staged:
                more = set(error.leaves)
            if more <= staged:
                raise
            s = None
        if s is not None and not more - staged:
            return s
        staged |= more


def clashes(s: Schedule, target: TargetName) -> set[int]:
    """The leaves (of the graph) that a kernel overwrites while elements of it that others need may be unread."""
    found: set[int] = set()
    for k in dict.fromkeys(s.kernel_of.values()):
        facts: Analysis | None = None
        for root in k.roots:
            leaf = root.into
            if leaf is None or root.id in s.program.staged:
                continue
            reads = [(n, i) for n in k.nodes for i, v in enumerate(n.reads) if v.source is leaf]
            if not reads:
                continue
            facts = facts or Analysis(s, k)
            shared = target == "cuda" and len(s.at[root.id].dims) < rank(s, k)
            if shared or not all(_same_element(facts, root, n, i) for n, i in reads):
                found.add(leaf.node.id)
    return found


def _same_element(facts: Analysis, root: LoopNode, n: LoopNode, i: int) -> bool:
    """Whether `n` reads by its operand `i` the element that `root` overwrites."""
    if isinstance(n, Gather) or (isinstance(n, Reduce) and facts.flat):
        return False
    v = n.reads[i]
    if facts.flat:
        assert isinstance(v.source, Leaf)
        return v.contiguous and v.source.size == root.size
    load, store = facts.load(n, v), facts.store(root)
    return (load.owner, load.index) == (store.owner, store.index)
