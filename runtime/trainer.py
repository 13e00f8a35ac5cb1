"""`ScalarTrainer`: one loss, every method of training it, eager or compiled."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar, TypeVarTuple, cast, final

import numpy as np

from ..compiler.errors import CompileError, DTypeError, OptionError
from ..compiler.loc import Loc, frame_loc, user_loc
from ..compiler.types import DType, TensorType
from ..dsl.array import fill, is_array
from ..dsl.pack import Pack
from ..dsl.report import count as count_text
from ..dsl.report import kind_text
from ..dsl.tensor import Tensor
from . import checkpoint
from .backends import Engine, Model, input_names, make_engine, result_loc
from .checkpoint import StateDict
from .constants import ConstantsOf, Key
from .optim import SGD, Adam, AdamW, Optimizer, check_lr, check_rates
from .options import Device, Options, check_available
from .params import Flags, ParamList
from .train_state import TrainState
from .values import Arr

if TYPE_CHECKING:
    from ..compiler.program import Program
    from ..dsl.tensor import Scalar
    from .compiled import CompiledEngine

G = TypeVar("G", bound="Pack | tuple[Any, ...] | Mapping[str, Any]")
Xs = TypeVarTuple("Xs")
_SGD = SGD()


class BaseTrainer(Generic[G, *Xs]):
    """What both trainers share; make a `ScalarTrainer` or a `StateTrainer`."""

    def __init__(
        self,
        init: G,
        state: Any,
        loss: Callable[..., Any],
        options: Options | None,
        optimizer: Optimizer | None,
        requires_grad: Flags,
    ) -> None:
        options = options if options is not None else Options()
        check_available(options)
        _check_arguments(init, loss, optimizer)
        params = ParamList.from_tensors(init, requires_grad, dtype=options.storage)
        floats = (c.type.dtype for c in params.cells if c.type.dtype.is_float)
        real = options.storage or next(floats, None)
        cells = None if state is None else ParamList.from_tensors(state, lambda name: False, dtype=real)
        self._train = TrainState(params, cells, options.seed)
        self._options = options
        self._optimizer = optimizer if optimizer is not None else _SGD
        name = getattr(loss, "__name__", type(loss).__name__)
        names = input_names(loss, 1 if cells is None else 2)
        self._model = Model(loss, self._train, options, real, name, result_loc(loss), names)
        self._engine = make_engine(self._model)
        self._constants = ConstantsOf(loss, name)
        self._engines: dict[Key, Engine] = {(): self._engine}
        self._adam: dict[object, Optimizer] = {}

    # ---- running
    def forward(self, *xs: *Xs, **constants: Hashable) -> Scalar:
        """The loss of these inputs."""
        return _scalar(self._engine_of(constants).forward(xs))

    def backward(self, *xs: *Xs, **constants: Hashable) -> G:
        """The gradients, as a pack of the type of `init` that owns its memory; zeros for frozen parameters."""
        return self._train.params.pack(self._engine_of(constants).backward(xs))

    def value_and_grad(self, *xs: *Xs, **constants: Hashable) -> tuple[Scalar, G]:
        """The loss and the gradients, from one forward pass."""
        loss, grads = self._engine_of(constants).value_and_grad(xs)
        return _scalar(loss), self._train.params.pack(grads)

    def step(self, *xs: *Xs, lr: float, **constants: Hashable) -> Scalar:
        """One update with the trainer's optimizer (SGD by default); returns the loss before it.

        Raises:
            OptionError: a learning rate that is negative or not finite. IndexOutOfRange: an index outside its axis.
            ShapeError, DTypeError: inputs that do not fit. The trainer is then unchanged.
        """
        return self._update(xs, self._optimizer, lr, constants)

    def adam_step(
        self,
        *xs: *Xs,
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        **constants: Hashable,
    ) -> Scalar:
        """One Adam update; shares its moments and their count with `adamw_step`."""
        return self._update(xs, self._adam_of(Adam, betas=betas, eps=eps), lr, constants)

    def adamw_step(
        self,
        *xs: *Xs,
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        **constants: Hashable,
    ) -> Scalar:
        """One AdamW update: the parameters are first scaled by `1 - lr*weight_decay`."""
        return self._update(xs, self._adam_of(AdamW, betas=betas, eps=eps, weight_decay=weight_decay), lr, constants)

    def _engine_of(self, constants: Mapping[str, object]) -> Engine:
        """What runs the loss with these keyword-only arguments: one engine for each, on the same parameters and state."""
        if not constants:
            return self._engine
        key = self._constants.key(constants)
        found = self._engines.get(key)
        if found is None:
            model = replace(self._model, constants=self._constants.of(constants))
            found = self._engines[key] = make_engine(model)
        return found

    def _adam_of(self, kind: type[Adam] | type[AdamW], **numbers: Any) -> Optimizer:
        """The optimizer of these numbers, made (and its numbers checked) once."""
        key = (kind, *numbers.values())
        try:
            return self._adam[key]
        except KeyError:
            made = self._adam[key] = kind(**numbers)
            return made
        except TypeError:  # one of them is a list: refused by name
            return kind(**numbers)

    def _update(
        self, xs: tuple[object, ...], optimizer: Optimizer, lr: float, constants: Mapping[str, object]
    ) -> Scalar:
        loss = self._engine_of(constants).step(xs, optimizer, check_lr(lr))
        train = self._train
        train.moments[optimizer.family].t += 1
        train.step += 1
        return _scalar(loss)

    def apply_grads(self, grads: G, *, lr: float) -> None:
        """The trainer's update from given gradients: accumulated, clipped or scaled outside. Counts as a step."""
        arrays = self._train.params.matching(grads, "gradients")
        self._engine.apply_grads(arrays, self._optimizer, check_lr(lr))
        self._train.moments[self._optimizer.family].t += 1
        self._train.step += 1

    def step_many(
        self, batches: Iterable[tuple[*Xs]], *, lr: float | Sequence[float], **constants: Hashable
    ) -> list[Scalar]:
        """One step per batch, the same bits as that many calls of `step`; `lr` is one number or one per batch.

        If a batch is refused, the trainer goes back to where it was before the first.
        """
        todo = _batch_list(batches)
        rates = check_rates(lr, len(todo))
        saved = self._train.snapshot()
        try:
            return [self._update(xs, self._optimizer, rate, constants) for xs, rate in zip(todo, rates, strict=True)]
        except BaseException:
            self._train.restore(saved)
            raise

    # ---- parameters
    @property
    def params(self) -> ParamList[G]:
        """The cells that the trainer updates."""
        return self._train.params

    def get_params(self) -> G:
        """The parameters as a pack of copies, synchronised from the device first."""
        return self._train.params.values()

    @property
    def steps(self) -> int:
        """Updates done so far; also the second word of the random key."""
        return self._train.step

    # ---- saving
    def state_dict(self) -> StateDict:
        """Copies of the parameters, user state, moments, step count and seed, by name."""
        return self._train.state_dict()

    def load_state_dict(self, state: StateDict) -> None:
        """Overwrite everything with what `state_dict` returned; going on gives the same bits as never stopping.

        Raises:
            CheckpointError: names or shapes that do not fit, all named; then nothing is changed.
        """
        self._train.load(state, "the state")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a checkpoint (safetensors), atomically."""
        checkpoint.write(path, self._train.state_dict())

    def load(self, path: str | os.PathLike[str]) -> None:
        """Read a checkpoint written by `save`. CheckpointError if it cannot be read or does not fit."""
        self._train.load(checkpoint.read(path), os.fspath(path))

    # ---- looking at the programs
    def lower(self, *xs: *Xs, method: str = "step", device: Device | None = None, **constants: Hashable) -> Program:
        """The compiled program of a method ("step", "adam_step", "adamw_step", "forward", "backward",
        "value_and_grad") for inputs like these; nothing is run.

        device: "cuda" on a trainer of the CPU gives the program to read that a GPU would run, and needs none.

        Raises:
            CompileError: the backend is "eager", which has no programs; a method without one.
        """
        self._needs_compiled("lower")
        engine = cast("CompiledEngine", self._engine_of(constants))
        optimizers = {"step": self._optimizer, "adam_step": Adam(), "adamw_step": AdamW()}
        return cast("Program", engine.lower(method, xs, optimizers.get(method), device))

    @property
    def program(self) -> Program:
        """The program that ran last. CompileError if none did, or the backend is "eager"."""
        self._needs_compiled("program")
        program = self._model.history.last
        if program is None:
            raise CompileError(
                "no program has run yet", loc=user_loc(), help="call step(...) first, or use lower(...)", code="SW504"
            )
        return program

    @property
    def recompiles(self) -> list[str]:
        """Why a method was compiled again, oldest first; empty for the eager backend."""
        return list(self._model.history.recompiles)

    def _needs_compiled(self, what: str) -> None:
        if self._options.backend == "eager":
            raise CompileError(
                f'{what}: the backend "eager" runs operations one by one and has no program',
                loc=user_loc(),
                help='make the trainer with sw.Options(backend="compiled")',
                code="SW504",
            )

    def __reduce__(self) -> NoReturn:
        raise DTypeError(
            f"a {type(self).__name__} cannot be copied or pickled: its programs are loaded into this process",
            loc=_loc_outside_of_copy(),
            help="keep `trainer.state_dict()` or `trainer.save(path)`, and load it into a trainer that is made the same way",
            code="SW204",
        )

    def __repr__(self) -> str:
        cells = self._train.params.cells
        count = sum(c.host.size for c in cells)
        frozen = sum(not c.requires_grad for c in cells)
        numbers = f"{count:,} parameter{'' if count == 1 else 's'}"
        parts = [f"{numbers} in {count_text(len(cells), 'tensor')}" + (f" ({frozen} frozen)" if frozen else "")]
        steps = count_text(self._train.step, "step")
        parts += [f"backend {self._options.backend} on {self._options.device}", steps]
        return f"{type(self).__name__}({', '.join(parts)})"


@final
class ScalarTrainer(BaseTrainer[G, *Xs]):
    """Trains the parameters `init` of `loss(params, *inputs) -> Scalar`.

    init: a pack, whose tensors are copied.
    options: backend, device, dtype, seed and others.
    optimizer: what `step` runs, SGD by default.
    requires_grad: one flag per tensor of `init` in their order, or a predicate on names; frozen parameters get no
        update and no state.

    Inputs are passed by position. Keyword-only parameters of the loss, such as `train=False`, are constants of its program
    (one for each value): every method that calls the loss takes them, by name.

    Raises:
        OptionError: flags of another length, with both lengths. DeviceError: a device that is not there.
    """

    def __init__(
        self,
        init: G,
        loss: Callable[[G, *Xs], Scalar],
        options: Options | None = None,
        *,
        optimizer: Optimizer | None = None,
        requires_grad: Sequence[bool] | Callable[[str], bool] | None = None,
    ) -> None:
        super().__init__(init, None, loss, options, optimizer, requires_grad)


def _loc_outside_of_copy() -> Loc | None:
    """The user's line that calls the modules `copy` and `pickle`, which are in Python."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__") in (__name__, "copy", "pickle"):
        frame = frame.f_back
    return None if frame is None else frame_loc(frame)


def _batch_list(batches: object) -> list[Any]:
    """The batches, each a tuple of the inputs of one step. DTypeError otherwise."""
    todo: list[Any] | None = None
    if hasattr(batches, "__iter__") and not is_array(batches):
        todo = list(cast("Iterable[Any]", batches))
    wrong: object = batches
    if todo is not None:
        wrong = next((x for x in todo if not isinstance(x, tuple | list)), None)
    if todo is None or wrong is not None:
        what = "the batches are" if todo is None else "a batch is"
        raise DTypeError(
            f"{what} {kind_text(wrong)}, where {'tuples' if todo is None else 'a tuple'} of inputs "
            f"{'are' if todo is None else 'is'} wanted",
            loc=user_loc(),
            help="write step_many([(x1, y1), (x2, y2)], lr=...), or give it sw.batches(...)",
            code="SW204",
        )
    return todo


def _check_arguments(init: object, loss: object, optimizer: object) -> None:
    """Refuse a loss that cannot be called and an optimizer that is none, before anything is allocated."""
    if not callable(loss):
        raise DTypeError(
            f"the loss of a trainer is {kind_text(loss)}, not a function",
            loc=user_loc(),
            help="exchange the first two arguments"
            if callable(init) and isinstance(loss, Pack | tuple | dict)
            else "pass the function itself",
            code="SW204",
        )
    if optimizer is not None and not isinstance(optimizer, Optimizer):
        raise OptionError(
            f"the optimizer is {kind_text(optimizer)}, not a sw.Optimizer",
            loc=user_loc(),
            help=f"write optimizer={_made(optimizer)}",
            code="SW812",
        )


def _made(optimizer: object) -> str:
    """How an optimizer is written: one of the class that was given, if it was one."""
    if not (isinstance(optimizer, type) and issubclass(optimizer, Optimizer)):
        return "sw.optim.Adam()"
    ours = optimizer in (SGD, Adam, AdamW)
    return f"{'sw.optim.' if ours else ''}{optimizer.__name__}(" + (")" if ours else "...)")


_SCALARS: dict[np.dtype[np.generic], TensorType] = {
    np.dtype(d.value): TensorType(d, ()) for d in (DType.float32, DType.float64)
}


def _scalar(array: Arr) -> Scalar:
    return fill(cast("type[Scalar]", Tensor), _SCALARS[array.dtype], array, None)
