"""Text of the values of a row kernel, pass by pass, and the statements that they need before the inner loop or in it.

Within a pass each value that is used more than once has a name; a value that a later pass needs again is computed
again, unless it is stored or costs a call (then it is kept in a row of scratch).
"""

from __future__ import annotations

from typing import TypeAlias

from ..loop.ir import Affine, Gather, LoopNode, Map, Reduce, View, is_inline, strides
from ..schedule.places import view_dims
from ..types import DType
from .address import Addresses
from .analysis import Analysis, along
from .kernel import Access
from .naming import buffer_name, value_name
from .params import Params, index_check
from .scalars import CAST, literal, write
from .text import Expr

LONG = 50  # characters from which an expression gets a name
TWICE = frozenset({"square", "relu", "sign", "isnan", "isfinite"})  # functions that write an operand twice

Key: TypeAlias = "tuple[object, ...]"


class Values:
    """Expressions of one kernel's values. Statements go to `top` (before all loops), `row` (before the inner loop of
    this pass) and `body` (in it). What a target does otherwise is how it reaches the elements of buffers."""

    def __init__(self, facts: Analysis, at: Addresses, params: Params) -> None:
        self.facts, self.at, self.params, self.names = facts, at, params, params.names
        self.top: list[str] = []
        self.row: list[str] = []
        self.body: list[str] = []
        self.rows: dict[int, str] = {}  # kept value -> its row of scratch
        self.locals: dict[Key, Expr] = {}  # values per row, which all passes share
        self.env: dict[Key, Expr] = {}  # values of this pass
        self.sliced: dict[Key, str] = {}  # rows of buffers, taken out of the inner loop
        self.uses: dict[LoopNode, int] = {}
        self.current = 0

    def begin(self, p: int) -> None:
        """Start pass `p`."""
        self.env, self.body, self.row = {}, [], []
        self.uses, self.current = self.facts.uses(p), p

    # ---- elements of buffers
    def element(self, a: Access) -> Expr:
        """The text `buffer[...]`; rows are taken out of the inner loop."""
        array, index = self.place(a)
        return Expr(f"{array}[{index}]")

    def place(self, a: Access) -> tuple[str, str]:
        """An array (a buffer, or a row of one) and the index of the element in it."""
        token = self.at.buffer(a)
        if self.facts.flat and not a.fixed:
            return token, self.at.var(0)
        if not a.shape or self.facts.flat:
            return token, "0"
        *lead, last = a.index
        if not self.in_row(a) or (not lead and last.const == 0):
            return token, ", ".join(self.at.indices(a.index))
        where = self.at.indices(tuple(lead))
        if last.const != 0:
            where.append(f"{self.at.size(last.const)}:")
        key = ("row", token, *where)
        if key not in self.sliced:
            self.sliced[key] = self.names.token(key, f"{buffer_name(a.owner)}_row")
            self.row.append(f"{self.sliced[key]} = {token}[{', '.join(where)}]")
        return self.sliced[key], self.at.var(self.facts.inner)

    def in_row(self, a: Access) -> bool:
        """Whether the elements lie one after the other along the inner loop."""
        j = self.facts.inner
        *lead, last = a.index
        return last.terms == ((j, 1),) and not a.uses(-1) and not any(d == j for ix in lead for d, _ in ix.terms)

    def scalar_load(self, a: Access) -> Expr:
        """A load that does not change in the inner loop: done once per row, before it."""
        key = ("scalar", a)
        if not a.shape and a.owner.id not in self.facts.written:
            token = self.at.buffer(a)
            self.params.numbers.add(token)
            return Expr(token)
        if key not in self.locals:
            e = self.element(a)
            token = self.names.token(key, f"{buffer_name(a.owner)}_here")
            (self.top if a.fixed else self.row).append(f"{token} = {e.text}")
            self.locals[key] = Expr(token)
        return self.locals[key]

    # ---- values
    def operand(self, n: LoopNode, i: int) -> Expr:
        """Operand `i` of `n`."""
        v = n.reads[i]
        if isinstance(v.source, Map) and v.source.fn == "iota":
            return self.position(n, v, v.source)
        if (n.id, i) in self.facts.k.inner:
            return self.value(v.source)
        a = self.facts.load(n, v)
        varies = self.facts.moves(a) or (self.facts.flat and n.shape == self.facts.k.space)
        if a.fixed or not varies:
            return self.scalar_load(a)
        if a.owner.id in self.facts.written:
            return self.named(("load", a), self.element(a), buffer_name(v.source))
        return self.element(a)

    def named(self, key: Key, e: Expr, wanted: str) -> Expr:
        """A local for an expression, within this pass."""
        full = ("local", *key)
        if full not in self.env:
            token = self.names.token((*full, self.current), f"{wanted}_here" if wanted.isidentifier() else "here")
            self.body.append(f"{token} = {e.text}")
            self.env[full] = Expr(token)
        return self.env[full]

    def value(self, n: LoopNode) -> Expr:
        """A value of this kernel: a local if it has one, else its expression."""
        key = ("node", n.id)
        if key in self.locals:
            return self.locals[key]
        if key not in self.env:
            assert isinstance(n, Map | Gather), n
            if isinstance(n, Map) and n.fn == "const":
                return literal(n.number, n.dtype)
            if not self.facts.vector(n):
                return self.row_value(n)
            self.env[key] = self._vector(n)
        return self.env[key]

    def _vector(self, n: Map | Gather) -> Expr:
        """A value that changes along the inner loop: loaded if an earlier pass stored or kept it."""
        stored, kept = n.id in self.facts.roots, n.id in self.rows
        if self.facts.passes[n.id] < self.current and stored:
            return self.element(self.facts.store(n))
        if self.facts.passes[n.id] < self.current and kept:
            return self.kept(n)
        e = self.expression(n)
        if self.uses.get(n, 0) + stored + kept <= 1 and self.names.length(e.text) <= LONG:
            return e
        suffix = "_new" if n.into is not None else "_here" if stored else ""
        token = self.names.token(("node", n.id, self.current), value_name(n) + suffix)
        self.body.append(f"{token} = {e.text}")
        return Expr(token)

    def kept(self, n: LoopNode) -> Expr:
        """The element of the scratch row that keeps a value."""
        return Expr(f"{self.rows[n.id]}[{self.at.var(self.facts.inner)}]")

    def row_value(self, n: LoopNode) -> Expr:
        """A value per row (or per kernel): a statement before the inner loop."""
        key = ("node", n.id)
        if key in self.locals:
            return self.locals[key]
        assert isinstance(n, Map | Gather), n
        if is_inline(n):
            return self.expression(n)
        space = self.facts.k.space
        once = n.shape == () and space != () and self.facts.s.at[n.id].space != space
        outer, self.body = self.body, self.top if once else self.row
        e = self.expression(n)
        token = self.names.token(key, value_name(n))
        self.body.append(f"{token} = {e.text}")
        self.body = outer
        self.locals[key] = Expr(token)
        return self.locals[key]

    def expression(self, n: Map | Gather) -> Expr:
        """The text that computes a value from its operands."""
        if isinstance(n, Gather):
            return self.gather(n)
        if n.fn == "const":
            return literal(n.number, n.dtype)
        if n.fn == "size":
            return Expr(f"{CAST[n.dtype]}({self.at.size(n.count)})")
        args = tuple(self.operand(n, i) for i in range(len(n.reads)))
        if n.fn in TWICE and args[0].level < 10:
            args = (self.named(("twice", n.id), args[0], value_name(n.reads[0].source)),)
        if n.fn == "check_index":
            return self.checked(n, args[0])
        if n.fn == "random_bits":
            return self.random_bits(n, args)
        operand = n.reads[0].source.dtype if n.fn != "where" else n.dtype
        return write(n.fn, n.dtype, args, operand)

    # ---- values that depend on the index
    def position(self, n: LoopNode, v: View, iota: Map) -> Expr:
        """An index along an axis, as a number."""
        by = along(view_dims(n, self.facts.s.at[n.id]))
        e = self.at.index(v.index[int(iota.number)].substitute(by), first=True)
        return e if iota.dtype is DType.int64 else Expr(f"{CAST[iota.dtype]}({e.text})")

    def random_bits(self, n: Map, key: tuple[Expr, ...]) -> Expr:
        """A word of the generator's output at the flat index of the element."""
        stream, word = n.pair
        flat = Affine(0, tuple(zip(self.facts.s.at[n.id].dims, strides(n.shape), strict=True)))
        at = self.at.index(flat, first=True).text
        return Expr(f"threefry2x32({key[0].text}, {key[1].text}, u4({at}), u4({stream}))[{word}]")

    def checked(self, n: Map | Gather, index: Expr) -> Expr:
        """An index that is certainly inside its axis; one outside sets the flag."""
        size, site = n.check if isinstance(n, Gather) else n.pair
        flags = self.params.flags()
        token = self.names.token(("checked", n.id), "index")
        self.body += [f"{token} = {index.text}", *index_check(token, self.at.size(size), flags, site)]
        return Expr(token)

    def gather(self, n: Gather) -> Expr:
        """An element of the table at a looked-up index."""
        a = self.facts.index(n)
        if self.facts.moves(a):
            index = self.checked(n, self.element(a))
        else:
            key = ("checked", n.id)
            if key not in self.locals:
                outer, self.body = self.body, self.row
                self.locals[key] = self.checked(n, self.scalar_load(a))
                self.body = outer
            index = self.locals[key]
        t = self.facts.picked(n)
        text = f"{self.at.buffer(t)}[{', '.join(self.at.indices(t.index))}]"
        return Expr(text.replace(self.at.var(-1), index.text))


def fold(n: Reduce, target: Expr, source: Expr) -> str:
    """The assignment that folds `source` into `target`."""
    if n.fn == "sum":
        return f"+= {source.text}"
    fn = "maximum" if n.fn == "max" else "minimum"
    return f"= {write(fn, n.dtype, (target, source), n.dtype).text}"
