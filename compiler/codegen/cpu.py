"""Numba text of one row kernel: a loop per row axis, one inner loop per pass over the row."""

from __future__ import annotations

from typing import final

from ..loop.ir import LoopNode, Reduce, Write
from ..schedule.kernels import Kernel, Schedule
from .address import Addresses
from .analysis import Analysis
from .kernel import RowScratchArg
from .naming import value_name
from .params import Body, Params
from .scalars import VIEW, lowest, write
from .text import Expr
from .values import LONG, Values


def kernel_body(s: Schedule, k: Kernel) -> Body:
    """The text of a row kernel."""
    return Emitter(s, k).run()


@final
class Emitter:
    """Writes the loops and statements of one kernel."""

    def __init__(self, s: Schedule, k: Kernel) -> None:
        self.k = k
        self.params = Params()
        self.facts = Analysis(s, k)
        self.at = Addresses(self.facts, self.params)
        self.values = Values(self.facts, self.at, self.params)
        self.lines: list[str] = []
        self.depth = 1
        self.before: list[str] = []  # statements around the inner loop of the current pass, and its stores
        self.stores: list[str] = []
        self.after: list[str] = []

    def run(self) -> Body:
        """Write the kernel."""
        self.zero_accumulators()
        head, self.lines = self.lines, []
        if not self.facts.flat:
            for d in range(max(self.facts.inner, 0)):
                self.open(d)
        self.keep_rows()
        for p in range(self.facts.last_pass + 1):
            self.one_pass(p)
        return Body(self.params, head + ["    " + t for t in self.values.top] + self.lines)

    def out(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    def open(self, dim: int) -> None:
        """Begin the loop over a dimension."""
        self.out(self.at.loop(dim))
        self.depth += 1

    def zero_accumulators(self) -> None:
        """Sums over rows start from zero (maxima from the lowest number)."""
        for n in self.k.roots:
            if not isinstance(n, Reduce) or self.facts.row_reduce(n):
                continue
            a = self.facts.store(n)
            token = self.at.buffer(a)
            dims = [ix.terms[0][0] for ix in a.index]
            for d in dims:
                self.open(d)
            self.out(f"{token}[{', '.join(map(self.at.var, dims)) or '0'}] = {lowest(n.fn, n.dtype).text}")
            self.depth = 1

    def keep_rows(self) -> None:
        """Rows of scratch for the values that are kept for later passes."""
        for i, n in enumerate(self.facts.kept.values()):
            token = self.params.arg(RowScratchArg(i, self.k.space[-1], n.dtype), f"{value_name(n)}_row")
            self.params.views[token] = VIEW[n.dtype]
            self.params.shapes[token] = f"({self.at.extent(self.facts.inner)},)"
            self.values.rows[n.id] = token

    def one_pass(self, p: int) -> None:
        """The values per row that come first, and one loop over the row."""
        self.before, self.stores, self.after = [], [], []
        self.values.begin(p)
        items = self.facts.items(p)
        for n in self.k.roots:
            if self.facts.passes[n.id] == p and n not in items and not self.facts.vector(n):
                self.row_statement(n)
        for n in items:
            self.item(n)
        for text in self.values.row + self.before:
            self.out(text)
        if self.values.body or self.stores:
            self.out(self.at.loop(self.facts.inner if not self.facts.flat else 0))
            for text in self.values.body + self.stores:
                self.out("    " + text)
        for text in self.after:
            self.out(text)

    def row_statement(self, n: LoopNode) -> None:
        """A stored value per row, or a sum over rows of values per row."""
        if isinstance(n, Reduce):
            source = self.values.operand(n, 0)
            target = self.values.element(self.facts.store(n))
            text = f"{target.text} {fold(n, target, source)}"
        elif isinstance(n, Write):
            target, source = self.values.element(self.facts.store(n)), self.values.operand(n, 0)
            text = f"{target.text} = {source.text}"
        else:
            source = self.values.row_value(n)
            text = f"{self.values.element(self.facts.store(n)).text} = {source.text}"
        self.values.row.append(text)

    def item(self, n: LoopNode) -> None:
        """What the inner loop does for one value: a term of a fold, or a store."""
        if isinstance(n, Reduce) and self.facts.row_reduce(n):
            self.row_fold(n)
        elif isinstance(n, Reduce):
            source = self.term(n)
            target = self.values.element(self.facts.store(n))
            self.stores.append(f"{target.text} {fold(n, target, source)}")
        else:
            e = self.values.operand(n, 0) if isinstance(n, Write) else self.values.value(n)
            if n.id in self.facts.kept:
                self.stores.append(f"{self.values.kept(n).text} = {e.text}")
            if n.id in self.facts.roots:
                self.stores.append(f"{self.values.element(self.facts.store(n)).text} = {e.text}")

    def term(self, n: Reduce) -> Expr:
        """What a fold adds up; a long one gets a name of its own."""
        e = self.values.operand(n, 0)
        return self.values.named(("term", n.id), e, "term") if self.params.names.width(e.text) > LONG else e

    def row_fold(self, n: Reduce) -> None:
        """A fold over the row into a local, stored after the loop if anybody else needs it."""
        total = self.params.names.token(("node", n.id), value_name(n))
        source = self.term(n)
        if n.fn == "argmax":
            best = self.params.names.token(("best", n.id), "largest")
            self.before += [f"{best} = {lowest('max', n.reads[0].source.dtype).text}", f"{total} = 0"]
            x = self.values.named(("best of", n.id), source, "value").text if source.level < 10 else source.text
            self.values.body.append(f"if {x} > {best} or ({x} != {x} and {best} == {best}):")
            self.values.body.append(f"    {best}, {total} = {x}, {self.at.var(self.facts.inner)}")
        else:
            self.before.append(f"{total} = {lowest(n.fn, n.dtype).text}")
            self.values.body.append(f"{total} {fold(n, Expr(total), source)}")
        self.values.locals[("node", n.id)] = Expr(total)
        if n.id in self.facts.roots:
            row, self.values.row = self.values.row, []
            target = self.values.element(self.facts.store(n))
            self.after += [*self.values.row, f"{target.text} = {total}"]
            self.values.row = row


def fold(n: Reduce, target: Expr, source: Expr) -> str:
    """The assignment that folds `source` into `target`."""
    if n.fn == "sum":
        return f"+= {source.text}"
    fn = "maximum" if n.fn == "max" else "minimum"
    return f"= {write(fn, n.dtype, (target, source), n.dtype).text}"
