"""Numba text of a scatter: zeros, then every update added at its index, in order, so the bits do not vary."""

from __future__ import annotations

from typing import final

from ..loop.ir import Affine, Scatter, View, strides
from ..schedule.kernels import Schedule
from ..sizes import Size
from .cpu import buffer_name
from .kernel import Access, Arg, BufferArg, CountArg, FirstArg, FlagsArg, SizeArg
from .scalars import RESERVED, VIEW, literal
from .text import Names, axis_variable


@final
class ScatterEmitter:
    """Writes one scatter kernel. Where the slab cuts the scattered axis, a tile keeps only its own rows."""

    def __init__(self, s: Schedule, n: Scatter) -> None:
        self.n, self.place = n, s.at[n.id]
        self.names = Names(RESERVED)
        self.args: dict[Arg, str] = {}
        self.shapes: dict[str, tuple[str, str]] = {}
        self.numbers: set[str] = set()
        self.lines: list[str] = []

    def arg(self, arg: Arg, wanted: str) -> str:
        if arg not in self.args:
            self.args[arg] = self.names.token(arg, wanted)
        return self.args[arg]

    def size(self, size: Size) -> str:
        return str(size) if isinstance(size, int) else self.arg(SizeArg(size), "size")

    def extent(self, dim: int) -> str:
        """Of an axis of the result."""
        if dim == self.place.tile:
            return self.arg(CountArg(self.place.unit), "n")
        return self.size(self.n.shape[dim])

    def buffer(self, a: Access, shift: Size) -> str:
        token = self.arg(BufferArg(a.owner, shift), buffer_name(a.owner))
        shape = ", ".join(self.size(x) for x in a.shape) or "1"
        self.shapes.setdefault(token, (VIEW[a.owner.dtype], f"({shape},)"))
        return token

    def emit(self) -> None:
        n, tile, unit = self.n, self.place.tile, self.place.unit
        idx, upd = n.reads
        k = len(idx.shape)
        # loop axes: those of the updates; `at[d]` is the loop axis behind result axis d, None for the scattered one
        at: list[int | None] = []
        for d in range(len(n.shape)):
            at.append(None if d == n.axis else d if n.along or d < n.axis else d + k - 1)
        index_axes = list(range(len(upd.shape))) if n.along else list(range(n.axis, n.axis + k))
        cut = at[tile] if tile is not None else None
        var = [self.names.token(("var", i), axis_variable(upd.names[i], "ijklmnpq"[i])) for i in range(len(upd.shape))]
        out = Access(n, n.shape, tuple(Affine(0, ((d, 1),)) for d in range(len(n.shape))))
        target = self.buffer(out, strides(n.shape)[tile] * unit if tile is not None else 0)
        zero = [self.names.token(("zero", d), "ijklmnpq"[d]) for d in range(len(n.shape))]
        depth = 1
        for d, z in enumerate(zero):
            self.lines.append("    " * depth + f"for {z} in range({self.extent(d)}):")
            depth += 1
        self.lines.append("    " * depth + f"{target}[{', '.join(zero)}] = {literal(0, n.dtype).text}")
        source, index = self._view(upd, list(range(len(upd.shape))), cut, var), self._view(idx, index_axes, cut, var)
        depth = 1
        pos = self.names.token(("index",), "index")
        last_index_axis = max(index_axes, default=-1)
        for i, v in enumerate(var):
            if i == last_index_axis + 1 and last_index_axis < len(var) - 1:
                depth = self._lookup(index, pos, depth)
            count = self.arg(CountArg(unit), "n") if i == cut else self.size(upd.shape[i])
            self.lines.append("    " * depth + f"for {v} in range({count}):")
            depth += 1
        if last_index_axis >= len(var) - 1:
            depth = self._lookup(index, pos, depth)
        where = ", ".join(pos if a is None else var[a] for a in at)
        self.lines.append("    " * depth + f"{target}[{where}] += {source}")

    def _lookup(self, index: str, pos: str, depth: int) -> int:
        size, site = self.n.check
        flags = self.arg(FlagsArg(), "flags")
        self.shapes.setdefault(flags, ("i64", "(2,)"))
        pad = "    " * depth
        self.lines.append(f"{pad}{pos} = {index}")
        self.lines.append(f"{pad}if {pos} < 0 or {pos} >= {self.size(size)}:  # reported after the step")
        self.lines.append(f"{pad}    {flags}[0], {pos} = {site}, 0")
        if self.place.tile == self.n.axis:
            first, n = self.arg(FirstArg(self.place.unit), "first"), self.arg(CountArg(self.place.unit), "n")
            self.lines.append(f"{pad}{pos} -= {first}")
            self.lines.append(f"{pad}if 0 <= {pos} < {n}:")
            return depth + 1
        return depth

    def _view(self, v: View, axes: list[int], cut: int | None, var: list[str]) -> str:
        """The element of a view at the loop variables."""
        offset, step = v.offsets()
        shift: Size = 0
        parts = [self.size(offset)] if offset != 0 else []
        for d, i in enumerate(axes):
            if i == cut:
                shift = step[d] * self.place.unit
            if step[d] != 0:
                parts.append(var[i] if step[d] == 1 else f"{self.size(step[d])} * {var[i]}")
        token = self.buffer(Access(v.source, (v.source.size,), (Affine(0),)), shift)
        return f"{token}[{' + '.join(parts) or '0'}]"
