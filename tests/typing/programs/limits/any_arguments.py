"""Limits: with arguments that are Any, several signatures of a function fit."""

from __future__ import annotations

from typing import Any

import shapewright as sw


class Width(sw.Dim):
    size = 4


def chosen(x: Any, y: Any) -> object:
    return sw.maximum(x, y)  # E: pyright, basedpyright


chosen(sw.Tensor[Width].ones(), 0.0)
