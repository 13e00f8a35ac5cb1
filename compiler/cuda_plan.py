"""Sizes -> launches: what one step of a CUDA program runs, in order, on one stream, and where its values lie.

A value lives from the launch that makes it to the last that reads it. The updates of many parameters that lie one
after the other in memory, with their state, become one launch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import final

from .codegen.kernel import Arg, BufferArg, CountArg, FirstArg, FlagsArg, RowScratchArg, SizeArg
from .cuda_calls import Address, Call, Clear, CudaPlan, Fold, FoldCall, KernelLaunch, Loop, ProductCall
from .loop.dots import leading
from .loop.ir import Join, Leaf, LoopNode
from .plan import ALIGN, NUMBER, Block, Ref, pack
from .program import CombineCall, DotCall, KernelCall, Program, Row
from .schedule.kernels import loads, produced
from .sizes import Size, Symbol, evaluate, product


@final
@dataclass(slots=True)
class _Task:
    """Rows that run as one call: one row, folds that follow one another, or updates that lie one after the other (`shift`:
    from the first, in bytes)."""

    rows: list[Row]
    shift: list[int]


@final
class CudaPlanner:
    """Computes the plan of one program for one set of run-time sizes.

    address: where leaves lie, if it is known; only then are updates merged.
    """

    def __init__(self, program: Program, env: Mapping[Symbol, int], address: Mapping[int, int]) -> None:
        self.program, self.env, self.address, self.s = program, env, address, program.schedule
        self.outputs = {n.id: i for i, n in enumerate(self.s.program.outputs)}
        self.place: dict[int, int] = {}  # value -> offset in the arena
        self.scratch: dict[tuple[int, int], int] = {}  # (task, row of scratch) -> offset in the arena
        self.plan = CudaPlan()

    def n(self, size: Size) -> int:
        """A size as a number."""
        return evaluate(size, self.env)

    def bytes(self, node: LoopNode) -> int:
        """Of one copy of a value."""
        return self.n(node.size) * node.dtype.itemsize

    def run(self) -> CudaPlan:
        """Tasks, then memory, then calls."""
        tasks = self._tasks()
        self._memory(tasks)
        for i, task in enumerate(tasks):
            for call in (*self._clears(task), self._call(i, task)):
                self.plan.calls.append(call)
                self.plan.rows.append(tuple(task.rows))
        return self.plan

    def _clears(self, task: _Task) -> list[Clear]:
        call = task.rows[0].call
        if not isinstance(call, KernelCall) or call.launch is None or not call.launch.clears:
            return []
        return [Clear(self.buffer(n), self.bytes(n)) for n in task.rows[0].writes]

    # ---- updates of neighbours
    def _tasks(self) -> list[_Task]:
        rows = list(self.program.rows)
        runs: dict[int, _Task] = {}
        waiting: dict[str, list[int]] = {}
        for i, row in enumerate(rows):
            if self._mergeable(row):
                waiting.setdefault(row.name, []).append(i)
        merged: set[int] = set()
        taken: set[int] = set()  # what runs read beside leaves: it can be put in the order of one of them only
        for same in waiting.values():
            for run in self._runs([rows[i] for i in same], same):
                own = [{v.source.id for v in loads(r.step) if self._leaf(v.source) is None} for r in run[1].rows]
                beside = set[int]().union(*own) - own[0].intersection(*own)
                if taken & beside or not self._may_wait(rows, run[0]):
                    continue
                taken |= beside
                merged.update(run[0])
                runs[max(run[0])] = run[1]
        out: list[_Task] = []
        for i, row in enumerate(rows):
            fold = _fold_name(row)
            if i in runs:
                out.append(runs[i])
            elif fold is not None and out and _fold_name(out[-1].rows[0]) == fold:
                out[-1].rows.append(row)
            elif i not in merged:
                out.append(_Task([row], [0]))
        return out

    @staticmethod
    def _may_wait(rows: list[Row], run: list[int]) -> bool:
        """Whether updates may run together, at the place of the last of them: no row up to there reads what an earlier
        one of them writes, or overwrites what it reads."""
        last = max(run)
        for i in run:
            writes = {n.id for n in rows[i].writes}
            reads = {v.source.id for v in loads(rows[i].step)}
            for j in {*run, *range(i + 1, last + 1)} - {i}:
                over = {n.into.id for n in rows[j].writes if n.into is not None}
                if over & reads or writes & {v.source.id for v in loads(rows[j].step)}:
                    return False
        return True

    def _mergeable(self, row: Row) -> bool:
        """An elementwise update of whole leaves, and of nothing else."""
        call = row.call
        if not isinstance(call, KernelCall) or not any(isinstance(a, CountArg) for a in call.args):
            return False
        return all(n.into is not None and n.into.node.id in self.address for n in row.writes)

    def _runs(self, rows: list[Row], index: list[int]) -> list[tuple[list[int], _Task]]:
        """Rows of one kernel in order of address, cut into runs of neighbours; runs of one are left alone."""
        order = sorted(range(len(rows)), key=lambda i: self._first(rows[i]))
        runs: list[list[int]] = []
        for i in order:
            if runs and self._follows(rows[runs[-1][-1]], rows[i]):
                runs[-1].append(i)
            else:
                runs.append([i])
        out: list[tuple[list[int], _Task]] = []
        for run in runs:
            if len(run) > 1:
                first = self._first(rows[run[0]])
                task = _Task([rows[i] for i in run], [self._first(rows[i]) - first for i in run])
                out.append(([index[i] for i in run], task))
        return out

    def _first(self, row: Row) -> int:
        into = row.writes[0].into
        assert into is not None
        return self.address[into.node.id]

    def _follows(self, a: Row, b: Row) -> bool:
        """Whether every buffer of `b` lies right behind that of `a`, or can be put there; numbers are the same ones."""
        assert isinstance(a.call, KernelCall)
        assert isinstance(b.call, KernelCall)
        distance = self._first(b) - self._first(a)
        for x, y in zip(a.call.args, b.call.args, strict=True):
            if not isinstance(x, BufferArg) or not isinstance(y, BufferArg):
                if x != y and not isinstance(x, CountArg):
                    return False
            elif x.owner is y.owner:
                if self._whole(a, x.owner) or self._whole(b, y.owner):
                    return False
            elif not self._whole(a, x.owner) or not self._whole(b, y.owner) or not self._behind(x, y, distance):
                return False
        return True

    def _whole(self, row: Row, n: LoopNode) -> bool:
        """Whether an update goes over all of a buffer, rather than read one number of it."""
        if isinstance(n, Leaf) and n.node.kind == "scalar":
            return False
        return self.n(n.size) == self.n(row.writes[0].size)

    def _behind(self, x: BufferArg, y: BufferArg, distance: int) -> bool:
        """Whether the second buffer lies `distance` behind the first, which ends there, or can be put there."""
        if _round(self.bytes(x.owner)) != distance or x.partial or y.partial:
            return False
        u, v = self._leaf(x.owner), self._leaf(y.owner)
        if u is not None and v is not None:
            return u in self.address and v in self.address and self.address[v] - self.address[u] == distance
        free = not any(n.id in self.outputs or isinstance(n, Join) for n in (x.owner, y.owner))
        return u is None and v is None and free

    @staticmethod
    def _leaf(n: LoopNode) -> int | None:
        """The leaf whose buffer a value lies in."""
        leaf = n if isinstance(n, Leaf) else n.into
        return None if leaf is None else leaf.node.id

    # ---- memory
    def _memory(self, tasks: list[_Task]) -> None:
        first: dict[int, int] = {}
        last: dict[int, int] = {}
        copies: dict[int, int] = {}
        joins = {v.source.id: n.id for n in self.s.program.nodes if isinstance(n, Join) for v in n.reads}
        for t, task in enumerate(tasks):
            for row in task.rows:
                for n in produced(row.step):
                    value = joins.get(n.id, n.id)
                    first.setdefault(value, t)
                    last[value] = t
                    copies[value] = self._blocks(task) if self.s.at[n.id].partial else 1
                for v in loads(row.step):
                    last[v.source.id] = t
        blocks: list[Block] = []
        within: dict[int, tuple[int, int]] = {}  # value -> (the block of its run, offset there)
        for t, task in enumerate(tasks):
            blocks += self._scratch_blocks(t, task)
            if len(task.rows) > 1 and isinstance(task.rows[0].call, KernelCall):
                blocks += self._run_blocks(task, first, last, within)
        nodes = {n.id: n for n in self.s.program.nodes}
        for nid, t in first.items():
            n = nodes[nid]
            if n.into is None and nid not in self.outputs and nid not in within:
                blocks.append(Block(nid, self.bytes(n) * copies[nid], t, last[nid]))
        self.plan.arena = pack(blocks, self.place)
        self.plan.unshared = sum(_round(b.size) for b in blocks)
        for nid, (block, offset) in within.items():
            self.place[nid] = self.place[block] + offset

    def _scratch_blocks(self, t: int, task: _Task) -> list[Block]:
        """A row of scratch for each block of threads, for each value that is kept in one."""
        out: list[Block] = []
        call = task.rows[0].call
        for a in call.args if isinstance(call, KernelCall) else ():
            if isinstance(a, RowScratchArg):
                key = -1 - len(self.scratch)
                self.scratch[t, a.index] = key
                out.append(Block(key, self.n(a.length) * a.dtype.itemsize * self._blocks(task), t, t))
        return out

    def _run_blocks(
        self, task: _Task, first: Mapping[int, int], last: Mapping[int, int], within: dict[int, tuple[int, int]]
    ) -> list[Block]:
        """What merged updates read beside leaves (gradients) lies in one block each, in the order of the leaves."""
        out: list[Block] = []
        calls = [r.call for r in task.rows]
        assert isinstance(calls[0], KernelCall)
        for i, a in enumerate(calls[0].args):
            owners = [c.args[i] for c in calls if isinstance(c, KernelCall)]
            if not isinstance(a, BufferArg) or self._leaf(a.owner) is not None:
                continue
            members = [o.owner for o in owners if isinstance(o, BufferArg)]
            if members[0] is members[1]:
                continue
            key = -1_000_000 - len(within)
            size = task.shift[-1] + self.bytes(members[-1])
            out.append(Block(key, size, min(first[m.id] for m in members), max(last[m.id] for m in members)))
            within.update({m.id: (key, shift) for m, shift in zip(members, task.shift, strict=True)})
        return out

    # ---- calls
    def _blocks(self, task: _Task) -> int:
        """Blocks of the launch of a task."""
        call = task.rows[0].call
        if not isinstance(call, KernelCall) or call.launch is None:
            return 1
        launch = call.launch
        return (launch if len(task.rows) == 1 else replace(launch, work=self._count(task))).blocks(self.env)

    def _count(self, task: _Task) -> int:
        """Elements from the first of the first row to the last of the last."""
        item = task.rows[0].writes[0].dtype.itemsize
        return task.shift[-1] // item + self.n(task.rows[-1].writes[0].size)

    def buffer(self, n: LoopNode) -> Address:
        """Where a value lies."""
        leaf = self._leaf(n)
        if leaf is not None:
            return Address(Ref("leaf", leaf))
        if n.id in self.outputs:
            return Address(Ref("output", self.outputs[n.id]))
        return Address(Ref("arena"), self.place[n.id])

    def _call(self, t: int, task: _Task) -> Call:
        row = task.rows[0]
        match row.call:
            case KernelCall(kernel=name, args=args, launch=launch):
                assert launch is not None
                addresses = tuple(self._arg(a, t, task) for a in args)
                return KernelLaunch(name, self._blocks(task), launch.threads, addresses)
            case DotCall():
                return self._product(row.call)
            case CombineCall():
                return self._folds(task)

    def _arg(self, a: Arg, t: int, task: _Task) -> Address:
        match a:
            case BufferArg(owner=owner):
                return self.buffer(owner)
            case RowScratchArg(index=i):
                return Address(Ref("arena"), self.place[self.scratch[t, i]])
            case CountArg(per_unit=k):
                return Address(NUMBER, self.n(k) if len(task.rows) == 1 else self._count(task))
            case FirstArg():
                return Address(NUMBER)
            case SizeArg(size=size):
                return Address(NUMBER, self.n(size))
            case FlagsArg():
                return Address(Ref("flags"))

    def _product(self, call: DotCall) -> ProductCall:
        d, lay = call.node, call.layout
        item = d.dtype.itemsize
        operands: list[Address] = []
        for v in d.reads:
            at = self.buffer(v.source)
            operands.append(Address(at.ref, at.offset + self.n(v.offsets()[0]) * item))
        a, b = reversed(operands) if lay.swap else operands
        lda, ldb, ldc = leading(lay, self.n)
        loops = tuple(
            Loop(self.n(x.size), self.n(x.a) * item, self.n(x.b) * item, self.n(x.c) * item) for x in lay.loops
        )
        m, n, k = (self.n(x.size) for x in (lay.m, lay.n, lay.k))
        c = self.buffer(d)
        return ProductCall("gemm", d.dtype.short, m, n, k, a, lda, lay.trans_a, b, ldb, lay.trans_b, c, ldc, loops)

    def _folds(self, task: _Task) -> FoldCall:
        """The folds of partial results that follow one another, as one launch."""
        folds: list[Fold] = []
        for row in task.rows:
            assert isinstance(row.call, CombineCall)
            n, part = row.call.node, row.call.node.reads[0].source
            maker = next(r for r in self.program.rows if any(p is part for p in r.writes))
            blocks = self._blocks(_Task([maker], [0]))
            folds.append(Fold(self.buffer(part), self.buffer(n), self.n(n.size), blocks))
        name = _fold_name(task.rows[0])
        assert name is not None
        return FoldCall(name, tuple(folds))


def _fold_name(row: Row) -> str | None:
    """The kernel of the runtime that folds partial results, for a row that does."""
    if not isinstance(row.call, CombineCall):
        return None
    n = row.call.node
    return f"combine_{n.fn}_{'bool' if n.dtype.short == 'b1' else n.dtype.short}"


def _round(n: int) -> int:
    return -(-n // ALIGN) * ALIGN


def layout(program: Program) -> dict[int, int]:
    """Where the leaves that live on the device would lie if they were all in one piece of memory: what is updated
    first, then the rest, in order. An executor that gives out memory so gets the merged updates that a listing shows."""
    updated = {leaf.id for leaf, _ in program.graph.updates}
    leaves = [n for kind in ("param", "state") for n in program.graph.leaves(kind)]
    at: dict[int, int] = {}
    end = 0
    for n in sorted(leaves, key=lambda n: n.id not in updated):
        at[n.id] = end
        end += _round(evaluate(product(n.type.shape), {}) * n.type.dtype.itemsize)
    return at


def cuda_plan(program: Program, env: Mapping[Symbol, int], address: Mapping[int, int] | None = None) -> CudaPlan:
    """What a step runs at given run-time sizes; `address`: leaf of the program's graph -> where it lies (`layout`)."""
    return CudaPlanner(program, env, layout(program) if address is None else address).run()
