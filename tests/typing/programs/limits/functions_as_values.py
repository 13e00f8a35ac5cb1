"""Limits: a function of the library where a callable of given shapes is wanted."""

from __future__ import annotations

from collections.abc import Callable

import shapewright as sw


class Batch(sw.Dim): ...


class Out(sw.Dim):
    size = 3


Activation = Callable[[sw.Tensor[Batch, Out]], sw.Tensor[Batch, Out]]
by_name: dict[str, Activation] = {"relu": sw.relu}  # E: ty
wrapped: dict[str, Activation] = {"relu": lambda x: sw.relu(x)}
x = sw.Tensor[Batch, Out].ones(shape=(2, 3))
by_name["relu"](x)
wrapped["relu"](x)
