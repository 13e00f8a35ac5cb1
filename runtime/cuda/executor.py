"""Runs a compiled program on a CUDA device: values stay there, and a step is one graph that is replayed.

The first step of a set of input shapes runs launch by launch, which loads what it needs; the second records the same
launches as a graph, and every later one is: inputs and numbers up, the graph, results down.
"""

from __future__ import annotations

import contextlib
import itertools
import struct
import weakref
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from ...compiler.cuda_calls import Address, Call, Clear, FoldCall, KernelLaunch, ProductCall
from ...compiler.cuda_plan import cuda_plan
from ...compiler.errors import CompileError, DeviceError
from ...compiler.program import Program
from ...compiler.sizes import evaluate
from ..binding import index_error, sizes_of
from . import builtins
from .blas import Loop, Precision, Product, provider
from .device import RUNNING, Device, Graph, device
from .inputs import DeviceInput
from .inspection import attach
from .loader import LoadedModule, load
from .memory import Arena, DeviceMirror, mirrors_of, padded

if TYPE_CHECKING:
    from ..options import Options
    from ..params import Cell

Array: TypeAlias = NDArray[Any]
Shapes: TypeAlias = tuple[tuple[int, ...], ...]

SMALL: Final = 4096
"""Outputs of at most this many bytes are downloaded together with the error flag."""
SIGNATURES: Final = 16
"""Sets of input shapes whose memory and graph a program keeps; the one used longest ago goes first."""
FLAGS: Final = 64  # bytes at the beginning of the results: word 0 is the number of the failing index site


@final
@dataclass(frozen=True, slots=True)
class Output:
    """Where an output lies among the results, and what it is."""

    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def nbytes(self) -> int:
        """Bytes of its values."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize


@final
@dataclass(frozen=True, slots=True)
class Zeros:
    """Memory that a step clears."""

    address: int
    nbytes: int

    def enqueue(self, device: Device) -> None:
        """Put it on the device's stream (or into the recording)."""
        device.zero(self.address, self.nbytes)


Ready: TypeAlias = "tuple[Any, int, int, tuple[int, ...]] | Product | Zeros"


@final
@dataclass(slots=True)
class Bound:
    """A program at given input shapes: its memory, and its calls with addresses."""

    memory: Arena
    tables: Arena  # what launches read that does not change from step to step
    inputs: list[int]
    results: int
    small: Array  # the host's copy of the flag and the small outputs
    outputs: list[Output]
    calls: list[Call]
    run: list[Ready]
    updates_from: int  # the first call that overwrites a cell
    seen: list[object] = field(default_factory=list[object])
    runs: int = 0
    graph: Graph | None = None

    def close(self) -> None:
        """Give back its graph and memory."""
        if self.graph is not None:
            self.graph.close()
        self.memory.close()
        self.tables.close()


@final
class CudaExecutor:
    """Binds a program's leaves to mirrors of cells and runs it.

    Raises:
        DeviceError: no device, too little memory, or a device that failed.
    """

    def __init__(self, program: Program, storage: Mapping[int, Cell], options: Options) -> None:
        self.program: Final = program
        self.device: Final[Device] = device()
        self.module: Final[LoadedModule] = load(program.source, program.name)
        self._precision: Final[Precision] = options.matmul_precision
        attach(program, self.module, self.device.arch)
        program.products = provider(self._precision)[1]
        graph = program.graph
        self._inputs: Final = graph.leaves("input")
        self._types: Final = [n.type for n in self._inputs]
        self._names: Final = [n.name or "" for n in self._inputs]
        self._dtypes: Final = [t.dtype.numpy for t in self._types]
        cells = {program.leaves[i]: c for i, c in storage.items()}
        for n in graph.nodes:
            if n.op == "leaf" and n.kind in ("param", "state", "grad") and n.id not in cells:
                raise CompileError(f"{n.kind} {n.name} has no array", code="SW505")
        order = sorted(cells.values(), key=lambda c: not c.requires_grad)
        mirrors_of(self.device, order)
        self._mirrors: Final[dict[int, DeviceMirror]] = {i: mirrors_of(self.device, [c])[0] for i, c in cells.items()}
        self._all: Final = tuple(dict.fromkeys(self._mirrors.values()))
        self._updated: Final = tuple(self._mirrors[leaf.id] for leaf, _ in graph.updates)
        self._fixed, self._control, self._pack = self._place_numbers()
        self._functions: dict[str, Any] = {}
        self._bound: OrderedDict[Shapes, Bound] = OrderedDict()
        weakref.finalize(self, _close, self._bound).atexit = False

    def _place_numbers(self) -> tuple[dict[int, int], Arena, struct.Struct]:
        """Memory for the key, the scalars and the constants; the first two are written with one copy a step."""
        graph, at = self.program.graph, {m: x.address for m, x in self._mirrors.items()}
        layout, offset = "=2I", 8
        scalars: dict[int, int] = {}
        for n in graph.leaves("scalar"):
            wide = n.type.dtype.itemsize == 8
            pad = -offset % 16
            layout += f"{pad}x{'d' if wide else 'f'}"
            scalars[n.id] = offset + pad
            offset += pad + n.type.dtype.itemsize
        pack = struct.Struct(layout)
        arena = Arena(self.device, padded(pack.size) + sum(padded(a.nbytes) for a in graph.constants.values()))
        at |= {n.id: arena.address for n in graph.leaves("key")}
        at |= {i: arena.address + o for i, o in scalars.items()}
        address = arena.address + padded(pack.size)
        for i, a in graph.constants.items():
            self.device.upload(address, np.ascontiguousarray(a))
            at[i] = address
            address += padded(a.nbytes)
        return at, arena, pack

    # ---- a step
    def run(
        self, inputs: Sequence[Array | DeviceInput], scalars: Sequence[float] = (), key: tuple[int, int] = (0, 0)
    ) -> list[Array]:
        """One step. Returns fresh arrays, one per output of the graph.

        Raises:
            IndexOutOfRange: an index was outside its axis; parameters and state are unchanged.
            ShapeError: inputs whose sizes do not fit the program. DeviceError: the device failed.
        """
        with RUNNING:
            return self._run(inputs, scalars, key)

    def _run(
        self, inputs: Sequence[Array | DeviceInput], scalars: Sequence[float], key: tuple[int, int]
    ) -> list[Array]:
        bound = self._bind(tuple([x.shape for x in inputs]))
        for m in self._all:
            if m.stale:
                m.upload()
        for x, dtype, address in zip(inputs, self._dtypes, bound.inputs, strict=True):
            if isinstance(x, DeviceInput):
                self.device.wait_for(x.stream)
                self.device.copy(address, x.address, x.nbytes)
            else:
                self.device.upload(address, np.ascontiguousarray(x, dtype))
        self.device.upload(self._control.address, np.frombuffer(packed(self._pack, key, scalars), np.uint8))
        for m in self._updated:  # before the launches: whatever happens now, the host's arrays may be behind
            m.newer = True
        self._step(bound)
        self.device.download(bound.results, bound.small)
        flag = int(bound.small[:8].view(np.int64)[0])
        if flag:
            raise index_error(self.program.schedule.program.sites[flag - 1])
        return [self._result(bound, o) for o in bound.outputs]

    def _step(self, bound: Bound) -> None:
        """The launches: one by one the first time, then as a graph."""
        bound.runs += 1
        if bound.runs == 1:
            self._first(bound)
            return
        if bound.graph is None:
            with self.device.capture() as graph:
                self._enqueue(bound)
            bound.graph = graph
        bound.graph.launch()

    def _first(self, bound: Bound) -> None:
        done = 0
        try:
            for done in range(len(bound.run) + 1):
                self._enqueue(bound, done, done + 1)
            self.device.synchronize()
        except BaseException as error:
            bound.runs = 0
            if isinstance(error, DeviceError) and done > bound.updates_from and self._updated:
                error.diagnostic.notes[:] = [
                    "some parameters had been updated before it: the trainer is in between steps"
                ]
                error.diagnostic.help = "load a checkpoint, or set the values, before going on"
            raise

    def _enqueue(self, bound: Bound, first: int = 0, last: int | None = None) -> None:
        """Put calls on the stream, `first` 0 being the clearing of the error flag."""
        if first == 0:
            self.device.zero(bound.results, FLAGS)
        for call in bound.run[max(first - 1, 0) : None if last is None else max(last - 1, 0)]:
            if isinstance(call, Product | Zeros):
                call.enqueue(self.device)
            else:
                self.device.launch(*call)

    def _result(self, bound: Bound, o: Output) -> Array:
        if o.nbytes <= SMALL:
            return bound.small[o.offset : o.offset + o.nbytes].view(o.dtype).reshape(o.shape).copy()
        out = np.empty(o.shape, o.dtype)
        self.device.download(bound.results + o.offset, out)
        return out

    # ---- binding
    def _bind(self, shapes: Shapes) -> Bound:
        found = self._bound.get(shapes)
        if found is None:
            found = self._bound[shapes] = self._make(shapes)
            if len(self._bound) > SIGNATURES:
                self._bound.popitem(last=False)[1].close()
        self._bound.move_to_end(shapes)
        return found

    def _make(self, shapes: Shapes) -> Bound:
        """Plan the step for inputs of these shapes, and get its memory."""
        env = sizes_of(self._types, shapes, self._names)
        sizes = [
            padded(int(np.prod(s, dtype=np.int64)) * d.itemsize) for s, d in zip(shapes, self._dtypes, strict=True)
        ]
        # Inputs lie one after the other too (gradients that are given): where from does not matter to the plan.
        ends = itertools.accumulate(sizes, initial=0)
        places = {n.id: at for n, at in zip(self._inputs, ends, strict=False)}
        p = cuda_plan(self.program, env, places | {i: m.address for i, m in self._mirrors.items()})
        results, outputs = FLAGS, [Output(0, (), np.dtype(np.float32))] * len(self.program.graph.outputs)
        types = [n.type for n in self.program.graph.outputs]
        sized = [Output(0, tuple(evaluate(s, env) for s in t.shape), t.dtype.numpy) for t in types]
        small = FLAGS
        for i, o in sorted(enumerate(sized), key=lambda pair: pair[1].nbytes > SMALL):
            outputs[i] = Output(results, o.shape, o.dtype)
            results += padded(o.nbytes)
            small = results if o.nbytes <= SMALL else small
        rooms = [table_bytes(c) for c in p.calls]
        memory, kept = self._memory(results + sum(sizes) + p.arena, shapes), self._memory(sum(rooms), shapes)
        tables = itertools.accumulate(rooms, initial=kept.address)
        at = memory.address + results
        inputs: list[int] = []
        for size in sizes:
            inputs.append(at)
            at += size
        bound = Bound(
            memory, kept, inputs, memory.address, np.zeros(small, np.uint8), outputs, p.calls, [], len(p.calls)
        )
        where = self._fixed | {n.id: a for n, a in zip(self._inputs, inputs, strict=True)}
        try:
            bound.run += [self._ready(c, bound, where, at, table) for c, table in zip(p.calls, tables, strict=False)]
        except BaseException:
            bound.close()
            raise
        updates = [i for i, rows in enumerate(p.rows) if any(n.into is not None for r in rows for n in r.writes)]
        bound.updates_from = min(updates, default=len(p.calls))
        return bound

    def _memory(self, nbytes: int, shapes: Shapes) -> Arena:
        try:
            return Arena(self.device, nbytes)
        except DeviceError as error:
            given = ", ".join(f"{n} {list(s)}" for n, s in zip(self._names, shapes, strict=True))
            error.diagnostic.notes.append(f"{self.program.name} wanted it for inputs {given}")
            raise

    def _ready(self, call: Call, bound: Bound, leaves: Mapping[int, int], arena: int, tables: int) -> Ready:
        """A call with addresses for its operands; `tables`: where its table goes, if it has one."""

        def address(a: Address) -> int:
            match a.ref.where:
                case "leaf":
                    return leaves[a.ref.index] + a.offset
                case "output":
                    return bound.results + bound.outputs[a.ref.index].offset + a.offset
                case "arena":
                    return arena + a.offset
                case "flags":
                    return bound.results
                case _:
                    return a.offset

        if isinstance(call, Clear):
            return Zeros(address(call.at), call.nbytes)
        if isinstance(call, KernelLaunch):
            return self._function(call.kernel), call.blocks, call.threads, tuple(map(address, call.args))
        if isinstance(call, FoldCall):
            table, grid = fold_table(call, address)
            self.device.upload(tables, table)
            return self._function(call.kernel), grid, builtins.COMBINE_BLOCK, (tables, len(table))
        return _product(call, address(call.a), address(call.b), address(call.c), self._precision, self.device)

    def _function(self, name: str) -> Any:
        if name not in self._functions:
            own = name in self.module.kernels
            module = self.module if own else builtins.module()
            self._functions |= self.device.functions(module, [name])
        return self._functions[name]


def packed(layout: struct.Struct, key: tuple[int, int], scalars: Sequence[float]) -> bytes:
    """The key and the numbers of a step as the device reads them; one too large for float32 is infinite."""
    try:
        return layout.pack(*key, *scalars)
    except OverflowError:
        with np.errstate(over="ignore"):
            return layout.pack(*key, *[float(np.float32(x)) for x in scalars])


def table_bytes(call: Call) -> int:
    """Memory for the table of a call."""
    return padded(40 * len(call.folds)) if isinstance(call, FoldCall) else 0


def fold_table(call: FoldCall, address: Callable[[Address], int]) -> tuple[Array, int]:
    """The table that a launch of folds reads (builtins.COMBINES), and its blocks."""
    firsts = builtins.combine_grid([f.columns for f in call.folds])
    rows = [
        (address(f.partials), address(f.out), f.columns, f.blocks, first)
        for f, first in zip(call.folds, firsts, strict=False)
    ]
    return np.array(rows, np.int64), firsts[-1]


def _close(bound: OrderedDict[Shapes, Bound]) -> None:
    """Give back the graphs and the memory of an executor that nobody holds any more."""
    with contextlib.suppress(DeviceError):
        while bound:
            bound.popitem()[1].close()


def _product(c: ProductCall, a: int, b: int, out: int, precision: Precision, target: Device) -> Product:
    loops = tuple(Loop(x.count, x.a, x.b, x.c) for x in c.loops)
    product = Product(
        c.m, c.n, c.k, a, c.lda, c.trans_a, b, c.ldb, c.trans_b, out, c.ldc, loops,
        "f64" if c.dtype == "f64" else "f32", precision,
    )  # fmt: skip
    product.prepare(target)
    return product
