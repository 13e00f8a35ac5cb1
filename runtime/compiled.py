"""The compiled engine: records the loss, appends gradients and the update, compiles, and runs one program per step.

A program serves every size of the axes that only inputs bind. Two caches: compiled programs by method, whose input
leaves say which shapes fit; and, on the hot path, the program by exact shapes, strides and dtypes of the inputs.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, cast, final

import numpy as np

from ..compiler.autodiff import graph_gradients
from ..compiler.errors import CompileError, IndexOutOfRange
from ..compiler.ir.graph import Graph, Node
from ..compiler.loc import user_loc
from ..compiler.types import TensorType
from ..dsl.array import is_array, ops_of, type_of, value_of
from ..dsl.pack import Spec, flatten
from ..dsl.record import Recording, record
from ..dsl.scope import axis_scope
from ..dsl.typed import check_call
from . import lower
from .backends import Engine, Model, check_result
from .cuda.inputs import DeviceInput, given_array, host_array
from .nans import has_nan, input_labels
from .optim import Optimizer
from .options import Device
from .params import Cell
from .programs import (
    Compiled,
    ExecutorLike,
    append_update,
    change,
    compile_program,
    compile_update,
    one_program,
    refuse_recompile,
)
from .train_state import Moments
from .values import Arr

Signature: TypeAlias = tuple[Hashable, ...]
_NO_MOMENTS = Moments(0, {})


@final
@dataclass(frozen=True, slots=True)
class Recorded:
    """A method as a graph: the cells of its leaves, how it was recorded, and how often scalars are passed."""

    graph: Graph
    storage: dict[int, Cell]
    recording: Recording
    repeats: int


@final
@dataclass(slots=True)
class Plan:
    """How to run inputs of one exact signature: which of them to copy first (to be contiguous, and of the program's
    element type), and the optimizer state whose count gives the scalars."""

    compiled: Compiled
    executor: ExecutorLike
    copies: tuple[tuple[int, np.dtype[np.generic]], ...]
    moments: Moments


class CompiledEngine(Engine):
    """Records once per kind of input, compiles, and runs one program per call."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._train = model.train
        self._on_host = model.options.device == "cpu"
        self._look = model.options.debug_nans
        mirrored = model.train.params.mirrored if self._on_host else []
        self._care: Sequence[bool] = [True] if self._look else mirrored  # looked at every step
        self._programs: dict[Hashable, list[Compiled]] = {}
        self._plans: dict[Signature, Plan] = {}
        self._labels: set[Hashable] = set()  # axis names of inputs that were checked

    # ---- methods
    def forward(self, xs: Sequence[object]) -> Arr:
        return self._call("forward", xs)[0]

    def value_and_grad(self, xs: Sequence[object]) -> tuple[Arr, list[Arr]]:
        loss, *grads = self._call("value_and_grad", xs)
        return loss, self._dense(grads)

    def step(self, xs: Sequence[object], optimizer: Optimizer, lr: float) -> Arr:
        plan, arrays = self._plan("step", xs, optimizer)
        scalars = tuple(optimizer.scalars(lr, plan.moments.t + 1).values())
        return self._run(plan.compiled, plan.executor, arrays, scalars)[0]

    def apply_grads(self, grads: Sequence[Arr], optimizer: Optimizer, lr: float) -> None:
        moments = self._train.moments_of(optimizer)
        cells = self._train.params.trainable()
        if not cells:
            return
        known = self._programs.setdefault(("apply_grads", optimizer.kind), [])
        if not known:
            name = f"{self._model.name}_apply_grads"
            known.append(compile_update(name, cells, optimizer, moments, self._model.options))
        compiled = known[0]
        given = [g for g, c in zip(grads, self._train.params.cells, strict=True) if c.requires_grad]
        self._run(compiled, compiled.executor, given, tuple(optimizer.scalars(lr, moments.t + 1).values()))

    def _dense(self, grads: Sequence[Arr]) -> list[Arr]:
        """One gradient per parameter, zeros for those the program has none for."""
        left = iter(grads)
        return [next(left) if c.requires_grad else np.zeros(c.shape, c.dtype) for c in self._train.params.cells]

    # ---- running
    def _call(self, method: str, xs: Sequence[object]) -> list[Arr]:
        plan, arrays = self._plan(method, xs, None)
        return self._run(plan.compiled, plan.executor, arrays, ())

    def _plan(self, method: str, xs: Sequence[object], optimizer: Optimizer | None) -> tuple[Plan, list[Any]]:
        """The program for inputs of this exact signature, and their arrays. The first lines are the hot path."""
        key: list[object] = [method, None if optimizer is None else optimizer.kind]
        arrays: list[Any] = []
        try:
            for x in xs:
                array: Any = x if type(x) is np.ndarray else value_of(cast("Any", x))
                arrays.append(array)
                key += (array.shape, array.strides, array.dtype, () if array is x else type_of(cast("Any", x)).names)
            plan = self._plans[tuple(key)]
        except (AttributeError, KeyError, TypeError):
            return self._slow_plan(method, xs, optimizer, tuple(key) if len(key) == 2 + 4 * len(xs) else None)
        for i, dtype in plan.copies:
            arrays[i] = np.asarray(arrays[i], dtype, order="C")
        return plan, arrays

    def _slow_plan(
        self, method: str, xs: Sequence[object], optimizer: Optimizer | None, key: tuple[object, ...] | None
    ) -> tuple[Plan, list[Any]]:
        """Check the inputs, find or compile their program, and remember it for this exact signature (`key`)."""
        compiled, arrays = self._find(method, xs, optimizer)
        moments = _NO_MOMENTS if optimizer is None else self._train.moments_of(optimizer)
        plan = Plan(compiled, compiled.executor, (), moments)
        if any(0 in a.shape for a in arrays):  # kernels assume sizes of at least 1
            plan.executor = compiled.linked()
        if key is not None and len(arrays) == len(xs):
            given: list[Any] = [x if type(x) is np.ndarray else value_of(cast("Any", x)) for x in xs]
            wrong = [
                (i, b.dtype)
                for i, (a, b) in enumerate(zip(given, arrays, strict=True))
                if type(a) is not DeviceInput and (a.dtype != b.dtype or not a.flags.c_contiguous)
            ]
            self._plans[key] = Plan(compiled, plan.executor, tuple(wrong), moments)
        return plan, [a if type(a) is DeviceInput else np.asarray(a, order="C") for a in arrays]

    def _find(self, method: str, xs: Sequence[object], optimizer: Optimizer | None) -> tuple[Compiled, list[Any]]:
        """The program for these inputs, compiled if none fits, and their arrays in the program's element types."""
        inputs = self._model.inputs(xs)
        leaves, spec = flatten(inputs)
        arrays: list[Any] = [given_array(x, f"input {i + 1}") for i, x in enumerate(leaves)]
        types = [type_of(x) for x in leaves]
        known = self._programs.setdefault((method, None if optimizer is None else optimizer.kind), [])
        found = next((c for c in known if c.fits(types, spec)), None)
        labels = tuple(t.names for t in types)
        if found is None or labels not in self._labels:
            with axis_scope(self._model.options.checks):
                given = (*self._packs(), *self._model.labelled(inputs))
                with self._model.counted(given):
                    check_call(self._model.loss, given, self._model.constants)
            self._labels.add(labels)
        if found is None:
            found = self._compile(method, inputs, optimizer, spec, types, known)
            known.append(found)
        return found, arrays

    def _run(
        self, compiled: Compiled, executor: ExecutorLike, arrays: Sequence[Any], scalars: tuple[float, ...]
    ) -> list[Arr]:
        self._model.history.last = compiled.program
        if compiled.repeats != 1:
            scalars = scalars * compiled.repeats
        try:
            if self._care:
                return self._run_with_care(compiled, executor, arrays, scalars)
            return executor.run(arrays, scalars, self._train.key)
        except IndexOutOfRange as error:
            raise compiled.explained(error, arrays, scalars, self._train.key) from None

    def _run_with_care(
        self, compiled: Compiled, executor: ExecutorLike, arrays: Sequence[Any], scalars: Sequence[float]
    ) -> list[Arr]:
        """Run on the host's arrays although a device may have newer ones; look for NaNs, if that is wanted."""
        if self._on_host:
            executor = compiled.minding_mirrors(executor)
        if self._look:
            return self._run_and_look(compiled, executor, arrays, scalars)
        return executor.run(arrays, scalars, self._train.key)

    def _run_and_look(
        self, compiled: Compiled, executor: ExecutorLike, arrays: Sequence[Any], scalars: Sequence[float]
    ) -> list[Arr]:
        """Run; if a NaN came out, go back and run again node by node to name the operation that made it."""
        saved = self._train.snapshot()
        outputs = executor.run(arrays, scalars, self._train.key)
        written = [compiled.storage[leaf.id].read() for leaf, _ in compiled.graph.updates]
        if not any(map(has_nan, (*outputs, *written))):
            return outputs
        self._train.restore(saved)
        labels = compiled.labels or input_labels(self._model.names, compiled.spec)
        nans = self._model.search(zip(labels, map(host_array, arrays), strict=True))
        assert nans is not None
        raise compiled.nan_error(arrays, scalars, self._train.key, nans)

    def lower(self, method: str, xs: Sequence[object], optimizer: Optimizer | None, device: Device | None) -> Any:
        """The program of a method for inputs like these, compiled if need be. That of `backward` also gives the loss,
        whose operations check the indices. One for another device is made to be read: nothing can run it here."""
        if optimizer is None and method not in ("forward", "backward", "value_and_grad"):
            raise CompileError(
                f"there is no program for method {method!r}",
                loc=user_loc(),
                help="one of step, adam_step, adamw_step, forward, backward, value_and_grad",
                code="SW504",
            )
        if optimizer is not None:
            self._train.moments_of(optimizer)
        method = "step" if optimizer is not None else "forward" if method == "forward" else "value_and_grad"
        if device not in (None, self._model.options.device):
            graph = self._recorded(method, self._model.inputs(xs), optimizer).graph
            return lower.compile(graph, replace(self._model.options, device=device))
        return self._find(method, xs, optimizer)[0].program

    # ---- compiling
    def _compile(
        self,
        method: str,
        inputs: tuple[Any, ...],
        optimizer: Optimizer | None,
        spec: Spec,
        types: list[TensorType],
        known: Sequence[Compiled],
    ) -> Compiled:
        """Record what the method needs, and compile it."""
        made = self._recorded(method, inputs, optimizer)
        if known:
            self._note_recompile(method, known[-1], types, spec)
        return compile_program(
            made.graph,
            made.storage,
            made.recording.inputs,
            options=self._model.options,
            spec=spec,
            given=types,
            specialised=made.recording.specialised,
            repeats=made.repeats,
        )

    def _recorded(self, method: str, inputs: tuple[Any, ...], optimizer: Optimizer | None) -> Recorded:
        """The loss, with the gradients and the update that the method needs."""
        train, model = self._train, self._model
        with axis_scope(model.options.checks):
            packs = self._packs()
            recording = record(model.recorded, *packs, *inputs, state=train.state is not None, dtype=model.real)
        ops = recording.ops
        results = check_result(recording.result, model)
        loss, *new_state = [cast("Node", value_of(x)) if ops_of(x) is ops else ops.lift(x) for x in results]
        graph = recording.graph
        graph.name = f"{model.name}_{method}"
        storage = {n.id: c for n, c in zip(recording.params, train.params.cells, strict=True)}
        storage |= {n.id: c for n, c in zip(recording.state, train.state_cells(), strict=True)}
        wrt = [n for n, c in zip(recording.params, train.params.cells, strict=True) if c.requires_grad]
        grads = [] if method == "forward" else graph_gradients(graph, loss, wrt)
        graph.outputs = [loss] if optimizer is not None else [loss, *grads]
        repeats = 1
        if optimizer is not None:
            repeats = append_update(graph, optimizer, wrt, grads, train.moments_of(optimizer), storage)
            graph.updates += [(old, new) for old, new in zip(recording.state, new_state, strict=True) if new is not old]
        return Recorded(graph, storage, recording, repeats)

    def _packs(self) -> list[Any]:
        """The parameters and the user's state, if there is one, as packs on the cells' own arrays, made current."""
        train = self._train
        return [p.pack([c.read() for c in p.cells]) for p in (train.params, train.state) if p is not None]

    def _note_recompile(self, method: str, before: Compiled, types: Sequence[TensorType], spec: Spec) -> None:
        """Keep the reason for another compilation of a method; CompileError if the options forbid it."""
        reason = f"{self._model.name}.{method}: {change(before, types, spec)}"
        refuse_recompile(self._model.options, reason, one_program(before, types, spec))
        self._model.history.recompiles.append(reason)


@final
class DeviceEngine(CompiledEngine):
    """The compiled engine of a device: inputs that already live there are run where they are."""

    def _plan(self, method: str, xs: Sequence[object], optimizer: Optimizer | None) -> tuple[Plan, list[Any]]:
        received = self._model.received
        here = [x if type(x) is np.ndarray or is_array(x) else received(i, x) for i, x in enumerate(xs)]
        return super()._plan(method, here, optimizer)
