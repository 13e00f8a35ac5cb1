"""Numba text of a scatter: zeros, then every update added at its index, in order, so the bits do not vary."""

from __future__ import annotations

from typing import final

from ..loop.ir import Affine, Scatter, View, strides
from ..schedule.kernels import Schedule
from ..sizes import Size
from .kernel import Access, BufferArg, CountArg, FirstArg, SizeArg
from .naming import buffer_name
from .params import Body, Params, index_check
from .scalars import literal
from .text import axis_variable


def scatter_body(s: Schedule, n: Scatter) -> Body:
    """The text of a scatter kernel."""
    return ScatterEmitter(s, n).run()


@final
class ScatterEmitter:
    """Writes one scatter kernel. Where the slab cuts the scattered axis, a tile keeps only its own rows."""

    def __init__(self, s: Schedule, n: Scatter) -> None:
        self.n = n
        self.tile, self.unit = s.at[n.id].tile, s.at[n.id].unit
        self.params = Params()
        self.lines: list[str] = []
        self.depth = 1
        idx, updates = n.reads
        # The loops are over the axes of the updates; `at[d]` is the one behind axis d of the result, None for the
        # scattered axis.
        added = 0 if n.along else len(idx.shape) - 1
        self.at = [None if d == n.axis else d if d < n.axis else d + added for d in range(len(n.shape))]
        self.index_axes = list(range(len(updates.shape)) if n.along else range(n.axis, n.axis + len(idx.shape)))
        self.cut = self.at[self.tile] if self.tile is not None else None
        self.var = [
            self.params.names.token(("var", i), axis_variable(name, "ijklmnpq"[i]))
            for i, name in enumerate(updates.names)
        ]

    def size(self, size: Size) -> str:
        """A size as text: a number, or a parameter."""
        return str(size) if isinstance(size, int) else self.params.arg(SizeArg(size), "size")

    def count(self) -> str:
        """Elements of the slab axis in this tile."""
        return self.params.arg(CountArg(self.unit), "n")

    def buffer(self, a: Access, shift: Size) -> str:
        """The name of a buffer, viewed as an array of the access's shape."""
        name = buffer_name(a.owner)
        token = self.params.arg(BufferArg(a.owner, shift), name)
        shape = ", ".join(self.size(x) for x in a.shape) or "1"
        return self.params.view(token, a.owner.dtype, f"({shape},)", name)

    def out(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    def loop(self, var: str, count: str) -> None:
        self.out(f"for {var} in range({count}):")
        self.depth += 1

    def run(self) -> Body:
        """Write the kernel."""
        idx, updates = self.n.reads
        target = self.zeros()
        source, index = self.element(updates, list(range(len(updates.shape)))), self.element(idx, self.index_axes)
        position = self.params.names.token(("index",), "index")
        known = max(self.index_axes, default=-1) + 1  # the loops that must run before the index can be looked up
        for i, v in enumerate(self.var):
            if i == known:
                self.look_up(index, position)
            self.loop(v, self.count() if i == self.cut else self.size(updates.shape[i]))
        if known >= len(self.var):
            self.look_up(index, position)
        self.out(f"{target}[{', '.join(position if a is None else self.var[a] for a in self.at)}] += {source}")
        return Body(self.params, self.lines)

    def zeros(self) -> str:
        """Fill the result with zeros; returns its name."""
        n, everywhere = self.n, range(len(self.n.shape))
        out = Access(n, n.shape, tuple(Affine(0, ((d, 1),)) for d in everywhere))
        target = self.buffer(out, strides(n.shape)[self.tile] * self.unit if self.tile is not None else 0)
        zero = [self.params.names.token(("zero", d), "ijklmnpq"[d]) for d in everywhere]
        for d, z in enumerate(zero):
            self.loop(z, self.count() if d == self.tile else self.size(n.shape[d]))
        self.out(f"{target}[{', '.join(zero)}] = {literal(0, n.dtype).text}")
        self.depth = 1
        return target

    def look_up(self, index: str, position: str) -> None:
        """The index, checked; in a slab over the scattered axis, as a row of this tile."""
        size, site = self.n.check
        flags = self.params.flags()
        self.out(f"{position} = {index}")
        for text in index_check(position, self.size(size), flags, site):
            self.out(text)
        if self.tile == self.n.axis:
            first, count = self.params.arg(FirstArg(self.unit), "first"), self.count()
            self.out(f"{position} -= {first}")
            self.out(f"if 0 <= {position} < {count}:")
            self.depth += 1

    def element(self, v: View, axes: list[int]) -> str:
        """The element of a view at the loop variables."""
        offset, step = v.offsets()
        shift: Size = 0
        parts = [self.size(offset)] if offset != 0 else []
        for d, i in enumerate(axes):
            if i == self.cut:
                shift = step[d] * self.unit
            if step[d] != 0:
                parts.append(self.var[i] if step[d] == 1 else f"{self.size(step[d])} * {self.var[i]}")
        token = self.buffer(Access(v.source, (v.source.size,), (Affine(0),)), shift)
        return f"{token}[{' + '.join(parts) or '0'}]"
