"""Optimizers: each update rule is written once, with `Build`, for one parameter.

The same rule runs eagerly (stand-alone `.step`, eager trainers) and is fused into the compiled training step, where
the numbers of `hyper_values` are run-time scalars. Arithmetic and defaults are those of `torch.optim`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast, final

import numpy as np
from numpy.typing import NDArray

from ..compiler.errors import OptionError, ShapeError
from ..compiler.ir.build import Build
from ..compiler.loc import user_loc
from ..compiler.types import DType
from ..dsl.report import option_text

if TYPE_CHECKING:
    from ..dsl.pack import Pack
    from .params import Param, ParamList

V = TypeVar("V")
G = TypeVar("G", bound="Pack | tuple[Any, ...] | Mapping[str, Any]")
Arr = NDArray[np.generic]


@final
@dataclass(frozen=True, slots=True)
class OptState:
    """State of one optimizer: `t` updates so far, and per slot one array for each trainable parameter, in their order."""

    t: int
    slots: Mapping[str, tuple[Arr, ...]]


@dataclass(frozen=True, kw_only=True)
class Optimizer(ABC):
    """Base of the optimizers; derive from it to write your own.

    A subclass is a frozen dataclass of numbers and flags. `update` may branch on flags and on whether a number is
    zero (`structure` tells programs apart by that), and takes the numbers themselves from `hyper`.

    clip_norm: scale all gradients together so that their joint 2-norm is at most this; None: no clipping.
    """

    clip_norm: float | None = None

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if f.name == "betas" or value is None:
                continue
            number = _number(value)
            if not 0.0 <= number < math.inf:
                raise OptionError(
                    f"{type(self).__name__}({f.name}={option_text(value)}) cannot be used",
                    loc=user_loc(),
                    help=f"{f.name} must be a finite number that is not negative",
                    code="SW812",
                )

    @property
    def family(self) -> str:
        """Optimizers of one family share their state in a trainer."""
        return type(self).__name__.lower()

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of the arrays kept for each parameter."""
        return ()

    @abstractmethod
    def update(self, b: Build[V], p: V, g: V, state: dict[str, V], hyper: dict[str, V]) -> tuple[V, dict[str, V]]:
        """The new value of parameter `p` with gradient `g`, and its new state; `hyper` holds rank-0 values."""

    @abstractmethod
    def hyper_values(self, lr: float, t: int) -> dict[str, float]:
        """The numbers `update` reads at update `t` (the first is 1), computed in float64; the same keys at every `t`."""

    def structure(self) -> Hashable:
        """What a compiled update depends on: flags, and which numbers are zero or absent. Never the numbers."""
        values = [getattr(self, f.name) for f in fields(self)]
        return (type(self), *(v if isinstance(v, bool) else v is None if v is None else v != 0 for v in values))

    @cached_property
    def kind(self) -> Hashable:
        """`structure()`, remembered: updates of one kind share a compiled program."""
        return self.structure()

    def scalars(self, lr: float, t: int) -> dict[str, float]:
        """`hyper_values` and the bound of the gradient norm."""
        values = self.hyper_values(lr, t)
        return values if self.clip_norm is None else {**values, "clip_norm": float(self.clip_norm)}

    # ---- stand-alone use
    def init(self, params: ParamList[G]) -> OptState:
        """Fresh state: zeros for every parameter that requires gradients."""
        cells = params.trainable()
        return OptState(0, {s: tuple(np.zeros(c.shape, c.dtype) for c in cells) for s in self.slots})

    def step(self, params: ParamList[G], grads: G, state: OptState, *, lr: float) -> OptState:
        """Update the parameters that require gradients; returns the new state. On an error nothing is changed.

        Raises:
            ShapeError: gradients or state that do not belong to these parameters.
            OptionError: a learning rate that is negative or not finite.
        """
        from .eager import EagerBuild

        rate = check_lr(lr)
        given = params.matching(grads, "gradients")
        trainable = [(c, given[i]) for i, c in enumerate(params.cells) if c.requires_grad]
        cells = [c for c, _ in trainable]
        self.check_state(state, cells)
        values = self.scalars(rate, state.t + 1)
        new, slots = apply_updates(
            EagerBuild(),
            self,
            [c.read() for c in cells],
            [g for _, g in trainable],
            state.slots,
            lambda dtype: {k: np.asarray(v, dtype.numpy) for k, v in values.items()},
        )
        for c, value in zip(cells, new, strict=True):
            c.write(value)
        return OptState(state.t + 1, {k: tuple(v) for k, v in slots.items()})

    def check_state(self, state: OptState, cells: Sequence[Param[*tuple[Any, ...]]]) -> None:
        """Refuse a state that was not made for these parameters."""
        for slot in self.slots:
            have = state.slots.get(slot)
            if have is None or len(have) != len(cells):
                count = "none" if have is None else str(len(have))
                raise ShapeError(
                    f"the state of {type(self).__name__} does not belong to these parameters",
                    loc=user_loc(),
                    details=[f"slot {slot!r}: {count} arrays for {len(cells)} trainable parameters"],
                    help="make it with .init(params)",
                    code="SW103",
                )
            for cell, array in zip(cells, have, strict=True):
                if array.shape != cell.shape or array.dtype != cell.dtype:
                    raise ShapeError(
                        f"the state of {type(self).__name__} does not belong to these parameters",
                        loc=user_loc(),
                        details=[
                            f"slot {slot!r} of {cell.name}: {array.dtype}{list(array.shape)}, parameter {cell.dtype}{list(cell.shape)}"
                        ],
                        help="make it with .init(params)",
                        code="SW101",
                    )


@final
@dataclass(frozen=True, kw_only=True)
class SGD(Optimizer):
    """Stochastic gradient descent: `p - lr*g`, with momentum (`buf = momentum*buf + g`), Nesterov's variant and L2 decay.

    Sutskever et al. 2013 in the form of `torch.optim.SGD` (dampening 0).
    """

    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.nesterov and self.momentum == 0:
            raise OptionError(
                "SGD(nesterov=True) needs momentum", loc=user_loc(), help="give momentum=0.9", code="SW812"
            )

    @property
    def slots(self) -> tuple[str, ...]:
        return ("momentum",) if self.momentum else ()

    def hyper_values(self, lr: float, t: int) -> dict[str, float]:
        values = {"lr": lr}
        if self.momentum:
            values["momentum"] = self.momentum
        if self.weight_decay:
            values["weight_decay"] = self.weight_decay
        return values

    def update(self, b: Build[V], p: V, g: V, state: dict[str, V], hyper: dict[str, V]) -> tuple[V, dict[str, V]]:
        if self.weight_decay:
            g = b.add(g, b.mul(hyper["weight_decay"], p))
        if self.momentum:
            buf = b.add(b.mul(hyper["momentum"], state["momentum"]), g)
            state = {"momentum": buf}
            g = b.add(g, b.mul(hyper["momentum"], buf)) if self.nesterov else buf
        return b.sub(p, b.mul(hyper["lr"], g)), state


def adam_direction(b: Build[V], g: V, state: dict[str, V], hyper: dict[str, V]) -> tuple[V, dict[str, V]]:
    """Kingma and Ba 2015: `step_size*m / (sqrt(v)/sqrt(1 - beta2^t) + eps)`, `step_size = lr/(1 - beta1^t)`."""
    m = b.add(state["m"], b.mul(hyper["one_minus_beta1"], b.sub(g, state["m"])))
    v = b.add(b.mul(hyper["beta2"], state["v"]), b.mul(b.mul(hyper["one_minus_beta2"], g), g))
    denominator = b.add(b.div(b.sqrt(v), hyper["correction2"]), hyper["eps"])
    return b.div(b.mul(hyper["step_size"], m), denominator), {"m": m, "v": v}


def adam_values(lr: float, t: int, betas: tuple[float, float], eps: float) -> dict[str, float]:
    """The numbers of one Adam update: step size and corrections in float64."""
    beta1, beta2 = betas
    return {
        "step_size": lr / (1.0 - beta1**t),
        "correction2": math.sqrt(1.0 - beta2**t),
        "one_minus_beta1": 1.0 - beta1,
        "beta2": beta2,
        "one_minus_beta2": 1.0 - beta2,
        "eps": eps,
    }


def _items(given: object) -> tuple[object, ...]:
    return cast("tuple[object, ...]", given) if isinstance(given, tuple) else ()


def _betas_text(given: object) -> str:
    """Both numbers, or what was given in their place."""
    items = _items(given)
    if not items:
        return option_text(given)
    return f"({', '.join(map(option_text, items))}{',' if len(items) == 1 else ''})"


def check_betas(betas: tuple[float, float]) -> None:
    """Raises OptionError unless betas are a tuple of two numbers in [0, 1)."""
    numbers = [_number(x) for x in _items(betas)]
    if not (len(numbers) == 2 and all(0.0 <= x < 1.0 for x in numbers)):
        raise OptionError(
            f"betas={_betas_text(betas)} cannot be used",
            loc=user_loc(),
            help="a tuple of two numbers with 0 <= beta < 1, such as (0.9, 0.999)",
            code="SW812",
        )


def _number(value: object) -> float:
    """A hyper-parameter as a float, NaN for what is no number."""
    return float(cast("float", value)) if isinstance(value, float | int | np.number) else math.nan


@final
@dataclass(frozen=True, kw_only=True)
class Adam(Optimizer):
    """Adam, bias-corrected, eps outside the square root; `weight_decay` is added to the gradient (L2)."""

    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_betas(self.betas)

    @property
    def family(self) -> str:
        return "adam"

    @property
    def slots(self) -> tuple[str, ...]:
        return ("m", "v")

    def structure(self) -> Hashable:
        return (Adam, self.weight_decay != 0, self.clip_norm is not None)

    def hyper_values(self, lr: float, t: int) -> dict[str, float]:
        values = adam_values(lr, t, self.betas, self.eps)
        if self.weight_decay:
            values["weight_decay"] = self.weight_decay
        return values

    def update(self, b: Build[V], p: V, g: V, state: dict[str, V], hyper: dict[str, V]) -> tuple[V, dict[str, V]]:
        if self.weight_decay:
            g = b.add(g, b.mul(hyper["weight_decay"], p))
        direction, state = adam_direction(b, g, state, hyper)
        return b.sub(p, direction), state


@final
@dataclass(frozen=True, kw_only=True)
class AdamW(Optimizer):
    """Adam with decoupled decay (Loshchilov and Hutter 2019): the parameter is first scaled by `1 - lr*weight_decay`."""

    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 1e-2

    def __post_init__(self) -> None:
        super().__post_init__()
        check_betas(self.betas)

    @property
    def family(self) -> str:
        return "adam"

    @property
    def slots(self) -> tuple[str, ...]:
        return ("m", "v")

    def structure(self) -> Hashable:
        return (AdamW, self.clip_norm is not None)

    def hyper_values(self, lr: float, t: int) -> dict[str, float]:
        return {**adam_values(lr, t, self.betas, self.eps), "keep": 1.0 - lr * self.weight_decay}

    def update(self, b: Build[V], p: V, g: V, state: dict[str, V], hyper: dict[str, V]) -> tuple[V, dict[str, V]]:
        direction, state = adam_direction(b, g, state, hyper)
        return b.sub(b.mul(p, hyper["keep"]), direction), state


def no_scope(index: int | None) -> AbstractContextManager[None]:
    """The default `scope` of `apply_updates`: nothing is noted."""
    return nullcontext()


def apply_updates(
    b: Build[V],
    optimizer: Optimizer,
    params: Sequence[V],
    grads: Sequence[V],
    slots: Mapping[str, Sequence[V]],
    hyper: Callable[[DType], dict[str, V]],
    scope: Callable[[int | None], AbstractContextManager[None]] = no_scope,
) -> tuple[list[V], dict[str, list[V]]]:
    """One update of all trainable parameters: their new values and their new state.

    `hyper` gives the numbers as rank-0 values of an element type; `scope` is entered around parameter `i`, and as
    `scope(None)` around the clipping.
    """
    if optimizer.clip_norm is not None and grads:
        with scope(None):
            grads = clip_by_norm(b, grads, hyper(b.dtype(grads[0]))["clip_norm"])
    new: list[V] = []
    state: dict[str, list[V]] = {s: [] for s in optimizer.slots}
    for i, (p, g) in enumerate(zip(params, grads, strict=True)):
        with scope(i):
            value, after = optimizer.update(b, p, g, {s: slots[s][i] for s in optimizer.slots}, hyper(b.dtype(p)))
        new.append(value)
        for s in optimizer.slots:
            state[s].append(after[s])
    return new, state


def clip_by_norm(b: Build[V], grads: Sequence[V], bound: V) -> list[V]:
    """Scale all gradients by `min(bound / (norm + 1e-6), 1)`, the joint 2-norm (torch `clip_grad_norm_`)."""
    dtype = b.dtype(bound)
    total: V | None = None
    for g in grads:
        square = b.cast(b.sum(b.square(g), tuple(range(b.ndim(g)))), dtype)
        total = square if total is None else b.add(total, square)
    if total is None:
        return []
    factor = b.minimum(b.div(bound, b.shift(b.sqrt(total), 1e-6)), b.const(1.0, dtype))
    return [b.mul(g, b.cast(factor, b.dtype(g))) for g in grads]


def check_lr(lr: object) -> float:
    """A learning rate as a float.

    Raises:
        OptionError: not a number, NaN, infinite or negative.
    """
    try:
        value = math.nan if isinstance(lr, str | bytes) else float(lr)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - whatever is no number is refused below
    except (TypeError, ValueError):
        value = math.nan
    if not 0.0 <= value < math.inf:
        raise OptionError(
            f"lr={option_text(lr)} cannot be used",
            loc=user_loc(),
            help="call a schedule with the step: lr=schedule(trainer.steps)"
            if callable(lr)
            else "give a finite number that is not negative, such as lr=1e-2",
            code="SW811",
        )
    return value


def check_rates(lr: object, count: int) -> list[float]:
    """A learning rate for each of `count` steps, from one number or a sequence of exactly that many."""
    if not isinstance(lr, Sequence | np.ndarray) or isinstance(lr, str | bytes):
        return [check_lr(lr)] * count
    rates = [check_lr(x) for x in cast("Sequence[object]", lr)]
    if len(rates) != count:
        raise OptionError(
            f"{len(rates)} learning rates for {count} batches",
            loc=user_loc(),
            help="give one number, or one for each batch",
            code="SW811",
        )
    return rates
