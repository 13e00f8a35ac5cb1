"""numba.cuda text of one kernel: its loops shared out to blocks and threads, its statements those of every target."""

from __future__ import annotations

from typing import final

from ...loop.ir import LoopNode, Reduce, Write
from ...types import DType
from ..address import Addresses
from ..analysis import Analysis
from ..kernel import Access, BufferArg, RowScratchArg
from ..naming import buffer_name, value_name
from ..params import Body, Params
from ..passes import PassEmitter
from ..scalars import VIEW, lowest
from ..text import Expr
from ..values import fold
from .machine import Machine
from .mapping import Mapping, launch_of
from .names import RESERVED
from .values import ThreadValues


@final
class Emitter(PassEmitter[ThreadValues]):
    """Writes one kernel with a given mapping."""

    def __init__(self, facts: Analysis, m: Mapping, held: dict[Access, int], machine: Machine) -> None:
        self.m, self.machine = m, machine
        self.params = Params(RESERVED)
        self.at = Addresses(facts, self.params)
        super().__init__(facts, ThreadValues(facts, self.at, self.params, m, held))
        self.names = self.params.names
        self.sums = [n for n in self.k.nodes if isinstance(n, Reduce) and not facts.row_reduce(n)]

    # ---- text
    def out(self, *texts: str) -> None:
        self.lines += ["    " * self.depth + t for t in texts]

    def open(self, text: str) -> None:
        """A line that begins a block."""
        self.out(text)
        self.depth += 1

    def token(self, name: str) -> str:
        """`thread`, `block`, `blocks`: where a thread is."""
        return self.names.token(("place", name), name)

    @property
    def is_first(self) -> str:
        return f"if {self.token('thread')} == 0:"

    # ---- the kernel
    def dry_run(self) -> None:
        """Find out which elements every pass touches."""
        self.values.rows = dict.fromkeys(self.facts.kept, "")
        for p in range(self.facts.last_pass + 1):
            self.collect(p)

    def run(self) -> Body:
        """Write the kernel."""
        self.depth = 1
        match self.m.mode:
            case "elements":
                self.elements()
            case "rows":
                self.rows()
            case "outputs":
                self.outputs()
        body, self.lines, self.depth = self.lines, [], 1
        self.guard_updates()
        self.where(body)
        head = self.lines + ["    " + t for t in self.values.declared + self.values.top]
        launch = launch_of(self.facts, self.m, self.machine)
        return Body(self.params, head + body, launch, self.m.remark)

    def guard_updates(self) -> None:
        """A step that found an index outside its axis must not update anything."""
        if self.facts.s.program.sites and any(r.into is not None for r in self.k.roots):
            self.open(f"if {self.params.flags()}[0] != 0:  # an index was outside its axis")
            self.out("return")
            self.depth = 1

    def where(self, body: list[str]) -> None:
        """Names for the place of the thread, those that are used."""
        parts = {"thread": "cuda.threadIdx.x", "block": "cuda.blockIdx.x", "blocks": "cuda.gridDim.x"}
        text = "\n".join(body + self.values.declared + self.partials())
        if self.m.mode == "rows" and self.m.groups == 1:
            text += self.token("thread")
        used = [x for x in parts if ("place", x) in self.names.memo and self.token(x) in text]
        if used:
            self.out(f"{', '.join(map(self.token, used))} = {', '.join(parts[x] for x in used)}")
        self.out(*self.partials())
        if self.m.mode == "rows" and self.m.groups == 1:
            var = self.at.var(self.facts.inner) if self.m.width == 1 else self.values.start
            times = "" if self.m.width == 1 else f"{self.m.width} * "
            self.out(f"{var} = {times}{self.token('thread')}{self.comment(self.facts.inner)}")

    def partials(self) -> list[str]:
        """Views of what the blocks leave, a row for each; and of their rows of scratch."""
        lines: list[str] = []
        for n in self.k.roots:
            if isinstance(n, Reduce) and self.facts.s.at[n.id].partial:
                token = self.partial(n)
                shape = [self.token("blocks"), *map(self.at.size, n.shape)]
                lines.append(
                    f"{token} = {VIEW[n.dtype]}({token}, ({', '.join(shape)}{',' if len(shape) == 1 else ''}))"
                )
        if self.m.groups is None:
            for n in self.facts.kept.values():
                token, rows = self.values.rows[n.id], f"({self.token('blocks')}, {self.at.size(self.k.space[-1])})"
                lines.append(f"{token} = {VIEW[n.dtype]}({token}, {rows})[{self.token('block')}]")
        return lines

    def partial(self, n: Reduce) -> str:
        """The buffer of the partial results of a fold."""
        return self.params.arg(BufferArg(n, 0, True), buffer_name(n))

    # ---- mappings
    def elements(self) -> None:
        """A thread for each element, or for each four."""
        self.collect(0)
        single, dims = self.m.width == 1, len(self.k.space)
        self.out(*self.before)
        if not self.k.space:
            self.open("if cuda.grid(1) == 0:")
        elif self.facts.flat or dims == 1:
            step = "" if single else f"{self.m.width} * "
            var = self.at.var(0) if single else self.values.start
            name = "" if self.facts.flat else self.comment(0)
            self.open(f"for {var} in strided({step}cuda.grid(1), {self.at.extent(0)}, {step}cuda.gridsize(1)):{name}")
        else:
            self.over_space(list(range(dims)))
        self.out(*self.values.row)
        self.element_statements()
        self.depth = 1
        self.out(*self.after)

    def over_space(self, dims: list[int]) -> None:
        """The loop over the elements of some dimensions, shared out to all threads."""
        sizes = [self.at.size(self.k.space[d]) for d in dims]
        names = [self.at.var(d) for d in dims]
        if self.m.width > 1:
            last = self.k.space[-1]
            assert isinstance(last, int)
            sizes[-1], names[-1] = str(last // self.m.width), self.names.token(("quad",), "quad")
        count = " * ".join(x for x in sizes if x != "1") or "1"
        if len(dims) == 1:
            self.open(f"for {names[0]} in strided(cuda.grid(1), {count}, cuda.gridsize(1)):{self.comment(dims[0])}")
            return
        i = self.names.token(("element",), "i")
        labels = [self.at.label(d) for d in dims]
        comment = f"  # {' x '.join(x or '?' for x in labels)}" if any(labels) else ""
        self.open(f"for {i} in strided(cuda.grid(1), {count}, cuda.gridsize(1)):{comment}")
        self.out(f"{', '.join(names)} = unravel({i}, ({', '.join(sizes)}))")
        if self.m.width > 1:
            self.out(f"{self.values.start} = {self.m.width} * {names[-1]}")

    def outputs(self) -> None:
        """A thread for each element of the result, which folds alone."""
        self.collect(0)
        root = self.k.roots[0]
        assert isinstance(root, Reduce)
        self.over_space(list(self.facts.s.at[root.id].dims))
        self.out(*self.before)
        inside = self.depth
        for d in root.axes:
            self.open(self.at.loop(d))
        self.out(*self.values.row, *self.values.body, *self.stores)
        self.depth = inside
        self.out(*self.after)
        self.depth = 1

    def rows(self) -> None:
        """Blocks take rows, threads their columns."""
        for n in self.facts.kept.values():
            if self.m.groups is not None:
                self.values.rows[n.id] = self.values.registers(("row", n.id), f"{value_name(n)}_row", n.dtype)
            else:
                arg = RowScratchArg(len(self.values.rows), self.k.space[-1], n.dtype)
                self.values.rows[n.id] = self.params.arg(arg, f"{value_name(n)}_row")
        for n in self.sums:
            self.begin_sum(n)
        lead = list(range(self.facts.inner))
        if lead:
            sizes = [self.at.size(self.k.space[d]) for d in lead]
            var = self.at.var(0) if len(lead) == 1 else self.names.token(("row",), "row")
            count = " * ".join(x for x in sizes if x != "1") or "1"
            names = " x ".join(self.at.label(d) or "?" for d in lead)
            comment = f"  # {names}" if names.strip("? x") else ""
            self.open(f"for {var} in strided({self.token('block')}, {count}, {self.token('blocks')}):{comment}")
            if len(lead) > 1:
                self.out(f"{', '.join(map(self.at.var, lead))} = unravel({var}, ({', '.join(sizes)}))")
        for p in range(self.facts.last_pass + 1):
            self.collect(p)
            self.out(*self.values.row, *self.before)
            self.columns()
            self.out(*self.after)
        self.depth = 1
        for n in self.sums:
            self.end_sum(n)

    # ---- the columns of a row
    def columns(self) -> None:
        """One pass of a block over its row."""
        v = self.values
        if not (v.body or self.stores or v.loads):
            return
        depth = self.depth
        self.open_columns()
        self.element_statements()
        self.depth = depth

    def open_columns(self) -> None:
        """The loop over the columns of this thread, or over its groups of four."""
        m, inner = self.m, self.facts.inner
        var = self.at.var(inner) if m.width == 1 else self.values.start
        times = "" if m.width == 1 else f"{m.width} * "
        thread, size, comment = self.token("thread"), self.at.size(self.k.space[-1]), self.comment(inner)
        if m.groups is None:
            self.open(f"for {var} in strided({times}{thread}, {size}, {m.width * m.threads}):{comment}")
            return
        columns = self.k.space[-1]
        assert isinstance(columns, int)
        whole = columns == m.groups * m.width * m.threads
        if m.groups != 1:
            k = self.names.token(("group",), "k")
            self.open(f"for {k} in unrolled({m.groups}):{comment}")
            self.out(
                f"{var} = {times}({m.threads} * {k} + {thread})" if times else f"{var} = {m.threads} * {k} + {thread}"
            )
        if not whole:
            inside = f"{self.names.token(('group',), 'k')} < {m.groups - 1} or " if m.groups > 1 else ""
            self.open(f"if {inside}{var} < {size}:")

    def element_statements(self) -> None:
        """The statements for one element, or for the four of a group."""
        v = self.values
        if self.m.width == 1:
            self.out(*v.body, *self.stores)
            return
        self.out(*v.loads)
        if v.body or self.stores:
            depth = self.depth
            self.open(f"for {v.lane} in unrolled({self.m.width}):")
            var = self.at.var(0 if self.facts.flat else self.facts.inner)
            if any(var in t for t in v.body + self.stores):
                self.out(f"{var} = {v.start} + {v.lane}")
            self.out(*v.body, *self.stores)
            self.depth = depth
        self.out(*v.writes)

    def comment(self, dim: int) -> str:
        name = self.at.label(dim)
        return f"  # {name}" if name else ""

    # ---- what a pass does
    def row_statement(self, n: LoopNode) -> None:
        """A stored value per row, or a fold over rows of values per row."""
        v = self.values
        if isinstance(n, Reduce) and self.m.mode == "outputs":
            self.row_fold(n)
            return
        if isinstance(n, Reduce):
            total = Expr(self.total(n))
            v.row.append(f"{total.text} {fold(n, total, v.operand(n, 0))}")
            return
        source = v.operand(n, 0) if isinstance(n, Write) else v.row_value(n)
        store = f"{v.element(self.facts.store(n)).text} = {source.text}"
        v.row += [f"{self.once()}", f"    {store}"] if self.once() else [store]

    def once(self) -> str:
        """The condition that only one of the threads with this row meets."""
        if not self.k.space:
            return ""
        if self.m.mode == "rows":
            return self.is_first
        var = self.at.var(0 if self.facts.flat else self.facts.inner)
        return f"if {self.values.start if self.m.width > 1 else var} == 0:"

    def store(self, n: LoopNode, value: Expr) -> list[str]:
        """One assignment, or none yet: four elements are stored together."""
        return self.values.store(self.facts.store(n), value, n.dtype)

    # ---- folds
    def fold(self, n: Reduce) -> None:
        """A term of a fold, in the loop over the columns of a thread."""
        if self.facts.row_reduce(n) or self.m.mode != "rows":
            self.row_fold(n)
        elif not self.along_row(n):
            total = Expr(self.total(n))
            self.stores.append(f"{total.text} {fold(n, total, self.term(n))}")
        else:
            target = Expr(self.sum_element(n))
            self.stores.append(f"{target.text} {fold(n, target, self.term(n))}")

    def row_fold(self, n: Reduce) -> None:
        """A fold over the row (or over the axes that an output's thread loops over) into a local."""
        v = self.values
        total = self.names.token(("node", n.id), value_name(n))
        source = self.term(n)
        outputs, partial = self.m.mode == "outputs", self.facts.s.at[n.id].partial
        if n.fn == "argmax":
            self.argmax(n, total, source)
        else:
            self.before.append(f"{total} = {lowest(n.fn, n.dtype).text}")
            v.body.append(f"{total} {fold(n, Expr(total), source)}")
            if not outputs:
                self.after.append(f"{total} = {self.block_fold(n)}({total})")
        v.locals[("node", n.id)] = Expr(total)
        if partial:
            self.after += ["if cuda.threadIdx.x == 0:", f"    {self.partial(n)}[{self.token('block')}] = {total}"]
        elif n.id in self.facts.roots:
            row, v.row = v.row, []
            store = f"{v.element(self.facts.store(n)).text} = {total}"
            self.after += v.row + ([store] if outputs else [self.is_first, f"    {store}"])
            v.row = row

    @staticmethod
    def block_fold(n: Reduce) -> str:
        """The function that folds over the threads of a block."""
        return f"block_{n.fn}_{'bool' if n.dtype is DType.bool else n.dtype.short}"

    def argmax(self, n: Reduce, total: str, source: Expr) -> None:
        """The place of the largest element: of this thread's, then of the block's."""
        v = self.values
        dtype = n.reads[0].source.dtype
        kind = "bool" if dtype is DType.bool else dtype.short
        best = self.names.token(("best", n.id), "largest")
        self.before += [f"{best} = {lowest('max', dtype).text}", f"{total} = {2**62}  # none so far"]
        x, var = v.named(("best of", n.id), source, "value").text, self.at.var(self.facts.inner)
        v.body.append(f"if {total} > {var} or {x} > {best} or ({x} != {x} and {best} == {best}):")
        v.body.append(f"    {best}, {total} = {x}, {var}")
        self.after.append(f"{total} = block_argmax_{kind}({best}, {total})")

    # ---- folds over rows: in registers of the block's threads, or in the block's own row of memory
    def total(self, n: Reduce) -> str:
        """The local of a fold over rows that leaves one number."""
        return self.names.token(("sum", n.id), f"{buffer_name(n)}_{n.fn}")

    def along_row(self, n: Reduce) -> bool:
        """Whether a fold over rows leaves one number for every column."""
        return self.facts.inner in self.facts.s.at[n.id].dims

    def sum_element(self, n: Reduce) -> str:
        """Where the current column of a fold over rows is."""
        if self.m.groups is None:
            return f"{self.partial(n)}[{self.token('block')}, {self.at.var(self.facts.inner)}]"
        zero = lowest(n.fn, n.dtype).text
        token = self.values.registers(("sum", n.id), f"{buffer_name(n)}_{n.fn}", n.dtype, zero)
        return f"{token}[{self.values.slot}]"

    def begin_sum(self, n: Reduce) -> None:
        """The neutral element."""
        zero = lowest(n.fn, n.dtype).text
        if not self.along_row(n):
            self.out(f"{self.total(n)} = {zero}")
        elif self.m.groups is not None:
            self.sum_element(n)  # declared with its value
        else:
            self.each_column(f"{self.sum_element(n)} = {zero}")

    def end_sum(self, n: Reduce) -> None:
        """Store what this block has folded."""
        if not self.along_row(n):
            if self.facts.inner in n.axes:
                self.out(f"{self.total(n)} = {self.block_fold(n)}({self.total(n)})")
            self.out(self.is_first, f"    {self.partial(n)}[{self.token('block')}] = {self.total(n)}")
        elif self.m.groups is not None:
            where = f"{self.partial(n)}[{self.token('block')}, {self.at.var(self.facts.inner)}]"
            self.each_column(f"{where} = {self.sum_element(n)}")

    def each_column(self, text: str) -> None:
        """One statement for every column of this thread."""
        self.values.loads, self.values.body, self.values.writes, self.stores = [], [], [], [text]
        self.columns()
