"""Calls: arguments of typed functions and packs that do not fit."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

import shapewright as sw


class Batch(sw.Dim): ...


class Pixels(sw.Dim):
    size = 4


class Hidden(sw.Dim): ...


class Digits(sw.Dim):
    size = 3


class MLP(sw.Pack):
    w1: sw.Tensor[Pixels, Hidden]
    w2: sw.Tensor[Hidden, Digits]
    eps: float = 1e-5


@sw.typed
def logits(p: MLP, x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Digits]:
    return sw.relu(x @ p.w1) @ p.w2


@sw.typed
def loss(p: MLP, x: sw.Tensor[Batch, Pixels], y: sw.IntTensor[Batch]) -> sw.Scalar:
    return sw.cross_entropy(logits(p, x), y)


@sw.typed
def positional(p: sw.TList[sw.Tensor[Pixels, Hidden], sw.Tensor[Hidden]], x: sw.Tensor[Batch, Pixels]) -> sw.Scalar:
    w, b = p
    return sw.mean(x @ w + b)


def run(
    w1: sw.Tensor[Pixels, Hidden],
    w2: sw.Tensor[Hidden, Digits],
    b: sw.Tensor[Hidden],
    x: sw.Tensor[Batch, Pixels],
    y: sw.IntTensor[Batch],
) -> None:
    p = MLP(w1, w2)
    trainer = sw.ScalarTrainer(p, loss)
    MLP(w2, w1)  # E: -check
    MLP(w1)  # E: -check
    MLP(w1, w2, eps="small")  # E: -check
    p.eps = 1.0  # E: -check
    logits(x, p)  # E: -check
    logits(p, x, y)  # E: -check
    logits(p, w1)  # E: -check
    loss(p, y, x)  # E: -check
    loss(p, x, np.zeros(3))  # E: -check
    positional(sw.TList(b, w1), x)  # E: -check
    positional(sw.TList(w1), x)  # E: -check
    positional(sw.TList(w1, b, b), x)  # E: -check
    positional((w1, b), x)  # E: -check
    trainer.step(y, x, lr=0.1)  # E: -check
    trainer.step(x, lr=0.1)  # E: -check
    trainer.apply_grads(sw.TList(w1), lr=0.1)  # E: -check
    sw.ScalarTrainer(p, logits)  # E: -check
    sw.ScalarTrainer(w1, loss)  # E: -check
    sw.ScalarTrainer(sw.TList(b, w1), positional)  # E: -check
    q: sw.Tensor[Literal[5], Pixels] = w2  # E: -check
    print(q)


def fine(anything: Any, x: sw.Tensor[Batch, Pixels]) -> None:
    logits(anything, x)
    print(x * 2.0 + 1.0)
