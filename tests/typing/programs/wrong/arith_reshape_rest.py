"""Sizes that are reshaped: the size that is left."""

from __future__ import annotations

from typing import Any, Literal

import shapewright as sw

L2 = Literal[2]
L3 = Literal[3]
L5 = Literal[5]
L6 = Literal[6]
L10 = Literal[10]


@sw.typed
def multiple(x: sw.Tensor[L2, L6]) -> sw.Tensor[L5, Any]:
    return x.reshape(5, -1)  # E: pyrefly, check, mypy+plugin


@sw.typed
def size(x: sw.Tensor[L2, L6]) -> sw.Tensor[L3, L6]:
    return x.reshape(3, -1)  # E: pyrefly, check, mypy+plugin


@sw.typed
def twice(x: sw.Tensor[L2, L6]) -> sw.Tensor[Any, Any]:
    return x.reshape(-1, -1)  # E: pyrefly, check, mypy+plugin


@sw.typed
def flat(x: sw.Tensor[L2, L6]) -> sw.Tensor[L10]:
    return sw.reshape(x, (-1,))  # E: pyrefly, check, mypy+plugin
