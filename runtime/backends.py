"""The two engines behind a trainer: run now on a tape, or record once and run the compiled program.

Both read and write the arrays of one `TrainState`; neither counts steps. A failure leaves that state as it was.
"""

from __future__ import annotations

import dis
import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from types import CodeType
from typing import TYPE_CHECKING, Any, TypeAlias, cast, final

import numpy as np

from ..compiler.errors import DTypeError, ShapeError, ShapewrightError, TraceError
from ..compiler.loc import Loc, user_loc
from ..compiler.types import DType
from ..dsl.array import is_array, ops_of, type_of, type_text
from ..dsl.interpreters import ExampleOps
from ..dsl.pack import Pack, flatten
from ..dsl.record import LeafAxes, labelled
from ..dsl.report import check_signature, kind_text
from ..dsl.scope import axis_scope
from ..dsl.typed import signature_axes
from .constants import constants_told, with_constants
from .cuda.inputs import given_array, host_array, received
from .eager import EagerBuild, EagerSession, running, scoped
from .nans import NanSearch, Where, input_labels
from .optim import Optimizer, apply_updates
from .options import Options
from .params import ParamList, check_fits, check_structure
from .train_state import TrainState
from .transforms import is_derivative
from .values import AnyArray, Arr, array_of, boundary

if TYPE_CHECKING:
    from ..compiler.program import Program
    from ..dsl.tensor import Scalar

Loss: TypeAlias = Callable[..., Any]


@final
@dataclass(slots=True)
class History:
    """What the engines of a trainer ran: the last program, and why methods were compiled again."""

    last: Program | None = None
    recompiles: list[str] = field(default_factory=list[str])


@final
@dataclass(frozen=True)
class Model:
    """What a trainer trains: the loss, the cells it reads and writes, and how to run."""

    loss: Loss
    train: TrainState[Any]
    options: Options
    real: DType | None  # the program's floating type: that of the first floating parameter
    name: str
    loc: Loc | None  # where the loss is defined
    names: tuple[str, ...] = ()  # of the inputs, as far as the loss has names for them
    constants: Mapping[str, object] = field(default_factory=dict[str, object])  # its keyword-only arguments
    history: History = field(default_factory=History)

    def inputs(self, xs: Sequence[object]) -> tuple[Any, ...]:
        """The inputs as tensors of the program's floating type; a pack stays a pack.

        Raises:
            DTypeError: no tensor. DeviceError: an array of a device that this trainer does not run on, or cannot take.
        """
        return tuple([self._input(i, self.received(i, x)) for i, x in enumerate(xs)])

    def named_inputs(self, xs: Sequence[object]) -> tuple[Any, ...]:
        """The inputs, with the axis names that the loss gives them: messages say the same as of a recorded loss."""
        return self.labelled(self.inputs(xs))

    def labelled(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """Inputs that are tensors already, with these names."""
        found: list[object] = list(inputs)
        for i, axes in enumerate(self._axes[: len(found)]):
            x = found[i]
            found[i] = labelled(x, axes) if axes is not None and is_array(x) else x
        return tuple(found)

    @cached_property
    def _axes(self) -> tuple[LeafAxes, ...]:
        """What the annotations of the loss say about the axes of each input."""
        packs = 1 if self.train.state is None else 2
        try:
            return tuple(p.axes for p in signature_axes(self.loss)[packs:])
        except (ShapewrightError, TypeError, ValueError):  # a builtin, or annotations that are for readers
            return ()

    def _input(self, i: int, x: object) -> object:
        return x if is_pack(x) else boundary(x, self.real, self._called(i))

    def received(self, i: int, x: object) -> object:
        """Input `i` with the arrays of a device in it as tensors on `DeviceInput`s; everything else as it is."""
        return received(x, self._called(i), self.options.device, "this trainer", self.real)

    def search(self, inputs: Iterable[tuple[str, Arr]]) -> NanSearch | None:
        """What looks for NaNs in a run on these inputs, by what to call them; None if the options do not ask for it."""
        if not self.options.debug_nans:
            return None
        cells = [*self.train.params.cells, *self.train.state_cells()]
        kinds = ["parameter"] * len(self.train.params.cells) + ["state"] * len(self.train.state_cells())
        return NanSearch([*inputs, *((f"{k} `{c.name}`", c.read()) for k, c in zip(kinds, cells, strict=True))])

    def search_of(self, inputs: tuple[Any, ...]) -> NanSearch | None:
        """The same of inputs as the loss takes them."""
        if not self.options.debug_nans:
            return None
        leaves, spec = flatten(inputs)
        return self.search(
            zip(input_labels(self.names, spec), [host_array(given_array(x, "this input")) for x in leaves], strict=True)
        )

    def search_of_update(self, grads: Sequence[Arr]) -> NanSearch | None:
        """The same of an update from these gradients, one per parameter."""
        names = [f"gradient of `{c.name}`" for c in self.train.params.cells]
        return self.search([(n, g) for n, g in zip(names, grads, strict=True)])

    def _called(self, i: int) -> str:
        return f"input `{self.names[i]}`" if i < len(self.names) else f"input {i + 1}"

    @property
    def recorded(self) -> Loss:
        """The loss as a function of packs and inputs alone."""
        return with_constants(self.loss, inspect.signature(self.loss), self.constants) if self.constants else self.loss

    def call(self, *args: object) -> object:
        """What the loss returns. ShapeError if it takes another number of arguments."""
        try:
            with self.counted(args):
                return self.loss(*args, **self.constants)
        except TypeError as error:
            inside = error.__traceback__ is not None and error.__traceback__.tb_next is not None
            if inside or isinstance(error, ShapewrightError):
                raise
            check_signature(self.loss, self.name, args, self.constants)
            raise ShapeError(
                f"`{self.name}` does not take these arguments: {error}",
                loc=user_loc(),
                details=[f"{len(args)} were given (the pack included)"],
                code="SW103",
            ) from None

    @contextmanager
    def counted(self, args: Sequence[object]) -> Generator[None]:
        """Say that the packs are the trainer's, where the loss inside is given too much, and what constants are."""
        try:
            with constants_told():
                yield
        except ShapeError as error:
            d = error.diagnostic
            own = error.code == "SW103" and d.operands[:1] and d.operands[0].startswith(f"{self.name}(")
            packs = 1 if self.train.state is None else 2
            if own and d.help is None and self.names and len(args) - packs > len(self.names):
                names = ", ".join(f"`{n}`" for n in self.names)
                d.help = f"the trainer adds the pack{'s' * (packs - 1)}: pass {names} only"
            raise


def is_pack(x: object) -> bool:
    return isinstance(x, Pack | tuple | dict)


def input_names(loss: Loss, packs: int) -> tuple[str, ...]:
    """The names of a loss's inputs, which come after its packs; () if it tells none."""
    try:
        parameters = inspect.signature(loss).parameters.values()
        return tuple(p.name for p in parameters if p.kind is not p.KEYWORD_ONLY)[packs:]
    except (TypeError, ValueError):
        return ()


def result_loc(f: object) -> Loc | None:
    """Where a function gives its result: its last `return`."""
    code = getattr(inspect.unwrap(f) if callable(f) else f, "__code__", None)
    if not isinstance(code, CodeType):
        return None
    for ins in reversed(list(dis.get_instructions(code))):
        at = ins.positions
        if ins.opname.startswith("RETURN") and at is not None and at.lineno is not None:
            return Loc(
                code.co_filename,
                at.lineno,
                at.end_lineno or at.lineno,
                at.col_offset or 0,
                at.end_col_offset or 0,
                code.co_qualname,
            )
    return None


class Engine(ABC):
    """Runs the methods of a trainer."""

    @abstractmethod
    def forward(self, xs: Sequence[object]) -> Arr:
        """The loss; the caller owns the array."""

    @abstractmethod
    def value_and_grad(self, xs: Sequence[object]) -> tuple[Arr, list[Arr]]:
        """The loss, and one gradient per parameter: zeros for frozen ones. The caller owns the arrays."""

    def backward(self, xs: Sequence[object]) -> list[Arr]:
        """The gradients alone."""
        return self.value_and_grad(xs)[1]

    @abstractmethod
    def step(self, xs: Sequence[object], optimizer: Optimizer, lr: float) -> Arr:
        """The loss of the parameters before the update; then parameters, moments and user state are written."""

    @abstractmethod
    def apply_grads(self, grads: Sequence[Arr], optimizer: Optimizer, lr: float) -> None:
        """The update alone, from one gradient per parameter (those of frozen ones are not read)."""


# ---- what both engines check
def check_result(result: object, model: Model) -> list[AnyArray]:
    """What the loss returned, checked: the scalar, and the leaves of the new state in order."""
    state = model.train.state
    if state is None:
        return [check_scalar(result, model)]
    kind = type(result).__name__
    pair = cast("tuple[object, ...]", result) if isinstance(result, tuple) else ()
    if len(pair) == 2 and not is_array(pair[0]) and is_array(pair[1]) and type_of(pair[1]).shape == ():
        raise TraceError(
            f"`{model.name}` returned a state and a loss, where a loss and a new state are wanted",
            loc=model.loc,
            help="exchange the two: the loss comes first",
            code="SW403",
        )
    if len(pair) != 2:
        raise TraceError(
            f"`{model.name}` returned {kind}, not a pair of a loss and a new state",
            loc=model.loc,
            help="write `return loss, state`",
            code="SW403",
        )
    value, new = pair
    return [check_scalar(value, model), *check_state(new, state)]


def check_scalar(value: object, model: Model) -> AnyArray:
    """Refuse a loss that is no floating scalar tensor, naming where the loss is defined."""
    if not is_array(value):
        raise DTypeError(
            f"`{model.name}` returned {_what(value)}, not a tensor",
            loc=user_loc() if is_derivative(model.loss) else model.loc,
            help=_instead_of(value, model),
            code="SW206",
        )
    have = type_of(value)
    if have.shape != ():
        raise ShapeError(
            f"`{model.name}` returned {_words(value)}, not a scalar",
            loc=model.loc,
            help="reduce it, for instance with .mean()",
            code="SW106",
        )
    if not have.dtype.is_float:
        raise DTypeError(
            f"`{model.name}` returned {_words(value)}, which has no gradient",
            loc=model.loc,
            help='convert it: .astype("float32")',
            code="SW203",
        )
    return value


def _what(value: object) -> str:
    """What a loss returned that is no tensor."""
    if value is None or isinstance(value, Pack):
        return kind_text(value)
    return kind_text(cast("object", value)) if isinstance(value, tuple) else f"a Python {type(value).__name__}"


def _instead_of(value: object, model: Model) -> str:
    """What to return instead."""
    if is_derivative(model.loss):
        return "pass the function itself: a trainer takes its gradients"
    if value is None:
        return "end it with `return` and the scalar tensor"
    if not isinstance(value, Pack | tuple | dict):
        return "return the scalar tensor itself, without float(), .item() or .numpy()"
    if model.train.state is None and isinstance(value, tuple):
        return "return the loss alone; sw.StateTrainer takes `loss(params, state, *inputs)` that returns a loss and a state"
    return "return the scalar tensor itself"


def _words(value: AnyArray) -> str:
    """The type of a tensor, with the numbers behind symbolic sizes if it is recorded."""
    ops = ops_of(value)
    return type_text(type_of(value), ops.example if isinstance(ops, ExampleOps) else None)


def check_state(new: object, state: ParamList[Any]) -> list[AnyArray]:
    """The leaves of a new state, of the structure, shapes and element types of the old one."""
    leaves, spec = flatten(new)
    check_structure(state.spec, spec, "new state's tensors")
    for cell, leaf in zip(state.cells, leaves, strict=True):
        check_fits(cell.type, type_of(leaf), cell.name, "new state's tensors")
    return leaves


@final
class EagerEngine(Engine):
    """Executes the loss on a fresh tape for every call; computes everything, then writes."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._build = EagerBuild()

    def forward(self, xs: Sequence[object]) -> Arr:
        model = self._model
        inputs = model.named_inputs(xs)
        nans = model.search_of(inputs)
        with running(model.train.key, model.real), scoped(nans=nans), axis_scope(model.options.checks):
            loss = self._owned(check_result(model.call(*self._packs(), *inputs), model)[0])
        if nans is not None:
            nans.finish([loss])
        return loss

    def value_and_grad(self, xs: Sequence[object]) -> tuple[Arr, list[Arr]]:
        loss, grads, _ = self._run(xs)
        return loss, grads

    def step(self, xs: Sequence[object], optimizer: Optimizer, lr: float) -> Arr:
        loss, grads, state = self._run(xs)
        new = [a.copy() for a in state]
        self._update(grads, optimizer, lr)
        for cell, array in zip(self._model.train.state_cells(), new, strict=True):
            cell.write(array)
        return loss

    def apply_grads(self, grads: Sequence[Arr], optimizer: Optimizer, lr: float) -> None:
        self._update(grads, optimizer, lr)

    def _run(self, xs: Sequence[object]) -> tuple[Arr, list[Arr], list[Arr]]:
        model = self._model
        inputs = model.named_inputs(xs)
        nans = model.search_of(inputs)
        session = EagerSession(key=model.train.key, dtype=model.real)
        with session, scoped(nans=nans), axis_scope(model.options.checks):
            refs = session.use_params(model.train.params)
            loss, *state = check_result(model.call(refs, *self._packs()[1:], *inputs), model)
            grads = [np.array(g, order="C", copy=True) for g in session.backward(cast("Scalar", loss))]
        value, after = self._owned(loss), [array_of(s) for s in state]
        if nans is not None:
            nans.finish([value, *grads, *after])
        return value, grads, after

    def _packs(self) -> tuple[Any, ...]:
        train = self._model.train
        packs = (train.params, *(() if train.state is None else (train.state,)))
        return tuple(p.pack([c.read() for c in p.cells]) for p in packs)

    def _owned(self, loss: AnyArray) -> Arr:
        return array_of(loss, "the loss").copy()

    def _update(self, grads: Sequence[Arr], optimizer: Optimizer, lr: float) -> None:
        train = self._model.train
        moments = train.moments_of(optimizer)
        values = optimizer.scalars(lr, moments.t + 1)
        cells = train.params.trainable()
        used = [g for g, c in zip(grads, train.params.cells, strict=True) if c.requires_grad]
        with scoped(nans=self._model.search_of_update(grads), where=Where(user_loc(), update=True)):
            new, slots = apply_updates(
                self._build,
                optimizer,
                [c.read() for c in cells],
                used,
                {s: [c.read() for c in of] for s, of in moments.slots.items()},
                lambda dtype: {k: np.asarray(v, dtype.numpy) for k, v in values.items()},
            )
        hosts = {id(c.host) for c in cells}  # a rule may keep the parameter itself
        after = {s: [a.copy() if id(a) in hosts else a for a in arrays] for s, arrays in slots.items()}
        for cell, value in zip(cells, new, strict=True):
            cell.write(value)
        for slot, arrays in after.items():
            for cell, array in zip(moments.slots[slot], arrays, strict=True):
                cell.write(array)


def make_engine(model: Model) -> Engine:
    """What runs a model on the backend and device of its options."""
    options = model.options
    if options.backend == "eager" and options.device == "cpu":
        return EagerEngine(model)
    if options.backend == "eager":
        from .cuda.eager import CudaEagerEngine

        return CudaEagerEngine(model)
    from .compiled import CompiledEngine, DeviceEngine

    return CompiledEngine(model) if options.device == "cpu" else DeviceEngine(model)
