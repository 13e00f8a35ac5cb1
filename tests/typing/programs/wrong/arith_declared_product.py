"""Sizes that are declared: products of axis variables."""

from __future__ import annotations

from typing import Literal, TypeVar

import shapewright as sw

L2 = Literal[2]
L3 = Literal[3]
L5 = Literal[5]
I = TypeVar("I")
N = sw.IntVar("N")
M = sw.IntVar("M")


@sw.typed
def flat(x: sw.Tensor[sw.D[N], sw.D[M]]) -> sw.Tensor[sw.Mul[N, M]]:
    return x.flatten()


@sw.typed
def columns(x: sw.Tensor[sw.D[N], sw.D[M]]) -> sw.Tensor[sw.Add[N, M]]:
    return x.flatten()  # E: pyrefly, check


@sw.typed
def repeated(x: sw.Tensor[sw.D[N], I]) -> sw.Tensor[sw.Add[N, N], I]:
    return sw.repeat(x, 3, 0)  # E: pyrefly, check


@sw.typed
def caller(x: sw.Tensor[L2, L3]) -> sw.Tensor[L5]:
    return flat(x)  # E: pyrefly, check, mypy+plugin
