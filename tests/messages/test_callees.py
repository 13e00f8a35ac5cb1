"""Which argument of the user's line is underlined: only where that line calls the function itself."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shapewright as sw


class B(sw.Dim): ...


class P(sw.Dim):
    size = 4


def zeros(*shape: int) -> Any:
    tensor: Any = sw.Tensor
    return tensor(np.zeros(shape, np.float32))


@sw.typed
def one(a: sw.Tensor[P, Any]) -> int:
    return 1


@sw.typed
def two(a: sw.Tensor[B, P], b: sw.Tensor[P, Any]) -> int:
    return 1


class Layer(sw.Pack):
    w: sw.Tensor[P]

    @sw.typed
    def app(self, a: sw.Tensor[P, Any], b: sw.Tensor[P, Any]) -> int:
        return 1

    @sw.typed
    def __call__(self, a: sw.Tensor[P, Any]) -> int:
        return 1


class Base:
    @sw.typed
    def go(self, a: sw.Tensor[P, Any]) -> int:
        return 1


class Derived(Base):
    def again(self, a: Any) -> int:
        return Base.go(self, a)


class Net(sw.Pack):
    layer: Layer


alias = one
layer = Layer(zeros(4))
net = Net(layer)
good, turned = zeros(4, 3), zeros(3, 4)
Case = tuple[str, Callable[[], object], str]


def handed(loss: Any) -> Any:
    return loss(good[:, :2])


CASES: list[Case] = [
    ("call", lambda: one(turned), "turned"),
    ("alias", lambda: alias(turned), "turned"),
    ("keyword", lambda: two(zeros(2, 4), b=turned), "turned"),
    ("object", lambda: layer(turned), "turned"),
    ("field", lambda: net.layer(turned), "turned"),
    ("method", lambda: layer.app(good, turned), "turned"),
    ("method of the class", lambda: Layer.app(layer, good, turned), "turned"),
    ("method of a base", lambda: Derived().again(turned), "a"),
    ("map", lambda: list(map(one, [turned])), "list(map(one, [turned]))"),
    ("key", lambda: sorted([turned], key=one), "sorted([turned], key=one)"),
    ("reduce", lambda: functools.reduce(two, [zeros(2, 4), turned]), "functools.reduce(two, [zeros(2, 4), turned])"),
    ("partial", lambda: functools.partial(two, b=turned)(zeros(2, 4)), "functools.partial(two, b=turned)(zeros(2, 4))"),
    ("handed on", lambda: handed(functools.partial(two, good)), "loss(good[:, :2])"),
]


@pytest.mark.parametrize(("name", "call", "marked"), CASES, ids=[c[0] for c in CASES])
@pytest.mark.parametrize("calls", [0, 3], ids=["first", "later"])
def test_what_is_underlined(name: str, call: Callable[[], object], marked: str, calls: int) -> None:
    for _ in range(calls):
        one(good)
        two(zeros(2, 4), good)
        layer(good)
        layer.app(good, good)
        Base().go(good)
    with pytest.raises(sw.ShapeError) as caught:
        call()
    loc = caught.value.diagnostic.loc
    assert loc is not None
    text = Path(__file__).read_text(encoding="utf-8").splitlines()[loc.line - 1]
    assert text.encode()[loc.col : loc.end_col].decode() == marked
    help_ = caught.value.diagnostic.help or ""
    assert "write" not in help_ or marked in ("turned", "a")
