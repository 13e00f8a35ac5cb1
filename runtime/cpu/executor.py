"""Runs a compiled program on the CPU: one call into compiled code per step, nothing allocated inside it."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

import numpy as np
from numpy.typing import NDArray

from ...compiler.errors import CompileError, ShapeError
from ...compiler.ir.graph import Node
from ...compiler.plan import Form, Plan, plan
from ...compiler.program import Program
from ...compiler.sizes import evaluate
from ..binding import index_error, sizes_of

if TYPE_CHECKING:
    from .driver import Plan as Table
    from .loader import LoadedModule
    from .pool import Pool

Array = NDArray[np.generic]
_ALIGN: Final = 64


def aligned(nbytes: int) -> NDArray[np.uint8]:
    """Zeroed bytes that begin on a cache line."""
    raw = np.zeros(nbytes + _ALIGN, np.uint8)
    start = -raw.ctypes.data % _ALIGN
    return raw[start : start + nbytes]


@final
@dataclass(slots=True)
class Bound:
    """A program at given sizes: its table in memory, and the arrays that the table points to."""

    plan: Plan
    table: Table
    slots: NDArray[np.int64]
    large: list[tuple[int, tuple[int, ...], np.dtype[np.generic]]]  # outputs that get a fresh array every step
    fixed: list[Array | None]  # buffers of outputs of rank 0, which are copied out; None for large ones
    seen: list[Array | None]  # the inputs whose addresses are in the slots
    memory: list[Array]


@final
class Numbers:
    """Run-time scalars (learning rate, ...) in one block, written with one call."""

    def __init__(self, dtypes: Sequence[np.dtype[np.generic]]) -> None:
        self._pack: Final = struct.Struct("=" + "".join("d" if d == np.float64 else "f" for d in dtypes))
        self._block: Final = aligned(max(self._pack.size, 1))
        self._memory: Final = self._block.data
        ends = np.cumsum([0, *(d.itemsize for d in dtypes)])
        self.views: Final = [self._block[a:b].view(d) for a, b, d in zip(ends, ends[1:], dtypes, strict=False)]

    def write(self, values: Sequence[float]) -> None:
        """Set all of them; `struct.error` if their number is wrong. One too large for float32 is infinite."""
        try:
            self._pack.pack_into(self._memory, 0, *values)
        except OverflowError:
            with np.errstate(over="ignore"):
                self._pack.pack_into(self._memory, 0, *[float(np.float32(x)) for x in values])


@final
class Executor:
    """Binds a program's leaves to arrays and runs it.

    Args:
        program: what to run.
        storage: leaf of the graph that was compiled -> C-contiguous array of its type; parameters and optimizer
            state are overwritten in place by updates.
        workers: threads that share a step; default: one per CPU that this process may use.
    """

    def __init__(self, program: Program, storage: Mapping[int, Array], workers: int | None = None) -> None:
        from . import loader
        from .pool import default_workers, pool

        self.program: Final = program
        self.workers: Final = workers or default_workers()
        self.module: Final[LoadedModule] = loader.load(program.source, program.name)
        self._pool: Final[Pool] = pool
        program.path = str(self.module.path)
        for k in program.kernels:
            k.path, k.inspect = program.path, self._inspect
        graph = program.graph
        self._inputs: Final = graph.leaves("input")
        self._outputs: Final = [n.type for n in graph.outputs]
        scalars, keys = graph.leaves("scalar"), graph.leaves("key")
        self._leaf: dict[int, Array] = {program.leaves[i]: a for i, a in storage.items()}
        self._leaf |= {i: np.ascontiguousarray(a) for i, a in graph.constants.items()}
        self._numbers: Final = Numbers([n.type.dtype.numpy for n in scalars])
        self._leaf |= {n.id: a for n, a in zip(scalars, self._numbers.views, strict=True)}
        self._key: Final = np.zeros(2, np.uint32)
        self._leaf |= {n.id: self._key for n in keys}
        for n in graph.nodes:
            if n.op == "leaf" and n.kind not in ("input",) and n.id not in self._leaf:
                raise CompileError(f"{n.kind} {n.name} has no array", code="SW505")
            if n.id in self._leaf:
                check_storage(n, self._leaf[n.id])
        self._bound: dict[tuple[tuple[int, ...], ...], Bound] = {}
        self._shapes: tuple[tuple[int, ...], ...] | None = None
        self._last: Bound | None = None
        self._dtypes: Final = [n.type.dtype.numpy for n in self._inputs]

    def _inspect(self, kernel: str, what: str) -> str:
        return self.module.llvm(kernel) if what == "llvm" else self.module.asm(kernel)

    def run(self, inputs: Sequence[Array], scalars: Sequence[float] = (), key: tuple[int, int] = (0, 0)) -> list[Array]:
        """One step. Returns fresh arrays, one per output of the graph.

        Raises:
            IndexOutOfRange: an index was outside its axis; parameters and state are unchanged.
            ShapeError: inputs whose sizes do not fit the program.
        """
        arrays = [
            x if x.dtype == d and x.flags.c_contiguous else np.ascontiguousarray(x, d)
            for x, d in zip(inputs, self._dtypes, strict=True)
        ]
        shapes = tuple([x.shape for x in arrays])
        if shapes != self._shapes:
            self._last = self._bound.get(shapes) or self._bound.setdefault(shapes, self.bind(shapes))
            self._shapes = shapes
        bound = self._last
        assert bound is not None
        slots, seen = bound.slots, bound.seen
        for i, x in enumerate(arrays):
            if x is not seen[i]:  # asking NumPy for an address costs more than the rest of this loop
                slots[i] = x.ctypes.data
                seen[i] = x
        self._numbers.write(scalars)
        self._key[0], self._key[1] = key
        fresh: list[Array] = []
        for i, shape, dtype in bound.large:
            out = np.empty(shape, dtype)
            slots[len(arrays) + i] = out.ctypes.data
            fresh.append(out)
        flag = self._pool.run(bound.table.address, bound.table.workers)
        if flag:
            raise index_error(self.program.schedule.program.sites[flag - 1])
        if not fresh:
            return [f.copy() for f in bound.fixed if f is not None]
        later = iter(fresh)
        return [next(later) if f is None else f.copy() for f in bound.fixed]

    def bind(self, shapes: tuple[tuple[int, ...], ...]) -> Bound:
        """The table for inputs of these shapes: arithmetic, no compilation."""
        from . import builtins, driver, folds

        env = sizes_of([n.type for n in self._inputs], shapes, [n.name or "" for n in self._inputs])
        p = plan(self.program, env, self.workers)
        arena, scratch = aligned(p.arena), aligned(p.scratch * p.workers)
        outputs = [tuple(evaluate(s, env) for s in n.shape) for n in self._outputs]
        fixed: list[Array | None] = [
            np.zeros((), n.dtype.numpy) if s == () else None for n, s in zip(self._outputs, outputs, strict=True)
        ]
        slots = np.zeros(len(self._inputs) + len(outputs) + 1, np.int64)
        for i, buffer in enumerate(fixed):
            if buffer is not None:
                slots[len(self._inputs) + i] = buffer.ctypes.data
        flags = np.zeros(8, np.int64)
        first = {n.id: i for i, n in enumerate(self._inputs)}
        address = {i: int(a.ctypes.data) for i, a in self._leaf.items()}
        base = {"arena": int(arena.ctypes.data), "scratch": int(scratch.ctypes.data)}
        base |= {"flags": int(flags.ctypes.data), "number": 0}

        def form(f: Form) -> tuple[int, ...]:
            slot, start = -1, f.base
            if f.ref.where == "output":
                slot = len(self._inputs) + f.ref.index
            elif f.ref.where == "leaf" and f.ref.index in first:
                slot = first[f.ref.index]
            elif f.ref.where == "leaf":
                start += address[f.ref.index]
            else:
                start += base[f.ref.where]
            return slot, start, f.per_start, f.per_worker, f.per_count, f.per_tile

        def entry(name: str) -> int:
            if name in self.module.kernels:
                return self.module.address(name)
            return folds.address(name) if name in folds.NAMES else builtins.address(name)

        width = max([len(forms) for forms in p.forms], default=1)
        rows = np.array([(entry(f), len(x)) for f, x in zip(p.functions, p.forms, strict=True)], np.int64).reshape(
            -1, 2
        )
        coef = np.zeros((len(rows), width, 6), np.int64)
        coef[:, :, 0] = -1
        for i, forms in enumerate(p.forms):
            coef[i, : len(forms)] = [form(x) for x in forms]
        items = np.array(p.items, np.int64).reshape(-1, 5)
        ranges = np.array(p.ranges, np.int64).reshape(-1, p.workers, 2)
        table = driver.make_plan(
            rows, coef, items, ranges, slots, flags, first_update=p.first_update, control=self._pool.control
        )
        large = [(i, s, t.dtype.numpy) for i, (s, t) in enumerate(zip(outputs, self._outputs, strict=True)) if s != ()]
        return Bound(p, table, slots, large, fixed, [None] * len(shapes), [arena, scratch])


def check_storage(n: Node, a: Array) -> None:
    """The array bound to a leaf has its type, and is contiguous and writable in place."""
    shape = tuple(a.shape) or (1,)
    want = n.type.shape or (1,)
    if a.dtype != n.type.dtype.numpy or shape != want or not a.flags.c_contiguous:
        raise ShapeError(f"{n.kind} {n.name} is {n.type}, its array is {a.dtype.name}{list(a.shape)}", code="SW101")
