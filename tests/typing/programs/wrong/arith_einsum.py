"""Sizes in sums of products: einsum."""

from __future__ import annotations

from typing import Literal

import shapewright as sw

L2 = Literal[2]
L3 = Literal[3]
L4 = Literal[4]


class Batch(sw.Dim): ...


class Hidden(sw.Dim): ...


@sw.typed
def product(x: sw.Tensor[L2, L3], y: sw.Tensor[L2, L3]) -> sw.Tensor[L2, L3]:
    out: sw.Tensor[L2, L3] = sw.einsum("ij,jk->ik", x, y)  # E: pyrefly, check, mypy+plugin
    return out


@sw.typed
def named(x: sw.Tensor[Batch, L3], y: sw.Tensor[Hidden, L4]) -> sw.Tensor[Batch, L4]:
    out: sw.Tensor[Batch, L4] = sw.einsum("ij,jk->ik", x, y)  # E: pyrefly, check
    return out


@sw.typed
def rank(x: sw.Tensor[L2, L3], y: sw.Tensor[L3]) -> sw.Tensor[L2, L3]:
    out: sw.Tensor[L2, L3] = sw.einsum("bij,bjk->bik", x, y)  # E: pyrefly, check, mypy+plugin
    return out
