"""numba.cuda text of a scatter: every element of the result looks for its updates, in order, so the bits do not vary."""

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
    return Emitter(n).run(machine)


@final
class Emitter:
    """Writes one scatter kernel: a thread for each element of the result."""

    def __init__(self, n: Scatter) -> None:
        self.n = n
        self.params = Params(RESERVED)
        self.lines: list[str] = []
        self.depth = 1
        idx, updates = n.reads
        added = 0 if n.along else len(idx.shape) - 1
        # The axis of the updates behind every axis of the result (None: the scattered one), and those of the index.
        self.behind = [None if d == n.axis else d if d < n.axis else d + added for d in range(len(n.shape))]
        self.searched = [n.axis] if n.along else list(range(n.axis, n.axis + len(idx.shape)))
        self.index_axes = list(range(len(updates.shape))) if n.along else self.searched

    def size(self, size: Size) -> str:
        return str(size) if isinstance(size, int) else self.params.arg(SizeArg(size), size_name(size))

    def out(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    def open(self, text: str) -> None:
        self.out(text)
        self.depth += 1

    def var(self, axis: int) -> str:
        """The variable of an axis of the updates."""
        return self.params.names.token(("var", axis), axis_variable(self.n.reads[1].names[axis], "ijklmnpq"[axis]))

    def run(self, machine: Machine) -> Body:
        """Write the kernel."""
        n, names = self.n, self.params.names
        idx, updates = n.reads
        mine = names.token(("mine",), axis_variable(n.names[n.axis], "row"))
        total, index = names.token(("total",), "total"), names.token(("index",), "index")
        variables = [mine if a is None else self.var(a) for a in self.behind]
        sizes = [self.size(s) for s in n.shape]
        count = " * ".join(x for x in sizes if x != "1") or "1"
        if len(variables) == 1:
            self.open(f"for {mine} in strided(cuda.grid(1), {count}, cuda.gridsize(1)):")
        else:
            i = names.token(("element",), "i")
            self.open(f"for {i} in strided(cuda.grid(1), {count}, cuda.gridsize(1)):")
            self.out(f"{', '.join(variables)} = unravel({i}, ({', '.join(sizes)}))")
        self.out(f"{total} = {literal(0, n.dtype).text}")
        inside = self.depth
        for axis in self.searched:
            self.open(f"for {self.var(axis)} in range({self.size(updates.shape[axis])}):")
        self.out(f"{index} = {self.element(idx, self.index_axes)}")
        size, site = n.check
        for text in index_check(index, self.size(size), self.params.flags(), site):
            self.out(text)
        self.open(f"if {index} == {mine}:")
        self.out(f"{total} += {self.element(updates, list(range(len(updates.shape))))}")
        self.depth = inside
        token = self.buffer(Access(n, n.shape, tuple(Affine(0, ((d, 1),)) for d in range(len(n.shape)))))
        self.out(f"{token}[{', '.join(variables)}] = {total}")
        launch = Launch(machine.threads, product(n.shape), machine.threads, machine.blocks(machine.threads))
        return Body(self.params, self.lines, launch, "a thread for each element of the result, no atomics")

    def buffer(self, a: Access) -> str:
        """The name of a buffer, viewed as an array of the access's shape."""
        name = buffer_name(a.owner)
        token = self.params.arg(BufferArg(a.owner, 0), name)
        shape = ", ".join(self.size(x) for x in a.shape) or "1"
        return self.params.view(token, a.owner.dtype, f"({shape},)" if len(a.shape) < 2 else f"({shape})", name)

    def element(self, v: View, axes: list[int]) -> str:
        """The element of a view at the variables of these axes of the updates."""
        offset, step = v.offsets()
        parts = [self.size(offset)] if offset != 0 else []
        for s, axis in zip(step, axes, strict=True):
            if s != 0:
                parts.append(self.var(axis) if s == 1 else f"{self.size(s)} * {self.var(axis)}")
        token = self.buffer(Access(v.source, (v.source.size,), (Affine(0),)))
        return f"{token}[{' + '.join(parts) or '0'}]"
