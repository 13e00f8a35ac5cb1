"""Sizes: axes with fixed, literal, summed and multiplied sizes."""

from __future__ import annotations

from typing import Literal, TypeVar, reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class Four(sw.Dim):
    size = 4


N = sw.IntVar("N")
M = sw.IntVar("M")
K = TypeVar("K")
Three = Literal[3]
Seven = Literal[7]


@sw.typed
def joined(x: sw.Tensor[sw.D[N], K], y: sw.Tensor[sw.D[M], K]) -> sw.Tensor[sw.Add[N, M], K]:
    return sw.concat((x, y), axis=0)


@sw.typed
def flat(x: sw.Tensor[sw.D[N], sw.D[M]]) -> sw.Tensor[sw.Mul[N, M]]:
    return sw.flatten(x)


three = sw.Tensor[Three, Four].ones()
four = sw.Tensor[Four, Four].ones()
seven: sw.Tensor[Seven, Four] = joined(three, four)
twelve: sw.Tensor[Literal[12]] = flat(three)
reveal_type(three)  # Tensor[Literal[3], Four]
reveal_type(seven)  # Tensor[Literal[7], Four]; pyrefly: Tensor[Literal[7], Four]
reveal_type(three.T @ three)  # Tensor[Four, Four]
print(twelve.shape)
