"""Transforms: a compiled function keeps its signature."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 3


@sw.typed
def scaled(x: sw.Tensor[Batch, In], w: sw.Tensor[In, Out], *, factor: float = 1.0) -> sw.Tensor[Batch, Out]:
    return x @ w * factor


fast = sw.jit(scaled)


def calls(x: sw.Tensor[Batch, In], w: sw.Tensor[In, Out]) -> sw.Tensor[Batch, In]:
    fast(w, x)  # E: -check
    fast(x)  # E: -check
    fast(x, w, 2.0)  # E: -check
    fast(x, w, factor="two")  # E: -check
    fast(x, w, scale=2.0)  # E: -check
    sw.jit(scaled, backend="eager")  # E: -check
    sw.jit(scaled, sw.Options(device="tpu"))  # E: -check
    sw.jit(1.0)  # E: -check
    return fast(x, w)  # E: -check
