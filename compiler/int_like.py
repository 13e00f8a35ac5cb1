"""What a size that is known only when the program runs has in common with an int: whatever needs its number asks for it."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Complex, Integral
from operator import ge, gt, le, lt
from typing import Any, SupportsIndex, cast

import numpy as np
from numpy.typing import NDArray


class IntLike:
    """Methods of an int that need the number; those that do without are the subclass's."""

    __slots__ = ()

    def __int__(self) -> int:
        """The number, which becomes a constant of what is recorded."""
        raise AssertionError("a subclass has the number")

    def __index__(self) -> int:
        return int(self)

    def __float__(self) -> float:
        return float(int(self))

    def __complex__(self) -> complex:
        return complex(int(self))

    def __trunc__(self) -> int:
        return int(self)

    # ---- comparisons
    def __lt__(self, other: object) -> bool:
        return _compare(lt, self, other)

    def __le__(self, other: object) -> bool:
        return _compare(le, self, other)

    def __gt__(self, other: object) -> bool:
        return _compare(gt, self, other)

    def __ge__(self, other: object) -> bool:
        return _compare(ge, self, other)

    # ---- bits and parts
    def __and__(self, other: object) -> int:
        return _bits(int.__and__, self, other)

    __rand__ = __and__

    def __or__(self, other: object) -> int:
        return _bits(int.__or__, self, other)

    __ror__ = __or__

    def __xor__(self, other: object) -> int:
        return _bits(int.__xor__, self, other)

    __rxor__ = __xor__

    def __lshift__(self, other: object) -> int:
        return _bits(int.__lshift__, self, other)

    def __rlshift__(self, other: object) -> int:
        return _bits(int.__lshift__, other, self)

    def __rshift__(self, other: object) -> int:
        return _bits(int.__rshift__, self, other)

    def __rrshift__(self, other: object) -> int:
        return _bits(int.__rshift__, other, self)

    def __invert__(self) -> int:
        return ~int(self)

    def __abs__(self) -> int:
        return abs(int(self))

    def __round__(self, digits: SupportsIndex | None = None) -> int:
        return round(int(self)) if digits is None else round(int(self), digits)

    def __floor__(self) -> int:
        return int(self)

    def __ceil__(self) -> int:
        return int(self)

    def bit_length(self) -> int:
        """As of an int."""
        return int(self).bit_length()

    def bit_count(self) -> int:
        """As of an int."""
        return int(self).bit_count()

    def conjugate(self) -> int:
        """As of an int."""
        return int(self)

    def as_integer_ratio(self) -> tuple[int, int]:
        """As of an int."""
        return int(self), 1

    def is_integer(self) -> bool:
        """As of an int."""
        return True

    @property
    def real(self) -> int:
        """As of an int."""
        return int(self)

    numerator = real

    @property
    def imag(self) -> int:
        """As of an int."""
        return 0

    @property
    def denominator(self) -> int:
        """As of an int."""
        return 1

    # ---- text, copies, NumPy
    def __format__(self, spec: str) -> str:
        return format(int(self), spec) if spec else str(self)

    def __copy__(self) -> IntLike:
        return self

    def __deepcopy__(self, memo: object) -> IntLike:
        return self

    def __array__(self, dtype: np.dtype[Any] | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(int(self), dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object, **options: object) -> Any:
        """The function of the number; a tensor among the operands performs it itself."""
        own = (np.ndarray, np.generic, IntLike)
        if any(hasattr(type(x), "__array_ufunc__") and not isinstance(x, own) for x in inputs):
            return NotImplemented
        numbers = [int(x) if isinstance(x, IntLike) else x for x in inputs]
        return cast("Callable[..., Any]", getattr(ufunc, method))(*numbers, **options)


Integral.register(IntLike)


def is_real_number(x: object) -> bool:
    """Python's and NumPy's numbers: what an int may be compared with."""
    return isinstance(x, (int, float, Complex))  # NumPy registers its own as such


def _compare(how: Callable[[Any, Any], bool], size: IntLike, other: object) -> bool:
    if isinstance(other, IntLike):
        return how(int(size), int(other))
    return how(int(size), other) if is_real_number(other) else NotImplemented


def _bits(how: Callable[[int, int], int], left: object, right: object) -> int:
    a, b = _whole(left), _whole(right)
    return NotImplemented if a is None or b is None else how(a, b)


def _whole(x: object) -> int | None:
    return int(cast("int", x)) if isinstance(x, int | np.integer | IntLike) else None
