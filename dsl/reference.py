"""The reference checker: the same arguments judged by jaxtyping's annotations and beartype alone.

It judges the first call of every typed function, and every call if `SHAPEWRIGHT_CHECKER=reference`. Tensors are shown to jaxtyping as shape-and-dtype stand-ins. Axis names are made unique per `Dim` class and type variable;
a symbolic size becomes a number that no real size has, by giving every symbol a large prime.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVarTuple, cast, final

from ..compiler.sizes import Shape, Symbol, evaluate, symbols
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


@lru_cache(maxsize=4096)  # beartype keeps what it has compiled for every annotation that it has ever seen
def _annotation(kind: str, axes: str) -> object:
    return getattr(_jaxtyping(), kind)[_Probe, axes]


_KINDS = {"Tensor": "Float", "IntTensor": "Integer", "BoolTensor": "Bool"}


@final
@dataclass(frozen=True, slots=True)
class _Probe:
    """What jaxtyping sees of a tensor."""

    shape: tuple[int, ...]
    dtype: str


def accepts(items: Iterable[Item], shared: Mapping[object, Binding], local: Mapping[object, Binding]) -> bool:
    """Whether jaxtyping accepts the sizes of `items`, in order, after the axes that are bound already."""
    library = _jaxtyping()
    names, numbers = _Names(), _Numbers()

    def fits(kind: str, type_: tuple[Shape, str], words: list[str]) -> bool:
        shape, dtype = type_
        return _beartype()(_Probe(numbers.of(shape), dtype), _annotation(kind, " ".join(words)))

    listed = list(items)
    with library.jaxtyped("context"):
        for key, bound in {**shared, **local}.items():
            if not fits("Shaped", (bound.sizes, "float32"), [names.bind(key)]):
                return False
        for later in (False, True):  # sums and products come when their parts are known
            for item in listed:
                words = [_word(a, item.frame, names, later) for a in item.hint.axes]
                kind = _KINDS.get(item.hint.cls.__name__, "Shaped")
                if not fits(kind, (item.type.shape, item.type.dtype.value), words):
                    return False
    return True


@final
class _Names:
    """A word per axis: its name, made unique."""

    def __init__(self) -> None:
        self._words: dict[object, str] = {}

    def bind(self, key: object) -> str:
        """The word for an axis that gets a size here; `*` before that of a group."""
        pair: Any = key
        variable: object = pair[1] if isinstance(key, tuple) else key
        word = self._words.setdefault(pair, f"{getattr(variable, '__name__', 'axis')}_{len(self._words)}")
        return f"*{word}" if isinstance(variable, TypeVarTuple) else word

    def find(self, key: object) -> str | None:
        """The word for an axis, None if it has no size yet."""
        return self._words.get(key)


@final
class _Numbers:
    """A number per size."""

    def __init__(self) -> None:
        self._primes: dict[Symbol, int] = {}

    def of(self, shape: Shape) -> tuple[int, ...]:
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


def _word(axis: AxisSpec, frame: int, names: _Names, later: bool) -> str:
    match axis.kind:
        case "any":
            return "_"
        case "variadic":
            return "..." if axis.key is None else names.bind(_key(axis, frame))
        case "expr":
            return (_formula(axis, frame, names) if later or axis.size is not None else None) or "_"
        case _:
            return str(axis.size) if axis.size is not None else names.bind(_key(axis, frame))


def _formula(axis: AxisSpec, frame: int, names: _Names) -> str | None:
    if axis.size is not None:
        return str(axis.size)
    if isinstance(axis.key, AxisExpr):
        left, right = _formula(axis.key.left, frame, names), _formula(axis.key.right, frame, names)
        return None if left is None or right is None else f"({left}{axis.key.op}{right})"
    return None if axis.kind == "any" else names.find(_key(axis, frame))
