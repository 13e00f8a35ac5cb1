"""How the loops of a kernel become blocks and threads: the one thing that a GPU does otherwise.

elements    every thread takes elements of the space, a whole launch apart from one another
rows        a block takes rows; its threads share the columns, and fold them together
outputs     every thread takes elements of the result, and loops over the axes that are folded
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, final

from ...loop.ir import Reduce
from ...sizes import Size, product
from ..analysis import Analysis
from ..kernel import Access
from ..launch import Launch
from .machine import Machine

Mode: TypeAlias = Literal["elements", "rows", "outputs"]
WIDE = 4  # elements of one access; buffers begin, and are padded, at multiples of more


@final
@dataclass(frozen=True, slots=True)
class Mapping:
    """mode: see above. threads: of a block. width: elements that a thread takes at a time (1 or 4). groups: in rows
    mode, how often a thread does so in a row that its registers hold; None: the row is read again by every pass."""

    mode: Mode
    threads: int
    width: int
    groups: int | None

    @property
    def held(self) -> int:
        """Elements of a row that a thread holds."""
        return (self.groups or 0) * self.width

    @property
    def remark(self) -> str:
        """How the work is shared out, in words."""
        four = ", four elements an access" if self.width > 1 else ""
        if self.mode == "outputs":
            return "a thread for each element of the result"
        if self.mode == "elements":
            return f"{self.threads} threads a block{four}"
        held = "in registers" if self.groups is not None else "read again by every pass"
        return f"a block of {self.threads} threads a row, {held}{four}"


def folds(facts: Analysis, partial: bool) -> list[Reduce]:
    """The folds whose blocks leave partial results, or the others."""
    return [n for n in facts.k.nodes if isinstance(n, Reduce) and facts.s.at[n.id].partial is partial]


def mode_of(facts: Analysis) -> Mode:
    """How a kernel is mapped."""
    whole, partial = folds(facts, False), folds(facts, True)
    if any(not facts.row_reduce(n) for n in whole):
        return "outputs"
    return "rows" if whole or any(facts.inner not in n.axes for n in partial) else "elements"


def mapping_of(facts: Analysis, machine: Machine, accesses: set[Access], held: int) -> Mapping:
    """The mapping of a kernel with these accesses that change along its inner axis; `held` values per column are
    wanted in registers."""
    mode = mode_of(facts)
    if mode == "outputs":
        return Mapping(mode, machine.threads, 1, None)
    width = WIDE if any(wide(facts, a) for a in accesses) and _divides(facts) else 1
    if mode == "elements":
        return Mapping(mode, machine.threads, width, None)
    columns = facts.k.space[-1]
    if not isinstance(columns, int):
        return Mapping(mode, min(machine.threads, machine.row_threads), 1, None)
    threads = 32
    while threads < machine.row_threads and threads * machine.row_elements < columns:
        threads *= 2
    groups = -(-columns // (threads * width))
    if groups * width * max(held, 1) <= machine.registers:
        return Mapping(mode, threads, width, groups)
    return Mapping(mode, threads, 1 if facts.kept else width, None)


def _divides(facts: Analysis) -> bool:
    columns = facts.k.space[-1] if facts.k.space else 1
    return facts.flat or (isinstance(columns, int) and columns % WIDE == 0)


def wide(facts: Analysis, a: Access) -> bool:
    """Whether four neighbours along the inner axis are one aligned access."""
    if facts.flat:
        return not a.fixed
    j = facts.inner
    *lead, last = a.index
    if last.terms != ((j, 1),) or a.uses(-1) or any(d == j for ix in lead for d, _ in ix.terms):
        return False
    return _by_four(last.const) and (not lead or _by_four(a.shape[-1]))


def _by_four(size: Size) -> bool:
    return isinstance(size, int) and size % WIDE == 0


def launch_of(facts: Analysis, m: Mapping, machine: Machine) -> Launch:
    """Blocks and threads of a kernel."""
    space = facts.k.space
    limit = machine.fold_blocks(m.threads) if folds(facts, True) else machine.blocks(m.threads)
    if m.mode == "rows":
        each = machine.fold_rows if folds(facts, True) else 1
        rows = product(space[:-1])
        return Launch(m.threads, rows, each, limit if len(space) > 1 else 1)
    work = product(facts.k.roots[0].shape) if m.mode == "outputs" else product(space)
    return Launch(m.threads, work, m.threads * m.width, limit)
