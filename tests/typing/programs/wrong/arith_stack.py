"""Sizes that are joined: stacked tensors have one shape."""

from __future__ import annotations

from typing import Literal

import shapewright as sw

L2 = Literal[2]
L3 = Literal[3]
L4 = Literal[4]


class Batch(sw.Dim): ...


@sw.typed
def rows(x: sw.Tensor[L2, L3], y: sw.Tensor[L3, L3]) -> sw.Tensor[L2, L2, L3]:
    out: sw.Tensor[L2, L2, L3] = sw.stack((x, y))  # E: pyrefly, check, mypy+plugin
    return out


@sw.typed
def named(x: sw.Tensor[Batch, L3], y: sw.Tensor[Batch, L4]) -> sw.Tensor[L2, Batch, L3]:
    out: sw.Tensor[L2, Batch, L3] = sw.stack((x, y))  # E: pyrefly, check, mypy+plugin
    return out


@sw.typed
def third(x: sw.Tensor[L2, L3], y: sw.Tensor[L2, L4]) -> sw.Tensor[L3, L2, L3]:
    out: sw.Tensor[L3, L2, L3] = sw.stack((x, x, y))  # E: pyrefly, check, mypy+plugin
    return out


@sw.typed
def count(x: sw.Tensor[L2, L3], y: sw.Tensor[L2, L3]) -> sw.Tensor[L3, L2, L3]:
    return sw.stack((x, y))  # E: pyrefly, check, mypy+plugin


@sw.typed
def middle(x: sw.Tensor[L2, L3], y: sw.Tensor[L2, L3]) -> sw.Tensor[L2, L4, L3]:
    return sw.stack((x, y), axis=1)  # E: pyrefly, check, mypy+plugin
