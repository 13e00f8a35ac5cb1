"""Slices with run-time bounds: one program serves every size for which they lie inside their axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest

import shapewright as sw


class Steps(sw.Dim): ...


class Places(sw.Dim):
    size = 16


class Width(sw.Dim):
    size = 3


class Embedding(sw.Pack):
    pos: sw.Tensor[Places, Width]


RNG = np.random.default_rng(0)
Body = Callable[[Any, Any, int], Any]


def start() -> Embedding:
    return Embedding(sw.Tensor[Places, Width](RNG.standard_normal((16, 3), np.float32)))


def ones(n: int) -> sw.Tensor[Steps, Width]:
    return sw.Tensor[Steps, Width](np.ones((n, 3), np.float32))


def loss_of(body: Body) -> Callable[[Embedding, sw.Tensor[Steps, Width]], sw.Scalar]:
    @sw.typed
    def loss(p: Embedding, x: sw.Tensor[Steps, Width]) -> sw.Scalar:
        out: Any = body(p.pos, x, x.shape[0])
        return cast("sw.Scalar", (out**2).sum())

    return loss


def outcome(trainer: sw.ScalarTrainer[Embedding, Any], x: sw.Tensor[Steps, Width]) -> float | str:
    """The loss of a step, or the message of its error."""
    try:
        return float(trainer.step(x, lr=1e-3))
    except sw.ShapewrightError as error:
        return error.diagnostic.message


def squared(q: Any, x: Any, n: int) -> Any:
    """A product with a run-time size on both sides."""
    return x * (q[:n] @ q[:n].mT).mean()


CONSTANT = sw.Tensor[Places, Width](np.arange(48, dtype=np.float32).reshape(16, 3))
BODIES: dict[str, Body] = {
    "the first": lambda q, x, n: x + q[:n],
    "after one": lambda q, x, n: x + q[1 : n + 1],
    "the rest": lambda q, x, n: q[n:] * x.mean(),
    "twice as many": lambda q, x, n: q[: 2 * n] * x.mean(),
    "the last": lambda q, x, n: x + q[-n:],
    "one": lambda q, x, n: x * q[n],
    "twice": squared,
    "of a constant": lambda q, x, n: x * q[:n] * CONSTANT[:n],
}


@pytest.mark.parametrize("body", BODIES.values(), ids=list(BODIES))
def test_every_size_trains_as_eager(body: Body) -> None:
    weights = start()
    compiled = sw.ScalarTrainer(weights, loss_of(body), sw.Options(backend="compiled"))
    eager = sw.ScalarTrainer(weights, loss_of(body), sw.Options(backend="eager"))
    for n in (3, 5, 1, 15, 16, 17, 8, 40):
        x = sw.Tensor[Steps, Width](RNG.standard_normal((n, 3), np.float32))
        got, want = outcome(compiled, x), outcome(eager, x)
        assert got == (want if isinstance(want, str) else pytest.approx(want, rel=1e-4)), n
        np.testing.assert_allclose(compiled.get_params().pos, eager.get_params().pos, atol=1e-5)


def test_one_program_for_the_sizes_that_fit() -> None:
    @sw.typed
    def shifted(p: Embedding, x: sw.Tensor[Steps, Width]) -> sw.Tensor[Steps, Width]:
        return x + p.pos[: x.shape[0]]

    weights = start()
    compiled = sw.jit(shifted, sw.Options(fail_on_recompile=True))
    for n in (3, 16, 1):
        np.testing.assert_allclose(compiled(weights, ones(n)), shifted(weights, ones(n)))
    with pytest.raises(sw.ShapeError) as caught:
        compiled(weights, ones(17))
    assert caught.value.diagnostic.loc is not None
    assert caught.value.diagnostic.loc.text == "return x + p.pos[: x.shape[0]]"


def test_an_empty_input_needs_no_other_program() -> None:
    trainer = sw.ScalarTrainer(start(), loss_of(BODIES["the first"]), sw.Options(fail_on_recompile=True))
    for n in (3, 0, 4):
        trainer.step(ones(n), lr=0.1)


def test_another_program_says_which_slice_does_not_fit() -> None:
    trainer = sw.ScalarTrainer(start(), loss_of(BODIES["twice as many"]), sw.Options(fail_on_recompile=True))
    trainer.step(ones(3), lr=0.1)
    with pytest.raises(sw.CompileError) as caught:
        trainer.step(ones(9), lr=0.1)
    d = caught.value.diagnostic
    assert "test_runtime_slices.py:" in d.message
    assert "the slice of f32[Places=16, Width=3] is empty or leaves its axis" in d.message
    assert d.help is None


def test_the_help_of_a_specialised_size_works() -> None:
    gathered: Any = sw.take

    def run(body: Body) -> None:
        trainer = sw.ScalarTrainer(start(), loss_of(body), sw.Options(fail_on_recompile=True))
        for n in (3, 4):
            trainer.step(ones(n), lr=0.1)

    with pytest.raises(sw.CompileError) as caught:
        run(lambda q, x, n: x * (1 / n))
    help_ = caught.value.diagnostic.help
    assert help_ is not None
    assert "sw.Tensor(n) is the size as a scalar" in help_
    run(lambda q, x, n: x * (1 / sw.Tensor(n)))
    with pytest.raises(sw.CompileError, match="is needed as a number"):
        run(lambda q, x, n: x + q[:n:1] * (n**0.5))
    run(lambda q, x, n: x + gathered(q, sw.arange(n)))
