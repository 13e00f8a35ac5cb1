"""Text of sizes, loops, buffers and indices in a row kernel."""

from __future__ import annotations

from typing import final

from ..loop.ir import Affine, LoopNode, Reduce
from ..sizes import Size, product
from .analysis import Analysis
from .kernel import Access, BufferArg, CountArg, FirstArg, SizeArg
from .naming import buffer_name, size_name
from .params import Params
from .text import Expr, axis_variable


@final
class Addresses:
    """Writes what depends on the kernel's space and slab alone; parameters are made as they are needed."""

    def __init__(self, facts: Analysis, params: Params) -> None:
        self.facts, self.params = facts, params
        self.k = facts.k

    # ---- sizes and loops
    def size(self, size: Size) -> str:
        """A size as text: a number, or a parameter."""
        return str(size) if isinstance(size, int) else self.params.arg(SizeArg(size), size_name(size))

    def extent(self, dim: int) -> str:
        """How often the loop over a dimension runs."""
        if self.facts.flat:
            return self.params.arg(CountArg(self._flat_count()), "n")
        return self._count() if dim == self.k.tile else self.size(self.k.space[dim])

    def var(self, dim: int) -> str:
        """The loop variable of a dimension (-1: a looked-up index)."""
        if dim == -1:
            return self.params.names.token(("index",), "index")
        fallback = "ijklmnpqrst"[dim] if dim < 11 else f"i{dim}"
        wanted = "i" if self.facts.flat else axis_variable(self._axis_name(dim), fallback)
        return self.params.names.token(("var", dim), wanted)

    def loop(self, dim: int) -> str:
        """The `for` line over a dimension, with the user's name of the axis."""
        name = self.label(dim)
        return f"for {self.var(dim)} in range({self.extent(dim)}):" + (f"  # {name}" if name else "")

    def label(self, dim: int) -> str | None:
        """The user's name of an axis of the space."""
        return None if self.facts.flat else self._axis_name(dim)

    def _axis_name(self, dim: int) -> str | None:
        found = (name for n in (*self.k.roots, *self.k.nodes) for name in self._names_along(n, dim))
        return next((name for name in found if name), None)

    def _names_along(self, n: LoopNode, dim: int) -> list[str | None]:
        names = [n.names[i] for i, d in enumerate(self.facts.s.at[n.id].dims) if d == dim]
        if isinstance(n, Reduce) and dim < len(n.reads[0].names):
            names.append(n.reads[0].names[dim])
        return names

    def _count(self) -> str:
        return self.params.arg(CountArg(self.k.unit), "n")

    def _flat_count(self) -> Size:
        return product(self.k.space) if self.k.tile is None else product(self.k.space[1:]) * self.k.unit

    # ---- buffers
    def buffer(self, a: Access) -> str:
        """The name of a buffer, viewed as an array of the access's shape."""
        shift = a.shift(self.k.tile, self.k.unit) if self.k.tile is not None else 0
        name = buffer_name(a.owner)
        token = self.params.arg(BufferArg(a.owner, shift, a.partial), name)
        if self.facts.flat and a.shape:
            shape = [self.extent(0)]
        else:
            shape = [self.size(s) if i else self._lead(s) for i, s in enumerate(a.shape)] or ["1"]
        text = f"({', '.join(shape)},)" if len(shape) == 1 else f"({', '.join(shape)})"
        return self.params.view(token, a.owner.dtype, text, name)

    def _lead(self, size: Size) -> str:
        """The leading extent of a view never matters for addresses: a run-time one is the tile's count."""
        return self.size(size) if isinstance(size, int) or self.k.tile is None else self._count()

    def index(self, ix: Affine, first: bool = False) -> Expr:
        """An affine index; `first` adds where the tile begins (for values that depend on the index itself)."""
        parts: list[str] = []
        for d, c in ix.terms:
            v = self.var(d)
            if first and d == self.k.tile:
                v = f"({self.params.arg(FirstArg(self.k.unit), 'first')} + {v})"
            parts.append(v if c == 1 else f"-{v}" if c == -1 else f"{self.size(c)} * {v}")
        if ix.const != 0 or not parts:
            parts.insert(0, self.size(ix.const))
        text = " + ".join(parts).replace("+ -", "- ")
        return Expr(text, 10 if len(parts) == 1 and not text.startswith("-") and "*" not in text else 6)

    def indices(self, index: tuple[Affine, ...]) -> list[str]:
        """Several indices as text."""
        return [self.index(ix).text for ix in index]
