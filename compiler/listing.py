"""The listing: a program as a table that reads like the training step it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .codegen.naming import buffer_name
from .loop.ir import Leaf, LoopNode, Reduce
from .plan import SlabPlan, plan
from .schedule.kernels import produced
from .sizes import Size
from .types import TensorType

if TYPE_CHECKING:
    from .program import Program, Row, UserLine


def listing(program: Program) -> str:
    """Phases, slabs with their axis and tile, and per kernel what it reads, what it writes and the user's line."""
    p = plan(program, program.sizes, 1)
    lines: list[str | tuple[str, str, str]] = [header(program)]  # titles, and rows of three columns
    phase = -1
    for sp in p.slabs:
        if sp.slab.phase != phase:
            phase = sp.slab.phase
            lines.append(f"phase {phase + 1}")
        lines.append(f"  {over(program, sp)}")
        lines += [_row(program, r, sp) for r in program.rows if r.slab is sp.slab]
    columns = [x for x in lines if not isinstance(x, str)]
    first, second = (max((len(x[i]) for x in columns), default=0) for i in (0, 1))
    rows = [x if isinstance(x, str) else f"{x[0]:<{first}}  {x[1]:<{second}}  {x[2]}" for x in lines]
    return "\n".join(line.rstrip() for line in rows) + "\n"


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


def over(program: Program, sp: SlabPlan) -> str:
    """What a slab is cut along, and into what."""
    if sp.slab.kind == "none":
        return "once"
    step = sp.slab.steps[-1]
    n = min(produced(step), key=_rank)
    tile = program.schedule.at[n.id].tile or 0
    names = n.reads[0].names if isinstance(n, Reduce) else n.names
    name = names[tile] or "axis 0"
    if sp.slab.kind == "own":
        name = f"{name} of {_label(n)}"
    pieces = "whole" if sp.tiles == 1 else f"tile {sp.tile}, {sp.tiles} tiles"
    return f"over {name}={sp.extent}: {pieces}"


def _rank(n: LoopNode) -> int:
    """Parameters before their moments."""
    return 0 if n.into is None or n.into.node.kind == "param" else 1


def _row(program: Program, r: Row, sp: SlabPlan) -> tuple[str, str, str]:
    tile = "" if sp.slab.kind == "none" else "[t]"
    shown = [n for n in r.reads if not (isinstance(n, Leaf) and n.node.kind == "scalar")]
    reads = " ".join(dict.fromkeys(_operand(program, n, sp, tile) for n in shown))
    partial = program.schedule.at
    writes = " ".join(
        f"{_label(n)}+" if partial[n.id].partial else _operand(program, n, sp, tile)
        for n in sorted(r.writes, key=_rank)
    )
    return f"    {r.name}", f"{reads} -> {writes}", _lines(r.lines)


def _operand(program: Program, n: LoopNode, sp: SlabPlan, tile: str) -> str:
    place = program.schedule.at[n.id]
    cut = place.kind == sp.slab.kind and place.tile is not None and not place.partial
    return _label(n) + (tile if cut else "")


def _label(n: LoopNode) -> str:
    return buffer_name(n.into or n)


def _lines(lines: tuple[UserLine, ...]) -> str:
    if not lines:
        return ""
    role = {"forward": "", "backward": "d/d ", "update": ""}
    first = lines[0]
    others = sorted({x.line for x in lines} - {first.line})
    more = f" (and {', '.join(map(str, others))})" if others else ""
    return f"{first.line}: {role.get(first.role, '')}{first.text}{more}"
