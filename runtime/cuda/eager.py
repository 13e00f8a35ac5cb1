"""The eager engine of a CUDA device: every operation of the loss runs at once, on values that stay there."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any, cast, final

import numpy as np

from ...compiler.loc import user_loc
from ...compiler.types import DType, TensorType
from ...dsl.array import make, type_of, value_of
from ...dsl.pack import flatten
from ...dsl.scope import axis_scope
from ..backends import Engine, Model, check_result
from ..eager import EagerBuild, Tape, running, scoped, tape_gradients
from ..nans import NanSearch, Where
from ..optim import Optimizer, apply_updates
from ..options import Options
from ..params import Cell
from ..values import AnyArray
from .arrays import Arr, DeviceArray
from .memory import DeviceMirror, mirrors_of
from .ops import DeviceOps


@final
class CudaEagerEngine(Engine):
    """Executes the loss on a fresh tape for every call; computes everything, then writes."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._ops = DeviceOps(model.options.matmul_precision)
        self._build = EagerBuild()

    # ---- methods
    def forward(self, xs: Sequence[object]) -> Arr:
        inputs = self._model.named_inputs(xs)
        nans = self._model.search_of(inputs)
        with self._running(None, nans):
            lifts = [lifted(self._ops, x) for x in inputs]
            loss = self._host(check_result(self._model.call(*self._packs(), *lifts), self._model)[0])
        if nans is not None:
            nans.finish([loss])
        return loss

    def value_and_grad(self, xs: Sequence[object]) -> tuple[Arr, list[Arr]]:
        loss, grads, _ = self._run(xs)
        return self._host(loss), [g.fetch() for g in grads]

    def step(self, xs: Sequence[object], optimizer: Optimizer, lr: float) -> Arr:
        loss, grads, state = self._run(xs)
        value = self._host(loss)
        self._update(grads, optimizer, lr)
        self._write(self._model.train.state_cells(), state)
        return value

    def apply_grads(self, grads: Sequence[Arr], optimizer: Optimizer, lr: float) -> None:
        self._update([self._ops.lift(g) for g in grads], optimizer, lr)

    # ---- running
    @contextmanager
    def _running(self, tape: Tape | None, nans: NanSearch | None) -> Generator[None]:
        model = self._model
        scope = scoped(tape=tape, nans=nans, device=self._ops.perform)
        with running(model.train.key, model.real), scope, axis_scope(model.options.checks):
            yield

    def _run(self, xs: Sequence[object]) -> tuple[AnyArray, list[DeviceArray], list[DeviceArray]]:
        """The loss, one gradient per parameter (zeros where none is needed), and the new state."""
        model, tape = self._model, Tape()
        cells = model.train.params.cells
        given = model.named_inputs(xs)
        nans = model.search_of(given)
        inputs = [lifted(self._ops, x) for x in given]
        with self._running(tape, nans):
            packs = self._packs()
            refs = [cast("Arr", value_of(x)) for x in flatten(packs[0])[0]]
            loss, *state = check_result(model.call(*packs, *inputs), model)
            out = cast("Arr", value_of(loss))
            wanted = [i for i, c in enumerate(cells) if c.requires_grad]
            found = tape_gradients(tape, out, np.ones((), out.dtype), [refs[i] for i in wanted])
            grads = dict(zip(wanted, found, strict=True))
            dense = [
                self._ops.lift(grads[i] if i in grads else np.zeros(c.shape, c.dtype)) for i, c in enumerate(cells)
            ]
            after = [self._own(self._value(s)) for s in state]
        if nans is not None:
            nans.finish([g.fetch() for g in (self._value(loss), *dense, *after)])
        return loss, dense, after

    def _packs(self) -> tuple[Any, ...]:
        """Parameters, and the user's state, as packs on their mirrors."""
        train = self._model.train
        packs = (train.params, *(() if train.state is None else (train.state,)))
        return tuple(p.spec.unflatten([self._tensor(c) for c in p.cells]) for p in packs)

    def _tensor(self, cell: Cell) -> AnyArray:
        array = self._array(cell)
        return make(TensorType(DType.of(array.dtype), array.shape, cell.type.names), array, None)

    def _mirror(self, cell: Cell) -> DeviceMirror:
        (mirror,) = mirrors_of(self._ops.device, [cell])
        if mirror.stale:
            mirror.upload()
        return mirror

    def _array(self, cell: Cell) -> DeviceArray:
        mirror = self._mirror(cell)
        return self._ops.on(mirror.address, cell.shape, cell.dtype, mirror)

    def _value(self, x: AnyArray) -> DeviceArray:
        return self._ops.lift(cast("Arr", value_of(x)))

    def _own(self, x: DeviceArray) -> DeviceArray:
        """A value in memory of its own: one that lies on a mirror is copied, before anything is written."""
        if not x.borrowed:
            return x
        out = self._ops.new(x.shape, x.dtype)
        self._ops.device.copy(out.address, x.address, x.nbytes)
        return out

    def _host(self, x: AnyArray) -> Arr:
        return self._value(x).fetch()

    # ---- writing
    def _update(self, grads: Sequence[DeviceArray], optimizer: Optimizer, lr: float) -> None:
        train = self._model.train
        moments = train.moments_of(optimizer)
        values = optimizer.scalars(lr, moments.t + 1)
        cells = train.params.trainable()
        used = [g for g, c in zip(grads, train.params.cells, strict=True) if c.requires_grad]
        nans = self._model.search_of_update([g.fetch() for g in grads]) if self._model.options.debug_nans else None
        with scoped(nans=nans, where=Where(user_loc(), update=True), device=self._ops.perform):
            new, slots = apply_updates(
                self._build,
                optimizer,
                cast("list[Arr]", [self._array(c) for c in cells]),
                cast("list[Arr]", used),
                {s: cast("list[Arr]", [self._array(c) for c in of]) for s, of in moments.slots.items()},
                lambda dtype: {k: np.asarray(v, dtype.numpy) for k, v in values.items()},
            )
        after = {s: [self._own(self._ops.lift(a)) for a in arrays] for s, arrays in slots.items()}
        self._write(cells, [self._own(self._ops.lift(a)) for a in new])
        for slot, arrays in after.items():
            self._write(moments.slots[slot], arrays)

    def _write(self, cells: Sequence[Cell], values: Sequence[DeviceArray]) -> None:
        """Overwrite the mirrors of cells: the host is then behind."""
        for cell, value in zip(cells, values, strict=True):
            mirror = self._mirror(cell)
            self._ops.device.copy(mirror.address, value.address, value.nbytes)
            mirror.newer = True


def lifted(ops: DeviceOps, x: object) -> Any:
    """A tensor or pack with its values on the device."""
    leaves, spec = flatten(x)
    return spec.unflatten([make(type_of(a), ops.lift(cast("Arr", value_of(a))), None) for a in leaves])


def call_eagerly(
    f: Callable[..., object],
    args: tuple[Any, ...],
    static: dict[str, Any],
    *,
    key: tuple[int, int],
    real: DType | None,
    options: Options,
    nans: NanSearch | None,
) -> object:
    """Call a function with every operation on the device; its result comes back to the host."""
    ops = DeviceOps(options.matmul_precision)
    scope = scoped(nans=nans, device=ops.perform)
    with running(key, real), scope, axis_scope(options.checks):
        result = f(*[lifted(ops, a) for a in args], **static)
    leaves, spec = flatten(result)
    return spec.unflatten([make(type_of(a), ops.lift(cast("Arr", value_of(a))).fetch(), None) for a in leaves])
