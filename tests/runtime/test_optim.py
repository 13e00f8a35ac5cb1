"""Optimizers against a plain NumPy transcription of their formulas, state, clipping, schedules, bad numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from shapewright.compiler.errors import DTypeError, OptionError, ShapeError
from shapewright.dsl.pack import TList
from shapewright.runtime import schedules
from shapewright.runtime.optim import SGD, Adam, AdamW, Optimizer, check_lr, check_rates
from shapewright.runtime.params import ParamList

from . import models
from .models import reals

F64: TypeAlias = NDArray[np.float64]
State: TypeAlias = dict[str, Any]
Rule: TypeAlias = Callable[[F64, F64, State, float], F64]


def sgd(momentum: float = 0.0, nesterov: bool = False, wd: float = 0.0) -> Rule:
    def rule(p: F64, g: F64, s: State, lr: float) -> F64:
        g = g + wd * p
        if momentum:
            s["buf"] = momentum * s["buf"] + g if "buf" in s else g
            g = g + momentum * s["buf"] if nesterov else s["buf"]
        return p - lr * g

    return rule


def adam(b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8, wd: float = 0.0, decoupled: bool = False) -> Rule:
    def rule(p: F64, g: F64, s: State, lr: float) -> F64:
        if decoupled:
            p = p * (1 - lr * wd)
        else:
            g = g + wd * p
        s["t"] = s.get("t", 0) + 1
        s["m"] = b1 * s.get("m", 0.0) + (1 - b1) * g
        s["v"] = b2 * s.get("v", 0.0) + (1 - b2) * g * g
        m: F64 = s["m"] / (1 - b1 ** s["t"])
        v: F64 = s["v"] / (1 - b2 ** s["t"])
        return p - lr * m / (np.sqrt(v) + eps)

    return rule


CASES: list[tuple[Optimizer, Rule]] = [
    (SGD(), sgd()),
    (SGD(momentum=0.9), sgd(0.9)),
    (SGD(momentum=0.9, nesterov=True), sgd(0.9, nesterov=True)),
    (SGD(momentum=0.9, weight_decay=0.1), sgd(0.9, wd=0.1)),
    (SGD(weight_decay=0.1), sgd(wd=0.1)),
    (Adam(), adam()),
    (Adam(betas=(0.8, 0.9), eps=1e-3), adam(0.8, 0.9, 1e-3)),
    (Adam(weight_decay=0.1), adam(wd=0.1)),
    (AdamW(), adam(wd=1e-2, decoupled=True)),
    (AdamW(weight_decay=0.3), adam(wd=0.3, decoupled=True)),
]


@pytest.mark.parametrize(("optimizer", "rule"), CASES, ids=lambda x: repr(x) if isinstance(x, Optimizer) else "")
def test_twenty_steps_of_the_formula(optimizer: Optimizer, rule: Rule) -> None:
    rng = np.random.default_rng(0)
    p = rng.normal(size=(3, 2))
    params = ParamList.from_tensors(TList(reals(p)))
    state, mine = optimizer.init(params), State()
    for step in range(20):
        g, lr = rng.normal(size=(3, 2)), 0.1 / (step + 1)
        state = optimizer.step(params, TList(reals(g)), state, lr=lr)
        p = rule(p, g, mine, lr)
        models.assert_close(params[0].host, p, rtol=1e-12, atol=1e-14)
    assert state.t == 20


def test_frozen_parameters_have_no_state_and_no_update() -> None:
    params = ParamList.from_tensors(TList(reals([1.0]), reals([2.0])), [True, False])
    optimizer = Adam()
    state = optimizer.init(params)
    assert [len(a) for a in state.slots.values()] == [1, 1]
    optimizer.step(params, TList(reals([1.0]), reals([1.0])), state, lr=0.1)
    assert params[1].host.tolist() == [2.0]
    assert params[0].host[0] < 1.0


def test_the_old_state_is_not_changed() -> None:
    params = ParamList.from_tensors(TList(reals([1.0])))
    optimizer = SGD(momentum=0.9)
    first = optimizer.init(params)
    second = optimizer.step(params, TList(reals([1.0])), first, lr=0.1)
    assert first.slots["momentum"][0].tolist() == [0.0]
    assert second.slots["momentum"][0].tolist() == [1.0]


def test_clip_norm_scales_all_gradients_together() -> None:
    params = ParamList.from_tensors(TList(reals([0.0, 0.0]), reals([0.0])))
    grads = TList(reals([3.0, 0.0]), reals([4.0]))
    SGD(clip_norm=1.0).step(params, grads, SGD().init(params), lr=1.0)
    factor = 1.0 / (5.0 + 1e-6)
    models.assert_close(params[0].host, [-3 * factor, 0.0], rtol=1e-6)
    models.assert_close(params[1].host, [-4 * factor], rtol=1e-6)
    params.set_values(TList(reals([0.0, 0.0]), reals([0.0])))
    SGD(clip_norm=10.0).step(params, grads, SGD().init(params), lr=1.0)
    assert params[0].host.tolist() == [-3.0, 0.0]


@pytest.mark.parametrize("lr", [float("nan"), float("inf"), -0.1, "fast", None])
def test_a_bad_learning_rate_is_refused(lr: Any) -> None:
    params = ParamList.from_tensors(TList(reals([1.0])))
    with pytest.raises(OptionError, match="lr="):
        SGD().step(params, TList(reals([1.0])), SGD().init(params), lr=lr)
    assert params[0].host.tolist() == [1.0]


def test_learning_rates_may_be_numpy_numbers_and_sequences() -> None:
    assert check_lr(np.float32(0.5)) == 0.5
    assert check_rates(0.1, 2) == [0.1, 0.1]
    assert check_rates(np.array([0.1, 0.2]), 2) == [0.1, 0.2]
    with pytest.raises(OptionError, match="3 learning rates for 2 batches"):
        check_rates([0.1, 0.2, 0.3], 2)


@pytest.mark.parametrize(
    "make",
    [
        lambda: SGD(momentum=-1.0),
        lambda: SGD(nesterov=True),
        lambda: SGD(weight_decay=math.nan),
        lambda: Adam(betas=(1.0, 0.9)),
        lambda: AdamW(eps=-1.0),
        lambda: Adam(clip_norm=-1.0),
    ],
)
def test_bad_numbers_are_refused(make: Callable[[], Optimizer]) -> None:
    with pytest.raises(OptionError):
        make()


def test_a_state_of_other_parameters_is_refused() -> None:
    one, two = ParamList.from_tensors(TList(reals([1.0]))), ParamList.from_tensors(TList(reals([1.0, 2.0])))
    with pytest.raises(ShapeError, match="does not belong"):
        Adam().step(one, TList(reals([1.0])), Adam().init(two), lr=0.1)
    with pytest.raises(ShapeError, match="slot 'm': none"):
        Adam().step(one, TList(reals([1.0])), SGD().init(one), lr=0.1)


def test_what_stands_in_a_wrong_place_is_named() -> None:
    pack = models.line()
    cells, rule = ParamList.from_tensors(pack), Adam()
    wrong: Any = rule
    runs: dict[str, Callable[[], object]] = {
        "an optimizer updates a ParamList, not a pack Line": lambda: wrong.init(pack),
        "an optimizer updates a ParamList, not a pack Line ": lambda: wrong.step(pack, cells, rule.init(cells), lr=0.1),
        "the state of Adam is an OptState, not a dict": lambda: wrong.step(cells, pack, {}, lr=0.1),
        "the state of Adam is an OptState, not a pack Line": lambda: wrong.step(cells, pack, pack, lr=0.1),
    }
    for said, run in runs.items():
        with pytest.raises(DTypeError) as error:
            run()
        assert error.value.diagnostic.message == said.strip()
        assert error.value.diagnostic.help is not None


def test_one_rate_and_one_batch() -> None:
    for rates, batches, said in ((2, 1, "2 learning rates for 1 batch"), (1, 2, "1 learning rate for 2 batches")):
        with pytest.raises(OptionError) as error:
            check_rates([0.1] * rates, batches)
        assert error.value.diagnostic.message == said


def test_schedules() -> None:
    warm = schedules.warmup_cosine(1.0, warmup=10, total=110, floor=0.1)
    assert [warm(0), warm(5), warm(10), warm(110), warm(500)] == [0.0, 0.5, 1.0, 0.1, 0.1]
    assert warm(60) == pytest.approx(0.55)
    assert [schedules.step(1.0, every=2, factor=0.5)(t) for t in range(5)] == [1.0, 1.0, 0.5, 0.5, 0.25]
    cycle = schedules.one_cycle(1.0, total=100)
    assert cycle(0) == pytest.approx(1 / 25)
    assert max(map(cycle, range(100))) == pytest.approx(1.0)
    assert cycle(99) == pytest.approx(1 / 25 / 1e4)
    with pytest.raises(OptionError, match="warmup=5 does not fit"):
        schedules.warmup_cosine(1.0, warmup=5, total=5)
    with pytest.raises(OptionError, match="every=0"):
        schedules.step(1.0, every=0)
    with pytest.raises(OptionError, match="total=1"):
        schedules.one_cycle(1.0, total=1)
