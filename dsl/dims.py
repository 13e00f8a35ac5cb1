"""Names for axes: `Dim` classes, and the size expressions `D[N]`, `Add[N, M]`, `Mul[N, M]`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

__all__ = ["Add", "D", "Dim", "IntVar", "Mul"]

_N = TypeVar("_N")
_M = TypeVar("_M")

# Pyrefly takes the first of these for True: what only it reads is in dsl/pyrefly, which says why the second is needed.
TYPE_CHECKING_WITH_PYREFLY: Literal[False] = False
MYPY = False


class Dim:
    """Base of nominal axes. `class Batch(Dim): ...` names an axis; `class Pixels(Dim): size = 64` also fixes its size.

    A Dim is identified by its class, not by its name, and has one size for the whole of an outermost typed call.
    """

    size: ClassVar[int | None] = None

    def __init__(self) -> None:
        raise TypeError(
            f"{type(self).__name__} names an axis: write the class itself, as in Tensor[{type(self).__name__}]"
        )


if TYPE_CHECKING_WITH_PYREFLY:
    if not MYPY:
        from .pyrefly.dims import Add, D, IntVar, Mul
elif TYPE_CHECKING:
    from typing import TypeVar as IntVar

    from typing_extensions import TypeAliasType

    # To a checker `D[N]` is the axis `N`, and a computed size is an axis it cannot see (never a nominal type of its
    # own, which would refuse correct programs).
    D = TypeAliasType("D", _N, type_params=(_N,))  # pyright: ignore[reportConstantRedefinition] - it is defined once for each checker
    Add = TypeAliasType("Add", Any, type_params=(_N, _M))
    Mul = TypeAliasType("Mul", Any, type_params=(_N, _M))
else:
    IntVar = TypeVar

    class D(Generic[_N]):
        """`D[N]`: an axis whose size is the integer variable `N`."""

    class Add(Generic[_N, _M]):
        """`Add[N, M]`: an axis whose size is the sum of two others."""

    class Mul(Generic[_N, _M]):
        """`Mul[N, M]`: an axis whose size is the product of two others."""
