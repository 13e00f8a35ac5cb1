"""Learning-rate schedules: functions that make a function from the number of steps done to the learning rate."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import final

from ..compiler.errors import OptionError
from ..compiler.loc import user_loc


@final
class Schedule:
    """A function from the number of steps that are done (0 at first) to a learning rate, printed as it was made."""

    def __init__(self, rate: Callable[[int], float], name: str, **given: float) -> None:
        self._rate = rate
        self._text = f"{name}({', '.join(f'{k}={v!r}' for k, v in given.items())})"

    def __call__(self, step: int) -> float:
        return self._rate(step)

    def __repr__(self) -> str:
        return self._text


def _check(condition: bool, message: str, help: str) -> None:
    if not condition:
        raise OptionError(message, loc=user_loc(), help=help, code="SW813")


def warmup_cosine(peak: float, *, warmup: int, total: int, floor: float = 0.0) -> Schedule:
    """Linear from 0 to `peak` over `warmup` steps, then half a cosine down to `floor` at step `total`, then `floor`.

    It returns a function of the number of steps that are done, 0 at first: `trainer.step(x, y, lr=schedule(trainer.steps))`.
    So the first step of a warm-up has the rate 0.
    """
    _check(0 <= warmup < total, f"warmup={warmup} does not fit in total={total}", "choose 0 <= warmup < total")

    def lr(step: int) -> float:
        if step < warmup:
            return peak * step / warmup
        done = min((step - warmup) / (total - warmup), 1.0)
        return floor + (peak - floor) * 0.5 * (1.0 + math.cos(math.pi * done))

    return Schedule(lr, "warmup_cosine", peak=peak, warmup=warmup, total=total, floor=floor)


def step(base: float, *, every: int, factor: float = 0.1) -> Schedule:
    """`base`, multiplied by `factor` after each `every` steps.

    It returns a function of the number of steps that are done, 0 at first: `trainer.step(x, y, lr=schedule(trainer.steps))`.
    """
    _check(every > 0, f"every={every} cannot be used", "choose a number of steps of at least 1")

    def lr(step: int) -> float:
        return base * factor ** (step // every)

    return Schedule(lr, "step", base=base, every=every, factor=factor)


def one_cycle(peak: float, *, total: int, rise: float = 0.3, start: float = 25.0, end: float = 1e4) -> Schedule:
    """Smith's one-cycle policy with cosine ramps: `peak/start` up to `peak` over the fraction `rise`, then down to `peak/start/end`.

    It returns a function of the number of steps that are done, 0 at first: `trainer.step(x, y, lr=schedule(trainer.steps))`.
    """
    _check(
        total > 1 and 0.0 < rise < 1.0,
        f"total={total}, rise={rise} cannot be used",
        "choose total > 1 and 0 < rise < 1",
    )
    low, last = peak / start, peak / start / end
    top = rise * total - 1.0

    def lr(step: int) -> float:
        if step <= top:
            return _cosine(low, peak, step / top if top > 0 else 1.0)
        return _cosine(peak, last, min((step - top) / (total - 1 - top), 1.0))

    return Schedule(lr, "one_cycle", peak=peak, total=total, rise=rise, start=start, end=end)


def _cosine(start: float, end: float, done: float) -> float:
    return end + (start - end) * 0.5 * (1.0 + math.cos(math.pi * done))
