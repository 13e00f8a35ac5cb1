"""Where each loop node runs: its iteration space, the axis its slab is cut along, and its phase.

Space. A node that becomes part of a generated kernel iterates over a shape whose last axis is the inner loop and
whose other axes are rows. A result per row (a row sum, the mean of a row, 1 / it, ...) lives in the space of the
rows it was reduced from, so softmax, layer norm and cross-entropy with their gradients are single kernels.

Slab axis. The run-time axis of the data (Batch) cuts everything that carries it; other values are cut along their
own first axis. A read is aligned if one unit of the reader's axis needs one unit of the source's.

Phase. A value that needs all of another one (a contraction or sum over the slab axis) starts a new phase; a sum
leaves one partial result per tile, folded in tile order by a `Combine` in the next phase.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, final

from ..loop.ir import (
    Combine,
    Dot,
    Gather,
    Join,
    Leaf,
    LoopNode,
    LoopProgram,
    Map,
    Reduce,
    Scatter,
    View,
    Write,
    is_inline,
    strides,
)
from ..sizes import Poly, Shape, Size, exact_quotient

SlabKind: TypeAlias = Literal["batch", "own", "none"]
LEADING = 8  # an axis that leads (Batch) makes a better slab than one inside (Seq): its slices are whole blocks
LARGE_OWN_REDUCTION = 65536  # elements from which a full reduction of a weight is worth tiles of its own


@final
@dataclass(slots=True)
class Place:
    """Scheduling facts of one node. `dims[i]` is the space dimension of its axis i."""

    space: Shape = ()
    dims: tuple[int, ...] = ()
    kind: SlabKind = "none"
    tile: int | None = None  # axis of the node (of the space, for a Reduce) that the slab cuts
    unit: int = 1  # elements of that axis per unit of the slab axis
    partial: bool = False
    phase: int = 0
    level: int = 0
    floating: bool = False  # computed from leaves alone: may be written down again wherever it is needed

    @property
    def row(self) -> bool:
        """Whether this is one value per row of its space."""
        return bool(self.space) and self.dims == tuple(range(len(self.space) - 1))


KERNEL_NODES = (Map, Reduce, Gather, Write)


def in_kernel(n: LoopNode) -> bool:
    """Whether a node is part of a generated row kernel."""
    return isinstance(n, KERNEL_NODES)


def view_dims(n: LoopNode, p: Place) -> tuple[int, ...]:
    """Space dimension of every dimension of the views that `n` reads."""
    return tuple(range(len(n.reads[0].shape))) if isinstance(n, Reduce) else p.dims


@final
class Places:
    """Computes a `Place` for every node; may append `Combine` nodes to the program.

    Without `slabs` (a GPU, where a kernel is one launch over all of its space) nothing is cut along an axis: the only
    partial results are those of the blocks that share a sum over rows.
    """

    def __init__(self, program: LoopProgram, slabs: bool = True) -> None:
        self.program = program
        self.slabs = slabs
        self.at: dict[int, Place] = {}
        self.users: dict[int, list[LoopNode]] = {}
        # Floats tested for equality: computed once, since a second time may round otherwise.
        self.compared: set[int] = set()
        self.batch = self._batch_axis()

    def run(self) -> dict[int, Place]:
        """The places of all nodes."""
        self._floating()
        self._spaces_up()
        self._count_users()
        self._spaces_down()
        self._refine_floating()
        self._slabs()
        self._count_users()
        return self.at

    def _count_users(self) -> None:
        self.users = {n.id: [] for n in self.program.nodes}
        for n in self.program.nodes:
            for v in n.reads:
                self.users[v.source.id].append(n)

    # ---- the axis of the data
    def _batch_axis(self) -> Size | None:
        if not self.slabs:
            return None
        score: dict[Size, int] = {}
        for n in self.program.nodes:
            if isinstance(n, Leaf):
                for d, s in enumerate(n.shape):
                    if isinstance(s, Poly):
                        score[s] = score.get(s, 0) + (LEADING if d == 0 else 1)
        single = {s: k for s, k in score.items() if isinstance(s, Poly) and len(s.terms) == 1 and s.terms[0][1] == 1}
        if single:
            return max(single, key=lambda s: single[s])
        leads = [n.shape[0] for n in self.program.nodes if isinstance(n, Leaf) and n.node.kind == "input" and n.shape]
        return leads[0] if leads and leads[0] != 1 else None

    # ---- spaces
    def _floating(self) -> None:
        for n in self.program.nodes:
            if isinstance(n, Map) and n.fn in ("equal", "not_equal"):
                self.compared |= {v.source.id for v in n.reads if v.source.dtype.is_float and not is_inline(v.source)}
        for n in self.program.nodes:
            self.at[n.id] = p = Place()
            sources = [v.source for v in n.reads]
            p.floating = isinstance(n, Map) and all(isinstance(u, Leaf) or self.at[u.id].floating for u in sources)
            p.floating = p.floating and n.id not in self.compared

    def _refine_floating(self) -> None:
        """A value that needs a stored copy of another one does not float."""
        for n in self.program.nodes:
            p = self.at[n.id]
            p.floating = p.floating and all(
                isinstance(v.source, Leaf)
                or is_inline(v.source)
                or (self.at[v.source.id].floating and self.projects(n, v))
                for v in n.reads
            )

    def _spaces_up(self) -> None:
        for n in self.program.nodes:
            p = self.at[n.id]
            if not in_kernel(n):
                continue
            shape = n.reads[0].shape if isinstance(n, Reduce) else n.shape
            p.space = shape
            for v in n.reads:
                up = self.at[v.source.id]
                if self.available(v.source) and up.row and up.space[:-1] == shape and v.identity:
                    p.space = up.space
                    break
            kept = list(range(len(shape)))
            if isinstance(n, Reduce):
                kept = [d for d in kept if d not in n.axes]
            p.dims = tuple(kept)

    def _spaces_down(self) -> None:
        """A value per row that only row kernels of one space use is computed there."""
        for n in reversed(self.program.nodes):
            p = self.at[n.id]
            if not isinstance(n, Map) or p.row or any(isinstance(v.source, Reduce | Gather) for v in n.reads):
                continue
            users = [u for u in self.users[n.id] if in_kernel(u)]
            spaces = {self.at[u.id].space for u in users}
            if len(spaces) != 1 or len(users) != len(self.users[n.id]):
                continue
            (space,) = spaces
            if len(space) != len(n.shape) + 1 or space[:-1] != n.shape or not n.shape:
                continue
            old = p.space, p.dims
            p.space, p.dims = space, tuple(range(len(n.shape)))
            if not all(self.projects(u, v) for u in users for v in u.reads if v.source is n):
                p.space, p.dims = old

    def available(self, u: LoopNode) -> bool:
        """Whether a kernel that computes `u` may use it at once; a sum over rows is complete only at its end."""
        if isinstance(u, Reduce):
            return u.axes == (len(self.at[u.id].space) - 1,) and not self.at[u.id].partial
        return isinstance(u, Map | Gather)

    def projects(self, n: LoopNode, v: View) -> bool:
        """Whether `n` can use the source of `v` inside one kernel: at the same point (or row) of the same space."""
        p, up = self.at[n.id], self.at[v.source.id]
        if not self.available(v.source) or v.flat or isinstance(n, Gather):  # a gather loads from anywhere
            return False
        if v.source.shape == () and up.floating:
            return True
        if p.space != up.space:
            return False
        where = view_dims(n, p)
        return all(a.dim is not None and where[a.dim] == up.dims[i] for i, a in enumerate(v.index))

    # ---- slabs and phases
    def _slabs(self) -> None:
        replaced: dict[int, LoopNode] = {}
        out: list[LoopNode] = []
        next_id = max((n.id for n in self.program.nodes), default=-1) + 1
        for n in self.program.nodes:
            n.reads = tuple(
                replace(v, source=replaced[v.source.id])
                if v.source.id in replaced and not isinstance(n, Combine)
                else v
                for v in n.reads
            )
            self._place(n)
            out.append(n)
            p = self.at[n.id]
            if isinstance(n, Write) and n.after is not None:
                p.phase = max(p.phase, self.at[n.after.id].phase + (0 if self._same_slab(n, n.after) else 1))
            if p.partial:
                assert isinstance(n, Reduce)
                fold = Combine(next_id, n.shape, n.names, n.dtype, (View.of(n),), n.origin, n.fn)
                out.append(fold)
                replaced[n.id] = fold
                next_id += 1
                self.at[fold.id] = Place(phase=p.phase + 1)
                if self.slabs:
                    self._place_own(fold, self.at[fold.id])
        self.program.nodes = out
        self.program.outputs = [replaced.get(n.id, n) for n in self.program.outputs]

    def _place(self, n: LoopNode) -> None:
        p = self.at[n.id]
        if isinstance(n, Leaf):
            self._place_leaf(n, p)
            return
        wanted = [(v, self.aligned(n, v)) for v in n.reads if self.at[v.source.id].kind == "batch"]
        good = [w for _, w in wanted if w is not None]
        if isinstance(n, Reduce) and n.fn == "argmax":  # positions of tiles cannot be folded
            good = [w for w in good if w[0] not in n.axes]
        if not good and self.batch is not None and isinstance(n, Map | Write):
            good = [(d, 1) for d, s in enumerate(n.shape) if s == self.batch and (d == 0 or isinstance(s, Poly))]
        if good:
            p.kind, (p.tile, p.unit) = "batch", good[0]
        elif self.slabs:
            self._place_own(n, p)
        p.partial = isinstance(n, Reduce) and (p.tile in n.axes if self.slabs else self.over_blocks(n))
        for v in n.reads:
            u, up = v.source, self.at[v.source.id]
            if isinstance(u, Leaf) or (up.floating and self.projects(n, v)):
                continue
            p.phase = max(p.phase, up.phase + (0 if self.together(n, v) else 1))

    def over_blocks(self, n: Reduce) -> bool:
        """Without slabs: whether the blocks of a launch share a fold, each leaving a partial result: one over all
        rows, or over one long row."""
        p = self.at[n.id]
        inner = len(p.space) - 1
        if n.axes != (inner,):
            return all(d == inner for d in p.dims)
        size = p.space[0]
        return inner == 0 and n.fn != "argmax" and (not isinstance(size, int) or size >= LARGE_OWN_REDUCTION)

    def apart(self, n: LoopNode) -> tuple[tuple[int, ...], ...]:
        """Without slabs: the axes of a fold that keeps some of the row axes, which has a kernel of its own, and the axes
        that it keeps."""
        p = self.at[n.id]
        inner = len(p.space) - 1
        if self.slabs or not isinstance(n, Reduce) or p.partial or n.axes == (inner,):
            return ()
        return n.axes, p.dims

    def _place_leaf(self, n: Leaf, p: Place) -> None:
        if self.batch is None or (isinstance(self.batch, int) and n.node.kind != "input"):
            return
        for d, s in enumerate(n.shape):
            if s == self.batch and (d == 0 or isinstance(s, Poly)):
                p.kind, p.tile = "batch", d
                return

    def _place_own(self, n: LoopNode, p: Place) -> None:
        for v in n.reads:
            if self.at[v.source.id].kind == "own":
                found = self.aligned(n, v)
                if found is not None and not (isinstance(n, Reduce) and found[0] in n.axes):
                    p.kind, (p.tile, p.unit) = "own", found
                    return
        if isinstance(n, Reduce):
            kept = [d for d in range(len(n.reads[0].shape)) if d not in n.axes]
            size = n.reads[0].source.size
            if kept:
                wide = [d for d in kept if n.reads[0].shape[d] != 1]
                p.kind, p.tile = ("own", wide[0]) if wide else ("none", None)
            elif isinstance(size, int) and size >= LARGE_OWN_REDUCTION and n.fn != "argmax":
                p.kind, p.tile = "own", 0
        elif n.shape:
            p.kind, p.tile = "own", self._own_axis(n)
            if p.tile is None:
                p.kind = "none"

    @staticmethod
    def _own_axis(n: LoopNode) -> int | None:
        """The first axis of a result; not the scattered axis of a `scatter_along`, whose rows stay whole."""
        wide = [d for d, s in enumerate(n.shape) if s != 1]
        if isinstance(n, Scatter):
            wide = [d for d in wide if (d != n.axis if n.along else d == n.axis == 0)]
        return wide[0] if wide else None

    def _same_slab(self, part: Write, fill: Write) -> bool:
        p, q = self.at[part.id], self.at[fill.id]
        if p.kind != q.kind or p.unit != q.unit or q.tile is None or p.tile is None:
            return p.kind == q.kind == "none"
        return part.place[q.tile].dim == p.tile and part.shape[p.tile] == fill.shape[q.tile]

    def together(self, n: LoopNode, v: View) -> bool:
        """Whether `n` may follow the source of `v` in the same slab of the same phase."""
        p, up = self.at[n.id], self.at[v.source.id]
        if up.partial or p.kind != up.kind:
            return False
        if p.kind == "none":
            return True
        return self.aligned(n, v) == (p.tile, p.unit)

    def aligned(self, n: LoopNode, v: View) -> tuple[int, int] | None:
        """The axis of `n` (of its space, for a Reduce) that moves with the slab axis of the source, and its unit."""
        up = self.at[v.source.id]
        if up.tile is None or up.partial:
            return None
        tile = up.tile
        if isinstance(v.source, Reduce):
            kept = [d for d in range(len(v.source.reads[0].shape)) if d not in v.source.axes]
            tile = kept.index(tile)
        found = _moves(v, tile, up.unit)
        return None if found is None else _through(n, v, found)


def _moves(v: View, tile: int, unit: int) -> tuple[int, int] | None:
    """Dimension and unit of a view that advance with axis `tile` of its source, `unit` elements at a time."""
    if v.flat:
        if tile != 0:
            return None
        (lin,) = v.index
        step: Size = strides(v.source.shape)[0] * unit
    else:
        lin, step = v.index[tile], unit
    if lin.const != 0 or not lin.terms:
        return None
    extent = exact_quotient(v.source.shape[tile], unit)
    for d, coef in lin.terms:
        r = exact_quotient(step, coef)
        if isinstance(r, int) and extent is not None and v.shape[d] == extent * r:
            return d, r
    return None


def _through(n: LoopNode, v: View, found: tuple[int, int]) -> tuple[int, int] | None:
    d, r = found
    match n:
        case Map() | Write() | Reduce():
            return d, r
        case Dot(spec=(a, b, out)):
            letters = a if v is n.reads[0] else b
            at = out.find(letters[d])
            return None if at < 0 else (at, r)
        case Gather(axis=axis, along=along):
            if v is n.reads[0]:
                if d == axis:
                    return None
                extra = 0 if along else len(n.reads[1].shape) - 1
                return d + (extra if d > axis else 0), r
            return d + (0 if along else axis), r
        case Scatter(axis=axis, along=along):
            if along:
                return None if d == axis else (d, r)
            if v is n.reads[0] or axis <= d < axis + len(n.reads[0].shape):
                return None
            return (d if d < axis else d - len(n.reads[0].shape) + 1), r  # a rank-0 index has no axis in the updates
        case Join():
            write = v.source
            assert isinstance(write, Write)
            for j, place in enumerate(write.place):
                if place.dim == d and n.shape[j] == write.shape[d]:
                    return j, r
            return None
        case _:
            return None
