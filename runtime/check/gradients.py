"""Gradients of tensors without values: each has the type of what it is the gradient of."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, final

from ...dsl.array import AnyArray
from ..transforms import Differentiation
from .state import active


@final
class ShapeDifferentiation(Differentiation):
    """Nothing is differentiated: gradients are shaped like their variables."""

    def variable(self, x: AnyArray) -> AnyArray:
        return x

    def gradients(self, out: AnyArray, seed: AnyArray | None, wrt: Sequence[AnyArray]) -> list[AnyArray]:
        return list(wrt)

    def add(self, x: AnyArray, y: AnyArray) -> AnyArray:
        return x

    def zeros(self, x: AnyArray) -> AnyArray:
        return x


def prepared() -> ModuleType:
    """The module of `grad`, `value_and_grad` and `vjp`, which asks for the derivatives of the active run."""
    transforms = importlib.import_module("..transforms", __package__)
    usual: Callable[[Sequence[AnyArray]], Differentiation] = transforms.differentiation
    if usual.__name__ != "differentiation_here":

        def differentiation_here(leaves: Sequence[AnyArray]) -> Differentiation:
            return usual(leaves) if active() is None else ShapeDifferentiation()

        setattr(transforms, "differentiation", differentiation_here)
    return transforms


def transform(name: str) -> Callable[..., Any]:
    """`sw.grad` and the like, prepared."""
    found: Callable[..., Any] = getattr(prepared(), name)
    return found
