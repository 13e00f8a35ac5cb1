"""Sizes that are cut: slices."""

from __future__ import annotations

from typing import Literal

import shapewright as sw

L2 = Literal[2]
L3 = Literal[3]
L5 = Literal[5]
L6 = Literal[6]
L8 = Literal[8]


class Batch(sw.Dim): ...


class Hidden(sw.Dim): ...


class Seq(sw.Dim): ...


@sw.typed
def head(x: sw.Tensor[L5, L3]) -> sw.Tensor[L3, L3]:
    return x[:2]  # E: pyrefly, check, mypy+plugin


@sw.typed
def tail(x: sw.Tensor[L5, L3]) -> sw.Tensor[L5, L3]:
    return x[1:]  # E: pyrefly, check, mypy+plugin


@sw.typed
def clipped(x: sw.Tensor[L5, L3]) -> sw.Tensor[L8, L3]:
    return x[0:8]  # E: pyrefly, check, mypy+plugin


@sw.typed
def negative(x: sw.Tensor[L5, Hidden]) -> sw.Tensor[L5, Hidden]:
    return x[-2:]  # E: pyrefly, check, mypy+plugin


@sw.typed
def stepped(x: sw.Tensor[L5, L3]) -> sw.Tensor[L2, L3]:
    return x[::2]  # E: pyrefly, check, mypy+plugin


@sw.typed
def columns(x: sw.Tensor[Batch, L6]) -> sw.Tensor[Batch, L6]:
    return x[:, 1:]  # E: pyrefly, check, mypy+plugin


@sw.typed
def last(x: sw.Tensor[Batch, Seq, L6]) -> sw.Tensor[Batch, Seq, L3]:
    return x[..., :2]  # E: pyrefly, check, mypy+plugin
