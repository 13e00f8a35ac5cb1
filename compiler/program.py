"""`Program`: the compiled form of a graph. Source text, steps with symbolic arguments, and what a reader wants to know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, final

from .codegen.kernel import Arg
from .codegen.launch import Launch
from .errors import CompileError
from .ir.graph import Graph
from .loc import Loc
from .loop.dots import DotLayout
from .loop.ir import Combine, Dot, LoopNode
from .schedule.kernels import Schedule, Slab, Step
from .sizes import Size, Symbol, evaluate

TargetName: TypeAlias = Literal["cpu", "cuda"]


@final
@dataclass(frozen=True, slots=True)
class UserLine:
    """A line of the user's program that a kernel computes, and in which role (forward, backward, update)."""

    file: str
    line: int
    text: str
    role: str

    @staticmethod
    def of(loc: Loc, role: str) -> UserLine:
        """A line in a role."""
        return UserLine(loc.file, loc.line, loc.text, role)

    def __str__(self) -> str:
        return f"{self.file.rpartition('/')[2]}:{self.line}  {self.text}"


@final
@dataclass(frozen=True, slots=True)
class Resources:
    """What one thread or block of a kernel takes, as ptxas reports it; sizes in bytes."""

    registers: int
    stack: int
    spill_stores: int
    spill_loads: int
    shared: int
    barriers: int


@final
@dataclass(slots=True, eq=False)
class Kernel:
    """One function of a program, possibly called several times a step.

    `flops` and `bytes` are per step at the sizes of the example inputs: floating-point operations, and bytes read and
    written once per call. `llvm` and `asm` need the program to have been loaded.
    """

    name: str
    source: str
    target: str
    user_lines: tuple[UserLine, ...]
    why: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    flops: int
    bytes: int
    calls: int = 1
    path: str | None = None
    inspect: Callable[[str, str], str | Resources] | None = field(default=None, repr=False)

    @property
    def llvm(self) -> str:
        """LLVM IR of the kernel as it was compiled."""
        return self._inspected("llvm")

    @property
    def asm(self) -> str:
        """Machine code of the kernel as assembly text."""
        return self._inspected("asm")

    @property
    def ptx(self) -> str:
        """PTX of a CUDA kernel, with the lines of its source."""
        return self._inspected("ptx")

    @property
    def sass(self) -> str:
        """Machine code of a CUDA kernel as text; needs `nvdisasm`."""
        return self._inspected("sass")

    @property
    def resources(self) -> Resources:
        """Registers, stack, spills and shared memory of a CUDA kernel."""
        found = self._looked_up("resources")
        assert isinstance(found, Resources)
        return found

    def _inspected(self, what: str) -> str:
        return str(self._looked_up(what))

    def _looked_up(self, what: str) -> str | Resources:
        if self.target == "cpu" and what in ("ptx", "sass", "resources"):
            raise CompileError(
                f"kernel {self.name} is one of the CPU's, which has no {what}",
                help='read .llvm and .asm, or compile for sw.Options(device="cuda")',
                code="SW504",
            )
        if self.inspect is None:
            raise CompileError(
                f"kernel {self.name} is not loaded, so it has no {what}",
                help="run the program once (trainer.step(...)), or use sw.compile(...) and its executor",
                code="SW503",
            )
        return self.inspect(self.name, what)

    def __repr__(self) -> str:
        return f"<Kernel {self.name}: {', '.join(self.reads)} -> {', '.join(self.writes)}>"


@final
@dataclass(frozen=True, slots=True)
class KernelCall:
    """A row of the step table that calls a generated kernel; on a GPU, how it is launched."""

    kernel: str
    args: tuple[Arg, ...]
    launch: Launch | None = None


@final
@dataclass(frozen=True, slots=True)
class DotCall:
    """A row that calls the library product."""

    node: Dot
    layout: DotLayout
    tile: str | None  # letter of the slab axis
    unit: int


@final
@dataclass(frozen=True, slots=True)
class CombineCall:
    """A row that adds up the partial results of the tiles of a sum."""

    node: Combine


Call = KernelCall | DotCall | CombineCall


@final
@dataclass(frozen=True, slots=True)
class Row:
    """One row of the listing and of the step table."""

    slab: Slab
    step: Step
    call: Call
    name: str
    reads: tuple[LoopNode, ...]
    writes: tuple[LoopNode, ...]
    lines: tuple[UserLine, ...]
    why: str


@final
@dataclass(slots=True, eq=False)
class MemoryReport:
    """Bytes of the workspace: `arena` as planned, `unshared` without reuse; `scratch` is each worker's part of it."""

    arena: int = 0
    unshared: int = 0
    scratch: int = 0

    @property
    def peak(self) -> int:
        """Bytes in use at most: the plan is static, so all of the arena."""
        return self.arena

    @property
    def reuse(self) -> float:
        """The share of the values that live in memory that another value used before."""
        return max(0.0, 1.0 - self.arena / self.unshared) if self.unshared else 0.0

    def __str__(self) -> str:
        return f"arena {_size(self.arena)} (of {_size(self.unshared)} unshared)"


@final
@dataclass(slots=True, eq=False)
class Program:
    """A compiled graph: kernels, the order they run in, and the memory they use."""

    name: str
    graph: Graph
    source: str
    kernels: tuple[Kernel, ...]
    rows: tuple[Row, ...]
    schedule: Schedule
    dtype: str
    example: Mapping[Symbol, int]
    leaves: Mapping[int, int] = field(default_factory=dict[int, int])  # leaf of the graph given -> leaf of `graph`
    target: TargetName = "cpu"
    products: str = "library product (BLAS)"  # who does the products of matrices, and why
    path: str | None = None

    @property
    def sizes(self) -> dict[Symbol, int]:
        """The run-time sizes that figures are given for: the example's, 1 where there was none."""
        return {s: self.example.get(s, 1) for s in sorted(self.graph.symbols())}

    @property
    def memory(self) -> MemoryReport:
        """The workspace as planned for the example's sizes and one worker."""
        from .cuda_plan import cuda_plan
        from .plan import plan

        if self.target == "cuda":
            planned = cuda_plan(self, self.sizes)
            return MemoryReport(planned.arena, planned.unshared)
        p = plan(self, self.sizes, 1)
        return MemoryReport(p.arena + p.scratch, p.unshared, p.scratch)

    @property
    def phases(self) -> int:
        """Number of phases; workers meet at a barrier between two of them."""
        return self.schedule.phases

    def kernel(self, name: str) -> Kernel:
        """The kernel of this name; a `CompileError` that lists the names if there is none."""
        for k in self.kernels:
            if k.name == name:
                return k
        raise CompileError(
            f"no kernel {name}", help=f"kernels: {', '.join(k.name for k in self.kernels)}", code="SW504"
        )

    def listing(self) -> str:
        """The program as a table: phases, slabs, kernels, operands and the user's lines."""
        from .listing import listing

        return listing(self)

    def size(self, size: Size) -> int:
        """A size at the example's run-time sizes."""
        return evaluate(size, self.sizes)

    def __repr__(self) -> str:
        counts = {"kernel": len(self.kernels), "call": len(self.rows), "phase": self.phases}
        kernels, calls, phases = (f"{n} {what}{'' if n == 1 else 's'}" for what, n in counts.items())
        return f"<Program {self.name}: {kernels}, {calls} in {phases}>"


def _size(n: int) -> str:
    for unit, k in (("MB", 1 << 20), ("KB", 1 << 10)):
        if n >= 10 * k or (n >= k and unit == "KB"):
            return f"{n / k:.0f} {unit}"
    return f"{n} B"
