"""Sizes that are declared: sums of axis variables."""

from __future__ import annotations

from typing import Literal, TypeVar

import shapewright as sw

L2 = Literal[2]
L3 = Literal[3]
L6 = Literal[6]
I = TypeVar("I")
N = sw.IntVar("N")
M = sw.IntVar("M")


@sw.typed
def joined(x: sw.Tensor[sw.D[N], I], y: sw.Tensor[sw.D[M], I]) -> sw.Tensor[sw.Add[N, M], I]:
    return sw.concat((x, y))


@sw.typed
def twice(x: sw.Tensor[sw.D[N], I]) -> sw.Tensor[sw.Add[N, N], I]:
    return sw.concat((x, x, x))  # E: pyrefly, check


@sw.typed
def product(x: sw.Tensor[sw.D[N], I], y: sw.Tensor[sw.D[M], I]) -> sw.Tensor[sw.Mul[N, M], I]:
    return sw.concat((x, y))  # E: pyrefly, check


@sw.typed
def one(x: sw.Tensor[sw.D[N], I], y: sw.Tensor[sw.D[M], I]) -> sw.Tensor[sw.D[N], I]:
    return sw.concat((x, y))  # E: pyrefly, check


@sw.typed
def caller(x: sw.Tensor[L2, L3], y: sw.Tensor[L3, L3]) -> sw.Tensor[L6, L3]:
    return joined(x, y)  # E: pyrefly, check, mypy+plugin
