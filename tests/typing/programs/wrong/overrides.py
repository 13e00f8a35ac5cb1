"""Packs: subclasses whose methods do not fit."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 3


class Wide(sw.Dim):
    size = 6


class Layer(sw.Pack):
    w: sw.Tensor[In, Out]

    def apply(self, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
        return x @ self.w

    @property
    def width(self) -> int:
        return self.w.shape  # E: -check


class Biased(Layer):
    b: sw.Tensor[Out]

    @sw.typed
    def shifted(self, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
        return x + self.b  # E

    @classmethod
    def zeros(cls) -> Biased:
        return cls(sw.Tensor[Out].zeros(), sw.Tensor[In, Out].zeros())  # E: -check


def missing(w: sw.Tensor[In, Out]) -> Layer:
    return Biased(w)  # E: -check


def narrowed(layer: Layer) -> Biased:
    return layer  # E: -check


def no_such_method(layer: Layer, x: sw.Tensor[Batch, In]) -> object:
    return layer.forward(x)  # E: -check


def wrong_argument(layer: Layer, x: sw.Tensor[Batch, Wide]) -> object:
    return layer.apply(x)  # E: -check
