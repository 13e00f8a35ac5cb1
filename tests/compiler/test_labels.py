"""Every buffer of a listing has a name of its own, which says what it holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import shapewright as sw
from shapewright.compiler.program import Program


class Batch(sw.Dim): ...


class Time(sw.Dim): ...


class Model(sw.Dim):
    size = 8


class Pair(sw.Pack):
    q: sw.Tensor[Model, Model]
    k: sw.Tensor[Model, Model]


class Same(sw.Pack):
    x: sw.Tensor[Model, Model]


@sw.typed
def lin(x: sw.Tensor[Batch, Time, Model], w: sw.Tensor[Model, Model]) -> sw.Tensor[Batch, Time, Model]:
    return x @ w + 1.0


@sw.typed
def attention(p: Pair, x: sw.Tensor[Batch, Time, Model]) -> sw.Scalar:
    s = lin(x, p.q) @ lin(x, p.k).mT
    return sw.square(s).mean()


@sw.typed
def again(p: Pair, x: sw.Tensor[Batch, Model]) -> sw.Scalar:
    h = sw.tanh(x @ p.q)
    h = sw.tanh(h @ p.k)
    h = sw.tanh(h @ p.k)
    return h.mean()


@sw.typed
def alike(p: Same, x: sw.Tensor[Batch, Model]) -> sw.Scalar:
    return sw.square(x @ p.x).mean()


def floats(*shape: int) -> Any:
    return np.ones(shape, np.float32)


def program(f: Any, p: Any, x: Any, device: Any = None) -> Program:
    found = sw.ScalarTrainer(p, f).lower(x, method="step", device=device)
    assert isinstance(found, Program)
    return found


def products(found: Program) -> list[tuple[str, str]]:
    """What the rows of products and of their copies read, and what they write, without brackets."""
    bare = found.listing().replace("[t]", "")
    pairs = [line.split(" -> ") for line in bare.splitlines() if line.strip().startswith(("matmul", "copy"))]
    return [(" ".join(a.split("  ")[-1].split()), b.split()[0]) for a, b in pairs]


def test_copies_are_called_after_what_they_copy_and_operands_are_told_apart() -> None:
    found = program(attention, Pair(floats(8, 8), floats(8, 8)), floats(6, 5, 8))
    assert products(found) == [
        ("x", "x_copy"),
        ("x q", "product"),
        ("x k", "product_2"),
        ("total total_2", "s"),
        ("s_grad total_2", "product_grad"),
        ("total s_grad", "product_grad_2"),
        ("product_grad_2", "product_grad_2_copy"),
        ("x_copy product_grad_2_copy", "k_grad"),
        ("x product_grad", "q_grad"),
    ]
    copies = [k for k in found.kernels if k.name.startswith("copy")]
    assert [(k.reads, k.writes) for k in copies] == [
        (("x",), ("x_copy",)),
        (("product_grad_2",), ("product_grad_2_copy",)),
    ]
    assert all("k_grad" not in k.source for k in copies)


@pytest.mark.parametrize("device", [None, "cuda"])
def test_a_gradient_has_the_number_of_its_variable(device: Any) -> None:
    found = program(again, Pair(floats(8, 8), floats(8, 8)), floats(6, 8), device)
    lines = {b: a for a, b in products(found)}
    assert lines["product_2"] == "h k" and lines["product_3"] == "h_2 k"
    assert lines["h_2_grad"].endswith(" k") and lines["h_grad"].endswith(" k")
    order = [b for _, b in products(found)]
    assert order.index("h_2_grad") < order.index("h_grad")


def test_an_input_with_the_name_of_a_parameter() -> None:
    found = program(alike, Same(floats(8, 8)), floats(6, 8))
    assert products(found) == [("x_2 x", "product"), ("x_2 product_grad", "x_grad")]
