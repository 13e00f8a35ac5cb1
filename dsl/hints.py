"""Annotations as trees: what a parameter, a result or a field of a pack must be."""

from __future__ import annotations

import inspect
import re
import sys
import types
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import (
    Any,
    TypeAlias,
    TypeVar,
    TypeVarTuple,
    Union,
    Unpack,
    cast,
    final,
    get_args,
    get_origin,
    get_type_hints,
)
from weakref import WeakKeyDictionary

from ..compiler.errors import ShapeError
from ..compiler.loc import user_loc
from .annotations import AxisSpec, axes_of, show_axes
from .array import Array
from .dims import Dim
from .pack import BranchSpec, LeafSpec, Pack, StaticSpec, Structure, namespace, pack_fields
from .scope import Source

Env: TypeAlias = "Mapping[object, object]"  # type variable -> its argument (for a TypeVarTuple: a tuple of arguments)


@final
@dataclass(frozen=True, slots=True)
class ArrayHint:
    """A tensor class with axes; `cls` is Tensor, IntTensor, BoolTensor or their base."""

    cls: type[Array[*tuple[Any, ...]]]
    axes: tuple[AxisSpec, ...]
    text: str
    plain: bool = True  # every axis stands for one size


@final
@dataclass(slots=True, eq=False)
class PackHint:
    """A Pack class. `own`: its type variables that the annotation leaves open (one meaning per instance)."""

    cls: type[Pack]
    env: Env
    own: frozenset[object]
    text: str
    _fields: tuple[tuple[str, Hint], ...] | None = None
    _sources: dict[tuple[str, str], tuple[tuple[str, Hint, Source], ...]] = field(default_factory=dict[Any, Any])

    @property
    def fields(self) -> tuple[tuple[str, Hint], ...]:
        """Field names and hints; made when first asked for, so a class may mention itself."""
        if self._fields is None:
            self._fields = tuple((n, lower(a, self.env)) for n, a in field_annotations(self.cls).items())
        return self._fields

    def sources(self, at: Source) -> tuple[tuple[str, Hint, Source], ...]:
        """The fields of a pack that stands at a place of a call; with an empty path, of one that is being made."""
        found = self._sources.get((at.path, at.function))
        if found is None:
            prefix = f"{at.path}." if at.path else ""
            found = tuple(
                (n, h, Source(prefix + n, h.text, at.function, self.cls, n, at.position if prefix else i))
                for i, (n, h) in enumerate(self.fields)
            )
            self._sources[at.path, at.function] = found
        return found


@final
@dataclass(frozen=True, slots=True)
class TupleHint:
    """A tuple (TList, NamedTuple) of a given length."""

    cls: type[tuple[object, ...]]
    names: tuple[str, ...]
    items: tuple[Hint, ...]
    text: str


@final
@dataclass(frozen=True, slots=True)
class ManyHint:
    """A tuple of any length, or a dict, with elements of one type."""

    cls: type[object]
    item: Hint
    text: str


@final
@dataclass(frozen=True, slots=True)
class UnionHint:
    options: tuple[Hint, ...]
    text: str


@final
@dataclass(frozen=True, slots=True)
class PlainHint:
    """Anything else: left to beartype. `annotation` Any means not checked."""

    annotation: object
    text: str
    open: bool = field(default=False)


Hint: TypeAlias = "ArrayHint | PackHint | TupleHint | ManyHint | UnionHint | PlainHint"
_class_hints: WeakKeyDictionary[type[Pack], PackHint] = WeakKeyDictionary()
UNCHECKED = PlainHint(Any, "Any", True)
NOTHING = PlainHint(types.NoneType, "None")


def lower(annotation: Any, env: Env | None = None) -> Hint:
    """The hint of an annotation, with type variables replaced by `env`."""
    env = env or {}
    if isinstance(annotation, TypeVar):
        return lower(env[annotation]) if annotation in env else UNCHECKED
    if annotation is Any or annotation is inspect.Parameter.empty or get_origin(annotation) is Unpack:
        return UNCHECKED
    cls: Any = get_origin(annotation) or annotation
    args = _substitute(get_args(annotation), env)
    if cls in (Union, types.UnionType):
        options = tuple(lower(a) for a in args)
        return UnionHint(options, " | ".join(o.text for o in options))
    if not isinstance(cls, type):
        return PlainHint(annotation, _plain_text(annotation))
    if issubclass(cls, Array):
        return _array(cast("Any", cls), args, annotation is cls)
    if issubclass(cls, Pack):
        return pack_hint(cls, args)
    if issubclass(cls, tuple):
        return _tuple(cast("type[tuple[object, ...]]", cls), args, annotation)
    if issubclass(cls, Mapping) and len(args) == 2 and args[0] is str:
        item = lower(args[1])
        return ManyHint(cast("type[object]", cls), item, f"dict[str, {item.text}]")
    return PlainHint(annotation, _plain_text(annotation))


def _array(cls: type[Array[*tuple[Any, ...]]], args: tuple[object, ...], bare: bool) -> ArrayHint:
    if bare:
        return ArrayHint(cls, (AxisSpec("variadic", "*_"),), cls.__name__, plain=False)
    axes = axes_of(args)
    return ArrayHint(cls, axes, f"{cls.__name__}[{show_axes(axes)}]", all(a.kind != "variadic" for a in axes))


def pack_hint(cls: type[Pack], args: tuple[object, ...] = ()) -> PackHint:
    """The hint of a Pack class, or of a generic one with arguments."""
    params: tuple[object, ...] = getattr(cls, "__parameters__", ())
    env = _bind_parameters(params, args) if args else {}
    own = frozenset(p for p in params if p not in env)
    text = f"{cls.__name__}[{', '.join(_arg_text(a) for a in args)}]" if args else cls.__name__
    return PackHint(cls, env, own, text)


def _bind_parameters(params: tuple[object, ...], args: tuple[object, ...]) -> dict[object, object]:
    at = next((i for i, p in enumerate(params) if isinstance(p, TypeVarTuple)), None)
    if at is None:
        return dict(zip(params, args, strict=False))
    tail = len(params) - at - 1
    stop = len(args) - tail
    return {
        **dict(zip(params[:at], args, strict=False)),
        params[at]: args[at:stop],
        **dict(zip(params[at + 1 :], args[stop:], strict=False)),
    }


def _tuple(cls: type[tuple[object, ...]], args: tuple[object, ...], annotation: object) -> Hint:
    labels = cast("tuple[str, ...] | None", getattr(cls, "_fields", None))
    if labels is not None:
        fields = field_annotations(cls)
        return TupleHint(cls, labels, tuple(lower(fields.get(n, Any)) for n in labels), cls.__name__)
    name = cls.__name__
    if len(args) == 2 and args[1] is Ellipsis:
        item = lower(args[0])
        return ManyHint(cls, item, f"{name}[{item.text}, ...]")
    if annotation is cls:
        return ManyHint(cls, UNCHECKED, name)
    items = tuple(lower(a) for a in args if a != ())
    return TupleHint(
        cls, tuple(map(str, range(len(items)))), items, f"{name}[{', '.join(i.text for i in items) or '()'}]"
    )


def _substitute(args: tuple[object, ...], env: Env) -> tuple[object, ...]:
    if not env:
        return args
    out: list[object] = []
    for arg in args:
        inner = get_args(arg)[0] if get_origin(arg) is Unpack else arg
        if isinstance(inner, TypeVarTuple) and inner in env:
            out += cast("tuple[object, ...]", env[inner])
        elif isinstance(arg, TypeVar):
            out.append(env.get(arg, arg))
        elif isinstance(arg, types.UnionType):
            out.append(Union[_substitute(get_args(arg), env)])  # noqa: UP007  built from a tuple
        else:
            old = get_args(arg)
            new = _substitute(old, env)
            out.append(arg if new == old else cast("Any", get_origin(arg))[new])
    return tuple(out)


def _arg_text(arg: object) -> str:
    try:
        return show_axes(axes_of((arg,)))
    except ShapeError:
        return lower(arg).text


def _plain_text(annotation: object) -> str:
    if annotation is types.NoneType:
        return "None"
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation.__name__
    return str(annotation).replace("typing.", "")


def class_hint(cls: type[Pack]) -> PackHint:
    """The hint of a class whose type variables are open."""
    found = _class_hints.get(cls)
    if found is None:
        found = _class_hints[cls] = pack_hint(cls)
    return found


def leaf_axes(hint: Hint, node: Structure) -> list[tuple[AxisSpec, ...] | None]:
    """The axes that a hint (or the Pack classes inside) gives each leaf of a structure; None where nothing does."""
    if isinstance(hint, UnionHint):
        kinds = ArrayHint if isinstance(node, LeafSpec) else PackHint | TupleHint | ManyHint
        hint = next((o for o in hint.options if isinstance(o, kinds)), UNCHECKED)
    match node:
        case LeafSpec():
            return [hint.axes if isinstance(hint, ArrayHint) else None]
        case StaticSpec():
            return []
        case BranchSpec(kind=kind, names=names, children=parts):
            if issubclass(kind, Pack):
                given = hint if isinstance(hint, PackHint) and issubclass(kind, hint.cls) else class_hint(kind)
                inner = dict(given.fields)
            elif isinstance(hint, TupleHint):
                inner = dict(zip(hint.names, hint.items, strict=True))
            else:
                inner = dict.fromkeys(names, hint.item if isinstance(hint, ManyHint) else UNCHECKED)
            return [a for n, part in zip(names, parts, strict=True) for a in leaf_axes(inner.get(n, UNCHECKED), part)]


# ---- names in annotations
def defining_names(owner: object, depth: int) -> Mapping[str, object]:
    """What the annotations of a function or class may mention besides globals: names of the function around it, and for
    a class of a module that cannot be found by its name (code given to `exec`) those of the module.

    `depth`: frames between this one and the body where `owner` is defined.
    """
    texts = [a for a in inspect.get_annotations(cast("Any", owner)).values() if isinstance(a, str)]
    wanted = set(re.findall(r"[^\W\d]\w*", " ".join(texts)))
    names: dict[str, object] = {}
    frame = inspect.currentframe()
    for _ in range(depth):
        frame = frame and frame.f_back
    while frame is not None and frame.f_code.co_name == "__init_subclass__":
        frame = frame.f_back
    while frame is not None and frame.f_locals is not frame.f_globals:
        local = frame.f_locals
        names = {n: local[n] for n in wanted if n in local} | names
        if frame.f_code.co_flags & inspect.CO_OPTIMIZED:  # a function; a class body goes on to what surrounds it
            break
        frame = frame.f_back
    if isinstance(owner, type) and frame is not None and frame.f_globals is not _module_of(owner):
        return ChainMap(names, frame.f_globals)  # not a copy: it may mention what is defined later
    return names


def resolve(owner: Any, names: Mapping[str, object], wanted: frozenset[str] | None = None) -> dict[str, object]:
    """The annotations written in a function or class, as objects. ShapeError if one names what does not exist."""
    own = {owner.__name__: owner} if isinstance(owner, type) else {}
    space = _module_of(owner) if isinstance(owner, type) else inspect.unwrap(owner).__globals__
    written = {n: a for n, a in inspect.get_annotations(owner).items() if wanted is None or n in wanted}
    try:
        return get_type_hints(types.SimpleNamespace(__annotations__=written), space, {**own, **names})
    except ShapeError as error:  # `x` is no axis
        from .places import mention_loc

        text = error.diagnostic.message.partition("`")[2].partition("`")[0]
        raise error.at((mention_loc(owner, text) if text else None) or user_loc()) from None
    except NameError as error:
        from .places import mention_loc
        from .repairs import closest

        axes = [n for n, x in {**space, **names}.items() if isinstance(x, TypeVar) or _is_class(x)]
        close = closest(str(error.name), axes)
        raise ShapeError(
            f"an annotation of `{owner.__qualname__}` mentions `{error.name}`, which does not exist",
            loc=mention_loc(owner, str(error.name)),
            help=f"define or import `{error.name}` where `{owner.__name__}` is defined"
            if close is None
            else f"did you mean `{close}`?",
            code="SW105",
        ) from None


def _module_of(cls: type[object]) -> dict[str, object]:
    """The names of the module of a class; none if it is not one that was imported."""
    return vars(sys.modules[cls.__module__]) if cls.__module__ in sys.modules else {}


def _is_class(x: object) -> bool:
    return isinstance(x, type) and issubclass(x, Dim | Array | Pack)


def field_annotations(cls: type[object]) -> dict[str, object]:
    """Annotation of every field of a Pack class or NamedTuple."""
    if not issubclass(cls, Pack):
        return resolve(cls, {})
    found: dict[str, object] = {}
    names, given = pack_fields(cls), _base_arguments(cls)
    for base in reversed(cls.__mro__):
        if issubclass(base, Pack) and base is not Pack:
            own = resolve(base, namespace(base), frozenset(names))
            found |= {n: _substitute((a,), given.get(base, {}))[0] for n, a in own.items()}
    return {n: found.get(n, Any) for n in names}


def _base_arguments(cls: type[Pack]) -> dict[object, Env]:
    """What a class gives for the type variables of its generic bases: `class Head(Dense[Hidden, Digits])`."""
    given: dict[object, Env] = {cls: {}}
    for c in cls.__mro__:
        for base in cast("tuple[object, ...]", c.__dict__.get("__orig_bases__", ())):
            origin = get_origin(base)
            if isinstance(origin, type) and issubclass(origin, Pack):
                parameters: tuple[object, ...] = getattr(origin, "__parameters__", ())
                given[origin] = _bind_parameters(parameters, _substitute(get_args(base), given.get(c, {})))
    return given


def field_owner(cls: type[object], name: str) -> type[object]:
    """The class of the MRO that declares a field."""
    return next((c for c in cls.__mro__ if name in inspect.get_annotations(c)), cls)
