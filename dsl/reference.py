"""The reference checker: the same arguments judged by jaxtyping and beartype.

Tensors are shown to jaxtyping as shape-and-dtype stand-ins. Axis names are made unique per `Dim` class and type variable;
a symbolic size becomes a number that no real size has, by giving every symbol a large prime.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVarTuple, cast, final

from ..compiler.sizes import Size, Symbol, evaluate, symbols
from .annotations import AxisExpr, AxisSpec

if TYPE_CHECKING:
    from .check import Item
    from .scope import Binding


@lru_cache(maxsize=1)
def _beartype() -> Callable[[object, object], bool]:
    from beartype import BeartypeConf, door

    conf = BeartypeConf(is_pep484_tower=True)  # an int is a float
    bearable = cast("Any", door.is_bearable)

    def check(value: object, annotation: object) -> bool:
        return bool(bearable(value, annotation, conf=conf))

    return check


def is_plain(value: object, annotation: object) -> bool:
    """Whether beartype accepts a value that is no tensor; an annotation that it does not know accepts anything."""
    if isinstance(annotation, type) and type(value) is annotation:
        return True
    try:
        return _beartype()(value, annotation)
    except Exception as error:
        if type(error).__module__.startswith("beartype"):
            return True
        raise


def _jaxtyping() -> Any:
    import jaxtyping

    return jaxtyping


_KINDS = {"Tensor": "Float", "IntTensor": "Integer", "BoolTensor": "Bool"}


@final
@dataclass(frozen=True, slots=True)
class _Probe:
    """What jaxtyping sees of a tensor."""

    shape: tuple[int, ...]
    dtype: str


def accepts(items: Iterable[Item], shared: Mapping[object, Binding], local: Mapping[object, Binding]) -> bool:
    """Whether jaxtyping accepts the sizes of `items`, in order, after the axes that are bound already."""
    bindings = {**shared, **local}
    library = _jaxtyping()
    names, numbers = _Names(), _Numbers()
    listed = sorted(items, key=lambda i: any(a.kind == "expr" for a in i.hint.axes))  # sums come when parts are known
    with library.jaxtyped("context"):
        for key, bound in bindings.items():
            name = names.of(key)
            word = (
                f"*{name}"
                if isinstance(key, tuple) and isinstance(cast("tuple[object, ...]", key)[1], TypeVarTuple)
                else name
            )
            if not isinstance(_Probe(numbers.of(bound.sizes), "float32"), library.Shaped[_Probe, word]):
                return False
        known = {names.of(k) for k in bindings}
        for item in listed:
            words = [_word(a, item.frame, names, known) for a in item.hint.axes]
            kind = getattr(library, _KINDS.get(item.hint.cls.__name__, "Shaped"))
            probe = _Probe(numbers.of(item.type.shape), item.type.dtype.value)
            if not isinstance(probe, kind[_Probe, " ".join(words)]):
                return False
            known |= set(words)
    return True


@final
class _Names:
    """A word per axis: its name, made unique."""

    def __init__(self) -> None:
        self._words: dict[object, str] = {}

    def of(self, key: object) -> str:
        if key not in self._words:
            name = getattr(cast("tuple[object, ...]", key)[1] if isinstance(key, tuple) else key, "__name__", "axis")
            self._words[key] = f"{name}_{len(self._words)}"
        return self._words[key]


@final
class _Numbers:
    """A number per size."""

    def __init__(self) -> None:
        self._primes: dict[Symbol, int] = {}

    def of(self, shape: tuple[Size, ...]) -> tuple[int, ...]:
        for size in shape:
            for s in symbols(size):
                self._primes.setdefault(s, _large_prime(len(self._primes)))
        return tuple(evaluate(s, self._primes) for s in shape)


@lru_cache(maxsize=64)
def _large_prime(n: int) -> int:
    number = 1_000_003 if n == 0 else _large_prime(n - 1) + 1_000
    while any(number % d == 0 for d in range(2, int(number**0.5) + 1)):
        number += 1
    return number


def _key(axis: AxisSpec, frame: int) -> object:
    return axis.key if axis.kind == "dim" else (frame, axis.key)


def _word(axis: AxisSpec, frame: int, names: _Names, known: set[str]) -> str:
    match axis.kind:
        case "any":
            return "_"
        case "variadic":
            return "..." if axis.key is None else "*" + names.of(_key(axis, frame))
        case "expr":
            text = _formula(axis, frame, names, known)
            return "_" if text is None else text
        case _:
            return str(axis.size) if axis.size is not None else names.of(_key(axis, frame))


def _formula(axis: AxisSpec, frame: int, names: _Names, known: set[str]) -> str | None:
    if axis.size is not None:
        return str(axis.size)
    if isinstance(axis.key, AxisExpr):
        left = _formula(axis.key.left, frame, names, known)
        right = _formula(axis.key.right, frame, names, known)
        return None if left is None or right is None else f"({left}{axis.key.op}{right})"
    if axis.kind == "any":
        return None
    word = names.of(_key(axis, frame))
    return word if word in known else None
