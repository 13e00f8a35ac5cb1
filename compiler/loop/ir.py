"""Loop IR: what a program is once every operation is a loop nest over named axes, shared by all targets.

A `LoopNode` is a value defined point by point over its shape. It reads other values through `View`s: affine maps
from the reader's index to the source's index. Movement operations exist only as views, so transposes, slices,
broadcasts and most reshapes cost nothing.

    Leaf      a buffer from outside (parameter, input, state, scalar, ...)
    Map       out[i] = fn(reads[0][i], reads[1][i], ...)         one scalar function
    Reduce    out[kept] = fold(fn, read[kept, reduced])
    Dot       out = einsum(letters, a, b)
    Gather    out[i] = table[..., index[i], ...]
    Scatter   out[..., index[i], ...] += updates[i], from zeros
    Write     part[i] stored into a slot of a joined buffer
    Join      the buffer that several writes fill (concat, padding)
    Combine   sum (or max, min) of the partial results that the tiles of a Reduce left
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias, TypeGuard, final

from ..ir.graph import Node
from ..sizes import Poly, Shape, Size, exact_quotient, product
from ..types import DType


@final
@dataclass(frozen=True, slots=True)
class Affine:
    """`const + sum(coef * index[dim])`, an index along one axis of a source."""

    const: Size
    terms: tuple[tuple[int, Size], ...] = ()

    def substitute(self, by: tuple[Affine, ...]) -> Affine:
        """The same index when `index[dim]` itself is `by[dim]`."""
        const, terms = self.const, dict[int, Size]()
        for dim, coef in self.terms:
            const = const + by[dim].const * coef
            for d, c in by[dim].terms:
                terms[d] = terms.get(d, 0) + c * coef
        return Affine(const, tuple(sorted((d, c) for d, c in terms.items() if c != 0)))

    @property
    def dim(self) -> int | None:
        """The single dimension this index equals, if it is one."""
        return self.terms[0][0] if self.const == 0 and len(self.terms) == 1 and self.terms[0][1] == 1 else None


def strides(shape: Shape) -> tuple[Size, ...]:
    """Row-major strides in elements."""
    out: list[Size] = []
    step: Size = 1
    for s in reversed(shape):
        out.append(step)
        step = step * s
    return tuple(reversed(out))


@final
@dataclass(frozen=True, slots=True)
class View:
    """A source seen with another shape: `view[i] = source[index(i)]`, or of the flattened source if `flat`."""

    source: LoopNode
    shape: Shape
    index: tuple[Affine, ...]
    flat: bool = False
    names: tuple[str | None, ...] = field(default=(), compare=False)

    @staticmethod
    def of(node: LoopNode) -> View:
        """A node as it is."""
        index = tuple(Affine(0, ((d, 1),)) for d in range(len(node.shape)))
        return View(node, node.shape, index, False, node.names)

    def reindex(self, shape: Shape, by: tuple[Affine, ...], names: tuple[str | None, ...]) -> View:
        """The view `v[i] = self[by(i)]` of `shape`."""
        return View(self.source, shape, tuple(a.substitute(by) for a in self.index), self.flat, names)

    def transpose(self, axes: tuple[int, ...]) -> View:
        """The axes in another order."""
        by = [Affine(0)] * len(axes)
        for new, old in enumerate(axes):
            by[old] = Affine(0, ((new, 1),))
        return self.reindex(tuple(self.shape[a] for a in axes), tuple(by), tuple(self.names[a] for a in axes))

    def broadcast(self, shape: Shape, names: tuple[str | None, ...]) -> View:
        """The view repeated along new leading axes, and along axes of size 1."""
        lead = len(shape) - len(self.shape)
        by = tuple(
            Affine(0) if s == 1 and shape[d + lead] != 1 else Affine(0, ((d + lead, 1),))
            for d, s in enumerate(self.shape)
        )
        return self.reindex(shape, by, names)

    def slice(self, starts: Shape, steps: tuple[int, ...], shape: Shape) -> View:
        """`v[i] = self[start + step * i]` along every axis."""
        by = tuple(Affine(a, ((d, k),)) for d, (a, k) in enumerate(zip(starts, steps, strict=True)))
        return self.reindex(shape, by, self.names)

    def offsets(self) -> tuple[Size, tuple[Size, ...]]:
        """Offset and stride per dimension of the view, in elements of the (contiguous) source."""
        step = (1,) if self.flat else strides(self.source.shape)
        offset: Size = 0
        out: list[Size] = [0] * len(self.shape)
        for a, s in zip(self.index, step, strict=True):
            offset = offset + a.const * s
            for d, c in a.terms:
                out[d] = out[d] + c * s
        return offset, tuple(out)

    def flattened(self) -> View:
        """The same view with a linear index into the source, which must be stored."""
        offset, step = self.offsets()
        lin = Affine(offset, tuple((d, s) for d, s in enumerate(step) if s != 0))
        return View(self.source, self.shape, (lin,), True, self.names)

    @property
    def identity(self) -> bool:
        """Whether this is the source itself, index by index."""
        return not self.flat and self.shape == self.source.shape and all(a.dim == d for d, a in enumerate(self.index))

    @property
    def contiguous(self) -> bool:
        """Whether the elements of the view lie one after the other in the source."""
        offset, step = self.offsets()
        return offset == 0 and all(
            s == t or n == 1 for s, t, n in zip(step, strides(self.shape), self.shape, strict=True)
        )


def groups(old: Shape, new: Shape) -> list[tuple[list[int], list[int]]] | None:
    """Partition the axes of two shapes of equal size into runs of equal size; None if the sizes are not comparable."""
    out: list[tuple[list[int], list[int]]] = []
    i = j = 0
    while i < len(old) or j < len(new):
        left, right = [], []
        a: Size = 1
        b: Size = 1
        if i < len(old):
            left, a, i = [i], old[i], i + 1
        if j < len(new) and (not left or old[left[0]] != 1 or new[j] == 1):
            right, b, j = [j], new[j], j + 1
        while a != b:
            grow_left = i < len(old) and (
                j >= len(new) or (isinstance(a, int) and isinstance(b, int) and a < b) or _divides(a, b)
            )
            if grow_left:
                left.append(i)
                a, i = a * old[i], i + 1
            elif j < len(new):
                right.append(j)
                b, j = b * new[j], j + 1
            else:
                return None
        out.append((left, right))
    return out


def _divides(a: Size, b: Size) -> bool:
    return a != b and exact_quotient(b, a) is not None


def try_reshape(view: View, shape: Shape, names: tuple[str | None, ...]) -> View | None:
    """The view with another shape, or None if that is no affine map of the source (it must be copied first)."""
    parts = groups(view.shape, shape)
    if parts is None:
        return None
    if all(len([d for d in left if view.shape[d] != 1]) <= 1 for left, _ in parts):
        by: list[Affine] = [Affine(0)] * len(view.shape)
        for left, right in parts:
            wide = [d for d in left if view.shape[d] != 1]
            if not wide:
                continue
            step = strides(tuple(shape[d] for d in right))
            by[wide[0]] = Affine(0, tuple((d, s) for d, s in zip(right, step, strict=True) if shape[d] != 1))
        return view.reindex(shape, tuple(by), names)
    flat = view.flattened()
    step = view.offsets()[1]
    terms: list[tuple[int, Size]] = []
    for left, right in parts:
        wide = [d for d in left if view.shape[d] != 1]
        for a, b in itertools.pairwise(wide):
            if step[a] != step[b] * view.shape[b]:
                return None
        inner = step[wide[-1]] if wide else 0
        for d, s in zip(right, strides(tuple(shape[d] for d in right)), strict=True):
            if shape[d] != 1 and inner != 0:
                terms.append((d, s * inner))
    return View(
        view.source, shape, (Affine(flat.index[0].const, tuple(sorted(terms, key=lambda t: t[0]))),), True, names
    )


# ---- nodes
Param: TypeAlias = "float | Poly | tuple[Size, int] | None"


@dataclass(eq=False, slots=True)
class LoopNode:
    """A value over `shape`; `origin` is the graph node it computes (its name, lines and role)."""

    id: int
    shape: Shape
    names: tuple[str | None, ...]
    dtype: DType
    reads: tuple[View, ...]
    origin: Node | None
    into: Leaf | None = field(default=None, init=False)  # the leaf whose storage this value overwrites

    @property
    def size(self) -> Size:
        """Number of elements."""
        return product(self.shape)


@final
@dataclass(eq=False, slots=True)
class Leaf(LoopNode):
    """A buffer from outside."""

    node: Node


@final
@dataclass(eq=False, slots=True)
class Map(LoopNode):
    """`fn` is a scalar function, or one of
    const (param: value), size (param: Size), iota (param: dimension), cast, identity,
    check_index (param: (size, site)), random_bits (param: (stream, word))."""

    fn: str
    param: Param = None

    @property
    def number(self) -> float:
        """The value of a const, the dimension of an iota."""
        assert isinstance(self.param, int | float), self.fn
        return self.param

    @property
    def count(self) -> Size:
        """The size that a `size` stands for."""
        assert isinstance(self.param, int | Poly), self.fn
        return self.param

    @property
    def pair(self) -> tuple[Size, int]:
        """(size, site) of a check_index, (stream, word) of random_bits."""
        assert isinstance(self.param, tuple), self.fn
        return self.param


@final
@dataclass(eq=False, slots=True)
class Reduce(LoopNode):
    """Fold of `reads[0]` over `axes` (dimensions of the view that is read); the others are kept in order."""

    fn: str
    axes: tuple[int, ...]


@final
@dataclass(eq=False, slots=True)
class Dot(LoopNode):
    """`spec` is (letters of a, letters of b, letters of the result)."""

    spec: tuple[str, str, str]


@final
@dataclass(eq=False, slots=True)
class Gather(LoopNode):
    """reads = (table, index). `axis` of the table is replaced by the value of `index`. The result has the table's
    other axes with the axes of `index` in place of `axis` (`along`: the table's axes, index of equal rank)."""

    axis: int
    along: bool
    check: tuple[Size, int]


@final
@dataclass(eq=False, slots=True)
class Scatter(LoopNode):
    """reads = (index, updates): the transpose of `Gather`."""

    axis: int
    along: bool
    check: tuple[Size, int]


@final
@dataclass(eq=False, slots=True)
class Write(LoopNode):
    """Stores `reads[0]` at `place(i)` of the joined buffer; `after`: a write that must come first (zero fill)."""

    place: tuple[Affine, ...]
    after: Write | None = None


@final
@dataclass(eq=False, slots=True)
class Join(LoopNode):
    """The buffer that its reads (all of them `Write`s) fill."""


@final
@dataclass(eq=False, slots=True)
class Combine(LoopNode):
    """`reads[0]` is the `Reduce` whose tiles left partial results."""

    fn: str


def is_inline(node: LoopNode) -> TypeGuard[Map]:
    """Values that are cheaper to write down again than to load."""
    return isinstance(node, Map) and node.fn in ("const", "size", "iota")


AnyNode: TypeAlias = "Leaf | Map | Reduce | Dot | Gather | Scatter | Write | Join | Combine"


@final
@dataclass(slots=True)
class LoopProgram:
    """Nodes in order, outputs, and the index checks: site number -> graph node that indexes. `staged`: copies into leaves
    that must not share a kernel with what they copy."""

    nodes: list[LoopNode]
    outputs: list[LoopNode]
    sites: list[Node]
    staged: set[int] = field(default_factory=set[int])

    def live(self, roots: Iterable[LoopNode]) -> list[LoopNode]:
        """The nodes that these need, in order."""
        need: set[int] = set()
        stack = list(roots)
        while stack:
            n = stack.pop()
            if n.id not in need:
                need.add(n.id)
                stack += [v.source for v in n.reads]
                if isinstance(n, Write) and n.after is not None:
                    stack.append(n.after)
        return [n for n in self.nodes if n.id in need]
