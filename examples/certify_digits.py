"""An interpreter of your own: interval bounds, which prove that no perturbation of the pixels changes a prediction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import digits_mlp
import numpy as np

import shapewright as sw

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Interval:
    """Every entry lies between `low` and `high`."""

    low: Array
    high: Array


class Intervals:
    """`Ops[Interval]`: what a network can answer when the array `centre` is only known up to `eps` in each entry."""

    def __init__(self, centre: Array, eps: float) -> None:
        self.centre, self.eps = centre, eps

    def lift(self, x: sw.Array[Any]) -> Interval:
        value = x.numpy().astype(np.float64)
        radius = self.eps if np.array_equal(value, self.centre) else 0.0
        return Interval(value - radius, value + radius)

    def apply(self, op: str, args: Sequence[Interval], attrs: Mapping[str, object]) -> Interval:
        match op, args:
            case "add", [a, b]:
                return Interval(a.low + b.low, a.high + b.high)
            case "relu", [a]:
                return Interval(np.maximum(a.low, 0.0), np.maximum(a.high, 0.0))
            case "matmul", [a, w]:  # the weights are known exactly: w.low == w.high
                positive, negative = np.maximum(w.low, 0.0), np.minimum(w.low, 0.0)
                return Interval(a.low @ positive + a.high @ negative, a.high @ positive + a.low @ negative)
            case _:
                raise ValueError(f"no interval rule for {op}")


def certified(bounds: Interval, labels: Array) -> Array:
    """Whether the right digit's lowest score beats every other digit's highest."""
    rows = np.arange(len(labels))
    others = bounds.high.copy()
    others[rows, labels] = -np.inf
    wins: Array = bounds.low[rows, labels] > others.max(axis=-1)
    return wins


def main() -> None:
    params = digits_mlp.train()
    _, _, images, labels = digits_mlp.data()
    x = sw.Tensor[digits_mlp.Batch, digits_mlp.Pixels](images)
    for eps in (0.0, 0.005, 0.01, 0.02, 0.04):
        bounds = sw.run_with(Intervals(images.astype(np.float64), eps), digits_mlp.logits, params, x)
        print(f"pixels off by at most {eps:.3f}: {certified(bounds, labels).mean():6.1%} of test images certified")


if __name__ == "__main__":
    main()
