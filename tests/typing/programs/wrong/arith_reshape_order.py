"""Sizes that are reshaped: the right number of elements, declared in another order."""

from __future__ import annotations

from typing import Literal

import shapewright as sw

L2 = Literal[2]
L3 = Literal[3]
L4 = Literal[4]
L6 = Literal[6]


@sw.typed
def exchanged(x: sw.Tensor[L2, L6]) -> sw.Tensor[L4, L3]:
    return x.reshape(3, 4)  # E: pyrefly, check, mypy+plugin


@sw.typed
def function(x: sw.Tensor[L2, L6]) -> sw.Tensor[L6, L2]:
    return sw.reshape(x, (2, 6))  # E: pyrefly, check, mypy+plugin
