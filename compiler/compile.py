"""The pipeline, one line a pass: graph -> primitive graph -> loops -> schedule -> kernels -> program."""

from __future__ import annotations

from collections.abc import Mapping

from .codegen.cpu import cpu_dialect
from .codegen.cuda import CUDA, Machine, cuda_dialect
from .codegen.module import Module, kernel_name
from .errors import CompileError
from .ir.graph import Graph, verify
from .labels import Label, labels
from .loc import user_loc
from .loop.dots import dot_layout
from .loop.ir import Combine, Dot, Leaf, Scatter, is_inline
from .loop.lower import MASKED_PICK_LIMIT, lower
from .passes.expand import expand
from .program import CombineCall, DotCall, Kernel, KernelCall, Program, Row, TargetName, UserLine
from .schedule.group import schedule
from .schedule.kernels import Kernel as Group
from .schedule.kernels import Schedule, Slab, Step, loads, nodes_of, produced
from .sizes import Size, Symbol, evaluate
from .staging import settled
from .types import DType
from .work import flops, moved

PRODUCTS: dict[TargetName, str] = {
    "cpu": "library product (BLAS)",
    "cuda": "library product (cuBLASLt) where it is installed, else the plain tiled kernel",
}


def compile_graph(
    graph: Graph,
    *,
    name: str | None = None,
    fuse: bool = True,
    example: Mapping[Symbol, int] | None = None,
    target: TargetName = "cpu",
    machine: Machine = CUDA,
) -> Program:
    """Compile a graph with outputs and updates into a program of kernels.

    Args:
        graph: what to compute; its leaves are bound by the executor.
        name: shown in listings and in the file of the kernels; default: the graph's name.
        fuse: False gives every operation its own kernel (a test's reference).
        example: run-time sizes for the figures that a listing shows; default: those the graph was recorded with.
        target: "cpu" or "cuda"; kernels for CUDA need no device to be written.
        machine: the constants of the CUDA target.

    Raises:
        CompileError: a program that has no kernels (the message names the user's line where there is one).
    """
    checked(graph)
    primitive = expand(graph)  # composites written out, what is not needed dropped
    # Operations become loop nests, movement becomes index maps; nests become kernels, kernels become slabs of phases.
    pick_limit = MASKED_PICK_LIMIT if target == "cpu" else machine.pick_limit
    plan = settled(lambda staged: schedule(lower(primitive, pick_limit, staged), fuse, slabs=target == "cpu"), target)
    dialect = cpu_dialect() if target == "cpu" else cuda_dialect(machine)
    module = Module(f"Kernels of {name or graph.name}.", dialect)
    rows: list[Row] = []
    for slab in plan.slabs:
        rows += [_row(plan, slab, step, module, PRODUCTS[target]) for step in slab.steps]
    known = graph.example if example is None else example
    sizes = {sym: known.get(sym, 1) for sym in primitive.symbols()}
    label = labels(rows)
    kernels = tuple(_kernel(k, text, rows, label, sizes, target) for k, text in module.sources.items())
    dtype = next((n.type.dtype for n in graph.nodes if n.type.dtype.is_float), DType.float32)
    before, after = ([n.id for n in g.nodes if n.op == "leaf"] for g in (graph, primitive))
    return Program(
        name or graph.name,
        primitive,
        module.text(),
        kernels,
        tuple(rows),
        plan,
        dtype.short,
        dict(known),
        dict(zip(before, after, strict=True)),
        target,
        PRODUCTS[target],
    )


def work_of(graph: Graph) -> tuple[Size, Size]:
    """FLOPs of the kernels of a graph, and the bytes that they read and write, without tiles; no text is made.

    Raises:
        CompileError: it has no kernels.
    """
    primitive = expand(graph)
    plan = settled(lambda staged: schedule(lower(primitive, MASKED_PICK_LIMIT, staged), True, slabs=False), "cpu")
    total: tuple[Size, Size] = (0, 0)
    for step in (step for slab in plan.slabs for step in slab.steps):
        if not isinstance(step, Combine):  # there is nothing to add up: only tiles leave partial results
            total = total[0] + flops(step), total[1] + moved(step)
    return total


def checked(graph: object) -> None:
    """Refuse what is no graph, or a broken one."""
    if not isinstance(graph, Graph):
        raise CompileError(
            f"cannot compile {type(graph).__name__}",
            loc=user_loc(),
            help="record a function first: sw.record(f, pack, *inputs)",
            code="SW501",
        )
    verify(graph)


def _row(s: Schedule, slab: Slab, step: Step, module: Module, products: str) -> Row:
    made = tuple(produced(step))
    reads = tuple(dict.fromkeys(v.source for v in loads(step)))
    lines = tuple(dict.fromkeys(_lines(step)))
    match step:
        case Group() | Scatter():
            e = module.add(s, step)
            why = "; ".join(filter(None, (_why(s, step), e.remark)))
            return Row(slab, step, KernelCall(e.name, e.args, e.launch), e.name, reads, made, lines, why)
        case Dot():
            tile = s.at[step.id].tile
            letter = None if tile is None else step.spec[2][tile]
            layout = dot_layout(step.reads[0], step.reads[1], step.spec, letter)
            if layout is None:
                raise CompileError(
                    "internal: a product whose slab axis cannot be cut", loc=step.origin and step.origin.loc
                )
            call = DotCall(step, layout, letter, s.at[step.id].unit)
            return Row(slab, step, call, kernel_name(step), reads, made, lines, products)
        case Combine():
            return Row(
                slab, step, CombineCall(step), "combine", reads, made, lines, "partial sums of the tiles, in tile order"
            )


def _lines(step: Step) -> list[UserLine]:
    return [
        UserLine.of(loc, n.origin.role)
        for n in nodes_of(step)
        if n.origin is not None and not isinstance(n, Leaf) and not is_inline(n)
        for loc in n.origin.locs
    ]


def _why(s: Schedule, step: Step) -> str:
    if not s.fused:
        return "fusion is off: one operation"
    if isinstance(step, Scatter):
        return "updates are added in order, so the bits do not vary"
    assert isinstance(step, Group)
    ops = sum(n.origin is not None for n in step.nodes)
    cut = {type(v.source).__name__ for v in loads(step)} - {"Leaf"}
    text = f"{ops} operations over the same rows in one kernel" if ops > 1 else "one operation"
    return text + (f"; starts after {', '.join(sorted(c.lower() for c in cut))}" if cut else "")


def _kernel(
    name: str, text: str, rows: list[Row], label: Label, sizes: Mapping[Symbol, int], target: TargetName
) -> Kernel:
    mine = [r for r in rows if isinstance(r.call, KernelCall) and r.name == name]
    steps = [r.step for r in mine]
    work, traffic = (sum(evaluate(f(s), sizes) for s in steps) for f in (flops, moved))
    first = mine[0]
    lines = tuple(dict.fromkeys(line for r in mine for line in r.lines))
    names = (tuple(dict.fromkeys(map(label, nodes))) for nodes in (first.reads, first.writes))
    reads, writes = names
    return Kernel(name, text, target, lines, first.why, reads, writes, work, traffic, len(mine))
