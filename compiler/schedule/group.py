"""Grouping: nodes into kernels, kernels and contractions into steps, steps into slabs of phases.

Inside a phase the level of a node rises at every contraction and at every change of space, so an edge between two
kernels always leads to a higher level and the order (phase, level, kernels before contractions) is valid. Nodes of
equal (phase, level, space, slab axis) that use each other, or read the same buffer, share a kernel.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import final

from ..errors import CompileError
from ..loop.ir import Combine, Dot, Join, Leaf, LoopNode, LoopProgram, Map, Reduce, Scatter, View, Write, is_inline
from ..sizes import Size, exact_quotient
from .check import NoOrder, check, early_updates
from .kernels import HEAVY, Kernel, Schedule, Slab, Step, needed, produced
from .places import Place, Places, in_kernel


@final
class _Groups:
    """Union-find over node ids."""

    def __init__(self) -> None:
        self.parent: dict[int, int] = {}

    def find(self, x: int) -> int:
        self.parent.setdefault(x, x)
        while self.parent[x] != x:
            self.parent[x] = self.parent[self.parent[x]]
            x = self.parent[x]
        return x

    def join(self, a: int, b: int) -> None:
        self.parent[self.find(a)] = self.find(b)


@final
class Scheduler:
    """Builds the schedule of a loop program; `floor` holds phases that updates must not run before."""

    def __init__(self, program: LoopProgram, places: Places, fuse: bool, floor: dict[int, int]) -> None:
        self.program, self.places, self.at, self.fuse = program, places, places.at, fuse
        self.users = places.users
        self.groups = _Groups()
        self.stored: set[int] = set()
        self.updated = {n.into.id for n in program.nodes if n.into is not None}
        self._raise_phases(floor)
        self._levels()

    # ---- phases and levels
    def _raise_phases(self, floor: dict[int, int]) -> None:
        for n in self.program.nodes:
            p = self.at[n.id]
            p.phase = max(p.phase, floor.get(n.id, 0))
            for v in n.reads:
                if not isinstance(v.source, Leaf) and not self._free(n, v):
                    gap = 0 if self.places.together(n, v) else 1
                    p.phase = max(p.phase, self.at[v.source.id].phase + gap)

    def _free(self, n: LoopNode, v: View) -> bool:
        """A source that is written down again inside `n`'s kernel, whatever phase it would have."""
        if n.id in self.program.staged:
            return False
        if is_inline(v.source) and in_kernel(n):
            return True
        return self.at[v.source.id].floating and self.fuse and in_kernel(n) and self.places.projects(n, v)

    def key(self, n: LoopNode) -> Hashable:
        """Nodes of equal key may share a kernel."""
        p = self.at[n.id]
        return (
            p.phase,
            p.level,
            p.space,
            p.kind,
            _space_tile(n, p),
            p.unit,
            self.places.apart(n),
            n.id if n.id in self.program.staged else -1,
        )

    def _levels(self) -> None:
        for n in self.program.nodes:
            p = self.at[n.id]
            for v in n.reads:
                u, up = v.source, self.at[v.source.id]
                if isinstance(u, Leaf) or up.phase != p.phase or self._free(n, v):
                    continue
                p.level = max(p.level, up.level + self._rise(n, v))
            if isinstance(n, Write) and n.after is not None and self.at[n.after.id].phase == p.phase:
                p.level = max(p.level, self.at[n.after.id].level + 1)

    def _rise(self, n: LoopNode, v: View) -> int:
        if not in_kernel(n):
            return 0
        if not in_kernel(v.source):
            return 1
        fused = self.fuse and self.places.projects(n, v) and not self.places.apart(n)
        fused = fused and n.id not in self.program.staged
        return 0 if fused else 1

    # ---- kernels
    def run(self) -> Schedule:
        """Group, choose what is stored, and put the steps in order."""
        if self.fuse:
            self._float_late()
            self._unite()
        self._store()
        kernels = self._kernels()
        return self._slabs(kernels)

    def _float_late(self) -> None:
        """A value of leaves alone moves to the place of its only users, so that it fuses there."""
        for n in reversed(self.program.nodes):
            p = self.at[n.id]
            if not p.floating or is_inline(n) or n.into is not None:
                continue
            users = self.users[n.id]
            if users and all(self._free(u, v) for u in users for v in u.reads if v.source is n):
                first = min(users, key=lambda u: (self.at[u.id].phase, self.at[u.id].level))
                q = self.at[first.id]
                p.phase, p.level = q.phase, q.level
                if q.space == p.space:
                    p.kind, p.tile, p.unit = q.kind, _tile_axis(p, _space_tile(first, q)), q.unit

    def _unite(self) -> None:
        seen: dict[Hashable, int] = {}
        for n in self.program.nodes:
            if not in_kernel(n) or is_inline(n):
                continue
            for v in n.reads:
                u = v.source
                if is_inline(u):
                    continue
                if in_kernel(u) and self.places.projects(n, v) and self.key(u) == self.key(n):
                    self.groups.join(n.id, u.id)
                elif u.shape != ():
                    first = seen.setdefault((u.id, self.key(n)), n.id)
                    self.groups.join(n.id, first)

    def _store(self) -> None:
        outputs = {n.id for n in self.program.outputs}
        for n in self.program.nodes:
            if not in_kernel(n):
                self.stored.add(n.id)
                continue
            p = self.at[n.id]
            forced = n.into is not None or n.id in outputs or isinstance(n, Write) or p.partial
            forced = forced or (isinstance(n, Reduce) and not self.places.available(n))
            unreached = any(not self._usable(n, u, v) for u in self.users[n.id] for v in u.reads if v.source is n)
            if forced or (unreached and not is_inline(n)):
                self.stored.add(n.id)
        self._store_sources()

    def _usable(self, n: LoopNode, user: LoopNode, v: View) -> bool:
        """Whether `user` gets `n` without a buffer: in the same kernel, or by computing it again."""
        if is_inline(n):
            return in_kernel(user)
        if user.id in self.program.staged:
            return False
        if not in_kernel(user) or not self.places.projects(user, v) or not self.fuse:
            return bool(self.fuse and in_kernel(user) and n.shape == () and self.at[n.id].floating)
        same = self.groups.find(n.id) == self.groups.find(user.id)
        return same or self._free(user, v) or self._recompute(n)

    def _recompute(self, n: LoopNode) -> bool:
        """Cheaper again than stored: at most one full-size load, nothing heavy, nothing that an update overwrites."""
        loads: set[int] = set()
        stack = [n]
        while stack:
            m = stack.pop()
            if not isinstance(m, Map) or m.fn in HEAVY or m.fn == "check_index" or m.id in self.places.compared:
                return False
            for v in m.reads:
                u = v.source
                if u.id in self.updated:
                    return False
                if in_kernel(u) and u.id not in self.stored and self.places.projects(m, v):
                    stack.append(u)
                elif len(v.shape) == len(self.at[n.id].space):
                    loads.add(u.id)
        return len(loads) <= 1

    def _store_sources(self) -> None:
        """Row sums and other values that a recomputation in another kernel reads must be stored."""
        changed = True
        while changed:
            changed = False
            for n in list(self.program.nodes):
                if n.id in self.stored and in_kernel(n):
                    changed |= self._close(n)

    def _close(self, root: LoopNode) -> bool:
        changed = False
        stack, seen = [root], set[int]()
        while stack:
            m = stack.pop()
            for v in m.reads:
                u = v.source
                if u.id in self.stored or isinstance(u, Leaf) or u.id in seen or is_inline(u):
                    continue
                seen.add(u.id)
                same = self.fuse and self.groups.find(u.id) == self.groups.find(root.id)
                if (not same and not isinstance(u, Map)) or not self.places.projects(m, v):
                    self.stored.add(u.id)
                    changed = True
                else:
                    stack.append(u)
        return changed

    def _kernels(self) -> dict[int, Kernel]:
        found: dict[int, Kernel] = {}
        of: dict[int, Kernel] = {}
        for n in self.program.nodes:
            if not in_kernel(n) or n.id not in self.stored:
                continue
            p = self.at[n.id]
            root = self.groups.find(n.id) if self.fuse else n.id
            if root not in found:
                found[root] = Kernel(p.space, [], tile=_space_tile(n, p), unit=p.unit)
            found[root].roots.append(n)
            of[n.id] = found[root]
        for k in found.values():
            k.nodes = self._need(k)
        return of

    def _need(self, k: Kernel) -> list[LoopNode]:
        own = {n.id for n in k.roots}
        need: set[int] = set()
        stack = list(k.roots)
        while stack:
            n = stack.pop()
            if n.id in need:
                continue
            need.add(n.id)
            for i, v in enumerate(n.reads):
                u = v.source
                if isinstance(u, Leaf) or not in_kernel(u):
                    continue
                if is_inline(u) or u.id not in self.stored or u.id in own or self._free(n, v):
                    k.inner.add((n.id, i))
                    stack.append(u)
        return [n for n in self.program.nodes if n.id in need]

    # ---- slabs
    def _slabs(self, kernel_of: dict[int, Kernel]) -> Schedule:
        order: list[tuple[tuple[int, int, int, int], Step]] = []
        position = {n.id: i for i, n in enumerate(self.program.nodes)}
        for k in dict.fromkeys(kernel_of.values()):
            p = self.at[k.roots[0].id]
            order.append(((p.phase, p.level, 0, position[k.roots[0].id]), k))
        for n in self.program.nodes:
            if isinstance(n, Dot | Scatter | Combine):
                p = self.at[n.id]
                order.append(((p.phase, p.level, 1, position[n.id]), n))
        order.sort(key=lambda t: t[0])
        slabs = _Groups()
        maker = {n.id: i for i, (_, s) in enumerate(order) for n in produced(s)}
        phase = [o[0][0] for o in order]
        for i, (_, s) in enumerate(order):
            slabs.find(i)
            for u in needed(s, self.stored):
                j = maker.get(u.id)
                if j is not None and phase[j] == phase[i]:
                    slabs.join(i, j)
        made: dict[int, Slab] = {}
        slab_of: dict[int, Slab] = {}
        serial: dict[int, int] = {}
        for i, (_, s) in enumerate(order):
            p = self.at[produced(s)[0].id]
            root = slabs.find(i) if p.kind != "none" else -1 - serial.setdefault(p.phase, p.phase)
            if root not in made:
                made[root] = Slab(p.phase, p.kind, extent(produced(s)[0], p), [])
            made[root].steps.append(s)
            for n in produced(s):
                slab_of[n.id] = made[root]
        for n in self.program.nodes:
            if isinstance(n, Join):
                slab_of[n.id] = slab_of[n.reads[-1].source.id]
        ordered = sorted(made.values(), key=lambda b: b.phase)
        compared = self.places.compared
        return Schedule(self.program, self.at, ordered, self.stored, kernel_of, slab_of, self.fuse, compared)


def _space_tile(n: LoopNode, p: Place) -> int | None:
    """The space dimension that the slab of `n` cuts."""
    return p.tile if p.tile is None or isinstance(n, Reduce) else p.dims[p.tile]


def _tile_axis(p: Place, dim: int | None) -> int | None:
    """The axis of a value that lies on space dimension `dim`."""
    return p.dims.index(dim) if dim in p.dims else None


def extent(n: LoopNode, p: Place) -> Size:
    """Units of the slab axis."""
    if p.tile is None:
        return 1
    shape = n.reads[0].shape if isinstance(n, Reduce) else n.shape
    units = exact_quotient(shape[p.tile], p.unit)
    if units is None:
        raise CompileError(f"axis {p.tile} of {shape} does not divide into units of {p.unit}")
    return units


def schedule(program: LoopProgram, fuse: bool = True, slabs: bool = True) -> Schedule:
    """Kernels, slabs and phases of a program. `fuse=False`: one kernel per operation, for tests.

    `slabs=False`: for a target that runs a kernel as one launch over all of its space (see `Places`).
    """
    places = Places(program, slabs)
    places.run()
    floor: dict[int, int] = {}
    late: dict[int, int] = {}
    for _ in range(16):
        for p in places.at.values():
            p.level = 0
        result = Scheduler(program, places, fuse, floor).run()
        late = early_updates(result)
        if not late:
            check(result)
            return result
        floor.update(late)
    raise NoOrder([n.into.node.id for n in program.nodes if n.id in late and n.into is not None])
