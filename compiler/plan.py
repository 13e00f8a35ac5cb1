"""Sizes -> addresses: the step table of a program for given run-time sizes. Arithmetic only; no kernel changes.

Addresses are left symbolic (`Ref`), so that the executor may place the buffers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias, final

from . import cost
from .codegen.kernel import Arg, BufferArg, CountArg, FirstArg, FlagsArg, RowScratchArg, SizeArg
from .loop.dots import Axis, leading
from .loop.ir import Combine, Dot, Join, Leaf, LoopNode, Reduce, Scatter, View
from .program import CombineCall, DotCall, KernelCall, Program, Row
from .schedule.kernels import Slab, Step, loads, produced
from .sizes import Size, Symbol, evaluate, product
from .types import DType

ALIGN = 64
Where: TypeAlias = Literal["leaf", "output", "arena", "scratch", "flags", "number"]


@final
@dataclass(frozen=True, slots=True)
class Ref:
    """What an argument counts from: a leaf's or output's address, the arena, a worker's scratch memory, or zero."""

    where: Where
    index: int = 0


NUMBER = Ref("number")
AS_STORED, TRANSPOSED = 111, 112  # CBLAS_TRANSPOSE


@final
@dataclass(frozen=True, slots=True)
class Form:
    """An argument of a table row: ref + base + start*per_start + worker*per_worker + count*per_count + tile*per_tile."""

    ref: Ref
    base: int = 0
    per_start: int = 0
    per_worker: int = 0
    per_count: int = 0
    per_tile: int = 0


def _number(value: int) -> Form:
    return Form(NUMBER, value)


@final
@dataclass(slots=True)
class SlabPlan:
    """A slab at given sizes: its extent in units, cut into tiles of `tile` units."""

    slab: Slab
    extent: int
    tile: int
    rows: tuple[int, int] = (0, 0)
    seconds: float = 0.0  # predicted, per tile

    @property
    def tiles(self) -> int:
        """How many tiles there are; none if the extent is zero."""
        return max(-(-self.extent // self.tile), 1) if self.extent else 0


@final
@dataclass(slots=True)
class Plan:
    """The table: functions with forms, items (rows, start, count, tile) and who runs which."""

    functions: list[str] = field(default_factory=list[str])
    forms: list[tuple[Form, ...]] = field(default_factory=list["tuple[Form, ...]"])
    items: list[tuple[int, int, int, int, int]] = field(default_factory=list["tuple[int, int, int, int, int]"])
    ranges: list[list[tuple[int, int]]] = field(default_factory=list["list[tuple[int, int]]"])
    slabs: list[SlabPlan] = field(default_factory=list[SlabPlan])
    workers: int = 1
    arena: int = 0
    unshared: int = 0
    scratch: int = 0
    first_update: int = 0
    seconds: float = 0.0


@final
class Planner:
    """Computes the plan of one program for one set of run-time sizes."""

    def __init__(self, program: Program, env: Mapping[Symbol, int], workers: int) -> None:
        self.program, self.env, self.s = program, env, program.schedule
        self.at = self.s.at
        self.plan = Plan(workers=workers)
        self.of: dict[int, SlabPlan] = {}  # id(slab) -> plan
        self.local: dict[int, int] = {}  # node -> offset in scratch
        self.place: dict[int, int] = {}  # node -> offset in the arena
        self.row_scratch = 0  # where the kernels' scratch rows begin in a worker's memory
        self.outputs = {n.id: i for i, n in enumerate(self.s.program.outputs)}

    def n(self, size: Size) -> int:
        """A size as a number."""
        return evaluate(size, self.env)

    def bytes(self, node: LoopNode) -> int:
        """Of the buffer of a value."""
        return self.n(node.size) * node.dtype.itemsize

    def run(self) -> Plan:
        """Tiles, then memory, then the table, then who runs which items of it."""
        for slab in self.s.slabs:
            sp = SlabPlan(slab, self.n(slab.extent), 1)
            sp.tile = self._tile(sp)
            self.of[id(slab)] = sp
            self.plan.slabs.append(sp)
        self._memory()
        self._table()
        self._items()
        updates = [self.at[n.id].phase for n in self.s.program.nodes if n.into is not None]
        self.plan.first_update = min(updates, default=self.s.phases)
        return self.plan

    # ---- tiles
    def _tile(self, sp: SlabPlan) -> int:
        if sp.slab.kind == "none" or sp.extent <= 1:
            return max(sp.extent, 1)
        dots = [s for s in sp.slab.steps if isinstance(s, Dot)]
        if dots:
            rows = max(self._gemm_rows(d, sp.extent) for d in dots)
            return cost.gemm_tile(sp.extent, rows)
        return cost.stream_tile(sp.extent, sum(map(self._step_bytes, sp.slab.steps)) / sp.extent)

    def _gemm_rows(self, d: Dot, extent: int) -> int:
        row = next(r for r in self.program.rows if isinstance(r.call, DotCall) and r.call.node is d)
        assert isinstance(row.call, DotCall)
        lay = row.call.layout
        for axis in (lay.m, lay.n):
            if axis.lead == row.call.tile:
                return max(self.n(axis.size) // extent, 1)
        return max(self.n(lay.m.size), 1)

    def _step_bytes(self, step: Step) -> float:
        read = sum(min(self.n(product(v.shape)), self.n(v.source.size)) * v.source.dtype.itemsize for v in loads(step))
        return float(read + sum(self.bytes(n) for n in produced(step)))

    # ---- memory
    def readers(self) -> dict[int, list[tuple[Slab, int]]]:
        """Stored value -> the steps that load it."""
        out: dict[int, list[tuple[Slab, int]]] = {}
        for slab in self.s.slabs:
            for i, step in enumerate(slab.steps):
                for v in loads(step):
                    out.setdefault(v.source.id, []).append((slab, i))
        return out

    def makers(self) -> dict[int, list[tuple[Slab, int]]]:
        """Stored value -> the steps that make it; the writes of a joined buffer make that."""
        out: dict[int, list[tuple[Slab, int]]] = {}
        joins = {v.source.id: n.id for n in self.s.program.nodes if isinstance(n, Join) for v in n.reads}
        for slab in self.s.slabs:
            for i, step in enumerate(slab.steps):
                for n in produced(step):
                    out.setdefault(joins.get(n.id, n.id), []).append((slab, i))
        return out

    def _memory(self) -> None:
        """Places the buffers: what lives within a tile in the worker's scratch memory, the rest in the arena."""
        readers, makers = self.readers(), self.makers()
        nodes = {n.id: n for n in self.s.program.nodes}
        shared: list[Block] = []  # from phase to phase
        per_slab: dict[int, list[Block]] = {}  # from step to step of one tile
        for nid, made in makers.items():
            n, slab, used = nodes[nid], made[0][0], readers.get(nid, [])
            if n.into is not None or nid in self.outputs:
                continue
            p, sp = self.at[nid], self.of[id(slab)]
            mine = all(s is slab for s, _ in used + made) and slab.kind != "none" and not p.partial
            if mine and p.tile == 0 and not isinstance(n, Reduce | Join | Scatter):
                size = self.bytes(n) // max(sp.extent, 1) * sp.tile
                steps = [i for _, i in used + made]
                per_slab.setdefault(id(slab), []).append(Block(nid, size, min(steps), max(steps)))
            else:
                copies = sp.tiles if p.partial else 1
                phases = [s.phase for s, _ in used + made]
                shared.append(Block(nid, self.bytes(n) * copies, min(phases), max(phases)))
        for group in per_slab.values():
            self.plan.scratch = max(self.plan.scratch, pack(group, self.local))
        self.plan.arena = pack(shared, self.place)
        self.plan.unshared = sum(_round(b.size) for group in (shared, *per_slab.values()) for b in group)
        rows = [a for r in self.program.rows if isinstance(r.call, KernelCall) for a in r.call.args]
        room = max([0, *((a.index + 1) * _round(self.n(a.length) * 8) for a in rows if isinstance(a, RowScratchArg))])
        self.row_scratch = self.plan.scratch
        self.plan.scratch = _round(self.plan.scratch + room)

    # ---- table
    def buffer(self, n: LoopNode, slab: Slab, shift: int, partial: bool = False) -> Form:
        """The address of a buffer for a step of `slab` that moves `shift` bytes per unit."""
        if isinstance(n, Leaf):
            return Form(Ref("leaf", n.node.id), per_start=shift)
        if n.into is not None:
            return Form(Ref("leaf", n.into.node.id), per_start=shift)
        if partial:
            return Form(Ref("arena"), self.place[n.id], shift, per_tile=self.bytes(n))
        if n.id in self.outputs:
            return Form(Ref("output", self.outputs[n.id]), per_start=shift)
        if n.id in self.local:
            return Form(Ref("scratch"), self.local[n.id], per_worker=self.plan.scratch)
        return Form(Ref("arena"), self.place[n.id], shift)

    def _table(self) -> None:
        for sp in self.plan.slabs:
            first = len(self.plan.functions)
            for row in self.program.rows:
                if row.slab is not sp.slab:
                    continue
                name, forms, seconds = self._row(row, sp)
                self.plan.functions.append(name)
                self.plan.forms.append(forms)
                sp.seconds += seconds / max(sp.tiles, 1) + cost.CALL
            sp.rows = (first, len(self.plan.functions))
        self.plan.seconds = sum(sp.seconds * sp.tiles for sp in self.plan.slabs)

    def _row(self, row: Row, sp: SlabPlan) -> tuple[str, tuple[Form, ...], float]:
        match row.call:
            case KernelCall(kernel=name, args=args):
                moved = sum(self.bytes(a.owner) for a in args if isinstance(a, BufferArg))
                return name, tuple(self._kernel_arg(a, sp) for a in args), moved / cost.STREAM_RATE
            case DotCall():
                return self._dot(row.call, sp)
            case CombineCall(node=node):
                return self._combine(node, sp)

    def _kernel_arg(self, a: Arg, sp: SlabPlan) -> Form:
        match a:
            case BufferArg(owner=owner, shift=shift, partial=partial):
                return self.buffer(owner, sp.slab, self.n(shift) * owner.dtype.itemsize, partial)
            case RowScratchArg(index=i, length=length):
                return Form(
                    Ref("scratch"), self.row_scratch + i * _round(self.n(length) * 8), per_worker=self.plan.scratch
                )
            case CountArg(per_unit=k):
                return Form(NUMBER, per_count=self.n(k))
            case FirstArg(per_unit=k):
                return Form(NUMBER, per_start=self.n(k))
            case SizeArg(size=size):
                return Form(NUMBER, self.n(size))
            case FlagsArg():
                return Form(Ref("flags"))

    def _dot(self, call: DotCall, sp: SlabPlan) -> tuple[str, tuple[Form, ...], float]:
        d, lay = call.node, call.layout
        item = d.dtype.itemsize

        def extent(axis: Axis) -> Form:
            size = self.n(axis.size)
            if axis.lead and axis.lead == call.tile:
                return Form(NUMBER, per_count=size // max(sp.extent, 1))
            return Form(NUMBER, size)

        def operand(v: View, letters: str) -> Form:
            offset, step = v.offsets()
            per = self.n(step[letters.index(call.tile)]) * call.unit if call.tile and call.tile in letters else 0
            f = self.buffer(v.source, sp.slab, per * item)
            return Form(f.ref, f.base + self.n(offset) * item, f.per_start, f.per_worker, f.per_count, f.per_tile)

        la, lb, out = d.spec
        a, b = operand(d.reads[0], la), operand(d.reads[1], lb)
        if lay.swap:
            a, b = b, a
        c = operand(View.of(d), out)
        m, n, k = lay.m, lay.n, lay.k
        lda, ldb, ldc = leading(lay, self.n)
        forms = [_number(TRANSPOSED if t else AS_STORED) for t in (lay.trans_a, lay.trans_b)]
        forms += [extent(m), extent(n), extent(k), a, _number(lda), b, _number(ldb), c, _number(ldc)]
        for axis in (*lay.loops, *(Axis("", 1, 0, 0, 0),) * (2 - len(lay.loops))):
            forms += [extent(axis), *(_number(self.n(s) * item) for s in (axis.a, axis.b, axis.c))]
        loops = self.n(product([x.size for x in lay.loops]))
        rows = self.n(m.size) / (sp.tiles if m.lead == call.tile and call.tile else 1)
        calls = max(sp.tiles, 1) if m.lead == call.tile and call.tile else 1
        seconds = calls * cost.gemm_seconds(rows, self.n(n.size), self.n(k.size), loops)
        return f"gemm_{'f64' if d.dtype is DType.float64 else 'f32'}", tuple(forms), seconds

    def _combine(self, n: Combine, sp: SlabPlan) -> tuple[str, tuple[Form, ...], float]:
        part = n.reads[0].source
        tiles = self.of[id(self.s.slab_of[part.id])].tiles
        item = n.dtype.itemsize
        shift = self.bytes(n) // max(sp.extent, 1)
        source = Form(Ref("arena"), self.place[part.id], per_start=shift)
        count = Form(NUMBER, per_count=shift // item)
        name = f"combine_{n.fn}_{n.dtype.short}"
        forms = (source, self.buffer(n, sp.slab, shift), count, Form(NUMBER, tiles), Form(NUMBER, self.bytes(n)))
        return name, forms, self.bytes(n) * (tiles + 1) / cost.STREAM_RATE

    # ---- who does what
    def _items(self) -> None:
        plan = self.plan
        if plan.seconds < cost.SERIAL_LIMIT or not self.s.slabs:
            plan.workers = 1
        for phase in range(self.s.phases):
            todo = [
                (sp.seconds, i, t) for i, sp in enumerate(plan.slabs) if sp.slab.phase == phase for t in range(sp.tiles)
            ]
            mine = share(todo, plan.workers)
            spans: list[tuple[int, int]] = []
            for w in range(plan.workers):
                first = len(plan.items)
                for i, t in sorted(mine[w]):
                    sp = plan.slabs[i]
                    start = t * sp.tile
                    plan.items.append((*sp.rows, start, min(sp.tile, sp.extent - start), t))
                spans.append((first, len(plan.items)))
            plan.ranges.append(spans)


def share(todo: list[tuple[float, int, int]], workers: int) -> list[list[tuple[int, int]]]:
    """Items (seconds, slab, tile) for each worker: runs of neighbours where there are many, else the longest first."""
    mine: list[list[tuple[int, int]]] = [[] for _ in range(workers)]
    load = [0.0] * workers
    many = len(todo) > 8 * workers
    total = sum(t[0] for t in todo)
    done = 0.0
    for seconds, i, t in todo if many else sorted(todo, key=lambda x: (-x[0], x[1], x[2])):
        w = min(int((done + seconds / 2) * workers / total), workers - 1) if many and total else load.index(min(load))
        done += seconds
        load[w] += seconds
        mine[w].append((i, t))
    return mine


def _round(n: int) -> int:
    return -(-n // ALIGN) * ALIGN


@final
class Block(NamedTuple):
    """Bytes that a value needs from its first to its last use (phases, or steps of a slab)."""

    node: int
    size: int
    first: int
    last: int


def pack(blocks: list[Block], where: dict[int, int]) -> int:
    """Place blocks so that no two that live at the same time overlap; returns the total."""
    total = 0
    placed: list[tuple[int, int, int, int]] = []
    for node, exact, first, last in sorted(blocks, key=lambda b: (-b.size, b.node)):
        size, offset = _round(exact), 0
        for start, end, a, z in sorted(placed):
            if a <= last and first <= z and offset + size > start and end > offset:
                offset = end
        placed.append((offset, offset + size, first, last))
        where[node] = offset
        total = max(total, offset + size)
    return total


def plan(program: Program, env: Mapping[Symbol, int], workers: int) -> Plan:
    """The step table of a program at given run-time sizes, for a number of workers."""
    return Planner(program, env, workers).run()
