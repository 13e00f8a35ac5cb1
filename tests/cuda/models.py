"""Losses over wide rows, as a GPU meets them."""

from __future__ import annotations

import numpy as np

import shapewright as sw
from shapewright.compiler.program import Program


class Rows(sw.Dim): ...


class Columns(sw.Dim):
    size = 4096


class Norm(sw.Pack):
    gain: sw.Tensor[Columns]
    shift: sw.Tensor[Columns]


@sw.typed
def norm_loss(p: Norm, x: sw.Tensor[Rows, Columns], seed: sw.Tensor[Rows, Columns]) -> sw.Scalar:
    return (sw.layer_norm(x, p.gain, p.shift) * seed).sum()


@sw.typed
def label_loss(p: Norm, x: sw.Tensor[Rows, Columns], y: sw.IntTensor[Rows]) -> sw.Scalar:
    return sw.cross_entropy(x * p.gain + p.shift, y)


@sw.typed
def softmax_loss(p: Norm, x: sw.Tensor[Rows, Columns], seed: sw.Tensor[Rows, Columns]) -> sw.Scalar:
    return (sw.softmax(x * p.gain + p.shift) * seed).sum()


def norm() -> Norm:
    return Norm(gain=sw.Tensor[Columns].ones(), shift=sw.Tensor[Columns].zeros())


def rows(n: int) -> sw.Tensor[Rows, Columns]:
    return sw.Tensor[Rows, Columns](np.random.default_rng(0).standard_normal((n, 4096), dtype=np.float32))


def labels(n: int) -> sw.IntTensor[Rows]:
    return sw.IntTensor[Rows](np.random.default_rng(1).integers(0, 4096, n))


def norm_program(method: str = "value_and_grad") -> Program:
    """Layer norm, forward and backward."""
    return sw.ScalarTrainer(norm(), norm_loss).lower(rows(6), rows(6), method=method, device="cuda")


def label_program(method: str = "value_and_grad") -> Program:
    """Cross-entropy, forward and backward."""
    return sw.ScalarTrainer(norm(), label_loss).lower(rows(6), labels(6), method=method, device="cuda")


def softmax_program(method: str = "value_and_grad") -> Program:
    """Softmax, forward and backward."""
    return sw.ScalarTrainer(norm(), softmax_loss).lower(rows(6), rows(6), method=method, device="cuda")
