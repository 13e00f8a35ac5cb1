"""Matrix products: experts and their gate."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Model(sw.Dim):
    size = 4


class Experts(sw.Dim):
    size = 3


class Wide(sw.Dim):
    size = 6


class Mixture(sw.Pack):
    gate: sw.Tensor[Model, Experts]
    up: sw.Tensor[Experts, Model, Wide]
    down: sw.Tensor[Experts, Wide, Model]


@sw.typed
def gates(p: Mixture, x: sw.Tensor[Batch, Model]) -> sw.Tensor[Batch, Experts]:
    return sw.softmax(x @ p.gate)


@sw.typed
def expanded(p: Mixture, x: sw.Tensor[Batch, Model]) -> sw.Tensor[Experts, Batch, Wide]:
    return x @ p.up


@sw.typed
def gate_transposed(p: Mixture, x: sw.Tensor[Batch, Model]) -> sw.Tensor[Batch, Experts]:
    return sw.softmax(x @ p.gate.T)  # E


@sw.typed
def batch_first(p: Mixture, x: sw.Tensor[Batch, Model]) -> sw.Tensor[Batch, Experts, Wide]:
    return expanded(p, x)  # E


@sw.typed
def weighted(p: Mixture, x: sw.Tensor[Batch, Model]) -> sw.Tensor[Experts, Batch, Wide]:
    return expanded(p, x) * gates(p, x)  # E


@sw.typed
def not_down(p: Mixture, x: sw.Tensor[Batch, Model]) -> sw.Tensor[Experts, Batch, Model]:
    return expanded(p, x) @ p.up  # E
