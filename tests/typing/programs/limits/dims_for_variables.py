"""Limits: a Dim does not stand for an integer variable."""

from __future__ import annotations

from typing import Literal

import shapewright as sw


class Four(sw.Dim):
    size = 4


N = sw.IntVar("N")


@sw.typed
def doubled(x: sw.Tensor[sw.D[N]]) -> sw.Tensor[sw.Add[N, N]]:
    both: sw.Tensor[sw.Add[N, N]] = sw.concat((x, x))
    return both


doubled(sw.Tensor[Literal[4]].ones())
doubled(sw.Tensor[Four].ones())  # E: pyrefly
