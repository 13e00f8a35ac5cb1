"""Operations performed one by one on a device: each is a program of one node, compiled once for its types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final, cast, final

import numpy as np

from ...compiler.codegen.cuda import CUDA, SIMULATOR
from ...compiler.compile import compile_graph
from ...compiler.cuda_calls import Address, Clear, FoldCall, KernelLaunch
from ...compiler.cuda_plan import cuda_plan
from ...compiler.ir.attrs import Attrs
from ...compiler.ir.graph import Graph, Node
from ...compiler.loc import user_loc
from ...compiler.ops.table import OPS, infer
from ...compiler.types import DType, TensorType
from ..binding import index_error
from . import builtins
from .arrays import Arr, DeviceArray, Lease, Pool
from .blas import Loop, Precision, Product
from .device import RUNNING, Device, device
from .executor import fold_table
from .inputs import DeviceInput
from .loader import load

FLAGS: Final = 16


@final
class OneOp:
    """The launches of one operation for operands of given types."""

    def __init__(self, target: Device, op: str, attrs: Attrs, types: tuple[TensorType, ...]) -> None:
        graph = Graph(infer, name=op)
        leaves = [graph.leaf("input", f"x{i}", t) for i, t in enumerate(types)]
        graph.outputs = [graph.add(op, leaves, attrs)]
        program = compile_graph(graph, target="cuda", machine=SIMULATOR if target.simulated else CUDA)
        self.reference: Final = partial(_on_host, op, attrs)
        self.type: Final = graph.outputs[0].type
        self.plan: Final = cuda_plan(program, {})
        self.sites: Final[list[Node]] = program.schedule.program.sites
        self.order: Final = {program.leaves[n.id]: i for i, n in enumerate(leaves)}
        module = load(program.source, op)
        self.functions: Final[dict[str, Any]] = {}
        for call in self.plan.calls:
            if isinstance(call, KernelLaunch | FoldCall):
                home = module if isinstance(call, KernelLaunch) else builtins.module()
                self.functions.update(target.functions(home, [call.kernel]))


@final
class DeviceOps:
    """Performs operations on `DeviceArray`s; arrays of the host among the operands are copied first."""

    def __init__(self, precision: Precision) -> None:
        self.device: Final[Device] = device()
        self.pool: Final = _pool(self.device)
        self._precision: Final = precision
        self._flags: Final = Lease(self.pool, FLAGS)
        self._numbers: dict[Attrs, DeviceArray] = {}

    # ---- values
    def new(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> DeviceArray:
        """An array whose elements nobody has written."""
        lease = Lease(self.pool, int(np.prod(shape, dtype=np.int64)) * dtype.itemsize)
        return DeviceArray(self.device, lease.address, shape, dtype, lease, self._cast)

    def on(self, address: int, shape: tuple[int, ...], dtype: np.dtype[Any], keep: object) -> DeviceArray:
        """An array on memory that something else owns."""
        return DeviceArray(self.device, address, shape, dtype, keep, self._cast)

    def lift(self, x: Arr | DeviceInput | DeviceArray) -> DeviceArray:
        """A value of this device."""
        if isinstance(x, DeviceArray):
            return x
        out = self.new(x.shape, x.dtype)
        if isinstance(x, DeviceInput):  # copied, since kernels want aligned and padded memory
            self.device.wait_for(x.stream)
            self.device.copy(out.address, x.address, x.nbytes)
            return out
        self.device.upload(out.address, np.ascontiguousarray(x))
        return out

    def _cast(self, x: DeviceArray, dtype: DType) -> DeviceArray:
        return cast("DeviceArray", self.perform("cast", (cast("Any", x),), Attrs({"dtype": dtype.value})))

    # ---- operations
    def perform(self, op: str, args: tuple[Arr, ...], attrs: Attrs) -> Arr:
        """Run one operation. IndexOutOfRange as soon as an index is outside its axis."""
        with RUNNING:
            return self._perform(op, args, attrs)

    def _perform(self, op: str, args: tuple[Arr, ...], attrs: Attrs) -> Arr:
        if op == "const":
            return cast("Arr", self._number(attrs))
        operands = tuple(self.lift(x) for x in args)
        types = tuple(x.type for x in operands)
        out_type = infer(op, types, attrs)
        if any(0 in t.shape for t in (*types, out_type)):  # kernels assume sizes of at least 1
            return cast("Arr", self.lift(_on_host(op, attrs, operands)))
        return cast("Arr", self._run(_one(self.device, op, attrs, types), operands))

    def _number(self, attrs: Attrs) -> DeviceArray:
        """A constant: copied to the device once."""
        if attrs not in self._numbers:
            self._numbers[attrs] = self.lift(np.asarray(OPS["const"].reference((), attrs)))
        return self._numbers[attrs].view()

    def _run(self, one: OneOp, operands: tuple[DeviceArray, ...]) -> DeviceArray:
        out = self.new(cast("tuple[int, ...]", one.type.shape), one.type.dtype.numpy)
        arena = Lease(self.pool, one.plan.arena) if one.plan.arena else None
        leaves = {leaf: operands[i].address for leaf, i in one.order.items()}
        if one.sites:
            self.device.zero(self._flags.address, FLAGS)

        def address(a: Address) -> int:
            base: Mapping[str, int] = {
                "leaf": leaves.get(a.ref.index, 0) if a.ref.where == "leaf" else 0,
                "output": out.address,
                "arena": arena.address if arena is not None else 0,
                "flags": self._flags.address,
                "number": 0,
            }
            return base[a.ref.where] + a.offset

        for call in one.plan.calls:
            if isinstance(call, Clear):
                self.device.zero(address(call.at), call.nbytes)
                continue
            if isinstance(call, FoldCall):
                table, grid = fold_table(call, address)
                room = Lease(self.pool, table.nbytes)
                self.device.upload(room.address, table)
                self.device.launch(one.functions[call.kernel], grid, builtins.COMBINE_BLOCK, [room.address, len(table)])
                continue
            if isinstance(call, KernelLaunch):
                arguments = [address(a) for a in call.args]
                self.device.launch(one.functions[call.kernel], call.blocks, call.threads, arguments)
                continue
            loops = tuple(Loop(x.count, x.a, x.b, x.c) for x in call.loops)
            Product(
                call.m, call.n, call.k, address(call.a), call.lda, call.trans_a, address(call.b), call.ldb, call.trans_b,
                address(call.c), call.ldc, loops, "f64" if call.dtype == "f64" else "f32", self._precision,
            ).enqueue(self.device)  # fmt: skip
        if one.sites:
            self._check(one, operands)
        return out

    def _check(self, one: OneOp, operands: Sequence[DeviceArray]) -> None:
        flag = np.zeros(1, np.int64)
        self.device.download(self._flags.address, flag)
        if flag[0]:
            one.reference(operands)  # raises the same, and says how many indices are outside
            raise index_error(one.sites[int(flag[0]) - 1]).at(user_loc())


def _on_host(op: str, attrs: Attrs, operands: Sequence[DeviceArray]) -> Arr:
    return OPS[op].reference(tuple(x.fetch() for x in operands), attrs)


_pools: Final[dict[int, Pool]] = {}
_ops: Final[dict[tuple[object, ...], OneOp]] = {}


def _pool(target: Device) -> Pool:
    """The pool of a device, shared by all that run on it."""
    return _pools.setdefault(id(target), Pool(target))


def _one(target: Device, op: str, attrs: Attrs, types: tuple[TensorType, ...]) -> OneOp:
    key = (id(target), op, attrs, types)
    if key not in _ops:
        _ops[key] = OneOp(target, op, attrs, types)
    return _ops[key]
