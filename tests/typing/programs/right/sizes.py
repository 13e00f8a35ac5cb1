"""Sizes: axes with fixed, literal, summed and multiplied sizes."""

from __future__ import annotations

from typing import Literal, TypeVar, reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class Width(sw.Dim):
    size = 4


N = sw.IntVar("N")
M = sw.IntVar("M")
K = TypeVar("K")
Three = Literal[3]
Four = Literal[4]
Seven = Literal[7]


@sw.typed
def joined(x: sw.Tensor[sw.D[N], K], y: sw.Tensor[sw.D[M], K]) -> sw.Tensor[sw.Add[N, M], K]:
    return sw.concat((x, y), axis=0)


@sw.typed
def flat(x: sw.Tensor[sw.D[N], sw.D[M]]) -> sw.Tensor[sw.Mul[N, M]]:
    out: sw.Tensor[sw.Mul[N, M]] = sw.flatten(x)
    return out


three = sw.Tensor[Three, Width].ones()
four = sw.Tensor[Four, Width].ones()
seven: sw.Tensor[Seven, Width] = joined(three, four)
twelve: sw.Tensor[Literal[12]] = flat(sw.Tensor[Three, Four].ones())
reveal_type(three)  # Tensor[Literal[3], Width]
reveal_type(seven)  # Tensor[Literal[7], Width]
reveal_type(three.T @ three)  # Tensor[Width, Width]
print(twelve.shape)
