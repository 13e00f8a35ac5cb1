"""Numba text of one row kernel: a loop per row axis, one inner loop per pass over the row.

A pass ends where a sum over the row is needed by what follows. Within a pass each value that is used more than once
has a name; a value that a later pass needs again is computed again, unless it is stored or costs a call (then it is
kept in a row of scratch).
"""

from __future__ import annotations

from typing import final

from ..loop.ir import (
    Affine,
    Combine,
    Dot,
    Gather,
    Join,
    Leaf,
    LoopNode,
    Map,
    Reduce,
    View,
    Write,
    is_inline,
    try_reshape,
)
from ..schedule.kernels import HEAVY, Kernel, Schedule
from ..schedule.places import view_dims
from ..sizes import Size, product, symbols
from ..types import DType
from .kernel import Access, Arg, BufferArg, CountArg, FirstArg, FlagsArg, RowScratchArg, SizeArg
from .scalars import CAST, RESERVED, VIEW, literal, lowest, write
from .text import Expr, Names, axis_variable, identifier

LONG = 50  # characters from which an expression gets a name
TWICE = frozenset({"square", "relu", "sign", "isnan", "isfinite"})  # functions that write an operand twice


@final
class Emitter:
    """Writes one kernel. `text` has tokens for names; `args` say what each parameter is."""

    def __init__(self, s: Schedule, k: Kernel) -> None:
        self.s, self.k = s, k
        self.names = Names(RESERVED)
        self.args: dict[Arg, str] = {}
        self.shapes: dict[str, tuple[str, str]] = {}  # parameter -> (view function, shape text)
        self.numbers: set[str] = set()  # parameters that are one number, loaded at once
        self.lines: list[str] = []
        self.inner = len(k.space) - 1
        self.rows = list(range(max(self.inner, 0)))
        self.depth = 1
        self.locals: dict[tuple[object, ...], Expr] = {}
        self.hoisted: dict[tuple[object, ...], str] = {}
        self.roots = {n.id for n in k.roots}
        self.flat = self._is_flat()
        self.passes = self._passes()
        self.tmp: dict[int, str] = {}
        self.done: set[int] = set()

    # ---- analysis
    def _is_flat(self) -> bool:
        """Elementwise over whole buffers: one loop over all elements."""
        k = self.k
        if len(k.space) < 1 or k.tile not in (None, 0):
            return False
        for n in k.nodes:
            if is_inline(n) and isinstance(n, Map) and n.fn != "iota":
                continue
            if not isinstance(n, Map) or n.fn in ("iota", "random_bits", "check_index") or n.shape not in (k.space, ()):
                return False
            for i, v in enumerate(n.reads):
                if (
                    (n.id, i) not in k.inner
                    and not (v.contiguous and v.source.size == product(n.shape))
                    and v.source.shape
                ):
                    return False
        return all(r.shape == k.space for r in k.roots)

    def row_reduce(self, n: LoopNode) -> bool:
        return isinstance(n, Reduce) and n.axes == (self.inner,)

    def vec(self, n: LoopNode) -> bool:
        """Whether a value changes along the inner loop."""
        if isinstance(n, Reduce):
            return False
        return self.inner >= 0 and self.inner in self.s.at[n.id].dims

    def _passes(self) -> dict[int, int]:
        out: dict[int, int] = {}
        for n in self.k.nodes:
            p = 0
            for i, v in enumerate(n.reads):
                if (n.id, i) in self.k.inner:
                    p = max(p, out[v.source.id] + (1 if self.row_reduce(v.source) else 0))
            out[n.id] = p
        return out

    # ---- parameters
    def arg(self, arg: Arg, wanted: str) -> str:
        if arg not in self.args:
            self.args[arg] = self.names.token(arg, wanted)
        return self.args[arg]

    def size(self, size: Size) -> str:
        """A size as text: a number, or a parameter."""
        return str(size) if isinstance(size, int) else self.arg(SizeArg(size), _size_name(size))

    def extent(self, dim: int) -> str:
        if dim == self.k.tile:
            return self.arg(CountArg(self.k.unit), "n")
        return self.size(self.k.space[dim])

    def var(self, dim: int) -> str:
        if dim == -1:
            return self.names.token(("index",), "index")
        name = next((nm for nm in self._axis_names(dim) if nm), None)
        fallback = "ijklmnpqrst"[dim] if dim < 11 else f"i{dim}"
        if self.flat:
            return self.names.token(("var", dim), "i")
        return self.names.token(("var", dim), axis_variable(name, fallback))

    def _axis_names(self, dim: int) -> list[str | None]:
        out: list[str | None] = []
        for n in (*self.k.roots, *self.k.nodes):
            for i, d in enumerate(self.s.at[n.id].dims):
                if d == dim:
                    out.append(n.names[i])
            if isinstance(n, Reduce) and dim < len(n.reads[0].names):
                out.append(n.reads[0].names[dim])
        return out

    def buffer(self, a: Access) -> str:
        """The parameter for a buffer, viewed as an array of the access's shape."""
        shift = a.shift(self.k.tile, self.k.unit) if self.k.tile is not None else 0
        token = self.arg(BufferArg(a.owner, shift, a.partial), buffer_name(a.owner))
        shape = [self.size(s) if i else self._lead(s) for i, s in enumerate(a.shape)] or ["1"]
        if self.flat:
            shape = ["1"] if not a.shape else [self.arg(CountArg(self._flat_count()), "n")]
        text = f"({', '.join(shape)},)" if len(shape) == 1 else f"({', '.join(shape)})"
        if self.shapes.setdefault(token, (VIEW[a.owner.dtype], text))[1] != text:
            alias = self.names.token(("alias", token, text), buffer_name(a.owner))
            self.shapes[alias] = (f"{VIEW[a.owner.dtype]}({token}, ", text)
            return alias
        return token

    def _lead(self, size: Size) -> str:
        """The leading extent of a view never matters for addresses: a run-time one is the tile's count."""
        return self.size(size) if isinstance(size, int) or self.k.tile is None else self.arg(CountArg(self.k.unit), "n")

    def _flat_count(self) -> Size:
        rest = product(self.k.space[1:])
        return rest * self.k.unit if self.k.tile is not None else product(self.k.space)

    # ---- element access
    def load_access(self, n: LoopNode, v: View) -> Access:
        """The element that `n` reads through `v`, in dimensions of the space."""
        where = view_dims(n, self.s.at[n.id])
        return self._access(v, tuple(Affine(0, ((d, 1),)) for d in where))

    def _access(self, v: View, by: tuple[Affine, ...]) -> Access:
        if v.flat and v.contiguous:
            reshaped = try_reshape(v, v.shape, v.names)
            assert reshaped is not None
            return Access(v.source, v.shape, by)
        index = tuple(a.substitute(by) for a in v.index)
        return Access(v.source, (v.source.size,) if v.flat else v.source.shape, index)

    def store_access(self, n: LoopNode) -> Access:
        dims = self.s.at[n.id].dims
        by = tuple(Affine(0, ((d, 1),)) for d in dims)
        if isinstance(n, Write):
            join = next(m for m in self.s.program.nodes if isinstance(m, Join) and any(r.source is n for r in m.reads))
            return Access(join, join.shape, tuple(a.substitute(by) for a in n.place))
        return Access(n.into or n, n.shape, by, self.s.at[n.id].partial)

    def element(self, a: Access) -> Expr:
        """The text `buffer[...]`; rows are taken out of the inner loop."""
        token = self.buffer(a)
        fixed = not any(ix.terms for ix in a.index)
        if self.flat and not fixed:
            return Expr(f"{token}[{self.var(0)}]")
        if not a.shape or self.flat:
            return Expr(f"{token}[0]")
        j = self.inner
        last = a.index[-1]
        lead_has_j = any(d == j for ix in a.index[:-1] for d, _ in ix.terms)
        plain = [t for t in last.terms if t[0] == j]
        row_ok = not lead_has_j and plain == [(j, 1)] and len(last.terms) == 1 and not a.uses(-1)
        if not row_ok or (len(a.index) == 1 and last.const == 0):
            return Expr(f"{token}[{', '.join(self.index(ix).text for ix in a.index)}]")
        lead = [self.index(ix).text for ix in a.index[:-1]]
        tail = [] if last.const == 0 else [f"{self.index(Affine(last.const)).text}:"]
        key = ("row", token, *lead, *tail)
        if key not in self.hoisted:
            row = self.names.token(key, f"{buffer_name(a.owner)}_row")
            self.hoisted[key] = row
            self.pending.append(f"{row} = {token}[{', '.join(lead + tail)}]")
        return Expr(f"{self.hoisted[key]}[{self.var(j)}]")

    def index(self, ix: Affine, first: bool = False) -> Expr:
        """An affine index; `first` adds where the tile begins (for values that depend on the index itself)."""
        parts: list[str] = []
        for d, c in ix.terms:
            v = self.var(d)
            if first and d == self.k.tile:
                v = f"({self.arg(FirstArg(self.k.unit), 'first')} + {v})"
            parts.append(v if c == 1 else f"-{v}" if c == -1 else f"{self.size(c)} * {v}")
        if ix.const != 0 or not parts:
            parts.insert(0, self.size(ix.const))
        text = " + ".join(parts).replace("+ -", "- ")
        return Expr(text, 10 if len(parts) == 1 and not text.startswith("-") and "*" not in text else 6)

    # ---- values
    def out(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    def value(self, n: LoopNode, i: int, p: int) -> Expr:
        """Operand `i` of `n`, in pass `p`."""
        v = n.reads[i]
        if isinstance(v.source, Map) and v.source.fn == "iota":
            return self.position(n, v, v.source)
        if (n.id, i) in self.k.inner:
            return self.ref(v.source, p)
        a = self.load_access(n, v)
        if (self.flat and n.shape == self.k.space) or (self.inner >= 0 and a.uses(self.inner)):
            if not any(ix.terms for ix in a.index):
                return self.scalar_load(a)
            return (
                self.named(("load", a), self.element(a), buffer_name(v.source)) if self._reused(a) else self.element(a)
            )
        return self.scalar_load(a)

    def _reused(self, a: Access) -> bool:
        return a.owner.id in {(r.into or r).id for r in self.k.roots}

    def scalar_load(self, a: Access) -> Expr:
        """A load that does not change in the inner loop: done once per row, before it."""
        key = ("scalar", a)
        if not a.shape and a.owner.id not in {(r.into or r).id for r in self.k.roots}:
            token = self.buffer(a)
            self.numbers.add(token)
            return Expr(token)
        if key not in self.locals:
            e = self.element(a)
            token = self.names.token(key, f"{buffer_name(a.owner)}_here")
            fixed = not any(ix.terms for ix in a.index)
            (self.top if fixed else self.pending).append(f"{token} = {e.text}")
            self.locals[key] = Expr(token)
        return self.locals[key]

    def named(self, key: tuple[object, ...], e: Expr, wanted: str) -> Expr:
        """A local for an expression, within this pass."""
        full = ("local", *key)
        if full not in self.env:
            token = self.names.token((*full, self.current), f"{wanted}_here" if wanted.isidentifier() else "here")
            self.body.append(f"{token} = {e.text}")
            self.env[full] = Expr(token)
        return self.env[full]

    def ref(self, n: LoopNode, p: int) -> Expr:
        """The value of a node in pass `p`."""
        key = ("node", n.id)
        if key in self.locals:
            return self.locals[key]
        if key in self.env:
            return self.env[key]
        assert isinstance(n, Map | Gather), n
        if isinstance(n, Map) and n.fn == "const":
            return literal(n.param, n.dtype)  # type: ignore[arg-type] # a const's parameter is its number
        if not self.vec(n):
            return self.row_value(n, p)
        if self.passes[n.id] < p and n.id in self.roots:
            self.env[key] = self.element(self.store_access(n))
            return self.env[key]
        if self.passes[n.id] < p and n.id in self.tmp:
            self.env[key] = Expr(f"{self.tmp[n.id]}[{self.var(self.inner)}]")
            return self.env[key]
        e = self.expression(n, p)
        uses = self.uses.get(n.id, 0) + (n.id in self.roots) + (n.id in self.tmp)
        if uses > 1 or self.names.width(e.text) > LONG:
            wanted = value_name(n)
            suffix = "_new" if n.into is not None else "_here" if n.id in self.roots else ""
            token = self.names.token((*key, p), wanted + suffix)
            self.body.append(f"{token} = {e.text}")
            e = Expr(token)
        self.env[key] = e
        return e

    def row_value(self, n: LoopNode, p: int) -> Expr:
        """A value per row (or per kernel): a statement before the inner loop."""
        key = ("node", n.id)
        if key in self.locals:
            return self.locals[key]
        assert isinstance(n, Map | Gather), n
        if isinstance(n, Map) and is_inline(n):
            e = self.expression(n, p)
            return e
        top = n.shape == () and self.s.at[n.id].space != self.k.space
        before = self.body
        self.body = self.top if top else self.pending
        e = self.expression(n, p)
        token = self.names.token(key, value_name(n))
        self.body.append(f"{token} = {e.text}")
        self.body = before
        self.locals[key] = Expr(token)
        return self.locals[key]

    def expression(self, n: LoopNode, p: int) -> Expr:
        if isinstance(n, Gather):
            return self.gather(n)
        assert isinstance(n, Map)
        if n.fn == "const":
            return literal(n.param, n.dtype)  # type: ignore[arg-type] # a const's parameter is its number
        if n.fn == "size":
            return Expr(f"{CAST[n.dtype]}({self.size(n.param)})")  # type: ignore[arg-type] # a size's parameter is a Size
        args = tuple(self.value(n, i, p) for i in range(len(n.reads)))
        if n.fn in TWICE and args[0].level < 10:
            args = (self.named(("twice", n.id), args[0], value_name(n.reads[0].source)),)
        if n.fn == "check_index":
            return self.checked(n, args[0])
        if n.fn == "random_bits":
            return self.random_bits(n, args)
        operand = n.reads[0].source.dtype if n.fn != "where" else n.dtype
        return write(n.fn, n.dtype, args, operand)

    def position(self, n: LoopNode, v: View, iota: Map) -> Expr:
        """An index along an axis, as a number."""
        assert isinstance(iota.param, int)
        where = view_dims(n, self.s.at[n.id])
        by = tuple(Affine(0, ((d, 1),)) for d in where)
        e = self.index(v.index[iota.param].substitute(by), first=True)
        return e if iota.dtype is DType.int64 else Expr(f"{CAST[iota.dtype]}({e.text})")

    def random_bits(self, n: Map, args: tuple[Expr, ...]) -> Expr:
        stream, word = n.param  # type: ignore[misc] # (stream, word)
        dims = self.s.at[n.id].dims
        position = Affine(0)
        step: Size = 1
        terms: list[tuple[int, Size]] = []
        for d, s in zip(reversed(dims), reversed(n.shape), strict=True):
            terms.append((d, step))
            step = step * s
        position = Affine(0, tuple(reversed(terms)))
        at = self.index(position, first=True).text
        return Expr(f"threefry2x32({args[0].text}, {args[1].text}, u4({at}), u4({stream}))[{word}]")

    def checked(self, n: LoopNode, index: Expr) -> Expr:
        """An index that is certainly inside its axis; one outside sets the flag."""
        size, site = n.check if isinstance(n, Gather) else n.param  # type: ignore[attr-defined,misc] # (size, site)
        flags = self.arg(FlagsArg(), "flags")
        self.shapes.setdefault(flags, ("i64", "(2,)"))
        token = self.names.token(("checked", n.id), "index")
        self.body.append(f"{token} = {index.text}")
        self.body.append(f"if {token} < 0 or {token} >= {self.size(size)}:  # reported after the step")
        self.body.append(f"    flags_[0], {token} = {site}, 0".replace("flags_", flags))
        return Expr(token)

    def gather(self, n: Gather) -> Expr:
        table, idx = n.reads
        dims = self.s.at[n.id].dims
        k = len(idx.shape)
        at = [Affine(0, ((d, 1),)) for d in dims]
        where_idx = at if n.along else at[n.axis : n.axis + k]
        a = self._access(idx, tuple(where_idx))
        in_loop = self.inner >= 0 and a.uses(self.inner)
        saved = self.body
        key = ("checked", n.id)
        if not in_loop:
            if key not in self.locals:
                self.body = self.pending
                self.locals[key] = self.checked(n, self.scalar_load(a))
                self.body = saved
            index = self.locals[key]
        else:
            index = self.checked(n, self.element(a))
        pick = Affine(0, ((-1, 1),))
        if n.along:
            where = [pick if d == n.axis else x for d, x in enumerate(at)]
        else:
            where = [*at[: n.axis], pick, *at[n.axis + k :]]
        t = self._access(table, tuple(where))
        text = self.buffer(t) + "[" + ", ".join(self.index(ix).text for ix in t.index) + "]"
        return Expr(text.replace(self.var(-1), index.text))

    # ---- the kernel
    def emit(self) -> None:
        """Write the body."""
        self.top: list[str] = []
        self.pending: list[str] = []
        self.body: list[str] = []
        self.env: dict[tuple[object, ...], Expr] = {}
        self.uses: dict[int, int] = {}
        self.current = 0
        self.zero_accumulators()
        head, self.lines = self.lines, []
        loops = [0] if self.flat else self.rows
        if not self.flat:
            for d in loops:
                self.out(f"for {self.var(d)} in range({self.extent(d)}):{self.comment(d)}")
                self.depth += 1
        last = max(self.passes.values(), default=0)
        self.heavy_rows(last)
        for p in range(last + 1):
            self.current = p
            self.one_pass(p)
        self.lines = head + ["    " + t for t in self.top] + self.lines

    def comment(self, dim: int) -> str:
        name = next((nm for nm in self._axis_names(dim) if nm), None)
        return f"  # {name}" if name else ""

    def zero_accumulators(self) -> None:
        for n in self.k.roots:
            if not isinstance(n, Reduce) or self.row_reduce(n):
                continue
            a = self.store_access(n)
            token = self.buffer(a)
            start = lowest(n.fn, n.dtype).text
            dims = [ix.terms[0][0] for ix in a.index]
            for d in dims:
                self.out(f"for {self.var(d)} in range({self.extent(d)}):{self.comment(d)}")
                self.depth += 1
            at = ", ".join(map(self.var, dims)) or "0"
            self.out(f"{token}[{at}] = {start}")
            self.depth = 1

    def heavy_rows(self, last: int) -> None:
        """Costly values that a later pass needs again are kept in a row of scratch."""
        for p in range(1, last + 1):
            for n in self.reach(p):
                if not self.vec(n) or self.passes[n.id] >= p or n.id in self.roots or n.id in self.tmp:
                    continue
                if isinstance(n, Map) and (n.fn in HEAVY or n.id in self.s.compared):
                    arg = RowScratchArg(len(self.tmp), self.k.space[-1], n.dtype)
                    self.tmp[n.id] = self.arg(arg, f"{value_name(n)}_row")
                    self.shapes[self.tmp[n.id]] = (VIEW[n.dtype], f"({self.extent(self.inner)},)")

    def items(self, p: int) -> list[LoopNode]:
        """What the inner loop of pass `p` is for."""
        out: list[LoopNode] = []
        for n in self.k.nodes:
            if self.passes[n.id] != p:
                continue
            if isinstance(n, Reduce):
                source = n.reads[0].source
                inner = (n.id, 0) in self.k.inner
                wide = self.vec(source) if inner else self.load_access(n, n.reads[0]).uses(self.inner)
                if self.row_reduce(n) or wide:
                    out.append(n)
            elif self.vec(n) and (n.id in self.roots or n.id in self.tmp):
                out.append(n)
        return out

    def reach(self, p: int) -> list[LoopNode]:
        """The vector values that pass `p` touches, with how often in `uses`."""
        self.uses = {}
        seen: list[LoopNode] = []
        stack = list(self.items(p))
        roots = {n.id for n in stack}
        visited: set[int] = set()
        while stack:
            n = stack.pop()
            if n.id in visited:
                continue
            visited.add(n.id)
            stop = n.id not in roots and self.passes[n.id] < p and (n.id in self.roots or n.id in self.tmp)
            for i, v in enumerate(n.reads):
                if stop or (n.id, i) not in self.k.inner or not self.vec(v.source):
                    continue
                self.uses[v.source.id] = self.uses.get(v.source.id, 0) + 1
                stack.append(v.source)
                seen.append(v.source)
        return seen

    def one_pass(self, p: int) -> None:
        self.env, self.body, self.pending = {}, [], []
        after: list[str] = []
        before: list[str] = []
        stores: list[str] = []
        self.row_statements(p)
        self.reach(p)
        for n in self.items(p):
            self.item(n, p, stores, before, after)
        for text in self.pending + before:
            self.out(text)
        if self.body or stores:
            dim = 0 if self.flat else self.inner
            count = self.arg(CountArg(self._flat_count()), "n") if self.flat else self.extent(dim)
            self.out(f"for {self.var(dim)} in range({count}):{'' if self.flat else self.comment(dim)}")
            for text in self.body + stores:
                self.out("    " + text)
        for text in after:
            self.out(text)

    def row_statements(self, p: int) -> None:
        """Values per row that are stored, and sums over rows of values per row."""
        for n in self.k.nodes:
            if self.passes[n.id] != p or n.id not in self.roots or self.vec(n) or self.row_reduce(n):
                continue
            if isinstance(n, Reduce) and n in self.items(p):
                continue
            if isinstance(n, Reduce):
                source = self.value(n, 0, p)
                target = self.element(self.store_access(n))
                self.pending.append(f"{target.text} {self.fold(n, target, source)}")
            elif isinstance(n, Write):
                target, source = self.element(self.store_access(n)), self.value(n, 0, p)
                self.pending.append(f"{target.text} = {source.text}")
            else:
                e = self.row_value(n, p)
                target = self.element(self.store_access(n))
                self.pending.append(f"{target.text} = {e.text}")

    @staticmethod
    def fold(n: Reduce, target: Expr, source: Expr) -> str:
        if n.fn == "sum":
            return f"+= {source.text}"
        fn = "maximum" if n.fn == "max" else "minimum"
        return f"= {write(fn, n.dtype, (target, source), n.dtype).text}"

    def item(self, n: LoopNode, p: int, stores: list[str], before: list[str], after: list[str]) -> None:
        if isinstance(n, Reduce) and self.row_reduce(n):
            self.row_fold(n, p, before, after)
        elif isinstance(n, Reduce):
            source = self.short(n, self.value(n, 0, p))
            target = self.element(self.store_access(n))
            stores.append(f"{target.text} {self.fold(n, target, source)}")
        else:
            e = self.value(n, 0, p) if isinstance(n, Write) else self.ref(n, p)
            if n.id in self.tmp:
                stores.append(f"{self.tmp[n.id]}[{self.var(self.inner)}] = {e.text}")
            if n.id in self.roots:
                stores.append(f"{self.element(self.store_access(n)).text} = {e.text}")

    def short(self, n: LoopNode, e: Expr) -> Expr:
        """A long term of a sum gets a name of its own."""
        return self.named(("term", n.id), e, "term") if self.names.width(e.text) > LONG else e

    def row_fold(self, n: Reduce, p: int, before: list[str], after: list[str]) -> None:
        total = self.names.token(("node", n.id), value_name(n))
        source = self.short(n, self.value(n, 0, p))
        if n.fn == "argmax":
            best = self.names.token(("best", n.id), "largest")
            dtype = n.reads[0].source.dtype
            before += [f"{best} = {lowest('max', dtype).text}", f"{total} = 0"]
            x = self.named(("best of", n.id), source, "value") if source.level < 10 else source
            j = self.var(self.inner)
            self.body.append(f"if {x.text} > {best} or ({x.text} != {x.text} and {best} == {best}):")
            self.body.append(f"    {best}, {total} = {x.text}, {j}")
        else:
            before.append(f"{total} = {lowest(n.fn, n.dtype).text}")
            self.body.append(f"{total} {self.fold(n, Expr(total), source)}")
        self.locals[("node", n.id)] = Expr(total)
        if n.id in self.roots:
            saved, self.pending = self.pending, []
            target = self.element(self.store_access(n))
            after += [*self.pending, f"{target.text} = {total}"]
            self.pending = saved


def _size_name(size: Size) -> str:
    return "_".join(sorted(s.name for s in symbols(size))) + "_size"


def buffer_name(n: LoopNode) -> str:
    """The user's name of a buffer, or what it holds."""
    if isinstance(n, Leaf):
        return identifier(n.node.name or n.node.kind)
    return value_name(n)


NAMED = {
    "sum": "total", "max": "largest", "min": "smallest", "argmax": "position", "identity": "copy", "check_index": "index",
    "mul": "product", "add": "total", "sub": "difference", "div": "ratio", "where": "kept", "random_bits": "bits",
    "exp": "exponential", "log": "logarithm", "abs": "magnitude", "size": "count",
}  # fmt: skip


def value_name(n: LoopNode) -> str:
    """The user's name of a value, else what it is."""
    o = n.origin
    if n.into is not None:
        return buffer_name(n.into)
    if o is not None and o.name:
        return identifier(o.name)
    match n:
        case Map(fn=fn) | Reduce(fn=fn):
            base = NAMED.get(fn, fn)
        case Dot():
            base = "product"
        case Combine():
            return value_name(n.reads[0].source)
        case _:
            base = type(n).__name__.lower()
    return f"{base}_grad" if o is not None and o.role == "backward" else base
