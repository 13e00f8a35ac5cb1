"""What the grouping of loop nodes makes: kernels, the steps of a slab, and the schedule they form."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias, final

from ..loop.ir import Combine, Dot, Join, Leaf, LoopNode, LoopProgram, Reduce, Scatter, View, Write
from ..sizes import Shape, Size
from .places import Place, SlabKind

HEAVY = frozenset(
    {"exp", "log", "log1p", "tanh", "sigmoid", "erf", "softplus", "sin", "cos", "pow", "random_bits", "argmax"}
)


@final
@dataclass(eq=False, slots=True)
class Kernel:
    """One generated loop nest: `nodes` in order, of which `roots` are stored; `inner` are the reads (node, position)
    that take a value computed in this kernel, all others are loads."""

    space: Shape
    nodes: list[LoopNode]
    roots: list[LoopNode] = field(default_factory=list[LoopNode])
    inner: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    tile: int | None = None  # space dimension that the slab cuts
    unit: int = 1


Step: TypeAlias = "Kernel | Dot | Scatter | Combine"


@final
@dataclass(eq=False, slots=True)
class Slab:
    """Steps that run one after the other for each tile of `extent` units."""

    phase: int
    kind: SlabKind
    extent: Size
    steps: list[Step]


@final
@dataclass(slots=True)
class Schedule:
    """The slabs of a program in order, where each node runs, and which values are stored."""

    program: LoopProgram
    at: dict[int, Place]
    slabs: list[Slab]
    stored: set[int]
    kernel_of: dict[int, Kernel]
    slab_of: dict[int, Slab]  # stored node -> the slab that makes it
    fused: bool
    compared: set[int]  # floats tested for equality, see Places

    @property
    def phases(self) -> int:
        """Number of phases."""
        return max((s.phase for s in self.slabs), default=-1) + 1


def nodes_of(step: Step) -> list[LoopNode]:
    """Every value that a step computes, stored or not."""
    return step.nodes if isinstance(step, Kernel) else [step]


def produced(step: Step) -> list[LoopNode]:
    """The stored values that a step makes."""
    return list(step.roots) if isinstance(step, Kernel) else [step]


def loads(step: Step) -> list[View]:
    """What a step reads from buffers (not from values of its own)."""
    if not isinstance(step, Kernel):
        return list(step.reads)
    return [v for n in step.nodes for i, v in enumerate(n.reads) if (n.id, i) not in step.inner]


def needed(step: Step, stored: set[int]) -> list[LoopNode]:
    """The stored values that a step reads; the writes behind a joined buffer stand for it."""
    out: list[LoopNode] = []
    for v in loads(step):
        u = v.source
        if isinstance(u, Join):
            out += [w.source for w in u.reads]
        elif u.id in stored and not isinstance(u, Leaf):
            out.append(u)
    return out + [n.after for n in nodes_of(step) if isinstance(n, Write) and n.after is not None]


def rank(s: Schedule, k: Kernel) -> int:
    """How many axes of its space the values of a kernel need."""
    return max((_rank(s, n) for n in k.nodes), default=0)


def _rank(s: Schedule, n: LoopNode) -> int:
    dims = s.at[n.id].dims if n.shape else ()
    return max([d + 1 for d in dims] + [len(n.reads[0].shape) if isinstance(n, Reduce) else 0])
