"""`example`: what `shapewright check` calls a typed function with, where its annotations do not say it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar, cast, final

F = TypeVar("F", bound=Callable[..., object])


@final
@dataclass(frozen=True, slots=True)
class Example:
    """Arguments by position and by name; a name that is no parameter's is an axis, with its size."""

    values: tuple[object, ...]
    named: Mapping[str, object]


def example(*values: object, **named: object) -> Callable[[F], F]:
    """Say what `shapewright check` may call a typed function with. It changes nothing else.

    By position or by a parameter's name: a constant (`n=4`), a shape (`x=(32, 64)`), an annotation
    (`p=Dense[Pixels, Hidden]`), a tuple of them, a tensor or a pack, of which only the shapes are used. By the name of an
    axis: its size (`Hidden=32`). What is not given comes from the annotations. Several examples are checked one by one.
    """

    def attach(f: F) -> F:
        setattr(f, "_examples", (Example(values, dict(named)), *examples_of(f)))
        return f

    return attach


def examples_of(f: object) -> tuple[Example, ...]:
    """The examples of a function, in the order in which they are written."""
    return cast("tuple[Example, ...]", getattr(f, "_examples", ()))
