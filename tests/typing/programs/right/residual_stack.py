"""Residual sums: a stack of equal layers and a skip to the end."""

from __future__ import annotations

from typing import reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class Width(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 2


class Layer(sw.Pack):
    w: sw.Tensor[Width, Width]
    b: sw.Tensor[Width]


class Stack(sw.Pack):
    layers: tuple[Layer, ...]
    gate: sw.Tensor[()]
    head: sw.Tensor[Width, Out]


@sw.typed
def forward(p: Stack, x: sw.Tensor[Batch, Width]) -> sw.Tensor[Batch, Out]:
    h = x
    for i, layer in enumerate(p.layers):
        h = h + sw.tanh(h @ layer.w + layer.b) / float(i + 1)
        reveal_type(layer.w)  # Tensor[Width, Width]
    reveal_type(h)  # Tensor[Batch, Width]; ty: Tensor[Batch, Width] | Unknown
    return (h * p.gate + x) @ p.head


layers = tuple(Layer(sw.Tensor[Width, Width].normal(key=i), sw.Tensor[Width].zeros()) for i in range(3))
stack = Stack(layers, sw.Scalar(1.0), sw.Tensor[Width, Out].normal(key=9))
x = sw.Tensor[Batch, Width].normal(key=1, shape=(5, 4))
reveal_type(forward(stack, x))  # Tensor[Batch, Out]
reveal_type(stack.leaves()[0].shape)  # tuple[int, ...]
reveal_type(sorted(stack.named()))  # list[str]
