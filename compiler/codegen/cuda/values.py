"""How a thread reaches the elements of buffers: four at a time, one at a time, or in its registers."""

from __future__ import annotations

from typing import final

from ...loop.ir import Leaf, LoopNode
from ...types import DType
from ..address import Addresses
from ..analysis import Analysis
from ..kernel import Access
from ..naming import buffer_name
from ..params import Params
from ..scalars import CAST
from ..text import Expr
from ..values import Values
from .mapping import WIDE, Mapping, wide


def element_type(dtype: DType) -> str:
    """The element type of registers."""
    return "boolean" if dtype is DType.bool else CAST[dtype]


@final
class ThreadValues(Values):
    """Values of one thread. `held` are elements of a row that stay in registers from the first pass that touches them
    on; `touched` says which passes touch an element (a first writing of the kernel finds out, a second one uses it)."""

    def __init__(self, facts: Analysis, at: Addresses, params: Params, m: Mapping, held: dict[Access, int]) -> None:
        super().__init__(facts, at, params)
        self.m, self.held = m, held
        self.loads: list[str] = []  # statements before the four elements of a group, and after them
        self.writes: list[str] = []
        self.touched: dict[Access, set[int]] = {}
        self.declared: list[str] = []  # registers that outlive a pass
        self.groups: dict[tuple[object, ...], str] = {}

    def begin(self, p: int) -> None:
        """Start pass `p`."""
        super().begin(p)
        self.loads, self.writes, self.groups = [], [], {}

    # ---- names
    @property
    def slot(self) -> str:
        """Where the current element is among those that the thread holds."""
        k, lane = self.names.token(("group",), "k"), self.lane
        if self.m.groups == 1:
            return lane if self.m.width > 1 else "0"
        return f"{self.m.width} * {k} + {lane}" if self.m.width > 1 else k

    @property
    def lane(self) -> str:
        """Which of the elements of a group."""
        return self.names.token(("lane",), "lane")

    @property
    def start(self) -> str:
        """The first element of a group."""
        return self.names.token(("start",), "start")

    def registers(self, key: object, name: str, dtype: DType, value: str | None = None) -> str:
        """The name of registers for this thread's part of a row, declared at the top of the kernel."""
        full = ("registers", key)
        new = full not in self.names.memo
        token = self.names.token(full, name)
        if new:
            what = f"{self.m.held}, {element_type(dtype)}"
            made = f"registers({what})" if value is None else f"filled({what}, {value})"
            self.declared.append(f"{token} = {made}")
        return token

    # ---- elements
    def element(self, a: Access) -> Expr:
        """The element of a buffer at this thread's place."""
        if not self._varies(a):
            return super().element(a)
        self.touched.setdefault(a, set()).add(self.current)
        if a not in self.held:
            return self._load(a)
        slot = Expr(f"{self._register(a)}[{self.slot}]")
        if self.current == self.held[a] and ("kept", a) not in self.env:
            self.body.append(f"{slot.text} = {self._load(a).text}")
            self.env["kept", a] = slot
        return slot

    def _varies(self, a: Access) -> bool:
        if self.facts.flat:
            return not a.fixed
        return self.facts.moves(a) and not a.uses(-1) and not a.partial and self.m.mode != "outputs"

    def _register(self, a: Access) -> str:
        return self.registers(a, f"{buffer_name(a.owner)}_kept", a.owner.dtype)

    def _load(self, a: Access) -> Expr:
        if self.m.width == 1 or not wide(self.facts, a):
            return super().element(a)
        array, _ = self.place(a)
        key = ("load", array)
        if key not in self.groups:
            self.groups[key] = token = self.names.token((*key, self.current), f"{buffer_name(a.owner)}{WIDE}")
            self.loads.append(f"{token} = load4({array}, {self.start})")
        return Expr(f"{self.groups[key]}[{self.lane}]")

    def store(self, a: Access, e: Expr, dtype: DType) -> list[str]:
        """The statements of the element's body that store it."""
        lines: list[str] = []
        if self._varies(a):
            self.touched.setdefault(a, set()).add(self.current)
            if a in self.held:
                slot = f"{self._register(a)}[{self.slot}]"
                lines, e = [f"{slot} = {e.text}"], Expr(slot)
        if self.m.width == 1 or not self._varies(a) or not wide(self.facts, a):
            return [*lines, f"{super().element(a).text} = {e.text}"]
        array, _ = self.place(a)
        new = "_new" if a.owner.id in self.facts.written and isinstance(a.owner, Leaf) else ""
        token = self.names.token(("store", array, self.current), f"{buffer_name(a.owner)}{new}{WIDE}")
        self.loads.append(f"{token} = registers({WIDE}, {element_type(dtype)})")
        self.writes.append(f"store4({array}, {self.start}, {token})")
        return [*lines, f"{token}[{self.lane}] = {e.text}"]

    def kept(self, n: LoopNode) -> Expr:
        """The register (or the element of the scratch row) that keeps a value for later passes."""
        index = self.at.var(self.facts.inner) if self.m.groups is None else self.slot
        return Expr(f"{self.rows[n.id]}[{index}]")
