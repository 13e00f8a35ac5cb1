"""Sections of the GPU script that run graphs: the table of operations, and random programs, beside float64 references.

Each graph runs three times: launch by launch, while it is recorded, and replayed. Before each time all memory that the
program may write is filled with NaN, so that nothing right is left over from the time before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any, TypeVar, final

import numpy as np

from shapewright.compiler.codegen.cuda import CUDA, SIMULATOR
from shapewright.compiler.compile import compile_graph
from shapewright.compiler.ir.graph import Graph
from shapewright.compiler.ops.opdef import Arr, OpDef, Sample
from shapewright.compiler.ops.table import OPS
from shapewright.compiler.types import DType
from shapewright.runtime.cuda.device import device
from shapewright.runtime.cuda.executor import CudaExecutor
from shapewright.runtime.options import Options
from shapewright.runtime.params import Cell

from ..compiler.harness import interpret, op_case
from ..compiler.programs import SIZES, random_program
from ..ops.oracle import draw, widened
from .gpu_sections import Outcome, Setting

T = TypeVar("T")
POISON = 0xFF
"""A byte of a NaN in both float types, and of -1."""
TURNS = ("launched", "recorded", "replayed")

# In units of the largest element. One operation and its gradient: as tests/compiler/test_ops_compiled.py. Programs are
# float64 throughout, and have fewer roundings than tests/compiler/run_random.py says.
OP_ROUNDINGS, PROGRAM_ROUNDINGS = 200, 4000
PROGRAMS, TINY_PROGRAMS, FORCED = 100, 1, 7
TINY_OPS = ("argmax", "exp", "index_add", "matmul", "sum")


def poisoned_runs(graph: Graph, leaves: Mapping[int, Arr], *, fuse: bool) -> Iterator[tuple[str, list[Arr]]]:
    """The outputs of each turn, with its name."""
    program = compile_graph(graph, fuse=fuse, target="cuda", machine=SIMULATOR if device().simulated else CUDA)
    given = [leaves[n.id] for n in graph.leaves("input")]
    keys = [leaves[n.id] for n in graph.leaves("key")]
    key = (int(keys[0][0]), int(keys[0][1])) if keys else (0, 0)
    cells = {n.id: Cell(leaves[n.id], name=n.name or "") for n in graph.leaves("param")}
    executor: Any = CudaExecutor(program, cells, Options())  # Any: its memory is no part of what it promises
    memory = executor._bind(tuple(x.shape for x in given)).memory
    for turn in TURNS:
        device().upload(memory.address, np.full(memory.nbytes, POISON, np.uint8))
        yield turn, executor.run(given, (), key)


def off(got: Arr, want: Arr, roundings: float) -> str:
    """How far a result is from the float64 answer, "" if rounding explains it. Integers and bools must be equal."""
    if got.shape != want.shape:
        return f"the shape is {got.shape}, not {want.shape}"
    if not DType.of(got.dtype).is_float:
        return "" if np.array_equal(got, want) else f"{int(np.sum(got != want))} of {got.size} elements differ"
    exact = want.astype(np.float64)
    finite = np.abs(exact[np.isfinite(exact)])
    allowed = roundings * DType.of(got.dtype).eps * max(1.0, float(finite.max()) if finite.size else 0.0)
    if np.allclose(got.astype(np.float64), exact, rtol=0, atol=allowed, equal_nan=True):
        return ""
    return f"off by {np.nanmax(np.abs(got.astype(np.float64) - exact)):.3g}, at most {allowed:.3g} expected"


# ---- the table


def ops(setting: Setting) -> Outcome:
    """Every operation with its gradients, fused and not."""
    outcome = Outcome()
    names = TINY_OPS if setting.tiny else sorted(OPS)
    for name in names[setting.share :: setting.shares]:
        wrong = [w for fuse in (True, False) for w in _op(OPS[name], setting.seed, fuse=fuse)]
        outcome.expect(not wrong, f"{name}: {'; '.join(wrong[:3])}")
        print(name, "ok" if not wrong else "FAILED", flush=True)
    outcome.note = "operations with their gradients, fused and not"
    return outcome


def _op(op: OpDef, seed: int, *, fuse: bool) -> Iterator[str]:
    samples = [(s, draw(s, f"{op.name} {seed}")) for s in op.domain]
    case = op_case(op, samples)
    want = _exact(op, samples)
    for turn, outputs in poisoned_runs(case.graph, case.leaves, fuse=fuse):
        for i, (got, exact) in enumerate(zip(outputs, want, strict=True)):
            if wrong := off(got, exact, OP_ROUNDINGS):
                yield f"output {i}, fuse={fuse}, {turn}: {wrong}"


def _exact(op: OpDef, samples: Sequence[tuple[Sample, tuple[Arr, ...]]]) -> list[Arr]:
    """The outputs of the case in float64, from the very same numbers. Random bits belong to an element type: there the
    reference of that type judges."""
    case = op_case(op, samples)
    if op.name.startswith("bits_to") or any("stream" in s.attrs for s, _ in samples):
        values = interpret(case.graph, case.leaves)
        return [values[n.id] for n in case.graph.outputs]
    wide = op_case(op, [(replace(s, attrs=widened(s.attrs)), tuple(map(_wide, args))) for s, args in samples])
    given = dict(zip(wide.leaves, map(_wide, case.leaves.values()), strict=True))
    values = interpret(wide.graph, given)
    return [values[n.id] for n in wide.graph.outputs]


def _wide(x: Arr) -> Arr:
    return x.astype(np.float64) if x.dtype == np.float32 else x


# ---- random programs


@final
class Choices:
    """Choices of a random generator."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def choose(self, options: Sequence[T]) -> T:
        return self._random.choice(list(options))


def programs(setting: Setting) -> Outcome:
    """Random programs with their gradients, fused and not."""
    outcome, used = Outcome(), set[str]()
    for i in range(TINY_PROGRAMS if setting.tiny else PROGRAMS)[setting.share :: setting.shares]:
        seed = 1000 * setting.seed + i
        choices = Choices(seed)
        p = random_program(choices, choices.choose(range(1, 5)), 1 if setting.tiny else FORCED)
        nodes, leaves = p.finish(), p.values(seed)
        want = interpret(p.graph, leaves, SIZES)
        wrong = [
            f"output {k}, fuse={fuse}, {turn}: {text}"
            for fuse in ((True,) if setting.tiny else (True, False))
            for turn, outputs in poisoned_runs(p.graph, leaves, fuse=fuse)
            for k, (got, node) in enumerate(zip(outputs, nodes, strict=True))
            if (text := off(got, want[node.id], PROGRAM_ROUNDINGS))
        ]
        outcome.expect(not wrong, f"program {seed}: {'; '.join(wrong[:3])}")
        if wrong:
            print(p.graph, flush=True)
        used |= {n.op for n in p.graph.live()}
        print(f"program {seed}: {len(p.graph.nodes)} operations {'ok' if not wrong else 'FAILED'}", flush=True)
    outcome.note = f"random programs with their gradients; a share used {len(used)} of {len(OPS)} operations"
    return outcome
