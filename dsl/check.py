"""Values against hints: the structure and every tensor's kind first, then ranks and sizes, with who bound which axis."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast, final

from ..compiler.errors import DTypeError, ShapewrightError
from ..compiler.sizes import Shape, Size
from ..compiler.types import TensorType
from . import report
from .annotations import AxisExpr, AxisSpec, DimName, dim_names
from .array import Array, is_array, type_of, with_names
from .hints import NOTHING, ArrayHint, Hint, ManyHint, PackHint, PlainHint, TupleHint, UnionHint, class_hint
from .pack import Pack, children, from_raw, new_tuple, rebuilt
from .reference import is_plain
from .scope import (
    Binding,
    Bindings,
    Source,
    bindings_of,
    checks_are_off,
    extend,
    same_size,
    same_sizes,
    scope_now,
)

AnyArray: TypeAlias = "Array[*tuple[Any, ...]]"
Names: TypeAlias = "tuple[str | None, ...]"
A = TypeVar("A", bound="Array[*tuple[Any, ...]]")


class Item(NamedTuple):
    """One tensor and what it must be; `frame` tells the type variables of one call or pack instance from others'."""

    hint: ArrayHint
    type: TensorType
    source: Source
    frame: int


@final
@dataclass(slots=True)
class Walk:
    """Collects the tensors of a value while checking its structure; `value` returns it with raw arrays converted.

    naming: axes without a name get that of the annotation, as a result of a typed function does.
    """

    items: list[Item] = field(default_factory=list[Item])
    frames: int = 0
    naming: bool = False

    def value(self, hint: Hint, value: object, at: Source, frame: int = 0) -> object:
        match hint:
            case ArrayHint():
                if value.__class__ is hint.cls and not self.naming:  # the usual case
                    self.items.append(Item(hint, type_of(cast("Any", value)), at, frame))
                    return value
                return self._array(hint, value, at, frame)
            case PackHint():
                return self._pack(hint, value, at, frame)
            case TupleHint():
                return self._tuple(hint, value, at, frame)
            case ManyHint():
                return self._many(hint, value, at, frame)
            case UnionHint():
                return self._union(hint, value, at, frame)
            case PlainHint():
                if not hint.open and not is_plain(value, hint.annotation):
                    raise report.wrong_type(at, value)
                return value

    def _array(self, hint: ArrayHint, value: object, at: Source, frame: int) -> object:
        array = value if is_array(value) else self._converted(value, at, hint.axes)
        if array is None:
            raise report.not_an_array(at, value)
        if not isinstance(array, hint.cls):
            raise report.wrong_kind(at, array, hint.cls, ranks_fit(hint.axes, type_of(array).shape))
        if self.naming:
            array = named(array, dim_names(hint.axes))
        self.items.append(Item(hint, type_of(array), at, frame))
        return array

    def _converted(self, value: object, at: Source, axes: tuple[AxisSpec, ...]) -> AnyArray | None:
        if at.name == "return":
            return None  # an array of NumPy that a function returns has lost its gradient
        try:
            return from_raw(value, axes)
        except DTypeError as error:
            raise report.unsupported(at, error) from None

    def _pack(self, hint: PackHint, value: object, at: Source, frame: int) -> object:
        if not isinstance(value, hint.cls):
            raise report.wrong_type(at, value)
        if hint.own:
            self.frames += 1
            frame = self.frames
        return self.fields(hint, value, at, frame)

    def fields(self, hint: PackHint, pack: Pack, at: Source, frame: int = 0) -> Pack:
        """The fields of a pack."""
        changed: dict[str, object] = {}
        for name, inner, inside in hint.sources(at):
            old = pack.__dict__[name]
            new = self.value(inner, old, inside, frame)
            if new is not old:
                changed[name] = new
        return rebuilt(pack, changed) if changed else pack

    def _tuple(self, hint: TupleHint, value: object, at: Source, frame: int) -> object:
        if not isinstance(value, hint.cls):
            raise report.wrong_type(at, value)
        items: tuple[object, ...] = cast("Any", value)
        if len(items) != len(hint.items):
            raise report.wrong_length(at, len(items), len(hint.items))
        new = [
            self.value(h, x, inside(at, n, h.text, hint.cls), frame)
            for n, h, x in zip(hint.names, hint.items, items, strict=True)
        ]
        return new_tuple(type(items), new) if _changed(new, items) else items

    def _many(self, hint: ManyHint, value: object, at: Source, frame: int) -> object:
        parts = children(value) if isinstance(value, hint.cls) else None
        if parts is None:
            raise report.wrong_type(at, value)
        kind, names, items = parts
        text = hint.item.text
        new = [self.value(hint.item, x, inside(at, n, text, kind), frame) for n, x in zip(names, items, strict=True)]
        if not _changed(new, items):
            return value
        if issubclass(kind, dict):
            return cast("type[dict[str, object]]", kind)(zip(names, new, strict=True))
        return new_tuple(cast("type[tuple[object, ...]]", kind), new)

    def _union(self, hint: UnionHint, value: object, at: Source, frame: int) -> object:
        """The first alternative whose structure, kinds and ranks fit."""
        options = [o for o in hint.options if o != NOTHING]
        if value is None and len(options) < len(hint.options):
            return None
        if len(options) == 1:
            return self.value(options[0], value, at, frame)
        for option in options:
            trial = Walk(frames=self.frames, naming=self.naming)
            try:
                new = trial.value(option, value, at, frame)
            except ShapewrightError:
                continue
            if all(ranks_fit(i.hint.axes, i.type.shape) for i in trial.items):
                self.items += trial.items
                self.frames = trial.frames
                return new
        if is_array(value):
            raise report.no_alternative(at, value)
        raise report.wrong_type(at, value)


def _changed(new: list[object], old: tuple[object, ...]) -> bool:
    return any(a is not b for a, b in zip(new, old, strict=True))


def inside(at: Source, name: str, text: str, kind: type[object]) -> Source:
    """An element of a container: it stands where the container's annotation does, unless it is a NamedTuple's."""
    owner = kind if hasattr(kind, "_fields") else at.owner
    return Source(f"{at.path}.{name}", text, at.function, owner, name if owner is kind else at.name, at.position)


# ---- names of axes
def named(x: A, names: Names) -> A:
    """The tensor with these names where an axis has none; one of another rank as it is."""
    have = type_of(x).names
    if not lacks(have, names):
        return x
    return with_names(x, tuple(n if h is None else h for h, n in zip(have, names, strict=True)))


def lacks(have: Names, names: Names) -> bool:
    """Whether there is a name for an axis that has none."""
    return len(have) == len(names) and any(h is None and n is not None for h, n in zip(have, names, strict=True))


def check_names(items: list[Item]) -> None:
    """Refuse a tensor that was made with another `Dim` than its annotation has, even of equal size. ShapeError.

    Labels follow their axes through operations and vanish where an axis changes its size; an axis without one fits.
    """
    for hint, type_, at, _ in items:
        if len(type_.names) == len(hint.axes):
            for index, (axis, name) in enumerate(zip(hint.axes, type_.names, strict=True)):
                if axis.kind == "dim" and isinstance(name, DimName) and name.dim is not axis.key:
                    raise report.wrong_axis(at, hint.axes, type_, index)


# ---- ranks and sizes
def bind(items: list[Item], shared: Bindings, local: Bindings, *, judged: bool = False) -> tuple[Bindings, Bindings]:
    """Both bindings (of `Dim` classes, and of type variables) with those that `items` add.

    ShapeError at the first item that does not fit, unless they were `judged` before; the given bindings do not change.
    """
    shared, local = dict(shared), dict(local)
    later: list[tuple[Item, int, AxisSpec]] = []
    for item in items:
        hint, type_, at, frame = item
        axes, shape = hint.axes, type_.shape
        if len(shape) != len(axes) and not ranks_fit(axes, shape):
            raise report.wrong_rank(at, axes, shape)
        for index, axis, sizes in _groups(axes, shape, hint.plain):
            if axis.size is not None:
                if not judged and sizes[0] != axis.size and not same_size(sizes[0], axis.size):
                    raise report.wrong_size(at, axes, shape, index, axis)
            elif axis.kind == "expr":
                later.append((item, index, axis))
            elif axis.key is not None:
                where, key = (shared, axis.key) if axis.kind == "dim" else (local, (frame, axis.key))
                old = where.get(key)
                if old is None:
                    where[key] = Binding(sizes, at)
                elif not judged and old.sizes != sizes and not same_sizes(old.sizes, sizes):
                    raise report.two_sizes(at, axes, shape, index, axis, old)
    for item, index, axis in [] if judged else later:
        shape, want = item.type.shape, expression_size(axis, item.frame, shared, local)
        if want is not None and not same_size(shape[index], want):
            raise report.wrong_expression(item.source, item.hint.axes, shape, index, axis, want)
    return shared, local


def ranks_fit(axes: tuple[AxisSpec, ...], shape: Shape) -> bool:
    """Whether a shape has as many axes as an annotation."""
    return len(shape) == len(axes) or (len(shape) >= len(axes) - 1 and any(a.kind == "variadic" for a in axes))


def _groups(axes: tuple[AxisSpec, ...], shape: Shape, plain: bool) -> list[tuple[int, AxisSpec, Shape]]:
    """Every axis with the index of its first size and its sizes (one, or those of `*Bs`); the ranks must fit."""
    if plain:
        return [(i, a, shape[i : i + 1]) for i, a in enumerate(axes)]
    extra = len(shape) - len(axes)
    groups: list[tuple[int, AxisSpec, Shape]] = []
    at = 0
    for axis in axes:
        stop = at + (1 + extra if axis.kind == "variadic" else 1)
        groups.append((at, axis, shape[at:stop]))
        at = stop
    return groups


def expression_size(axis: AxisSpec, frame: int, shared: Bindings, local: Bindings) -> Size | None:
    """The size an axis must have, None if it is not known."""
    if axis.size is not None:
        return axis.size
    if isinstance(axis.key, AxisExpr):
        left = expression_size(axis.key.left, frame, shared, local)
        right = expression_size(axis.key.right, frame, shared, local)
        if left is None or right is None:
            return None
        return left + right if axis.key.op == "+" else left * right
    found = shared.get(axis.key) if axis.kind == "dim" else local.get((frame, axis.key))
    return found.sizes[0] if found is not None else None


def check_pack(pack: Pack, hint: PackHint | None = None) -> Pack:
    """A new pack against the annotations of its class (or a hint); returns it with raw arrays converted."""
    if checks_are_off():
        return pack
    walk = Walk()
    cls = type(pack)
    checked = walk.fields(hint or class_hint(cls), pack, Source("", "", cls.__name__, cls, ""))
    scope = scope_now()
    shared, _ = bind(walk.items, bindings_of(scope), {})
    extend(scope, shared)
    return checked
