"""What becomes one kernel, one phase, one buffer: the structure of compiled programs, and that their bits are fixed."""

from __future__ import annotations

import numpy as np
import pytest

from shapewright.compiler import cost
from shapewright.compiler.autodiff import GraphBuild, graph_gradients
from shapewright.compiler.compile import compile_graph
from shapewright.compiler.errors import CompileError
from shapewright.compiler.ir.graph import Graph, Node, verify
from shapewright.compiler.loop.lower import lower
from shapewright.compiler.ops.opdef import Arr
from shapewright.compiler.ops.table import infer
from shapewright.compiler.passes.expand import expand
from shapewright.compiler.plan import Block, pack, plan
from shapewright.compiler.program import KernelCall, Program
from shapewright.compiler.schedule.check import check, early_updates
from shapewright.compiler.schedule.group import schedule
from shapewright.compiler.schedule.kernels import Schedule, loads
from shapewright.compiler.sizes import Size, Symbol, symbol
from shapewright.compiler.types import DType, TensorType
from shapewright.runtime.cpu import loader
from shapewright.runtime.cpu.executor import Executor

from . import models
from .harness import interpret, run_compiled

BATCH = Symbol("Batch")
N = symbol("Batch")
F, I = DType.float32, DType.int64
F64 = np.float64


class Step:
    """A graph under construction: leaves, a loss, and updates by plain gradient descent."""

    def __init__(self, name: str = "step") -> None:
        self.graph = Graph(infer, name)
        self.b = GraphBuild(self.graph)

    def input(self, name: str, *shape: Size, dtype: DType = F) -> Node:
        return self.graph.leaf("input", name, TensorType(dtype, shape))

    def param(self, name: str, *shape: Size) -> Node:
        return self.graph.leaf("param", name, TensorType(F, shape))

    def cross_entropy(self, logits: Node, y: Node, reduction: str = "mean") -> Node:
        return self.b.op("cross_entropy", logits, y, reduction=reduction, label_smoothing=0.0, ignore_index=None)

    def descend(self, loss: Node, params: list[Node]) -> None:
        for p, g in zip(params, graph_gradients(self.graph, loss, params), strict=True):
            self.graph.updates.append((p, self.b.sub(p, self.b.scale(g, 0.1))))
        self.graph.outputs = [loss]


def mlp(hidden: int, width: int = 32) -> Graph:
    """A step of an MLP with `hidden` equal hidden layers."""
    s = Step("mlp")
    x, y = s.input("x", N, width), s.input("y", N, dtype=I)
    params: list[Node] = []
    h = x
    for i in range(hidden):
        params += [s.param(f"w{i}", width, width), s.param(f"b{i}", width)]
        h = s.b.op("relu", s.b.op("linear", h, *params[-2:]))
    params += [s.param("w", width, 10), s.param("b", 10)]
    s.descend(s.cross_entropy(s.b.op("linear", h, *params[-2:]), y), params)
    return s.graph


def calls(program: Program, phase: int) -> list[str]:
    """The generated kernels that a phase calls."""
    return [r.name for r in program.rows if r.slab.phase == phase and isinstance(r.call, KernelCall)]


# ---- kernels
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_softmax_cross_entropy_and_its_gradient_are_one_kernel(reduction: str) -> None:
    s = Step()
    logits, y = s.input("logits", N, 10), s.input("y", N, dtype=I)
    loss = s.cross_entropy(logits, y, reduction)
    s.graph.outputs = [loss, *graph_gradients(s.graph, loss, [logits])]
    program = compile_graph(s.graph)
    assert calls(program, 0) == ["cross_entropy_and_grad"]
    assert len(program.kernels) == (1 if reduction == "sum" else 2)  # the mean's division follows the last tile
    source = program.kernel("cross_entropy_and_grad").source
    assert source.count("for i in range(n)") == 1  # one loop over the rows


def test_layer_norm_and_its_gradients_are_one_kernel() -> None:
    s = Step()
    x, w, b = s.input("x", N, 16), s.param("w", 16), s.param("b", 16)
    loss = s.b.sum(s.b.square(s.b.op("layer_norm", x, w, b, eps=1e-5)), (0, 1))
    s.graph.outputs = [loss, *graph_gradients(s.graph, loss, [x, w, b])]
    program = compile_graph(s.graph)
    assert [k.calls for k in program.kernels] == [1]
    assert program.phases == 2  # the sums over rows are folded when all tiles are done


def test_without_fusion_every_operation_is_a_kernel() -> None:
    s = Step()
    x = s.input("x", N, 16)
    s.graph.outputs = [s.b.exp(s.b.square(s.b.tanh(x)))]
    assert len(compile_graph(s.graph).rows) == 1
    assert len(compile_graph(s.graph, fuse=False).rows) == 3


def test_a_step_of_an_mlp_has_two_phases() -> None:
    """Forward and the gradients of the data, tile by tile; then the gradients of the weights, each with its update."""
    for graph in (mlp(1), mlp(3)):
        program = compile_graph(graph)
        assert program.phases == 2
        assert {slab.kind for slab in program.schedule.slabs if slab.phase == 0} == {"batch"}
        updated = {n.id for n in program.schedule.program.nodes if n.into is not None}
        assert all(program.schedule.at[i].phase == 1 for i in updated)
    assert models.mlp().phases == 2


def test_deeper_mlps_have_the_same_kernels() -> None:
    """Equal kernels are emitted once, whatever the user's names: more layers are more calls."""
    programs = {depth: compile_graph(mlp(depth)) for depth in (2, 4, 8)}
    assert len({len(p.kernels) for p in programs.values()}) == 1
    bodies = [[k.source.partition("def ")[2].partition("(")[0] for k in p.kernels] for p in programs.values()]
    assert bodies[0] == bodies[1] == bodies[2]
    assert len(programs[2].rows) < len(programs[4].rows) < len(programs[8].rows)
    assert programs[8].phases == 2


# ---- tiles
def test_rows_without_a_run_time_axis_are_cut_in_tiles() -> None:
    s = Step()
    x = s.input("x", 4096, 256)
    s.graph.outputs = [s.b.op("softmax", x, axis=1)]
    program = compile_graph(s.graph)
    (slab,) = plan(program, {}, 2).slabs
    assert slab.slab.kind == "batch"
    assert slab.extent == 4096
    assert slab.tiles >= 4
    assert slab.tile * 256 * 4 * 2 <= cost.TILE_BYTES


def test_tiles_do_not_depend_on_the_workers() -> None:
    program = compile_graph(mlp(2))
    plans = [plan(program, {BATCH: 1000}, workers) for workers in (1, 2, 3)]
    assert len({tuple((sp.extent, sp.tile) for sp in p.slabs) for p in plans}) == 1
    assert len({tuple(sorted(p.items)) for p in plans}) == 1
    assert [p.workers for p in plans] == [1, 2, 3]
    for p in plans:
        for spans in p.ranges:
            assert len(spans) == p.workers
        covered = [i for spans in p.ranges for first, end in spans for i in range(first, end)]
        assert covered == list(range(len(p.items)))


def storage(program: Program) -> dict[int, Arr]:
    """Leaf of the graph that was compiled -> an array with values."""
    rng = np.random.default_rng(3)
    inside = {n.id: n for n in program.graph.nodes if n.op == "leaf"}
    out: dict[int, Arr] = {}
    for outer, inner in program.leaves.items():
        n = inside[inner]
        if n.kind in ("param", "state"):
            shape = tuple(int(s) for s in n.type.shape)
            values = rng.standard_normal(shape) * 0.1 if n.kind == "param" else np.zeros(shape)
            out[outer] = np.ascontiguousarray(values, n.type.dtype.numpy)
    return out


def batch(size: int) -> list[Arr]:
    rng = np.random.default_rng(size)
    return [rng.standard_normal((size, 64)).astype(np.float32), rng.integers(0, 10, size)]


def test_bits_do_not_depend_on_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "SERIAL_LIMIT", 0.0)  # small steps would run on one worker
    program = models.mlp()
    scalars = [1e-3] * len(program.graph.leaves("scalar"))
    results: list[dict[int, Arr]] = []
    losses: list[list[bytes]] = []
    for workers in (1, 2, 3):
        assert plan(program, dict.fromkeys(program.sizes, 50), workers).workers == workers
        arrays = storage(program)
        executor = Executor(program, arrays, workers)
        losses.append([executor.run(batch(50), scalars)[0].tobytes() for _ in range(5)])
        results.append(arrays)
    start = storage(program)
    assert losses[0] == losses[1] == losses[2]
    for i, first in results[0].items():
        assert not np.array_equal(first, start[i])
        assert all(first.tobytes() == other[i].tobytes() for other in results[1:])


def test_ten_batch_sizes_run_one_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """New sizes are a new table: the module is loaded once, and no kernel is added."""
    loaded: list[str] = []
    load = loader.load

    def counted(source: str, name: str, progress: loader.Progress | None = None) -> loader.LoadedModule:
        loaded.append(source)
        return load(source, name, progress)

    program = models.mlp()
    monkeypatch.setattr(loader, "load", counted)
    source, kernels = program.source, program.kernels
    executor = Executor(program, storage(program), 1)
    scalars = [1e-3] * len(program.graph.leaves("scalar"))
    for size in (1, 2, 7, 31, 32, 33, 64, 100, 128, 257):
        (loss,) = executor.run(batch(size), scalars)
        assert np.isfinite(loss)
    assert loaded == [source]
    assert (program.source, program.kernels) == (source, kernels)


# ---- memory
def test_buffers_share_the_arena() -> None:
    program = compile_graph(mlp(8, width=64), example={BATCH: 2048})
    p = plan(program, {BATCH: 2048}, 1)
    assert 0 < p.arena + p.scratch < p.unshared
    assert program.memory.arena < program.memory.unshared


def test_blocks_that_live_together_do_not_overlap() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        blocks: list[Block] = []
        for i in range(12):
            first = int(rng.integers(0, 6))
            blocks.append(Block(i, int(rng.integers(1, 500)), first, first + int(rng.integers(0, 4))))
        where: dict[int, int] = {}
        total = pack(blocks, where)
        for a in blocks:
            assert where[a.node] % 64 == 0
            assert where[a.node] + a.size <= total
            for b in blocks:
                if a.node < b.node and a.first <= b.last and b.first <= a.last:
                    assert where[a.node] + a.size <= where[b.node] or where[b.node] + b.size <= where[a.node]


# ---- order
def readers(s: Schedule, leaf: int) -> list[tuple[int, object]]:
    """Phase and step of everything that loads a leaf."""
    return [(slab.phase, step) for slab in s.slabs for step in slab.steps for v in loads(step) if v.source.id == leaf]


def crossed() -> Step:
    """The update of each parameter reads the other one; that of `a` needs no data, so nothing but its readers makes it
    wait."""
    s = Step("crossed")
    x, a, b = s.input("x", N, 8), s.param("a", 8), s.param("b", 8)
    g = s.b
    loss = g.mean(g.square(g.sub(g.mul(g.mul(x, a), b), x)), (0, 1))
    (db,) = graph_gradients(s.graph, loss, [b])
    s.graph.updates = [
        (a, g.sub(g.scale(a, 0.9), g.scale(b, 0.1))),
        (b, g.sub(b, g.scale(g.add(db, g.broadcast_to(g.sum(a, (0,)), (8,))), 0.1))),
    ]
    s.graph.outputs = [loss]
    return s


def test_a_parameter_is_overwritten_after_all_its_readers() -> None:
    program = compile_graph(crossed().graph)
    s = program.schedule
    updates = [n for n in s.program.nodes if n.into is not None]
    assert len(updates) == 2
    for n in updates:
        assert n.into is not None
        for phase, step in readers(s, n.into.id):
            assert phase < s.at[n.id].phase or step is s.kernel_of[n.id]
    assert early_updates(s) == {}


def test_updates_see_the_values_before_the_step() -> None:
    graph = crossed().graph
    leaves: dict[int, Arr] = {
        n.id: np.random.default_rng(n.id).uniform(0.5, 1.5, (6, 8) if n.kind == "input" else 8).astype(np.float32)
        for n in graph.nodes
        if n.op == "leaf"
    }
    want = interpret(graph, leaves, {BATCH: 6})
    _, after = run_compiled(graph, leaves)
    for leaf, value in graph.updates:
        np.testing.assert_allclose(np.asarray(after[leaf.id], F64), np.asarray(want[value.id], F64), rtol=1e-5)


def test_a_wrong_order_is_seen() -> None:
    s = schedule(lower(expand(mlp(1))))
    check(s)
    s.slabs[0].steps.reverse()
    with pytest.raises(CompileError, match="used before it is made"):
        check(s)


def test_updates_wait_for_index_checks() -> None:
    """An index out of range must leave the parameters alone, so nothing is written before all have been seen."""
    s = Step("lookup")
    table, idx, other = s.input("table", 20, 4), s.input("idx", N, dtype=I), s.param("other", 4)
    s.graph.outputs = [s.b.op("take", table, idx, axis=0)]
    s.graph.updates = [(other, s.b.scale(other, 0.9))]  # reads nothing that the lookup makes
    program = compile_graph(s.graph)
    (update,) = [n for n in program.schedule.program.nodes if n.into is not None]
    assert program.schedule.at[update.id].phase == 1
    assert calls(program, 0) == ["gather"]


# ---- the graph's verifier
def test_verify_shows_the_neighbours_of_a_fault() -> None:
    s = Step()
    x = s.input("x", N, 4)
    chain = [x]
    for op in ("tanh", "exp", "square", "neg", "sigmoid", "abs"):
        chain.append(s.b.op(op, chain[-1]))
    verify(s.graph)
    chain[3].type = TensorType(F, (4,))
    with pytest.raises(CompileError) as caught:
        verify(s.graph)
    text = str(caught.value)
    assert caught.value.code == "SW502"
    assert "square" in text
    assert "has type f32[4], its shape rule gives f32[Batch, 4]" in text
    for n in chain:
        assert repr(n) in text


def test_verify_sees_a_value_that_is_used_too_early() -> None:
    s = Step()
    x = s.input("x", N, 4)
    y = s.b.tanh(x)
    s.b.exp(y)
    s.graph.nodes[1:3] = reversed(s.graph.nodes[1:3])
    with pytest.raises(CompileError, match="uses a value before it exists"):
        verify(s.graph)
