"""`Key`: where random numbers come from, as a value. The same key gives the same numbers everywhere."""

from __future__ import annotations

from typing import TypeAlias, cast, final

import numpy as np
from numpy.typing import NDArray

from ..compiler.errors import OptionError
from ..compiler.loc import user_loc
from ..compiler.ops.threefry import threefry
from ..compiler.types import DType, TensorType
from .array import AnyArray, make

# Second counter word of derived keys; draws count theirs up from 0.
_SPLIT = 0xFFFFFFFF
_FOLD_IN = 0xFFFFFFFE


@final
class Key:
    """A random key of 64 bits, from a seed. `split` and `fold_in` derive independent keys (Threefry-2x32-20)."""

    __slots__ = ("_array", "_words")

    def __init__(self, seed: int) -> None:
        if not isinstance(cast("object", seed), int | np.integer) or isinstance(seed, bool):
            raise OptionError(f"a seed is an int, not {type(seed).__name__}", loc=user_loc(), code="SW801")
        self._set(int(seed) >> 32 & 0xFFFFFFFF, int(seed) & 0xFFFFFFFF)

    def _set(self, high: int, low: int) -> None:
        self._words = (high, low)
        self._array = make(TensorType(DType.uint32, (2,)), np.array([high, low], np.uint32), None)

    @staticmethod
    def of_words(high: int, low: int) -> Key:
        """The key with these two words of 32 bits."""
        return Key((int(high) << 32) | int(low))

    @property
    def words(self) -> tuple[int, int]:
        """Both words of 32 bits, the high one first."""
        return self._words

    @property
    def array(self) -> AnyArray:
        """The words as a uint32 tensor of two elements, as random operations take them."""
        return self._array

    def split(self, n: int = 2) -> tuple[Key, ...]:
        """`n` new keys, independent of each other and of this one."""
        w0, w1 = threefry(*self._words, cast("NDArray[np.uint32]", np.arange(n, dtype=np.uint32)), _SPLIT)
        return tuple(Key.of_words(int(a), int(b)) for a, b in zip(w0, w1, strict=True))

    def fold_in(self, i: int) -> Key:
        """The key for the number `i` (a step, an index of a worker), in [0, 2**64)."""
        if not 0 <= i < 1 << 64:
            raise OptionError(f"fold_in({i}): a number from 0 to 2**64 - 1", loc=user_loc(), code="SW801")
        w0, w1 = threefry(*self._words, i & 0xFFFFFFFF, _FOLD_IN)
        high = i >> 32
        if high:
            w0, w1 = threefry(int(w0), int(w1), high, _FOLD_IN)
        return Key.of_words(int(w0), int(w1))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and self._words == other._words

    def __hash__(self) -> int:
        return hash(self._words)

    def __repr__(self) -> str:
        return f"Key(0x{self._words[0]:08x}{self._words[1]:08x})"


KeyLike: TypeAlias = "Key | int"


def as_key(key: KeyLike) -> Key:
    """A key from a key or a seed."""
    return key if isinstance(key, Key) else Key(key)
