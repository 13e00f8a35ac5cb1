"""What a user sets in the editor: one object, in `initializationOptions` or the editor's settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, cast, final

Hints: TypeAlias = Literal["assignments", "all", "off"]
OptimizerName: TypeAlias = Literal["sgd", "adam", "adamw"]

_CHOICES = {"hints": ("assignments", "all", "off"), "optimizer": ("sgd", "adam", "adamw")}


@final
@dataclass(frozen=True, slots=True)
class Settings:
    """hints: which expressions have inlay hints. lenses: whether lines have code lenses. timeout: seconds for a check or a
    compilation. optimizer: whose update the shown kernels contain. docs: address of the documentation."""

    hints: Hints = "assignments"
    lenses: bool = True
    timeout: float = 20.0
    optimizer: OptimizerName = "adam"
    docs: str | None = None


def changed(settings: Settings, given: object, *, shared: bool = False) -> tuple[Settings, list[str]]:
    """The settings with those that a client gives, alone or under `shapewright`, and what is wrong with them.

    shared: they may be among those of others, where they are alone.
    """
    if isinstance(given, Mapping) and "shapewright" in given:
        given = cast("Mapping[str, object]", given)["shapewright"]
    elif isinstance(given, Mapping) and shared:
        given = {name: value for name, value in cast("Mapping[str, object]", given).items() if name in _GOOD}
    if given is None:
        return settings, []
    if not isinstance(given, Mapping):
        return settings, [f"the settings are {type(given).__name__}, not an object"]
    wrong: list[str] = []
    for name, value in cast("Mapping[str, object]", given).items():
        good = _GOOD.get(name)
        if good is None:
            wrong.append(f"there is no setting {name!r}; there are {', '.join(_GOOD)}")
        elif not good[1](value):
            wrong.append(f"{name} is {value!r}; it must be {good[0]}")
        else:
            settings = replace(settings, **cast("dict[str, Any]", {name: value}))
    return settings, wrong


def _one_of(name: str) -> tuple[str, Callable[[object], bool]]:
    return f"one of {', '.join(_CHOICES[name])}", lambda value: value in _CHOICES[name]


def _positive(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


_GOOD: dict[str, tuple[str, Callable[[object], bool]]] = {
    "hints": _one_of("hints"),
    "lenses": ("true or false", lambda value: isinstance(value, bool)),
    "timeout": ("a number of seconds", _positive),
    "optimizer": _one_of("optimizer"),
    "docs": ("an address, or null", lambda value: value is None or isinstance(value, str)),
}
