"""The listing: a program as a table that reads like the training step it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from .cuda_calls import Clear, Fold, FoldCall, KernelLaunch
from .cuda_plan import cuda_plan
from .labels import Label, labels
from .loop.ir import Leaf, LoopNode, Reduce
from .plan import SlabPlan, plan
from .schedule.kernels import Slab, produced
from .sizes import Size
from .types import TensorType

if TYPE_CHECKING:
    from .program import Program, Row, UserLine

WIDTH = 120  # of a line, where the user's own has at least
LEAST = 52
OPERANDS = 60  # of what a row reads and writes


def listing(program: Program) -> str:
    """Phases, slabs with their axis and tile, and per kernel what it reads, what it writes and the user's line."""
    if program.target == "cuda":
        return cuda_listing(program)
    p, label = plan(program, program.sizes, 1), labels(program.rows)
    lines: list[str | tuple[str, str, str]] = [header(program)]  # titles, and rows of three columns
    phase = -1
    for _, group in groupby(p.slabs, lambda sp: _alike(program, sp.slab)):
        sp, *others = group
        if sp.slab.phase != phase:
            phase = sp.slab.phase
            lines.append(f"phase {phase + 1}")
        lines.append(f"  {over(program, sp, label)}" + (f" (and {len(others)} more)" if others else ""))
        more = _those_of([r for x in others for r in rows_of(program, x.slab)], label)
        for r in rows_of(program, sp.slab):
            name, operands, text = _row(program, r, sp, label)
            lines.append((name, _short(operands, more), text))
    return _aligned(lines)


def rows_of(program: Program, slab: Slab) -> list[Row]:
    """The rows of a slab, in order."""
    return [r for r in program.rows if r.slab is slab]


def _alike(program: Program, slab: Slab) -> tuple[int, object]:
    """What slabs that follow one another have in common if they are listed as one: the kernel of nothing but an update."""
    rows = rows_of(program, slab)
    update = len(rows) == 1 and all(n.into is not None for n in rows[0].writes)
    return slab.phase, rows[0].name if update else id(slab)


def listed_rows(program: Program) -> list[tuple[Row, str]]:
    """The rows of a program for the CPU, each with what it reads and writes, in the order of the listing."""
    slabs, label = plan(program, program.sizes, 1).slabs, labels(program.rows)
    rows = [(r, _row(program, r, sp, label)) for sp in slabs for r in rows_of(program, sp.slab)]
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
        operands = _short(f"{reads} -> {writes}", _those_of(rows[1:], label))
        lines.append((f"  {row.name}  {size}", operands, _lines(row.lines)))
    return _aligned(lines)


def _fold(row: Row, fold: Fold, i: int, label: Label) -> tuple[str, str, str]:
    """Number `i` of the folds of a launch."""
    text = f"{label(row.reads[0])} -> {label(row.writes[0])}"
    return f"  {row.name if i == 0 else 'with it'}  of {fold.blocks} blocks", text, _lines(row.lines)


def _aligned(lines: list[str | tuple[str, str, str]]) -> str:
    """Titles, and rows whose columns stand below one another, cut at the width of a listing."""
    columns = [x for x in lines if not isinstance(x, str)]
    first, second = (max((len(x[i]) for x in columns), default=0) for i in (0, 1))
    third = max(WIDTH - first - second - 4, LEAST)
    rows = [x if isinstance(x, str) else f"{x[0]:<{first}}  {x[1]:<{second}}  {_begun(x[2], third)}" for x in lines]
    return "\n".join(line.rstrip() for line in rows) + "\n"


def _begun(text: str, width: int) -> str:
    """A line of the user, or the beginning of one that is longer than `width`; the numbers of further lines stay."""
    if len(text) <= width:
        return text
    more = re.search(r"( \(and [\d, ]+\))?$", text)
    numbers = more[0] if more is not None else ""
    return f"{text[: -len(numbers) or None][: max(width - 3 - len(numbers), 0)].rstrip()}...{numbers}"


def _cut(text: str, width: int) -> str:
    """Operands, or of more than fit in `width` the first; one at least."""
    return text if len(text) <= width else f"{text[: width - 3].rpartition(' ')[0] or text.split(' ')[0]} ..."


def _short(operands: str, more: str) -> str:
    """What is read and written, and what else of that kind; of many operands the first."""
    width = OPERANDS - len(more)
    reads, arrow, writes = operands.partition(" -> ")
    if len(operands) > width:
        writes = _cut(writes, max(width // 2, width - len(arrow) - len(reads)))
        reads = _cut(reads, width - len(arrow) - len(writes))
    return f"{reads}{arrow}{writes}{more}"


def _those_of(rows: Sequence[Row], label: Label) -> str:
    """The parameters of updates that are listed with another one."""
    names = ", ".join(label(r.writes[-1]) for r in rows)
    if not names:
        return ""
    return f" (and those of {names})" if len(names) <= 24 else f" (and those of {len(rows)} more)"


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
