"""Every way that loops become blocks and threads, each by a program that needs it, with workspace nobody has cleared.

The references judge values and gradients. What a kernel's `why` and text say is how a test knows that it got the way it
is about.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, final

import numpy as np
import pytest

from shapewright.compiler.autodiff import GraphBuild, graph_gradients
from shapewright.compiler.codegen.cuda import CUDA, SIMULATOR, Machine
from shapewright.compiler.compile import compile_graph
from shapewright.compiler.ir.graph import Graph, LeafKind, Node
from shapewright.compiler.ops.opdef import Arr
from shapewright.compiler.ops.table import infer
from shapewright.compiler.program import Program
from shapewright.compiler.sizes import Size, Symbol, evaluate, symbol
from shapewright.compiler.types import DType, TensorType
from shapewright.runtime.cuda.device import device
from shapewright.runtime.cuda.executor import CudaExecutor
from shapewright.runtime.options import Options
from shapewright.runtime.params import Cell

from ..compiler.harness import interpret
from ..ops.oracle import close, gap

N, S = symbol("Batch"), symbol("Seq")
SIZES = {Symbol("Batch"): 5, Symbol("Seq"): 37}
FEW = replace(SIMULATOR, registers=4)
"""So few registers that most rows are read again by every pass."""
IN_REGISTERS, AGAIN, FOUR = "threads a row, in registers", "read again by every pass", "four elements an access"
EACH, SHARED, OUTPUTS = "32 threads a block", "combine", "a thread for each element of the result"

# float32; a case has fewer roundings on any path than this, but for the long sums, which say how many terms a thread has.
ROUNDINGS = 200


@final
class Build:
    """A graph under construction, with values for its leaves."""

    def __init__(self) -> None:
        self.graph = Graph(infer, "mapped")
        self.b = GraphBuild(self.graph)
        self.leaves: dict[int, Arr] = {}
        self.rng = np.random.default_rng(3)

    def given(self, value: Any, *shape: Size) -> Node:
        """An input, or a parameter where all sizes are numbers, of this value."""
        array = np.asarray(value)
        kind: LeafKind = "param" if all(isinstance(s, int) for s in shape) else "input"
        leaf = self.graph.leaf(kind, f"x{len(self.leaves)}", TensorType(DType.of(array.dtype), shape))
        self.leaves[leaf.id] = array
        return leaf

    def floats(self, *shape: Size, low: float = -1.0, dtype: str = "float32") -> Node:
        """Random numbers up to 1."""
        return self.given(self.rng.uniform(low, 1.0, numbers(shape)).astype(dtype), *shape)

    def ints(self, high: int, *shape: Size, dtype: str = "int64") -> Node:
        """Random numbers from 0 on."""
        return self.given(self.rng.integers(0, high, numbers(shape)).astype(dtype), *shape)

    def out(self, *values: Node) -> None:
        """Make values outputs, and the gradients of a weighted sum of each."""
        for v in values:
            self.graph.outputs.append(v)
            floats = [n for n in behind(v) if n.op == "leaf" and n.type.dtype.is_float]
            if v.type.dtype.is_float:
                scale = self.given(self.rng.uniform(0.5, 1.5, numbers(v.type.shape)).astype("float32"), *v.type.shape)
                self.graph.outputs += graph_gradients(self.graph, v, floats, scale)


def behind(v: Node) -> list[Node]:
    """What a value is made of."""
    found: dict[int, Node] = {}
    stack = [v]
    while stack:
        n = stack.pop()
        if n.id not in found:
            found[n.id] = n
            stack += n.inputs
    return list(found.values())


def numbers(shape: tuple[Size, ...]) -> tuple[int, ...]:
    """Sizes at run time."""
    return tuple(evaluate(s, SIZES) for s in shape)


@contextmanager
def uncleared() -> Generator[None]:
    """New memory of the simulator is full of NaN (-1, True) meanwhile; a GPU clears it as always."""
    here: Any = device()
    if not here.simulated:
        yield
        return
    alloc = here.alloc

    def uncleared_alloc(nbytes: int, zero: bool = True) -> int:
        address: int = alloc(nbytes, zero=False)
        return address

    here.alloc, here.poison = uncleared_alloc, True
    try:
        yield
    finally:
        del here.alloc
        here.poison = False


def run_on(
    graph: Graph, leaves: Mapping[int, Arr], machine: Machine = SIMULATOR, *, fuse: bool = True, steps: int = 1
) -> tuple[list[Arr], Program]:
    """Outputs of a step on memory that nobody has cleared, and the program; further steps give the same bits."""
    program = compile_graph(graph, fuse=fuse, target="cuda", machine=machine)
    stored = [n for n in graph.nodes if n.op == "leaf" and n.kind == "param"]
    inputs = [leaves[n.id] for n in graph.leaves("input")]
    key = next((leaves[n.id] for n in graph.leaves("key")), np.zeros(2, np.uint32))
    with uncleared():
        executor = CudaExecutor(program, {n.id: Cell(leaves[n.id], name=n.name or "") for n in stored}, Options())
        outputs = executor.run(inputs, (), (int(key[0]), int(key[1])))
    for _ in range(1, steps):
        for a, b in zip(outputs, executor.run(inputs, (), (int(key[0]), int(key[1]))), strict=True):
            assert np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    return outputs, program


def why(program: Program) -> str:
    """How all kernels are mapped."""
    return "\n".join(f"{row.name}: {row.why}" for row in program.rows)


Make: TypeAlias = Callable[[Build], None]


@final
@dataclass(frozen=True)
class Mapped:
    """A program and what must be said of its mapping: words of `why` (or of the text of a kernel)."""

    make: Make
    words: tuple[str, ...] = ()
    machine: Machine = SIMULATOR
    roundings: float = ROUNDINGS


CASES: dict[str, Mapped] = {}


def case(*words: str, machine: Machine = SIMULATOR, roundings: float = ROUNDINGS) -> Callable[[Make], Make]:
    """Register a program under its name."""

    def register(make: Make) -> Make:
        CASES[make.__name__] = Mapped(make, words, machine, roundings)
        return make

    return register


# ---- a block for each row
@case(f"a block of 32 {IN_REGISTERS}")
def columns_that_four_does_not_divide(g: Build) -> None:
    g.out(g.b.op("softmax", g.floats(N, 7), axis=1), g.b.op("log_softmax", g.floats(3, 41), axis=1))


@case(FOUR, IN_REGISTERS)
def columns_by_four(g: Build) -> None:
    g.out(g.b.op("softmax", g.floats(N, 64), axis=1))


@case(f"a block of 64 {IN_REGISTERS}, {FOUR}", "if k < 1 or")
def columns_in_groups_of_a_block(g: Build) -> None:
    """Two warps, the second group not full; more rows than blocks."""
    g.out(g.b.op("layer_norm", g.floats(9, 300), g.floats(300), g.floats(300), eps=1e-2))


@case(AGAIN, "(blocks, 300)", machine=FEW)
def long_rows_with_costly_values(g: Build) -> None:
    """The exponentials go to a row of scratch for each block."""
    g.out(g.b.op("softmax", g.floats(9, 300), axis=1))


@case(AGAIN, FOUR, machine=FEW)
def long_rows_of_cheap_values(g: Build) -> None:
    g.out(g.b.op("layer_norm", g.floats(9, 300), g.floats(300), g.floats(300), eps=1e-2))


@case(AGAIN, "(blocks, Seq_size)")
def columns_counted_at_run_time(g: Build) -> None:
    g.out(g.b.op("softmax", g.floats(3, S), axis=1), g.b.op("logsumexp", g.floats(N, S), axis=(1,), keepdims=False))


@case(IN_REGISTERS)
def a_row_for_each_of_three_axes(g: Build) -> None:
    g.out(g.b.op("softmax", g.floats(2, N, 3, 12), axis=3), g.b.op("softmax", g.floats(2, N, 5), axis=0))


@case()
def axes_of_one(g: Build) -> None:
    x = g.floats(1, 1, 9)
    g.out(g.b.op("softmax", x, axis=1), g.b.sum(g.b.square(x), (0, 2)), g.b.op("softmax", g.floats(N, 1), axis=1))


# ---- a thread for each element
@case(EACH, "unravel")
def spaces_of_many_axes(g: Build) -> None:
    x, y = g.floats(2, N, 3, 5), g.floats(5, 3, 1, 2)
    g.out(g.b.mul(g.b.tanh(x), g.b.transpose(y, (3, 2, 1, 0))), g.b.transpose(g.floats(3, 2, N), (2, 0, 1)))


@case(EACH, FOUR)
def elements_by_four_with_a_rest(g: Build) -> None:
    x, y = g.floats(N, 3, 11), g.floats(7)
    g.out(g.b.mul(g.b.tanh(x), x), g.b.square(y))
    g.graph.outputs.append(g.b.cast(g.b.gt(x, g.b.like(0.0, x)), DType.bool))


@case(EACH)
def no_axes(g: Build) -> None:
    """A kernel of one thread, whose numbers come from rows of other kernels."""
    total = g.b.scale(g.b.sum(g.floats(4), (0,)), 0.25)
    more = g.b.add(total, g.b.sum(g.floats(N, 3), (0, 1)))
    g.out(g.b.add(more, g.b.tanh(g.floats())))


# ---- folds
@case(OUTPUTS)
def folds_that_keep_middle_axes(g: Build) -> None:
    x = g.floats(6, 3, 4)
    g.out(
        g.b.sum(g.b.square(x), (0,)), g.b.max(x, (1,)), g.b.op("min", g.floats(2, N, 3, 4), axis=(0, 2), keepdims=True)
    )


@case(SHARED, "registers(", "[block, ")
def folds_over_rows(g: Build) -> None:
    """The blocks share the rows and leave a partial result each; 300 columns are two groups."""
    g.out(g.b.sum(g.floats(N, 6), (0,)), g.b.sum(g.b.square(g.floats(9, 300)), (0,)), g.b.max(g.floats(N, 7), (0,)))


@case(SHARED, AGAIN, machine=FEW)
def folds_over_long_rows(g: Build) -> None:
    g.out(g.b.sum(g.b.square(g.floats(9, 300)), (0,)), g.b.op("min", g.floats(N, S), axis=(0,), keepdims=False))


@case(SHARED, EACH, roundings=2000)
def a_long_sum_of_a_run_time_size(g: Build) -> None:
    """Positive terms; 1,100 for each thread."""
    sizes = {**SIZES, Symbol("Long"): 70003}
    x = g.graph.leaf("input", "long", TensorType(DType.float32, (symbol("Long"),)))
    g.leaves[x.id] = g.rng.uniform(0.5, 1.0, sizes[Symbol("Long")]).astype(np.float32)
    y = g.floats(65540, low=0.5)
    g.graph.outputs += [
        g.b.sum(x, (0,)),
        g.b.max(x, (0,)),
        g.b.op("min", x, axis=(0,), keepdims=False),
        g.b.sum(y, (0,)),
    ]


@case()
def ties_and_nan_of_argmax(g: Build) -> None:
    rows = np.zeros((8, 70), np.float32)
    rows[1, 69], rows[1, 3], rows[1, 40] = 2, 2, 2  # in the second group, and twice before
    rows[2, 11], rows[2, 50] = np.nan, np.nan
    rows[3] = -np.inf
    rows[4], rows[4, 68] = -np.inf, -1.0
    rows[5, 0], rows[5, 69] = np.inf, np.nan
    rows[6, 1], rows[6, 2] = 0.0, -0.0
    rows[7] = -1
    for x in (g.given(rows, 8, 70), g.given(rows[:5, :37], N, S), g.given(rows[:5], N, 70)):
        g.out(*(g.b.op("argmax", x, axis=axes, keepdims=False) for axes in ((1,), (0,), (0, 1))))
        g.graph.outputs += [g.b.op(f, x, axis=(1,), keepdims=False) for f in ("max", "min")]


@case(SHARED)
def folds_of_integers(g: Build) -> None:
    for dtype, folds in (("int64", ((0,), (1,), (0, 1))), ("int32", ((1,),)), ("uint32", ((0,), (1,)))):
        x, y = g.ints(1000, N, 9, dtype=dtype), g.ints(1000, 6, 3, 4, dtype=dtype)
        for fn in ("sum", "max", "min", "argmax"):
            g.graph.outputs += [g.b.op(fn, x, axis=axes, keepdims=False) for axes in folds]
            g.graph.outputs.append(g.b.op(fn, y, axis=(1,), keepdims=False))
    g.graph.outputs.append(g.b.op("max", g.given(np.full((3, 5), -7), 3, 5), axis=(1,), keepdims=False))


@case()
def conditions(g: Build) -> None:
    """Bools in memory, four at a time and alone, and folded as numbers."""
    x, flags = g.floats(N, 8), g.given(g.rng.random((5, 8)) < 0.5, N, 8)
    both = g.b.op("logical_and", flags, g.b.gt(x, g.b.like(0.0, x)))
    g.graph.outputs += [both, g.b.op("logical_not", flags), g.b.transpose(both, (1, 0))]
    for axes in ((0,), (1,), (0, 1)):
        count = g.b.op("sum", g.b.cast(both, DType.int64), axis=axes, keepdims=False)
        g.graph.outputs += [count, g.b.cast(count, DType.bool)]
    g.out(g.b.where(both, x, g.b.square(x)))


# ---- products, movement, indices
@case("library product")
def products_in_two_loops(g: Build) -> None:
    g.out(g.b.einsum("abij,bajk->abik", g.floats(2, 3, 4, 5), g.floats(3, 2, 5, 2)))
    g.out(g.b.einsum("abij,abkj->abik", g.floats(2, N, 3, 4), g.floats(2, N, 6, 4)))
    g.out(g.b.einsum("nij,nj->ni", g.floats(N, 3, 4), g.floats(N, 4)))


@case()
def joined_padded_and_sliced(g: Build) -> None:
    x, y = g.floats(N, 5), g.floats(N, 3)
    g.out(g.b.op("concat", x, y, axis=1), g.b.op("concat", g.floats(2, 4), g.floats(3, 4), axis=0))
    g.out(g.b.op("unslice", g.b.tanh(x), starts=(0, 1), steps=(1, 2), shape=(N, 11)))
    g.out(g.b.op("slice", g.b.op("softmax", g.floats(6, 8), axis=1), starts=(5, 3), steps=(-2, 1), shape=(3, 4)))


@case()
def looked_up(g: Build) -> None:
    table, x = g.floats(6, 4), g.floats(N, 6)
    g.out(g.b.op("take", table, g.ints(6, N, 2), axis=0), g.b.op("take", table, g.ints(4, 3), axis=1))
    g.out(g.b.op("take_along_axis", x, g.ints(6, N, 3), axis=1), g.b.op("take_along_axis", x, g.ints(6, N, 1), axis=1))
    ids = g.ints(6, N)
    loss = g.b.op("cross_entropy", x, ids, reduction="mean", label_smoothing=0.1, ignore_index=None)
    g.out(g.b.op("embedding", ids, table), loss)


@case("a block for each update, no atomics", "syncthreads_or")
def rows_scattered(g: Build) -> None:
    """More updates than threads, most of them of an index that was there before; rows of no, one and several axes."""
    g.out(g.b.op("index_add", g.ints(4, 70), g.floats(70), axis=0, size=9))
    g.out(g.b.op("index_add", g.ints(4, N), g.floats(N, 6), axis=0, size=4))
    g.out(g.b.op("index_add", g.ints(3, N, 2), g.floats(3, N, 2, 2), axis=1, size=4))
    g.graph.outputs.append(g.b.op("index_add", g.ints(3, N), g.ints(9, N, 3, dtype="int32"), axis=0, size=5))


@case(f"{OUTPUTS}, no atomics")
def scattered_along_an_axis(g: Build) -> None:
    g.out(g.b.op("scatter_along_axis", g.ints(9, N, 6), g.floats(N, 6), axis=1, size=9))
    g.out(g.b.op("scatter_along_axis", g.ints(2, 3, 4), g.floats(3, 4), axis=0, size=2))


# ---- the tests
def check(name: str, machine: Machine, fuse: bool = True) -> Program:
    found = CASES[name]
    g = Build()
    found.make(g)
    sizes = {n.type.shape[0]: len(g.leaves[n.id]) for n in g.graph.leaves("input")}
    env = {**SIZES, **({Symbol("Long"): sizes[symbol("Long")]} if symbol("Long") in sizes else {})}
    want = interpret(g.graph, g.leaves, env)
    got, program = run_on(g.graph, g.leaves, machine, fuse=fuse, steps=2 if fuse and machine is SIMULATOR else 1)
    for i, (node, value) in enumerate(zip(g.graph.outputs, got, strict=True)):
        assert close(value, want[node.id], found.roundings), f"output {i} ({node!r}): {gap(value, want[node.id])}"
    return program


@pytest.mark.parametrize("name", CASES)
def test_fused(name: str) -> None:
    program = check(name, CASES[name].machine)
    said = why(program)
    for words in CASES[name].words:
        assert words in said or words in program.source, said


@pytest.mark.parametrize("name", CASES)
def test_one_operation_a_kernel(name: str) -> None:
    check(name, CASES[name].machine, fuse=False)


NO_ROWS = {
    "spaces_of_many_axes", "elements_by_four_with_a_rest", "no_axes", "a_long_sum_of_a_run_time_size",
    "products_in_two_loops", "rows_scattered", "scattered_along_an_axis",
}  # fmt: skip


@pytest.mark.parametrize("name", [n for n in CASES if CASES[n].machine is SIMULATOR and n not in NO_ROWS])
def test_few_registers(name: str) -> None:
    check(name, FEW)


@pytest.mark.parametrize("name", ["columns_that_four_does_not_divide", "folds_over_rows", "no_axes"])
def test_the_reference_device(name: str) -> None:
    """With the constants of a GPU: more threads and blocks than there is work."""
    check(name, CUDA)


def test_kernels_are_told_apart_by_how_they_are_mapped() -> None:
    """Every way occurs in these tests."""
    seen: set[str] = set()
    for found in CASES.values():
        seen.update(found.words)
    text = "\n".join(seen)
    for words in (IN_REGISTERS, AGAIN, FOUR, EACH, SHARED, OUTPUTS, "no atomics", "(blocks, "):
        assert words in text
