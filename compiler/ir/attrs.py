"""Attributes of an operation: hashable, with typed access."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias, cast, final

from ..sizes import Poly, Size

AttrValue: TypeAlias = "int | float | bool | str | Poly | None | tuple[AttrValue, ...]"


@final
class Attrs(Mapping[str, AttrValue]):
    """An immutable, hashable mapping from attribute name to value."""

    __slots__ = ("_items", "_map")

    def __init__(self, values: Mapping[str, AttrValue] | None = None) -> None:
        self._map = dict(sorted((values or {}).items()))
        self._items = tuple((k, type(v).__name__, v) for k, v in self._map.items())

    def __getitem__(self, key: str) -> AttrValue:
        return self._map[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._map)

    def __len__(self) -> int:
        return len(self._map)

    def __hash__(self) -> int:
        return hash(self._items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Attrs) and self._items == other._items

    def __repr__(self) -> str:
        return ", ".join(f"{k}={v!r}" for k, v in self._map.items())

    def int(self, key: str) -> int:
        return cast("int", self._map[key])

    def float(self, key: str) -> float:
        return float(cast("float", self._map[key]))

    def bool(self, key: str) -> bool:
        return bool(self._map[key])

    def str(self, key: str) -> str:
        return cast("str", self._map[key])

    def ints(self, key: str) -> tuple[int, ...]:
        return cast("tuple[int, ...]", self._map[key])

    def size(self, key: str) -> Size:
        return cast("Size", self._map[key])

    def sizes(self, key: str) -> tuple[Size, ...]:
        return cast("tuple[Size, ...]", self._map[key])
