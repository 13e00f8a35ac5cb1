"""A dict that stands for any dict with elements of one type, where only types matter (`shapewright check`)."""

from __future__ import annotations

from typing import TypeVar, cast

T = TypeVar("T")


class AnyKeys(dict[str, T]):
    """Entries of one type, of which only the type matters: it has one for every key that is asked for."""

    def __missing__(self, key: str) -> T:
        if not isinstance(cast("object", key), str):
            raise KeyError(key)
        return next(iter(self.values()))

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str)

    def get(self, key: str, default: object = None) -> T:
        return self[key]
