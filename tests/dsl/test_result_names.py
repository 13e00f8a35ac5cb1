"""A result calls its axes what the annotation calls them, where they have no name; kernels have loops of these names."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
import pytest

import shapewright as sw
from shapewright.dsl.scope import checker

B = TypeVar("B")


class Batch(sw.Dim): ...


class Time(sw.Dim): ...


class Model(sw.Dim):
    size = 12


class Heads(sw.Dim):
    size = 3


class Head(sw.Dim):
    size = 4


class Pair(NamedTuple):
    a: sw.Tensor[Batch, Model]
    b: sw.Tensor[Model]


class P(sw.Pack):
    q: sw.Tensor[Model, Model]


@sw.typed
def split(x: sw.Tensor[Batch, Time, Model]) -> sw.Tensor[Batch, Heads, Time, Head]:
    n, t, _ = x.shape
    out: sw.Tensor[Batch, Heads, Time, Head] = x.reshape(n, t, 3, 4).transpose(0, 2, 1, 3)
    return out


def names(x: Any) -> tuple[str | None, ...]:
    return tuple(x.names)


@pytest.mark.parametrize("kind", ["compiled", "full", "reference"])
def test_names_of_a_result(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checker, "kind", kind)

    @sw.typed
    def f(x: sw.Tensor[Batch, Model]) -> sw.Tensor[Batch, Literal[3], Head]:
        return x.reshape(x.shape[0], 3, 4)

    for _ in range(4):  # in full, and quickly
        assert names(f(sw.ones((2, 12)))) == ("Batch", None, "Head")


@pytest.mark.parametrize("kind", ["compiled", "full", "reference"])
def test_names_in_containers(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checker, "kind", kind)

    @sw.typed
    def both(x: sw.Tensor[Batch, Model]) -> Pair:
        return Pair(sw.ones(x.shape), sw.ones(12))

    @sw.typed
    def several(x: sw.Tensor[Batch, Model]) -> tuple[sw.Tensor[Batch], dict[str, sw.Tensor[Model]]]:
        return sw.ones(x.shape[0]), {"u": sw.ones(12)}

    x = sw.ones((2, 12))
    for _ in range(4):
        pair = both(x)
        assert (names(pair.a), names(pair.b)) == (("Batch", "Model"), ("Model",))
        first, rest = several(x)
        assert (names(first), names(rest["u"])) == (("Batch",), ("Model",))


def test_what_has_a_name_keeps_it() -> None:
    @sw.typed
    def generic(x: sw.Tensor[B, Any]) -> sw.Tensor[B, Any]:
        return x

    @sw.typed
    def other(x: sw.Tensor[Batch, Model]) -> sw.Tensor[Batch, Model]:
        return x

    named, plain = sw.Tensor[Batch, Model](np.ones((2, 12), np.float32)), sw.ones((2, 12))
    for _ in range(4):
        assert generic(named) is named
        assert generic(plain) is plain  # a type variable means nothing to the caller
        assert other(named) is named


def test_gradients_pass() -> None:
    @sw.typed
    def loss(p: P, x: sw.Tensor[Batch, Time, Model]) -> sw.Scalar:
        return (split(x @ p.q) ** 2).sum()

    p, x = P(q=sw.Tensor[Model, Model].normal(key=1)), sw.normal((2, 5, 12), key=2)
    got = sw.grad(loss)(p, x).q.numpy()
    flat = x.numpy().reshape(10, 12)
    np.testing.assert_allclose(got, 2 * flat.T @ (flat @ p.q.numpy()), rtol=1e-5)


def test_loops_have_the_names() -> None:
    @sw.typed
    def loss(p: P, x: sw.Tensor[Batch, Time, Model]) -> sw.Scalar:
        return sw.relu(split(x @ p.q)).mean()

    @sw.typed
    def by_hand(p: P, x: sw.Tensor[Batch, Time, Model]) -> sw.Scalar:
        n, t, _ = x.shape
        return sw.relu(sw.Tensor[Batch, Heads, Time, Head]((x @ p.q).reshape(n, t, 3, 4).transpose(0, 2, 1, 3))).mean()

    p = P(q=sw.Tensor[Model, Model].normal(key=1))
    for function in (loss, by_hand):
        trainer = sw.ScalarTrainer(p, function, sw.Options(backend="compiled"))
        source = trainer.lower(sw.ones((2, 5, 12))).source
        for loop in (
            "for batch in range(n):  # Batch",
            "for heads in range(3):  # Heads",
            "for time in range(Time_size):  # Time",
            "for head in range(4):  # Head",
        ):
            assert loop in source, function.__name__
