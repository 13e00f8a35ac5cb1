"""What is known of a row kernel before it is written: its passes, what changes along the inner loop, what is kept."""

from __future__ import annotations

from typing import final

from ..loop.ir import Affine, Gather, Join, LoopNode, Map, Reduce, View, Write, is_inline
from ..schedule.kernels import HEAVY, Kernel, Schedule
from ..schedule.places import view_dims
from ..sizes import product
from .kernel import Access


@final
class Analysis:
    """Facts of one kernel. A pass is one inner loop; it ends where a sum over the row is needed by what follows."""

    def __init__(self, s: Schedule, k: Kernel) -> None:
        self.s, self.k = s, k
        self.inner = len(k.space) - 1  # the dimension of the inner loop
        self.roots = {n.id for n in k.roots}
        self.written = {(r.into or r).id for r in k.roots}  # buffers that the kernel overwrites
        self.flat = self._is_flat()
        self.passes = self._passes()
        self.last_pass = max(self.passes.values(), default=0)
        self.kept: dict[int, LoopNode] = {}
        self._keep_costly()

    def _is_flat(self) -> bool:
        """Elementwise over whole buffers: one loop over all elements."""
        k = self.k
        return (
            len(k.space) >= 1
            and k.tile in (None, 0)
            and all(self._is_plain(n) for n in k.nodes)
            and all(r.shape == k.space for r in k.roots)
        )

    def _is_plain(self, n: LoopNode) -> bool:
        """Whether a value is made element by element from whole buffers and numbers."""
        if is_inline(n) and n.fn != "iota":
            return True
        if not isinstance(n, Map) or n.fn in ("iota", "random_bits", "check_index"):
            return False
        whole = (
            (n.id, i) in self.k.inner or not v.source.shape or (v.contiguous and v.source.size == product(n.shape))
            for i, v in enumerate(n.reads)
        )
        return n.shape in (self.k.space, ()) and all(whole)

    def _passes(self) -> dict[int, int]:
        """Node -> the first pass that can compute it."""
        out: dict[int, int] = {}
        for n in self.k.nodes:
            p = 0
            for i, v in enumerate(n.reads):
                if (n.id, i) in self.k.inner:
                    p = max(p, out[v.source.id] + (1 if self.row_reduce(v.source) else 0))
            out[n.id] = p
        return out

    def _keep_costly(self) -> None:
        """Costly values that a later pass needs again are kept in a row of scratch."""
        for p in range(1, self.last_pass + 1):
            for n in self.uses(p):
                costly = isinstance(n, Map) and (n.fn in HEAVY or n.id in self.s.compared)
                if costly and self.passes[n.id] < p and n.id not in self.roots:
                    self.kept[n.id] = n

    # ---- values
    def row_reduce(self, n: LoopNode) -> bool:
        """Whether a value is a fold over the row."""
        return isinstance(n, Reduce) and n.axes == (self.inner,)

    def vector(self, n: LoopNode) -> bool:
        """Whether a value changes along the inner loop."""
        return not isinstance(n, Reduce) and self.inner >= 0 and self.inner in self.s.at[n.id].dims

    def moves(self, a: Access) -> bool:
        """Whether an address changes along the inner loop."""
        return self.inner >= 0 and a.uses(self.inner)

    def items(self, p: int) -> list[LoopNode]:
        """What the inner loop of pass `p` is for."""
        return [n for n in self.k.nodes if self.passes[n.id] == p and self._is_item(n)]

    def _is_item(self, n: LoopNode) -> bool:
        if not isinstance(n, Reduce):
            return self.vector(n) and (n.id in self.roots or n.id in self.kept)
        # What a fold reads may be one value per row, and its result still varies along the row (or counts its elements).
        return self.row_reduce(n) or self.inner < len(n.reads[0].shape)

    def uses(self, p: int) -> dict[LoopNode, int]:
        """How often pass `p` uses each vector value."""
        uses: dict[LoopNode, int] = {}
        stack = self.items(p)
        items = set(stack)
        visited: set[LoopNode] = set()
        while stack:
            n = stack.pop()
            if n in visited:
                continue
            visited.add(n)
            if n not in items and self.passes[n.id] < p and (n.id in self.roots or n.id in self.kept):
                continue  # loaded, not computed again
            for i, v in enumerate(n.reads):
                if (n.id, i) in self.k.inner and self.vector(v.source):
                    uses[v.source] = uses.get(v.source, 0) + 1
                    stack.append(v.source)
        return uses

    # ---- elements of buffers, in dimensions of the space
    def load(self, n: LoopNode, v: View) -> Access:
        """The element that `n` reads through `v`."""
        return read(v, along(view_dims(n, self.s.at[n.id])))

    def store(self, n: LoopNode) -> Access:
        """The element that `n` is stored in."""
        p = self.s.at[n.id]
        by = along(p.dims)
        if isinstance(n, Write):
            join = next(m for m in self.s.program.nodes if isinstance(m, Join) and any(r.source is n for r in m.reads))
            return Access(join, join.shape, tuple(a.substitute(by) for a in n.place))
        return Access(n.into or n, n.shape, by, p.partial)

    def index(self, n: Gather) -> Access:
        """The element of the index operand that a gather looks up."""
        at = along(self.s.at[n.id].dims)
        idx = n.reads[1]
        return read(idx, at if n.along else at[n.axis : n.axis + len(idx.shape)])

    def picked(self, n: Gather) -> Access:
        """The element of the table; the looked-up index is dimension -1."""
        at = along(self.s.at[n.id].dims)
        covered = 1 if n.along else len(n.reads[1].shape)
        return read(n.reads[0], (*at[: n.axis], Affine(0, ((-1, 1),)), *at[n.axis + covered :]))


def along(dims: tuple[int, ...]) -> tuple[Affine, ...]:
    """The indices that are these dimensions themselves."""
    return tuple(Affine(0, ((d, 1),)) for d in dims)


def read(v: View, by: tuple[Affine, ...]) -> Access:
    """The element of a view at the index `by`."""
    if v.flat and v.contiguous:
        return Access(v.source, v.shape, by)
    return Access(v.source, (v.source.size,) if v.flat else v.source.shape, tuple(a.substitute(by) for a in v.index))
