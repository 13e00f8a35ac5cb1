"""Sizes that are reshaped: axes of size 1."""

from __future__ import annotations

from typing import Literal

import shapewright as sw

L1 = Literal[1]
L2 = Literal[2]
L3 = Literal[3]


@sw.typed
def two(x: sw.Tensor[L2, L3]) -> sw.Tensor[L3]:
    return x.squeeze(0)  # E: pyrefly, check, mypy+plugin


@sw.typed
def all_of_them(x: sw.Tensor[L1, L3, L1], y: sw.Tensor[L1, L3]) -> sw.Scalar:
    return sw.mse_loss(x.squeeze(), y)  # E: pyrefly, check, mypy+plugin


@sw.typed
def last(x: sw.Tensor[L2, L3]) -> sw.Tensor[L2]:
    return x.squeeze(-1)  # E: pyrefly, check, mypy+plugin


@sw.typed
def place(x: sw.Tensor[L2, L3]) -> sw.Tensor[L2, L1, L3]:
    return x.unsqueeze(0)  # E


@sw.typed
def function(x: sw.Tensor[L2, L3, L1]) -> sw.Tensor[L2, L1]:
    return sw.squeeze(x, 1)  # E: pyrefly, check, mypy+plugin
