"""Layers: generic in their axes, positional packs, residual sums, size expressions."""

from __future__ import annotations

from typing import Generic, Literal, NamedTuple, TypeVar, reveal_type

import numpy as np

import shapewright as sw

I = TypeVar("I")
O = TypeVar("O")
B = TypeVar("B")
N = sw.IntVar("N")
M = sw.IntVar("M")
L7 = Literal[7]


class Batch(sw.Dim): ...


class Seq(sw.Dim): ...


class D(sw.Dim):
    size = 4


class H(sw.Dim):
    size = 8


class Dense(sw.Pack, Generic[I, O]):
    w: sw.Tensor[I, O]
    b: sw.Tensor[O]

    @sw.typed
    def __call__(self, x: sw.Tensor[B, I]) -> sw.Tensor[B, O]:
        return sw.relu(x @ self.w + self.b)


class Net(sw.Pack):
    a: Dense[D, H]
    blocks: tuple[Dense[H, H], ...]
    eps: float = 1e-5


class Linear(NamedTuple):
    w: sw.Tensor[D, H]


@sw.typed
def features(p: Net, x: sw.Tensor[Batch, D]) -> sw.Tensor[Batch, H]:
    h = p.a(x)
    for block in p.blocks:
        h = h + block(h)
    return h / (h.sum(-1, keepdims=True) + p.eps)


@sw.typed
def loss(p: Net, x: sw.Tensor[Batch, D], y: sw.IntTensor[Batch]) -> sw.Scalar:
    return sw.cross_entropy(features(p, x), y)


@sw.typed
def tlist_loss(p: sw.TList[sw.Tensor[D, H], sw.Tensor[H]], x: sw.Tensor[Batch, D], y: sw.IntTensor[Batch]) -> sw.Scalar:
    w, b = p
    return sw.cross_entropy(x @ w + b, y)


@sw.typed
def tuple_loss(p: Linear, x: sw.Tensor[Batch, D], y: sw.IntTensor[Batch]) -> sw.Scalar:
    return sw.cross_entropy(x @ p.w, y)


@sw.typed
def both(x: sw.Tensor[sw.D[N], I], y: sw.Tensor[sw.D[M], I]) -> sw.Tensor[sw.Add[N, M], I]:
    return sw.concat((x, y), axis=0)


w = sw.Tensor[D, H].normal(std=0.1, key=1)
b = sw.Tensor[H].zeros()
x = sw.Tensor[Batch, D](np.ones((5, 4), np.float32))
y = sw.IntTensor[Batch]([0, 1, 2, 3, 4])
net = Net(Dense(w, b), (Dense(sw.Tensor[H, H].normal(std=0.1, key=2), b),))

reveal_type(net.a)  # Dense[D, H]
reveal_type(net.blocks[0].w)  # Tensor[H, H]
reveal_type(features(net, x))  # Tensor[Batch, H]
reveal_type(sw.ScalarTrainer(net, loss).get_params())  # Net
reveal_type(sw.TList(w, b))  # TList[Tensor[D, H], Tensor[H]]
reveal_type(sw.cons(w, sw.TList(b)))  # TList[Tensor[D, H], Tensor[H]]
reveal_type(sw.TList(w, b)[1])  # Tensor[H]
reveal_type(sw.ScalarTrainer(sw.TList(w, b), tlist_loss).get_params())  # TList[Tensor[D, H], Tensor[H]]
reveal_type(sw.ScalarTrainer(Linear(w), tuple_loss).get_params().w)  # Tensor[D, H]

three = sw.Tensor[Literal[3], D].ones()
four = sw.Tensor[Literal[4], D].ones()
seven: sw.Tensor[L7, D] = both(three, four)
pos = sw.Tensor[Seq, D](np.ones((6, 4), np.float32))
z = sw.Tensor[Batch, Seq, D](np.ones((5, 6, 4), np.float32))
reveal_type(z * pos / 2.0 - z.sum(-1, keepdims=True))  # Tensor[Batch, Seq, D]
reveal_type(1.0 - z)  # Tensor[Batch, Seq, D]
reveal_type(z.sum(-1))  # Tensor[Batch, Seq]
reveal_type(sw.softmax(z, axis=-1))  # Tensor[Batch, Seq, D]
reveal_type(w.T)  # Tensor[H, D]
