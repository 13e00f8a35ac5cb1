"""The listing: a program as a table that reads like the training step it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cuda_calls import Clear, Fold, FoldCall, KernelLaunch
from .cuda_plan import cuda_plan
from .labels import Label, labels
from .loop.ir import Leaf, LoopNode, Reduce
from .plan import SlabPlan, plan
from .schedule.kernels import produced
from .sizes import Size
from .types import TensorType

if TYPE_CHECKING:
    from .program import Program, Row, UserLine


def listing(program: Program) -> str:
    """Phases, slabs with their axis and tile, and per kernel what it reads, what it writes and the user's line."""
    if program.target == "cuda":
        return cuda_listing(program)
    p, label = plan(program, program.sizes, 1), labels(program.rows)
    lines: list[str | tuple[str, str, str]] = [header(program)]  # titles, and rows of three columns
    phase = -1
    for sp in p.slabs:
        if sp.slab.phase != phase:
            phase = sp.slab.phase
            lines.append(f"phase {phase + 1}")
        lines.append(f"  {over(program, sp, label)}")
        lines += [_row(program, r, sp, label) for r in program.rows if r.slab is sp.slab]
    return _aligned(lines)


def listed_rows(program: Program) -> list[tuple[Row, str]]:
    """The rows of a program for the CPU, each with what it reads and writes, in the order of the listing."""
    slabs, label = plan(program, program.sizes, 1).slabs, labels(program.rows)
    rows = [(r, _row(program, r, sp, label)) for sp in slabs for r in program.rows if r.slab is sp.slab]
    return [(r, f"{name.strip()}  {operands}") for r, (name, operands, _) in rows]


def cuda_listing(program: Program) -> str:
    """The launches of one step in order: blocks x threads, kernel, what it reads and writes, and the user's line."""
    p, label = cuda_plan(program, program.sizes), labels(program.rows)
    lines: list[str | tuple[str, str, str]] = [header(program)]
    for call, rows in zip(p.calls, p.rows, strict=True):
        row = rows[0]
        if isinstance(call, Clear):
            lines.append(("  clear", " ".join(map(label, row.writes)), _lines(row.lines)))
            continue
        if isinstance(call, FoldCall):
            lines += [_fold(row, fold, i, label) for i, (row, fold) in enumerate(zip(rows, call.folds, strict=True))]
            continue
        size = (
            f"{call.blocks} x {call.threads}"
            if isinstance(call, KernelLaunch)
            else f"[{call.m}, {call.k}] x [{call.k}, {call.n}]"
        )
        reads = " ".join(dict.fromkeys(label(n) for n in row.reads if not _scalar(n)))
        writes = " ".join(label(n) for n in sorted(row.writes, key=_rank))
        more = f" (and those of {', '.join(label(r.writes[-1]) for r in rows[1:])})" if len(rows) > 1 else ""
        lines.append((f"  {row.name}  {size}", f"{reads} -> {writes}{more}", _lines(row.lines)))
    return _aligned(lines)


def _fold(row: Row, fold: Fold, i: int, label: Label) -> tuple[str, str, str]:
    """Number `i` of the folds of a launch."""
    text = f"{label(row.reads[0])} -> {label(row.writes[0])}"
    return f"  {row.name if i == 0 else 'with it'}  of {fold.blocks} blocks", text, _lines(row.lines)


def _aligned(lines: list[str | tuple[str, str, str]]) -> str:
    """Titles, and rows whose columns stand below one another."""
    columns = [x for x in lines if not isinstance(x, str)]
    first, second = (max((len(x[i]) for x in columns), default=0) for i in (0, 1))
    rows = [x if isinstance(x, str) else f"{x[0]:<{first}}  {x[1]:<{second}}  {x[2]}" for x in lines]
    return "\n".join(line.rstrip() for line in rows) + "\n"


def _scalar(n: LoopNode) -> bool:
    return isinstance(n, Leaf) and n.node.kind == "scalar"


def header(program: Program) -> str:
    """Name, element type, axes with their sizes (`?`: known at run time) and memory."""
    axes: dict[str, Size] = {}
    for n in program.graph.nodes:
        if n.op == "leaf" and n.kind in ("param", "input"):
            axes |= _axes(n.type)
    text = " ".join(f"{k}={v if isinstance(v, int) else '?'}" for k, v in axes.items())
    return f"program {program.name}  {program.dtype}  {text}   {program.memory}"


def _axes(t: TensorType) -> dict[str, Size]:
    return {name: size for name, size in zip(t.names, t.shape, strict=True) if name is not None and name.isidentifier()}


def over(program: Program, sp: SlabPlan, label: Label) -> str:
    """What a slab is cut along, and into what."""
    if sp.slab.kind == "none":
        return "once"
    step = sp.slab.steps[-1]
    n = min(produced(step), key=_rank)
    tile = program.schedule.at[n.id].tile or 0
    names = n.reads[0].names if isinstance(n, Reduce) else n.names
    name = names[tile] or "axis 0"
    if sp.slab.kind == "own":
        name = f"{name} of {label(n)}"
    pieces = "whole" if sp.tiles == 1 else f"tile {sp.tile}, {sp.tiles} tiles"
    return f"over {name}={sp.extent}: {pieces}"


def _rank(n: LoopNode) -> int:
    """Parameters before their moments."""
    return 0 if n.into is None or n.into.node.kind == "param" else 1


def _row(program: Program, r: Row, sp: SlabPlan, label: Label) -> tuple[str, str, str]:
    tile = "" if sp.slab.kind == "none" else "[t]"
    shown = [n for n in r.reads if not _scalar(n)]
    reads = " ".join(dict.fromkeys(_operand(program, n, sp, tile, label) for n in shown))
    partial = program.schedule.at
    writes = " ".join(
        f"{label(n)}+" if partial[n.id].partial else _operand(program, n, sp, tile, label)
        for n in sorted(r.writes, key=_rank)
    )
    return f"    {r.name}", f"{reads} -> {writes}", _lines(r.lines)


def _operand(program: Program, n: LoopNode, sp: SlabPlan, tile: str, label: Label) -> str:
    place = program.schedule.at[n.id]
    cut = place.kind == sp.slab.kind and place.tile is not None and not place.partial
    return label(n) + (tile if cut else "")


def _lines(lines: tuple[UserLine, ...]) -> str:
    if not lines:
        return ""
    role = {"forward": "", "backward": "d/d ", "update": ""}
    first = lines[0]
    others = sorted({x.line for x in lines} - {first.line})
    more = f" (and {', '.join(map(str, others))})" if others else ""
    return f"{first.line}: {role.get(first.role, '')}{first.text}{more}"
