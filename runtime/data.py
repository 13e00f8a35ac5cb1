"""Mini-batches from arrays in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, TypeVarTuple, cast, final

import numpy as np

from ..compiler.errors import DTypeError, OptionError, ShapeError
from ..compiler.loc import user_loc
from ..dsl.array import is_array, type_of
from ..dsl.key import Key
from ..dsl.report import kind_text
from .values import Arr, array_of, boundary, tensor

Xs = TypeVarTuple("Xs")


def batches(*arrays: *Xs, size: int, key: int | Key | None = None, drop_last: bool = False) -> Batches[*Xs]:
    """Tuples of tensors: `size` rows of each array at a time, together; the last tuple may have fewer.

    arrays: tensors or NumPy arrays whose first axis counts the samples; element types stay as they are.
    size: rows of a batch, at least 1.
    key: shuffle the rows with this key (Philox; the same key gives the same order: give another one for each epoch);
        None: in order.
    drop_last: leave a smaller last batch out.

    What it returns can be iterated over again, in the same order, and its `len()` is the number of batches.

    Raises:
        ShapeError: arrays of different lengths, or without a first axis. OptionError: a size below 1, a key that is none.
    """
    return Batches(*arrays, size=size, key=key, drop_last=drop_last)


@final
class Batches(Generic[*Xs]):
    """What `batches` returns: can be iterated over again, in the same order."""

    def __init__(self, *arrays: *Xs, size: int, key: int | Key | None = None, drop_last: bool = False) -> None:
        given = cast("tuple[Any, ...]", arrays)
        if len(given) == 1 and _holds_arrays(given[0]):
            raise DTypeError(
                f"batches was given {kind_text(given[0])}, where arrays are wanted",
                loc=user_loc(),
                help="pass the arrays one by one: sw.batches(x, y, size=...)",
                code="SW202",
            )
        tensors = [boundary(a, None, f"array {i + 1}") for i, a in enumerate(given)]
        self._arrays: list[Arr] = [array_of(t) for t in tensors]
        self._names = [type_of(t).names for t in tensors]
        if isinstance(size, bool) or size < 1:
            raise OptionError(
                f"size={size} cannot be used", loc=user_loc(), help="give a number of rows of at least 1", code="SW804"
            )
        lengths = [a.shape[0] if a.ndim else None for a in self._arrays]
        if not lengths or None in lengths or len(set(lengths)) > 1:
            shapes = [f"array {i + 1}: {list(a.shape)}" for i, a in enumerate(self._arrays)]
            raise ShapeError(
                "batches needs arrays of one length",
                loc=user_loc(),
                details=shapes,
                help="axis 0 of every array counts the samples",
                code="SW103",
            )
        self._rows: int = self._arrays[0].shape[0]
        self._size, self._drop_last = int(size), drop_last
        self._key = None if key is None else _number(key)

    def __len__(self) -> int:
        return self._rows // self._size if self._drop_last else -(-self._rows // self._size)

    def __iter__(self) -> Iterator[tuple[*Xs]]:
        order = (
            None if self._key is None else np.random.Generator(np.random.Philox(key=self._key)).permutation(self._rows)
        )
        for start in range(0, len(self) * self._size, self._size):
            stop = min(start + self._size, self._rows)
            rows = slice(start, stop) if order is None else order[start:stop]
            picked = [tensor(np.ascontiguousarray(a[rows]), n) for a, n in zip(self._arrays, self._names, strict=True)]
            yield cast("tuple[*Xs]", tuple(picked))

    def __repr__(self) -> str:
        return f"batches({len(self)} of {self._size} rows, {self._rows} rows)"


def _holds_arrays(x: object) -> bool:
    return isinstance(x, tuple) and any(is_array(a) or isinstance(a, np.ndarray) for a in cast("tuple[object]", x))


def _number(key: int | Key) -> int:
    """The 64 bits of a key."""
    high, low = (key if isinstance(key, Key) else Key(key)).words
    return high << 32 | low
