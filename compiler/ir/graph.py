"""The tensor IR: a hash-consed graph of typed operations in the order they were recorded.

Leaves are nodes with `op == "leaf"`; `attrs` hold `kind` (see `LeafKind`) and `index`. Every node keeps the user's
source locations (merged nodes keep all), the role it plays in the step and a name for the kernels.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, cast, final

import numpy as np
from numpy.typing import NDArray

from ..errors import CompileError
from ..loc import Loc
from ..sizes import Symbol, symbols
from ..types import TensorType
from .attrs import Attrs, AttrValue

LeafKind: TypeAlias = Literal["param", "input", "state", "grad", "scalar", "key", "constant"]
Role: TypeAlias = Literal["forward", "backward", "update"]


@final
@dataclass(slots=True, eq=False)
class Node:
    """One value. Nodes are compared by identity; `Graph.add` returns the same node for the same operation."""

    id: int
    op: str
    inputs: tuple[Node, ...]
    attrs: Attrs
    type: TensorType
    role: Role = "forward"
    name: str | None = None
    tag: str | None = None  # the composite operation (layer_norm, cross_entropy, ...) this node is a part of
    locs: list[Loc] = field(default_factory=list[Loc])
    gradient_of: Node | None = None  # the value whose name this has, with `_grad` added
    operands: tuple[tuple[str, TensorType | str], ...] = ()  # as the user wrote them, where an index can be wrong

    @property
    def loc(self) -> Loc | None:
        """The first source line that computes this."""
        return self.locs[0] if self.locs else None

    @property
    def kind(self) -> LeafKind | Literal[""]:
        """The kind of a leaf, "" for an operation."""
        return cast("LeafKind", self.attrs.str("kind")) if self.op == "leaf" else ""

    def name_axes(self, names: tuple[str | None, ...]) -> None:
        """Call the axes that have no name so: the user gave the value these names after it was computed."""
        t = self.type
        if None in t.names and len(names) == t.ndim:
            filled = tuple(n if have is None else have for have, n in zip(t.names, names, strict=True))
            self.type = TensorType(t.dtype, t.shape, filled)

    def __repr__(self) -> str:
        return f"%{self.id}: {self.type} = {self.op}"


InferRule: TypeAlias = Callable[[str, tuple[TensorType, ...], Attrs], TensorType]


@final
class Graph:
    """Nodes in a valid order of execution (an input always precedes its users)."""

    def __init__(self, infer: InferRule, name: str = "program") -> None:
        self.name = name
        self.nodes: list[Node] = []
        self.outputs: list[Node] = []
        self.updates: list[tuple[Node, Node]] = []  # (leaf, its new value): written when everything has been read
        self.constants: dict[int, NDArray[np.generic]] = {}  # leaf id -> value
        self.example: dict[Symbol, int] = {}  # run-time sizes of the inputs it was recorded from
        self.infer = infer
        self._memo: dict[tuple[str, tuple[int, ...], Attrs], Node] = {}
        self._role: Role = "forward"
        self._loc: Loc | None = None
        self._name: str | None = None
        self._tag: str | None = None

    @contextmanager
    def scope(
        self, role: Role | None = None, loc: Loc | None = None, name: str | None = None, tag: str | None = None
    ) -> Generator[None, None, None]:
        """Role, location, name and composite operation of the nodes that are added meanwhile."""
        saved = self._role, self._loc, self._name, self._tag
        self._role, self._loc = role or self._role, loc or self._loc
        self._name, self._tag = name or self._name, self._tag or tag  # the outermost composite names the kernel
        try:
            yield
        finally:
            self._role, self._loc, self._name, self._tag = saved

    def leaf(self, kind: LeafKind, name: str, type: TensorType) -> Node:
        """A value from outside: parameter, input, optimizer state, given gradient, run-time scalar, key or constant."""
        index = sum(n.kind == kind for n in self.nodes if n.op == "leaf")
        node = Node(len(self.nodes), "leaf", (), Attrs({"kind": kind, "index": index}), type, self._role, name)
        self.nodes.append(node)
        return node

    def constant(self, value: NDArray[np.generic], type: TensorType, name: str) -> Node:
        """An array that is part of the program."""
        node = self.leaf("constant", name, type)
        self.constants[node.id] = value
        return node

    def add(self, op: str, inputs: Sequence[Node] = (), attrs: Attrs | dict[str, AttrValue] | None = None) -> Node:
        """The node for this operation: an existing one if the same operation was recorded before."""
        ins = tuple(inputs)
        at = attrs if isinstance(attrs, Attrs) else Attrs(attrs)
        key = (op, tuple(n.id for n in ins), at)
        node = self._memo.get(key)
        if node is None:
            out = self.infer(op, tuple(n.type for n in ins), at)
            node = Node(len(self.nodes), op, ins, at, out, self._role, self._name, self._tag)
            self.nodes.append(node)
            self._memo[key] = node
        if self._loc is not None and self._loc not in node.locs:
            node.locs.append(self._loc)
        return node

    def live(self) -> list[Node]:
        """The nodes that the outputs and updates need, in order; leaves are always kept."""
        need: set[int] = set()
        stack = [*self.outputs, *(value for _, value in self.updates)]
        while stack:
            node = stack.pop()
            if node.id not in need:
                need.add(node.id)
                stack += node.inputs
        return [n for n in self.nodes if n.id in need or n.op == "leaf"]

    def leaves(self, kind: LeafKind) -> list[Node]:
        """The leaves of a kind, in the order in which they were added."""
        return [n for n in self.nodes if n.op == "leaf" and n.kind == kind]

    def symbols(self) -> frozenset[Symbol]:
        """The run-time sizes of the program."""
        return frozenset(s for n in self.nodes for size in n.type.shape for s in symbols(size))

    def __str__(self) -> str:
        return self.text()

    def text(self) -> str:
        """Deterministic listing: values numbered by order of first use, a type at every binder."""
        number: dict[int, str] = {}

        def ref(n: Node) -> str:
            if n.id not in number:
                number[n.id] = f"%{len(number)}"
            return number[n.id]

        lines = [f"graph {self.name}"]
        for n in self.live():
            args = ", ".join(map(ref, n.inputs))
            at = repr(n.attrs) if n.op != "leaf" else ""
            what = f"{n.kind} {n.name}" if n.op == "leaf" else f"{n.op}({', '.join(filter(None, [args, at]))})"
            role = "" if n.role == "forward" or n.op == "leaf" else f" {n.role}"
            where = f"   # {n.loc}{role}" if n.loc is not None else ""
            lines.append(f"  {ref(n)}: {n.type} = {what}{where}")
        lines += [f"  return {', '.join(map(ref, self.outputs))}"] if self.outputs else []
        lines += [f"  {leaf.name} <- {ref(value)}" for leaf, value in self.updates]
        return "\n".join(lines) + "\n"


def verify(graph: Graph) -> None:
    """Check order and types of a graph; on failure show the ten nodes around the fault.

    Raises:
        CompileError: an input that comes after its user, or a type that the operation's shape rule does not give.
    """
    seen: set[int] = set()
    for i, n in enumerate(graph.nodes):
        fault = ""
        if any(x.id not in seen for x in n.inputs):
            fault = "uses a value before it exists"
        elif n.op != "leaf":
            again = graph.infer(n.op, tuple(x.type for x in n.inputs), n.attrs)
            if again != n.type:
                fault = f"has type {n.type}, its shape rule gives {again}"
        if fault:
            around = "\n".join(f"  {m}" for m in graph.nodes[max(i - 5, 0) : i + 5])
            raise CompileError(f"node {n!r} {fault}", details=[around], code="SW502")
        seen.add(n.id)
