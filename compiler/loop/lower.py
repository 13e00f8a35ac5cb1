"""Tensor IR -> loop IR: every primitive operation becomes loop nodes, every movement a view."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import final

from ..errors import CompileError
from ..ir.graph import Graph, Node
from ..ops.opdef import Decompose, Elementwise, Movement, Reduction, Special
from ..ops.table import OPS
from ..sizes import Shape, Size, product
from ..types import DType
from .dots import dot_layout
from .ir import (
    Affine,
    Dot,
    Gather,
    Join,
    Leaf,
    LoopNode,
    LoopProgram,
    Map,
    Param,
    Reduce,
    Scatter,
    View,
    Write,
    is_inline,
    try_reshape,
)

# An indexed value is picked by a masked sum over the row (which fuses) up to this many columns, unless the target says
# otherwise; beyond it, or where the table is stored anyway, by its address.
MASKED_PICK_LIMIT = 1024

Names = tuple[str | None, ...]


@final
class Lowering:
    """Builds the loop program of one graph. The graph holds primitive operations only."""

    def __init__(self, graph: Graph, pick_limit: int, staged: frozenset[int]) -> None:
        self.graph, self.pick_limit, self.staged = graph, pick_limit, staged
        self.program = LoopProgram([], [], [])
        self.values: dict[int, View] = {}
        self.memo: dict[Hashable, LoopNode] = {}
        self.origin: Node | None = None

    # ---- node constructors
    def _new(self, key: Hashable, make: LoopNode) -> LoopNode:
        old = self.memo.get(key)
        if old is not None:
            return old
        self.memo[key] = make
        self.program.nodes.append(make)
        return make

    @property
    def _id(self) -> int:
        return len(self.program.nodes)

    def map(
        self, fn: str, dtype: DType, shape: Shape, names: Names, reads: tuple[View, ...], param: Param = None
    ) -> View:
        """A scalar function over `shape`; axes of size 1 (keepdims) are left out, so values per row stay per row."""
        wide = [d for d, s in enumerate(shape) if s != 1]
        if reads and len(wide) < len(shape):
            by = [Affine(0)] * len(shape)
            for new, old in enumerate(wide):
                by[old] = Affine(0, ((new, 1),))
            thin, labels = tuple(shape[d] for d in wide), tuple(names[d] for d in wide)
            out = self.map(fn, dtype, thin, labels, tuple(r.reindex(thin, tuple(by), labels) for r in reads), param)
            return out.reindex(shape, tuple(Affine(0, ((d, 1),)) for d in wide), names)
        node = Map(self._id, shape, names, dtype, reads, self.origin, fn, param)
        return View.of(self._new(("map", fn, dtype, shape, reads, param), node))

    def reduce(self, fn: str, dtype: DType, read: View, axes: tuple[int, ...]) -> View:
        """A fold over some axes; nothing to do along axes of size 1."""
        ones = tuple(d for d in axes if read.shape[d] == 1)
        if ones and fn != "argmax":
            keep = [d for d in range(len(read.shape)) if d not in ones]
            shape, names = tuple(read.shape[d] for d in keep), tuple(read.names[d] for d in keep)
            read = self.reshape(read, shape, names)
            axes = tuple(keep.index(d) for d in axes if d not in ones)
            if not axes:
                return read
        keep = [d for d in range(len(read.shape)) if d not in axes]
        shape, names = tuple(read.shape[d] for d in keep), tuple(read.names[d] for d in keep)
        node = Reduce(self._id, shape, names, dtype, (read,), self.origin, fn, axes)
        return View.of(self._new(("reduce", fn, read, axes), node))

    def copy(self, view: View) -> View:
        """The values of a view in a buffer of their own."""
        return self.map("identity", view.source.dtype, view.shape, view.names, (view,))

    def reshape(self, view: View, shape: Shape, names: Names) -> View:
        """The view with another shape, of a copy where it must be."""
        if view.shape == shape:
            return View(view.source, shape, view.index, view.flat, names)
        out = try_reshape(view, shape, names)
        if out is None or (out.flat and is_inline(view.source)):
            out = try_reshape(self.copy(view), shape, names)
        if out is None:
            raise CompileError(f"cannot reshape {view.shape} to {shape}", loc=self.origin.loc if self.origin else None)
        return out

    # ---- driver
    def run(self) -> LoopProgram:
        """Lower every node, then give outputs and updates buffers of their own."""
        for n in self.graph.live():
            self.origin = n
            self.values[n.id] = self.node(n)
        taken: set[int] = set()
        for n in self.graph.outputs:
            self.origin = n
            self.program.outputs.append(self._own(self.values[n.id], taken))
        for leaf, value in self.graph.updates:
            self.origin = value
            target = self.values[leaf.id].source
            node = self._own(self.values[value.id], taken, update=leaf)
            assert isinstance(target, Leaf)
            if leaf.id in self.staged:
                node = self._copy_of(node)
            node.into = target
        roots = [*self.program.outputs, *(n for n in self.program.nodes if n.into is not None)]
        self.program.nodes = self.program.live(roots)
        return self.program

    def _copy_of(self, node: LoopNode) -> LoopNode:
        """A copy that is made when everything has read what it overwrites."""
        copy = Map(self._id, node.shape, node.names, node.dtype, (View.of(node),), node.origin, "identity", None)
        self.program.nodes.append(copy)
        self.program.staged.add(copy.id)
        return copy

    def _own(self, view: View, taken: set[int], update: Node | None = None) -> LoopNode:
        """The node behind a result, with a buffer nobody else overwrites."""
        node = view.source
        fits = isinstance(node, Map) if update else not isinstance(node, Leaf | Write)
        same = view.contiguous and node.size == product(view.shape)  # at most axes of size 1 differ
        if not same or not fits or node.id in taken or is_inline(node):
            node = Map(self._id, view.shape, view.names, node.dtype, (view,), self.origin, "identity", None)
            self.program.nodes.append(node)
        taken.add(node.id)
        return node

    def node(self, n: Node) -> View:
        """The value of one graph node."""
        args = tuple(self.values[x.id] for x in n.inputs)
        t = n.type
        if n.op == "leaf":
            leaf = Leaf(self._id, t.shape, t.names, t.dtype, (), n, n)
            self.program.nodes.append(leaf)
            return View.of(leaf)
        match OPS[n.op].lower:
            case Elementwise(fn="identity"):
                return args[0]
            case Elementwise(fn=fn):
                reads = tuple(a.broadcast(t.shape, t.names) for a in args)
                return self.map(fn, t.dtype, t.shape, t.names, reads)
            case Reduction(fn=fn):
                return self.reduction(fn, n, args[0])
            case Movement(kind=kind):
                return self.movement(kind, n, args[0])
            case Special(kind=kind):
                return self.special(kind, n, args)
            case Decompose():
                raise CompileError(f"operation {n.op} was not expanded", loc=n.loc)

    # ---- families
    def reduction(self, fn: str, n: Node, x: View) -> View:
        """A fold over the last axis (so that it fuses with its row), then over the others."""
        axes, keep = n.attrs.ints("axis"), n.attrs.bool("keepdims")
        if not axes:
            return x if fn != "argmax" else self.map("const", n.type.dtype, (), (), (), 0)
        last = len(x.shape) - 1
        if fn == "argmax":
            rest = tuple(d for d in range(last + 1) if d not in axes)
            x = x.transpose((*rest, *axes))
            shape = tuple(x.shape[: len(rest)])
            x = self.reshape(x, (*shape, product(x.shape[len(rest) :])), (*x.names[: len(rest)], None))
            out = self.reduce(fn, n.type.dtype, x, (len(rest),))
        elif last in axes and len(axes) > 1:
            out = self.reduce(fn, n.type.dtype, x, (last,))
            out = self.reduce(fn, n.type.dtype, out, tuple(a for a in axes if a != last))
        else:
            out = self.reduce(fn, n.type.dtype, x, tuple(axes))
        return self.reshape(out, n.type.shape, n.type.names) if keep else out

    def movement(self, kind: str, n: Node, x: View) -> View:
        """An index map."""
        t = n.type
        if kind == "reshape":
            return self.reshape(x, t.shape, t.names)
        if kind == "transpose":
            return x.transpose(n.attrs.ints("axes"))
        if kind == "broadcast_to":
            return x.broadcast(t.shape, t.names)
        return x.slice(n.attrs.sizes("starts"), n.attrs.ints("steps"), t.shape)

    def special(self, kind: str, n: Node, args: tuple[View, ...]) -> View:
        """Operations with a loop nest of their own."""
        t = n.type
        if kind == "const":
            return self.map("const", t.dtype, (), (), (), n.attrs.number("value"))
        if kind == "size":
            return self.map("size", t.dtype, (), (), (), n.attrs.size("size"))
        if kind == "iota":
            return self.map("iota", t.dtype, t.shape, t.names, (), n.attrs.int("axis"))
        if kind == "random_bits":
            param = (n.attrs.int("stream"), n.attrs.int("word"))
            key = args[0]
            words = tuple(key.slice((w,), (1,), (1,)).broadcast((*t.shape, 1), (None,) * (t.ndim + 1)) for w in (0, 1))
            reads = tuple(self.reshape(w, t.shape, t.names) for w in words)
            return self.map("random_bits", t.dtype, t.shape, t.names, reads, param)
        if kind == "einsum":
            return self.einsum(n, args[0], args[1])
        if kind == "concat":
            return self.concat(n, args)
        if kind == "pad":
            return self.unslice(n, args[0])
        return self.indexed(kind, n, args)

    def einsum(self, n: Node, a: View, b: View) -> View:
        """A contraction: a library product if it sums floats, else a map and a sum."""
        t = n.type
        if a is b:
            b = replace(b)  # reads are told apart by identity
        left, out = n.attrs.str("spec").split("->")
        la, lb = left.split(",")
        sizes: dict[str, Size] = dict(zip(la + lb, a.shape + b.shape, strict=True))
        names = dict(zip(la + lb, a.names + b.names, strict=True))
        contracted = "".join(c for c in la if c in lb and c not in out)
        if contracted and t.dtype.is_float:
            return self.dot(n, self._stored(a), self._stored(b), (la, lb, out), sizes, names)
        space = out + contracted  # an outer product, or integers: a map and a sum
        shape, labels = tuple(sizes[c] for c in space), tuple(names[c] for c in space)

        def spread(v: View, letters: str) -> View:
            by = tuple(Affine(0, ((space.index(c), 1),)) for c in letters)
            return v.reindex(shape, by, labels)

        terms = self.map("mul", t.dtype, shape, labels, (spread(a, la), spread(b, lb)))
        for d in reversed(range(len(out), len(space))):
            terms = self.reduce("sum", t.dtype, terms, (d,))
        return terms

    def dot(
        self,
        n: Node,
        a: View,
        b: View,
        spec: tuple[str, str, str],
        sizes: dict[str, Size],
        names: dict[str, str | None],
    ) -> View:
        """A library product where the operands lie as it wants them, else of rearranged copies."""
        la, lb, out = spec
        if dot_layout(a, b, spec) is None:
            letters = sorted(out, key=lambda c: isinstance(sizes[c], int))  # run-time sizes outermost
            shared = [c for c in letters if c in la and c in lb]
            rows, cols = ([c for c in letters if c in x and c not in y] for x, y in ((la, lb), (lb, la)))
            summed = [c for c in la if c in lb and c not in out]
            left, right, plain = (
                "".join(x) for x in (shared + rows + summed, shared + summed + cols, shared + rows + cols)
            )
            a = self.copy(a.transpose(tuple(la.index(c) for c in left)))
            b = self.copy(b.transpose(tuple(lb.index(c) for c in right)))
            if dot_layout(a, b, (left, right, plain)) is None:
                raise CompileError(
                    "a contraction with too many run-time axes", loc=n.loc, help="merge axes by sw.reshape"
                )
            result = self.dot(n, a, b, (left, right, plain), sizes, names)
            return result.transpose(tuple(plain.index(c) for c in out))
        shape, labels = tuple(sizes[c] for c in out), tuple(names[c] for c in out)
        node = Dot(self._id, shape, labels, n.type.dtype, (a, b), n, spec)
        return View.of(self._new(("dot", a, b, spec), node))

    def concat(self, n: Node, args: tuple[View, ...]) -> View:
        """The operands written one after the other into one buffer."""
        t, axis = n.type, n.attrs.int("axis")
        at: Size = 0
        writes: list[View] = []
        for v in args:
            place = tuple(Affine(at if d == axis else 0, ((d, 1),)) for d in range(t.ndim))
            write = Write(self._id, v.shape, v.names, t.dtype, (v,), n, place, None)
            self.program.nodes.append(write)
            writes.append(View.of(write))
            at = at + v.shape[axis]
        return self._join(n, tuple(writes))

    def _join(self, n: Node, writes: tuple[View, ...]) -> View:
        join = Join(self._id, n.type.shape, n.type.names, n.type.dtype, writes, n)
        self.program.nodes.append(join)
        return View.of(join)

    def unslice(self, n: Node, x: View) -> View:
        """Zeros with the operand written into them."""
        t = n.type
        zero = self.map("const", t.dtype, (), (), (), 0).broadcast(t.shape, t.names)
        everywhere = tuple(Affine(0, ((d, 1),)) for d in range(t.ndim))
        fill = Write(self._id, t.shape, t.names, t.dtype, (zero,), n, everywhere, None)
        self.program.nodes.append(fill)
        starts, steps = n.attrs.sizes("starts"), n.attrs.ints("steps")
        place = tuple(Affine(s, ((d, k),)) for d, (s, k) in enumerate(zip(starts, steps, strict=True)))
        part = Write(self._id, x.shape, t.names, t.dtype, (x,), n, place, fill)
        self.program.nodes.append(part)
        return self._join(n, (View.of(fill), View.of(part)))

    def indexed(self, kind: str, n: Node, args: tuple[View, ...]) -> View:
        """Gathers and scatters, each with a site number for its index check."""
        t, axis = n.type, n.attrs.int("axis")
        along = kind in ("take_along_axis", "scatter_along_axis")
        site = len(self.program.sites) + 1
        self.program.sites.append(n)
        if kind in ("index_add", "scatter_along_axis"):
            idx, updates = args
            check = (n.attrs.size("size"), site)
            reads = self._stored(idx), self._stored(updates)
            node: LoopNode = Scatter(self._id, t.shape, t.names, t.dtype, reads, n, axis, along, check)
            self.program.nodes.append(node)
            return View.of(node)
        table, idx = args
        limit = table.shape[axis]
        check = (limit, site)
        if along and idx.shape[axis] == 1 and isinstance(limit, int) and limit <= self.pick_limit:
            return self._masked_pick(n, table, idx, check)
        source = table.source
        if isinstance(source, Map) and source.fn == "iota" and table.identity and source.shape == (limit,):
            return self.map("check_index", t.dtype, t.shape, t.names, (idx,), check)
        reads = self._stored(table), self._stored(idx)
        node = Gather(self._id, t.shape, t.names, t.dtype, reads, n, axis, along, check)
        self.program.nodes.append(node)
        return View.of(node)

    def _stored(self, v: View) -> View:
        return self.copy(v) if is_inline(v.source) else v

    def _masked_pick(self, n: Node, table: View, idx: View, check: tuple[Size, int]) -> View:
        """`table[..., index, ...]` as a sum over the row of where(position == index, table, 0)."""
        axis, shape, names = n.attrs.int("axis"), table.shape, table.names
        drop = tuple(d for d in range(len(shape)) if d != axis)
        row_shape = tuple(idx.shape[d] for d in drop)
        row = self.reshape(idx, row_shape, tuple(names[d] for d in drop))
        checked = self.map("check_index", DType.int64, row_shape, row.names, (row,), check)
        by = tuple(Affine(0, ((d, 1),)) for d in drop)
        spread = checked.reindex(shape, by, names)
        position = self.map("iota", DType.int64, shape, names, (), axis)
        same = self.map("equal", DType.bool, shape, names, (position, spread))
        zero = self.map("const", n.type.dtype, (), (), (), 0).broadcast(shape, names)
        kept = self.map("where", n.type.dtype, shape, names, (same, table, zero))
        picked = self.reduce("sum", n.type.dtype, kept, (axis,))
        return self.reshape(picked, n.type.shape, n.type.names)


def lower(graph: Graph, pick_limit: int = MASKED_PICK_LIMIT, staged: frozenset[int] = frozenset()) -> LoopProgram:
    """The loop program of a graph of primitive operations; updates of the leaves `staged` are computed apart, then copied."""
    return Lowering(graph, pick_limit, staged).run()
