"""Sizes that are declared: sums and products of axis variables."""

from __future__ import annotations

from typing import Literal, TypeVar, reveal_type

import shapewright as sw

L2 = Literal[2]
L3 = Literal[3]
L5 = Literal[5]
I = TypeVar("I")
N = sw.IntVar("N")
M = sw.IntVar("M")


class Hidden(sw.Dim): ...


@sw.typed
def both(x: sw.Tensor[sw.D[N], I], y: sw.Tensor[sw.D[M], I]) -> sw.Tensor[sw.Add[N, M], I]:
    return sw.concat((x, y))


@sw.typed
def twice(x: sw.Tensor[sw.D[N], I]) -> sw.Tensor[sw.Add[N, N], I]:
    return sw.repeat(x, 2, 0)


@sw.typed
def flat(x: sw.Tensor[sw.D[N], sw.D[M]]) -> sw.Tensor[sw.Mul[N, M]]:
    return x.reshape(-1) + x.flatten()


@sw.typed
def outer(x: sw.Tensor[sw.D[N]], y: sw.Tensor[sw.D[M]]) -> sw.Tensor[sw.D[N], sw.D[M]]:
    return x.unsqueeze(1) @ y.unsqueeze(0)


@sw.typed
def rolled(x: sw.Tensor[sw.D[N], I]) -> sw.Tensor[sw.D[N], I]:
    out: sw.Tensor[sw.D[N], I] = sw.concat((x[1:], x[:1]))
    return out


@sw.typed
def caller(x: sw.Tensor[L2, L3], y: sw.Tensor[L3, L3]) -> sw.Tensor[L5, L3]:
    return both(x, y)


x = sw.Tensor[L2, L3].ones()
y = sw.Tensor[L3, L3].ones()
a = both(sw.Tensor[L2, Hidden].ones(shape=(2, 4)), sw.Tensor[L3, Hidden].ones(shape=(3, 4)))
b = flat(x)
# fmt: off
reveal_type(a)  # Tensor[Any, Hidden]; pyrefly: Tensor[Int[5], Hidden]; ty: Tensor[Add[Literal[2], Literal[3]], Hidden]; mypy+plugin: Tensor[Literal[5], Hidden]
# fmt: on
reveal_type(b)  # Tensor[Any]; pyrefly: Tensor[Int[6]]; ty: Tensor[Mul[Literal[2], Literal[3]]]
print(outer(x[0], y[0]).shape)
