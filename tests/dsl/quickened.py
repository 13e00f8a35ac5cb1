"""Typed functions with their quick check in place."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from shapewright.dsl.tensor import Tensor


def t(*shape: int) -> Any:
    return cast("Any", Tensor(np.zeros(shape, np.float32)))


def quickened(f: Any, *args: Any, **kwargs: Any) -> Any:
    """The function with its quick check in place."""
    for _ in range(2):
        f(*args, **kwargs)
    assert f.__code__.co_filename.startswith("<shapewright check ")
    return f
