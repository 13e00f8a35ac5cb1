"""Attributes of an operation: hashable, with typed access."""

from __future__ import annotations

import builtins  # in the class below, int, float, bool and str are methods
from collections.abc import Iterator, Mapping
from typing import TypeAlias, cast, final

from ..sizes import Poly, Size

AttrValue: TypeAlias = "int | float | bool | str | Poly | None | tuple[AttrValue, ...]"


@final
class Attrs(Mapping[str, AttrValue]):
    """An immutable, hashable mapping from attribute name to value.

    The methods named after types give an attribute as that type, which the shape rule of its operation has checked.
    """

    __slots__ = ("_items", "_map")

    def __init__(self, values: Mapping[str, AttrValue] | None = None) -> None:
        self._map = dict(sorted((values or {}).items()))
        # a float by its text as well: 0.0 and -0.0 are equal, and are two constants
        self._items = tuple((k, type(v).__name__, v, repr(v) if type(v) is float else "") for k, v in self._map.items())

    def __getitem__(self, key: builtins.str) -> AttrValue:
        return self._map[key]

    def __iter__(self) -> Iterator[builtins.str]:
        return iter(self._map)

    def __len__(self) -> builtins.int:
        return len(self._map)

    def __hash__(self) -> builtins.int:
        return hash(self._items)

    def __eq__(self, other: object) -> builtins.bool:
        return isinstance(other, Attrs) and self._items == other._items

    def __repr__(self) -> builtins.str:
        return ", ".join(f"{k}={v!r}" for k, v in self._map.items())

    def int(self, key: builtins.str) -> builtins.int:
        return cast("int", self._map[key])

    def float(self, key: builtins.str) -> builtins.float:
        return float(cast("float", self._map[key]))

    def bool(self, key: builtins.str) -> builtins.bool:
        return bool(self._map[key])

    def str(self, key: builtins.str) -> builtins.str:
        return cast("str", self._map[key])

    def number(self, key: builtins.str) -> builtins.float:
        """A number as it was given: an int stays one."""
        return cast("float", self._map[key])

    def ints(self, key: builtins.str) -> tuple[builtins.int, ...]:
        return cast("tuple[int, ...]", self._map[key])

    def size(self, key: builtins.str) -> Size:
        return cast("Size", self._map[key])

    def sizes(self, key: builtins.str) -> tuple[Size, ...]:
        return cast("tuple[Size, ...]", self._map[key])
