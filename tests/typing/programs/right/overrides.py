"""Packs: subclasses of packs, methods, and properties."""

from __future__ import annotations

from typing import reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 3


class Layer(sw.Pack):
    w: sw.Tensor[In, Out]

    def apply(self, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
        return x @ self.w

    @property
    def count(self) -> int:
        return self.w.size


class Biased(Layer):
    b: sw.Tensor[Out]

    def apply(self, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
        return super().apply(x) + self.b

    @classmethod
    def zeros(cls) -> Biased:
        return cls(sw.Tensor[In, Out].zeros(), sw.Tensor[Out].zeros())


x = sw.Tensor[Batch, In].ones(shape=(2, 4))
layer = Biased.zeros()
layers: tuple[Layer, ...] = (layer, Layer(layer.w))
reveal_type(layer.apply(x))  # Tensor[Batch, Out]
reveal_type(layer.count)  # int
reveal_type([each.apply(x) for each in layers])  # list[Tensor[Batch, Out]]
