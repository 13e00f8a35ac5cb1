"""Sizes in sums of products: letters."""

from __future__ import annotations

from typing import Literal, TypeVarTuple, reveal_type

import shapewright as sw

L2 = Literal[2]
L3 = Literal[3]
L4 = Literal[4]
Bs = TypeVarTuple("Bs")


class Batch(sw.Dim): ...


class Hidden(sw.Dim): ...


@sw.typed
def product(x: sw.Tensor[L2, L3], y: sw.Tensor[L3, L4]) -> sw.Tensor[L2, L4]:
    return sw.einsum("ij,jk->ik", x, y)


@sw.typed
def named(x: sw.Tensor[Batch, Hidden], y: sw.Tensor[Hidden, L4]) -> sw.Tensor[Batch, L4]:
    return sw.einsum("ij,jk->ik", x, y)


@sw.typed
def implicit(x: sw.Tensor[L2, L3], y: sw.Tensor[L3, L4]) -> sw.Tensor[Batch, Hidden]:
    out: sw.Tensor[Batch, Hidden] = sw.einsum("ij,jk", x, y)
    return out


@sw.typed
def leading(x: sw.Tensor[*Bs, Hidden], w: sw.Tensor[Hidden, L4]) -> sw.Tensor[*Bs, L4]:
    out: sw.Tensor[*Bs, L4] = sw.einsum("...i,io->...o", x, w)
    return out


x = sw.Tensor[L2, L3].ones()
y = sw.Tensor[L3, L4].ones()
reveal_type(product(x, y))  # Tensor[Literal[2], Literal[4]]
reveal_type(sw.einsum("ij->ji", x))  # Tensor[Literal[3], Literal[2]]
reveal_type(sw.einsum("ij,ij->", x, x))  # Tensor[()]
