"""What the emitters of every target share: the statements of a pass over a row, collected before the loops are written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from ..loop.ir import LoopNode, Reduce, Write
from .analysis import Analysis
from .text import Expr
from .values import LONG, Values

V = TypeVar("V", bound=Values)


class PassEmitter(ABC, Generic[V]):
    """Statements of the current pass: `before` and `after` its inner loop, and `stores`, which come last in it."""

    def __init__(self, facts: Analysis, values: V) -> None:
        self.facts, self.k, self.values = facts, facts.k, values
        self.lines: list[str] = []
        self.depth = 1
        self.before: list[str] = []
        self.stores: list[str] = []
        self.after: list[str] = []

    def collect(self, p: int) -> None:
        """Collect the statements of a pass: those of the row first, then those of its elements."""
        self.before, self.stores, self.after = [], [], []
        self.values.begin(p)
        items = self.facts.items(p)
        for n in self.k.roots:
            if self.facts.passes[n.id] == p and n not in items and not self.facts.vector(n):
                self.row_statement(n)
        for n in items:
            if isinstance(n, Reduce):
                self.fold(n)
            else:
                self.element(n)

    def element(self, n: LoopNode) -> None:
        """An element is kept for later passes, or stored."""
        e = self.values.operand(n, 0) if isinstance(n, Write) else self.values.value(n)
        if n.id in self.facts.kept:
            self.stores.append(f"{self.values.kept(n).text} = {e.text}")
        if n.id in self.facts.roots:
            self.stores += self.store(n, e)

    def term(self, n: Reduce) -> Expr:
        """What a fold adds up; a long one gets a name of its own."""
        e = self.values.operand(n, 0)
        return self.values.named(("term", n.id), e, "term") if self.values.names.length(e.text) > LONG else e

    @abstractmethod
    def row_statement(self, n: LoopNode) -> None:
        """A stored value per row, or a fold over rows of values per row."""

    @abstractmethod
    def fold(self, n: Reduce) -> None:
        """A fold of the elements: over the row, or over rows."""

    @abstractmethod
    def store(self, n: LoopNode, value: Expr) -> list[str]:
        """The statements that store an element."""
