"""Tensors without values for the parameters of a typed function: their axes come from annotations and examples."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeAlias, TypeGuard, cast, final, get_origin

from ...compiler.sizes import Poly, Shape, Size, Symbol, evaluate
from ...compiler.types import DType, TensorType
from ...dsl.annotations import AxisExpr, AxisSpec, labels
from ...dsl.any_keys import AnyKeys
from ...dsl.array import AnyArray, Array, is_array, make, type_of
from ...dsl.check import expression_size
from ...dsl.conversion import as_array
from ...dsl.example import Example
from ...dsl.hints import (
    NOTHING,
    UNCHECKED,
    ArrayHint,
    Hint,
    ManyHint,
    PackHint,
    PlainHint,
    TupleHint,
    UnionHint,
    class_hint,
    lower,
)
from ...dsl.key import Key
from ...dsl.pack import Pack, children, flatten, from_raw, new_tuple
from ...dsl.report import article
from ...dsl.scope import Bindings
from ...dsl.typed import Parameter, Plan
from .advice import advice
from .state import Known, ShapeOps, State

DTYPES = {"Tensor": DType.float32, "IntTensor": DType.int64, "BoolTensor": DType.bool}
_MISSING = inspect.Parameter.empty
Numbers: TypeAlias = "Callable[[int], int]"  # the size of the first, second, ... symbol


class Unbound(Exception):
    """A parameter has no value yet; the text says why."""


class Axes(Protocol):
    """Gives every axis of an annotation its size."""

    def shape(self, hint: ArrayHint, path: str) -> Shape:
        """The sizes of a tensor. Unbound: an axis has none."""
        ...


@final
class Symbols:
    """Every axis without a size is a symbol, or a number where the run needs one.

    given: sizes by the name of an axis. numbers: the size of the n-th symbol, where it is in `constant`.
    """

    def __init__(self, given: Mapping[str, int], numbers: Numbers, constant: frozenset[Symbol] = frozenset()) -> None:
        self.given = given
        self.fixed: set[int] = set(given.values())  # sizes that are written in the program
        self.symbols: dict[object, Symbol] = {}  # by Dim class or type variable
        self.numbers = numbers
        self._constant = constant

    def shape(self, hint: ArrayHint, path: str) -> Shape:
        """The sizes of a tensor; `*Bs` stands for two axes."""
        out: list[Size] = []
        for i, axis in enumerate(hint.axes):
            if axis.kind == "any" or (axis.kind == "variadic" and axis.key is None):
                what = f"axis {i} of `{path}: {hint.text}` is Any" if axis.kind == "any" else f"`{path}` has any axes"
                raise Unbound(what)
            if axis.kind == "variadic":
                names = [f"{axis.name.removeprefix('*')}{n}" for n in (0, 1)]
                out += [self._named((axis.key, name), name) for name in names]
            else:
                out.append(self._size(axis))
        return tuple(out)

    def example(self, size: Size) -> int:
        """The number of a size."""
        return evaluate(size, {s: self.numbers(i) for i, s in enumerate(self.symbols.values())})

    def _size(self, axis: AxisSpec) -> Size:
        if axis.size is not None:
            self.fixed.add(axis.size)
            return axis.size
        if isinstance(axis.key, AxisExpr):
            left, right = self._size(axis.key.left), self._size(axis.key.right)
            return left + right if axis.key.op == "+" else left * right
        return self._named(axis.key, axis.name)

    def _named(self, key: object, name: str) -> Size:
        if name in self.given:
            return self.given[name]
        symbol = self.symbols.get(key)
        if symbol is None:
            symbol = self.symbols[key] = Symbol(name, str(len(self.symbols)))
        return self.numbers(int(symbol.key)) if symbol in self._constant else Poly((((symbol,), 1),))


@final
class Bound:
    """The sizes that a call has bound. Unbound: an axis has none."""

    def __init__(self, shared: Bindings, local: Bindings) -> None:
        self._shared, self._local = shared, local

    def shape(self, hint: ArrayHint, path: str) -> Shape:
        """The sizes of a tensor."""
        out: list[Size] = []
        for axis in hint.axes:
            if axis.kind == "variadic":
                found = self._local.get((0, axis.key))
                group = None if found is None else found.sizes
            else:
                size = expression_size(axis, 0, self._shared, self._local)
                group = None if size is None else (size,)
            if group is None:
                raise Unbound(path)
            out += group
        return tuple(out)


# ---- values from annotations
@final
@dataclasses.dataclass(frozen=True, slots=True)
class Builder:
    """Makes values of annotations. guess: a tensor whose axes have no size is unknown, instead of Unbound."""

    ops: ShapeOps
    axes: Axes
    guess: bool = False

    def value(self, hint: Hint, path: str, default: object = _MISSING) -> object:
        """A value of an annotation. Unbound: there is not enough in it."""
        match hint:
            case ArrayHint():
                return self._array(hint, path)
            case PackHint():
                if hint.own and not self.guess:
                    names = ", ".join(sorted(str(getattr(v, "__name__", v)) for v in hint.own))
                    return self._default(default, f"`{path}: {hint.text}` leaves {names} open")
                return self.pack(hint, path)
            case TupleHint():
                parts = zip(hint.names, hint.items, strict=True)
                return new_tuple(hint.cls, [self.value(h, f"{path}.{n}") for n, h in parts])
            case ManyHint():
                if _is_tuple(hint.cls) and hint.item is not UNCHECKED:
                    return new_tuple(hint.cls, [self.value(hint.item, f"{path}.{i}") for i in (0, 1)])
                if issubclass(AnyKeys, hint.cls):
                    return AnyKeys({key: self.value(hint.item, f"{path}.{key}") for key in ("a", "b")})
                return self._default(default, f"`{path}: {hint.text}` has any elements")
            case UnionHint():
                return self._union(hint, path, default)
            case PlainHint():
                if hint.annotation is Key:
                    return Key(0)
                what = "has no annotation" if hint is UNCHECKED else "has no default"
                return self._default(default, f"`{path}` {what}")

    def pack(self, hint: PackHint, path: str) -> Pack:
        """A pack, unchecked; constants have their defaults."""
        defaults = {f.name: _field_default(f) for f in dataclasses.fields(cast("Any", hint.cls))}
        made = object.__new__(hint.cls)
        for name, inner in hint.fields:
            made.__dict__[name] = self.value(inner, f"{path}.{name}", defaults[name])
        return made

    def _array(self, hint: ArrayHint, path: str) -> AnyArray:
        dtype = DTYPES.get(hint.cls.__name__, DType.float32)
        try:
            shape = self.axes.shape(hint, path)
        except Unbound:
            if not self.guess:
                raise
            return make(TensorType(dtype, ()), State.UNKNOWN, self.ops)
        names = labels(hint.axes) if len(hint.axes) == len(shape) else ()
        return self._known(TensorType(dtype, shape, names))

    def _union(self, hint: UnionHint, path: str, default: object) -> object:
        for option in hint.options:
            if option != NOTHING and not isinstance(option, PlainHint):
                return self.value(option, path, default)
        return self._default(default, f"`{path}: {hint.text}` has no default")

    def _default(self, default: object, otherwise: str) -> object:
        if default is _MISSING:
            raise Unbound(otherwise)
        return self.like(default)

    # ---- values from examples
    def given(self, value: Any, hint: Hint, path: str) -> object:
        """What an example says of a parameter: an annotation, a shape, a container of them, or a value."""
        origin: object = get_origin(value) or value
        if isinstance(origin, type) and issubclass(origin, Array | Pack | tuple):
            return self.value(lower(value), path)
        if isinstance(hint, UnionHint):
            hint = next((o for o in hint.options if isinstance(o, ArrayHint | TupleHint | ManyHint)), hint)
        if isinstance(hint, ArrayHint) and isinstance(value, int | tuple):
            shape = (value,) if isinstance(value, int) else cast("tuple[int, ...]", value)
            if all(isinstance(cast("object", s), int) for s in shape):
                names = labels(hint.axes) if len(hint.axes) == len(shape) else ()
                dtype = DTYPES.get(hint.cls.__name__, DType.float32)
                return self._known(TensorType(dtype, shape, names))
        if isinstance(value, tuple | dict):
            parts = children(cast("object", value))
            assert parts is not None
            kind, names, items = parts
            hints: Iterable[Hint] = hint.items if isinstance(hint, TupleHint) else [_element(hint)] * len(items)
            made = [self.given(x, h, f"{path}.{n}") for n, x, h in zip(names, items, hints, strict=False)]
            if issubclass(kind, dict):
                return dict(zip(names, made, strict=True))
            return new_tuple(hint.cls if isinstance(hint, TupleHint) else cast("type[tuple[object, ...]]", kind), made)
        number = isinstance(hint, ArrayHint) and isinstance(value, float | list)
        return self.like(as_array(cast("object", value)) if number else cast("object", value))

    def like(self, value: object) -> object:
        """The same value with tensors that have only a type."""
        raw = from_raw(value)
        if is_array(value) or raw is not None:
            return self._forget(value if is_array(value) else cast("AnyArray", raw))
        if not _is_container(value):
            return value
        leaves, spec = flatten(value)
        return spec.unflatten([self._forget(x) for x in leaves])

    def _forget(self, x: AnyArray) -> AnyArray:
        return self._known(type_of(x))

    def _known(self, t: TensorType) -> AnyArray:
        return make(t, Known(t), self.ops)


def _is_container(value: object) -> bool:
    return isinstance(value, Pack | tuple)


def _is_tuple(cls: type[object]) -> TypeGuard[type[tuple[object, ...]]]:
    return issubclass(cls, tuple)


def _element(hint: Hint) -> Hint:
    return hint.item if isinstance(hint, ManyHint) else UNCHECKED


def _field_default(field: dataclasses.Field[Any]) -> object:
    if field.default is not dataclasses.MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not dataclasses.MISSING else _MISSING


# ---- the arguments of a call
def axis_sizes(parameters: Mapping[str, Parameter], example: Example) -> dict[str, int]:
    """The sizes of axes that an example gives: what is not the name of a parameter."""
    return {n: v for n, v in example.named.items() if n not in parameters and isinstance(v, int)}


def arguments(
    plan: Plan, example: Example, build: Builder, owner: type[object] | None
) -> tuple[tuple[object, ...], dict[str, object]]:
    """What a function is called with; `owner`: the class it is a method of. Unbound: parameters have no value; the text
    says why, and what to write."""
    by_place = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    given = list(example.values)
    args: list[object] = []
    kwargs: dict[str, object] = {}
    reasons: dict[str, str] = {}

    def made(name: str, p: Parameter) -> object:
        if name in example.named:
            return build.given(example.named[name], p.hint, name)
        try:
            return build.value(p.hint, name, plan.signature.parameters[name].default)
        except Unbound as why:
            reasons[name] = str(why)
            return None

    for name, p in plan.parameters.items():
        if p.kind is inspect.Parameter.VAR_KEYWORD:
            continue
        if owner is not None and name in ("self", "cls") and not args:
            args.append(_receiver(owner, name, build))
        elif p.kind in by_place:
            args.append(build.given(given.pop(0), p.hint, name) if given else made(name, p))
        elif p.kind is inspect.Parameter.VAR_POSITIONAL:
            args += [build.given(v, p.hint, name) for v in given] or [build.value(p.hint, name) for _ in range(2)]
            given = []
        else:
            kwargs[name] = made(name, p)
    if reasons:
        open_ = {name: plan.parameters[name].hint for name in reasons}
        raise Unbound("; ".join([*reasons.values(), advice(open_, plan.f, example)]))
    return tuple(args), kwargs


def _receiver(owner: type[object], name: str, build: Builder) -> object:
    if name == "cls":
        return owner
    if issubclass(owner, Pack):
        return build.pack(class_hint(owner), "self")
    raise Unbound(f"`self` is {article(owner.__name__)}, which is no pack; check a function of it instead")


__all__ = ["Axes", "Bound", "Builder", "Symbols", "Unbound", "arguments", "axis_sizes"]
