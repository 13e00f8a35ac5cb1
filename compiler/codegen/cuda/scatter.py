"""numba.cuda text of a scatter: updates of one index are added by one thread, in order, so the bits do not vary.

Where whole rows are scattered (index_add, the gradient of take), a block looks at one update: the first of its index
adds up all of that index. Else (scatter along an axis) a thread of each element of the result looks for its updates.
"""

from __future__ import annotations

from typing import final

from ...loop.ir import Affine, Scatter, View
from ...sizes import Size, product
from ..kernel import Access, BufferArg, SizeArg
from ..launch import Launch
from ..naming import buffer_name, size_name
from ..params import Body, Params, index_check
from ..scalars import literal
from ..text import axis_variable
from .machine import Machine
from .names import RESERVED


def scatter_body(n: Scatter, machine: Machine) -> Body:
    """The text of a scatter kernel: no atomics, since floats must be added in one order."""
    emitter = Emitter(n, machine)
    return emitter.along() if n.along else emitter.rows()


@final
class Emitter:
    """Writes one scatter kernel."""

    def __init__(self, n: Scatter, machine: Machine) -> None:
        self.n, self.machine = n, machine
        self.params = Params(RESERVED)
        self.names = self.params.names
        self.lines: list[str] = []
        self.depth = 1
        self.idx, self.updates = n.reads
        covered = 1 if n.along else len(self.idx.shape)
        self.searched = list(range(n.axis, n.axis + covered))  # the axes of the updates behind the scattered one
        self.others = [d for d in range(len(self.updates.shape)) if d not in self.searched]
        self.total = self.names.token(("total",), "total")
        self.index = self.names.token(("index",), "index")

    # ---- text
    def out(self, *texts: str) -> None:
        self.lines += ["    " * self.depth + t for t in texts]

    def open(self, text: str) -> None:
        self.out(text)
        self.depth += 1

    def size(self, size: Size) -> str:
        """A size as text: a number, or a parameter."""
        return str(size) if isinstance(size, int) else self.params.arg(SizeArg(size), size_name(size))

    def count(self, sizes: list[Size]) -> str:
        """The product of sizes as text."""
        return " * ".join(self.size(x) for x in sizes if x != 1) or "1"

    def var(self, axis: int) -> str:
        """The variable of an axis of the updates."""
        return self.names.token(("var", axis), axis_variable(self.updates.names[axis], "ijklmnpq"[axis]))

    def spread(self, number: str, axes: list[int], names: list[str]) -> None:
        """Split a running number into the variables of some axes of the updates."""
        if len(axes) != 1:
            sizes = ", ".join(self.size(self.updates.shape[d]) for d in axes)
            self.out(f"{', '.join(names)} = unravel({number}, ({sizes}))")

    def element(self, v: View, variables: list[str]) -> str:
        """The element of a view at the variables of its axes."""
        offset, step = v.offsets()
        parts = [self.size(offset)] if offset != 0 else []
        for s, name in zip(step, variables, strict=True):
            if s != 0:
                parts.append(name if s == 1 else f"{self.size(s)} * {name}")
        token = self.buffer(Access(v.source, (v.source.size,), (Affine(0),)))
        return f"{token}[{' + '.join(parts) or '0'}]"

    def buffer(self, a: Access) -> str:
        """The name of a buffer, viewed as an array of the access's shape."""
        name = buffer_name(a.owner)
        token = self.params.arg(BufferArg(a.owner, 0), name)
        shape = ", ".join(self.size(x) for x in a.shape) or "1"
        return self.params.view(token, a.owner.dtype, f"({shape},)" if len(a.shape) < 2 else f"({shape})", name)

    def result(self, variables: list[str]) -> str:
        """The element of the result at these variables."""
        n = self.n
        token = self.buffer(Access(n, n.shape, tuple(Affine(0, ((d, 1),)) for d in range(len(n.shape)))))
        return f"{token}[{', '.join(variables)}]"

    def check(self) -> None:
        """An index outside its axis sets the flag."""
        size, site = self.n.check
        self.out(*index_check(self.index, self.size(size), self.params.flags(), site))

    # ---- whole rows
    def rows(self) -> Body:
        """A block for each update; the first of an index adds up all of that index."""
        n, threads = self.n, self.machine.threads
        places = [self.updates.shape[d] for d in self.searched]
        place, other = (self.names.token((x,), x) for x in ("place", "other"))
        at_place, at_other = ([self.names.token((x, d), f"{x}_{d}") for d in self.searched] for x in ("place", "other"))
        if len(self.searched) == 1:
            at_place, at_other = [place], [other]
        thread, block, blocks = (self.names.token(("is", x), x) for x in ("thread", "block", "blocks"))
        again = self.names.token(("again",), "again")
        self.out(f"{thread}, {block}, {blocks} = cuda.threadIdx.x, cuda.blockIdx.x, cuda.gridDim.x")
        self.open(f"for {place} in strided({block}, {self.count(places)}, {blocks}):")
        if self.searched:
            self.spread(place, self.searched, at_place)
        self.out(f"{self.index} = {self.element(self.idx, at_place)}")
        self.check()
        self.out(f"{again} = i4(0)  # whether an earlier update has this index")
        self.open(f"for {other} in strided({thread}, {place}, {threads}):")
        self.spread_other(other, at_other)
        self.out(f"if {self.element(self.idx, at_other)} == {self.index}:", f"    {again} = i4(1)")
        self.depth -= 1
        self.open(f"if cuda.syncthreads_or({again}) == 0:")
        columns = [self.updates.shape[d] for d in self.others]
        names = [self.var(d) for d in self.others]
        column = names[0] if len(names) == 1 else self.names.token(("column",), "column")
        self.open(f"for {column} in strided({thread}, {self.count(columns)}, {threads}):")
        if self.others:
            self.spread(column, self.others, names)
        self.out(f"{self.total} = {literal(0, n.dtype).text}")
        inside = self.depth
        self.open(f"for {other} in range({place}, {self.count(places)}):")
        self.spread_other(other, at_other)
        self.open(f"if {self.element(self.idx, at_other)} == {self.index}:")
        by = dict(zip([*self.searched, *self.others], [*at_other, *names], strict=True))
        self.out(f"{self.total} += {self.element(self.updates, [by[d] for d in sorted(by)])}")
        self.depth = inside
        variables = [*names[: n.axis], self.index, *names[n.axis :]]
        self.out(f"{self.result(variables)} = {self.total}")
        launch = Launch(threads, product(places), 1, self.machine.blocks(threads), clears=True)
        return Body(self.params, self.lines, launch, "a block for each update, no atomics")

    def spread_other(self, other: str, names: list[str]) -> None:
        if self.searched:
            self.spread(other, self.searched, names)

    # ---- along an axis
    def along(self) -> Body:
        """A thread for each element of the result."""
        n, axis = self.n, self.n.axis
        mine = self.names.token(("mine",), axis_variable(n.names[axis], "row"))
        variables = [mine if d == axis else self.var(d) for d in range(len(n.shape))]
        count = self.count(list(n.shape))
        if len(variables) == 1:
            self.open(f"for {mine} in strided(cuda.grid(1), {count}, cuda.gridsize(1)):")
        else:
            i = self.names.token(("element",), "i")
            self.open(f"for {i} in strided(cuda.grid(1), {count}, cuda.gridsize(1)):")
            self.out(f"{', '.join(variables)} = unravel({i}, ({', '.join(map(self.size, n.shape))}))")
        self.out(f"{self.total} = {literal(0, n.dtype).text}")
        inside = self.depth
        self.open(f"for {self.var(axis)} in range({self.size(self.updates.shape[axis])}):")
        here = [self.var(d) for d in range(len(self.updates.shape))]
        self.out(f"{self.index} = {self.element(self.idx, here)}")
        self.check()
        self.open(f"if {self.index} == {mine}:")
        self.out(f"{self.total} += {self.element(self.updates, here)}")
        self.depth = inside
        self.out(f"{self.result(variables)} = {self.total}")
        threads = self.machine.threads
        launch = Launch(threads, product(n.shape), threads, self.machine.blocks(threads))
        return Body(self.params, self.lines, launch, "a thread for each element of the result, no atomics")
