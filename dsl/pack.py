"""Packs: named and positional containers of tensors, and taking them apart (`flatten`) and together (`Spec`).

A pack is a `Pack`, a `TList`, a tuple, a `NamedTuple` or a dict with string keys, of packs and tensors. Anything else
inside one is a constant that is part of its `Spec`. Leaves come in order of fields.
"""

from __future__ import annotations

import dataclasses
import typing
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import (
    TYPE_CHECKING,
    Any,
    Self,
    TypeAlias,
    TypeVar,
    TypeVarTuple,
    cast,
    dataclass_transform,
    final,
)

import numpy as np

from ..compiler.errors import DTypeError, ShapeError, ShapewrightError
from ..compiler.loc import user_loc
from ..compiler.types import DType, TensorType
from .annotations import AxisSpec, labels
from .any_keys import AnyKeys
from .array import AnyArray, Array, is_array, make, type_of, type_text
from .conversion import integers
from .dims import remember
from .fields import check_declared, freeze

if TYPE_CHECKING:
    from .hints import PackHint

P = TypeVar("P", bound="Pack")
T = TypeVar("T")
Tup = TypeVar("Tup", bound="tuple[Any, ...]")
S = TypeVarTuple("S")


# ---- the structure of a value
@final
@dataclass(frozen=True, slots=True)
class LeafSpec:
    """The place of a tensor."""


@final
@dataclass(frozen=True, slots=True)
class StaticSpec:
    """A constant; two are the same when type and value are (`key`)."""

    value: object = dataclasses.field(compare=False)
    key: object


@final
@dataclass(frozen=True, slots=True)
class BranchSpec:
    """A container: its class, the names of its children, and they."""

    kind: type[object]
    names: tuple[str, ...]
    children: tuple[Structure, ...]


Structure: TypeAlias = "LeafSpec | StaticSpec | BranchSpec"
_LEAF = LeafSpec()


@final
@dataclass(frozen=True, slots=True)
class Spec:
    """How to put a value together from its leaves. Hashable; equal for values of the same structure and constants.

    names: one dotted name per leaf ("a.w", "blocks.0.w"; "" for a value that is itself a tensor).
    """

    root: Structure
    names: tuple[str, ...] = dataclasses.field(compare=False)

    def unflatten(self, leaves: Sequence[object]) -> Any:
        """The value with these leaves, of the same container classes; nothing is checked but their number."""
        if len(leaves) != len(self.names):
            raise ShapeError(f"{len(leaves)} leaves for a structure of {len(self.names)}", loc=user_loc(), code="SW103")
        return _build(self.root, iter(leaves))

    def __len__(self) -> int:
        return len(self.names)


def flatten(value: object) -> tuple[list[AnyArray], Spec]:
    """The tensors of a value, in order, and its structure. Raw NumPy arrays become tensors.

    DTypeError: something inside is neither a tensor, a pack nor a hashable constant.
    """
    leaves: list[AnyArray] = []
    names: list[str] = []
    root = _visit(value, "", leaves, names)
    return leaves, Spec(root, tuple(names))


def leaf_annotations(spec: Spec) -> tuple[tuple[AxisSpec, ...] | None, ...]:
    """The axes that Pack classes declare for each leaf of a structure; None where none does."""
    from .hints import UNCHECKED, leaf_axes

    return tuple(leaf_axes(UNCHECKED, spec.root))


def from_raw(value: object, axes: tuple[AxisSpec, ...] = ()) -> AnyArray | None:
    """The tensor of a raw NumPy array or scalar (integers become int64), None for any other object."""
    if not isinstance(value, np.ndarray | np.generic):
        return None
    array = cast("np.ndarray[Any, np.dtype[np.generic]]", np.asarray(cast("Any", value)))
    if array.dtype.kind in "iu":
        array = integers(array)
    names = labels(axes) if len(axes) == array.ndim else ()
    return make(TensorType(_element_type(array), array.shape, names), array, None)


def _element_type(array: np.ndarray[Any, np.dtype[np.generic]]) -> DType:
    try:
        return DType.of(array.dtype)
    except DTypeError as error:
        raise error.at(user_loc()) from None


def children(value: object) -> tuple[type[object], tuple[str, ...], tuple[object, ...]] | None:
    """Container class, names and children of a pack; None for anything else."""
    if isinstance(value, Pack):
        names = pack_fields(type(value))
        return type(value), names, tuple(value.__dict__[n] for n in names)
    if isinstance(value, tuple):
        items = cast("tuple[object, ...]", value)
        named = cast("tuple[str, ...] | None", getattr(items, "_fields", None))
        return type(items), named or tuple(map(str, range(len(items)))), tuple(items)
    if isinstance(value, Mapping):
        kind = AnyKeys if isinstance(value, AnyKeys) else dict
        entries = cast("Mapping[object, object]", value)
        bad = [k for k in entries if not isinstance(k, str)]
        if bad:
            raise DTypeError(f"a pack has string keys, not {type(bad[0]).__name__}", loc=user_loc(), code="SW204")
        return kind, tuple(map(str, entries)), tuple(entries.values())
    return None


def pack_fields(cls: type[object]) -> tuple[str, ...]:
    """Names of the fields of a Pack class, in order."""
    return tuple(f.name for f in dataclasses.fields(cast("Any", cls)))


def _visit(value: object, name: str, leaves: list[AnyArray], names: list[str]) -> Structure:
    array = value if is_array(value) else from_raw(value)
    if array is not None:
        leaves.append(array)
        names.append(name)
        return _LEAF
    parts = children(value)
    if parts is not None:
        kind, labels, items = parts
        prefix = f"{name}." if name else ""
        visited = (_visit(x, prefix + label, leaves, names) for label, x in zip(labels, items, strict=True))
        return BranchSpec(kind, labels, tuple(visited))
    return _static(value, name)


def _static(value: object, name: str) -> StaticSpec:
    where = f"`{name}`" if name else "this value"
    if isinstance(value, list):
        raise DTypeError(
            f"{where} is a list, and a pack does not change",
            loc=user_loc(),
            help="write a tuple (or sw.TList)",
            code="SW204",
        )
    cell = cell_help(value, name or "it")
    if cell is not None:
        raise DTypeError(f"{where} is a parameter cell, not a tensor", loc=user_loc(), help=cell, code="SW202")
    try:
        hash(value)
    except TypeError:
        raise DTypeError(
            f"{where} is of type {type(value).__name__}: neither a tensor, a pack nor a hashable constant",
            loc=user_loc(),
            code="SW204",
        ) from None
    return StaticSpec(value, (type(value), value.hex() if isinstance(value, float) else value))


def meant(name: str, fields: Sequence[str]) -> str:
    """The field that was meant, or all of them."""
    from .repairs import closest

    close = closest(name, fields)
    return f"its fields are {', '.join(fields)}" if close is None else f"did you mean `{close}`?"


def cell_help(value: object, text: str) -> str | None:
    """What to write instead of a `Param`; None if the value is none."""
    if isinstance(value, Array | Pack) or not isinstance(getattr(value, "value", None), Array):
        return None
    return f"pass its tensor: {text}.value"


def _build(node: Structure, leaves: Any) -> object:
    match node:
        case LeafSpec():
            return next(leaves)
        case StaticSpec(value=value):
            return value
        case BranchSpec(kind=kind, names=names, children=parts):
            built = [_build(part, leaves) for part in parts]
            if issubclass(kind, Pack):
                return _assemble(kind, names, built)
            if issubclass(kind, tuple):
                return new_tuple(cast("type[tuple[object, ...]]", kind), built)
            return cast("type[dict[str, object]]", kind)(zip(names, built, strict=True))


def new_tuple(kind: type[Tup], items: Iterable[object]) -> Tup:
    """A tuple, TList or NamedTuple of these elements, without calling its constructor."""
    return cast("Tup", cast("Any", tuple).__new__(kind, items))


def _assemble(kind: type[P], names: Sequence[str], values: Sequence[object]) -> P:
    pack = object.__new__(kind)
    pack.__dict__.update(zip(names, values, strict=True))
    return pack


def rebuilt(pack: P, changes: Mapping[str, object]) -> P:
    """The same pack with some fields changed, unchecked."""
    new = object.__new__(type(pack))
    new.__dict__.update(pack.__dict__)
    new.__dict__.update(changes)
    return new


# ---- named packs
_namespaces: weakref.WeakKeyDictionary[type[object], Mapping[str, object]] = weakref.WeakKeyDictionary()


def namespace(cls: type[object]) -> Mapping[str, object]:
    """Names that the annotations of a Pack class may mention besides globals."""
    return _namespaces.get(cls, {})


@dataclass_transform(frozen_default=True, eq_default=False)
class Pack:
    """Base of named packs: the annotated fields of a subclass become a frozen record, by keyword or position.

    Fields are tensors, packs, tuples of packs, or constants (any hashable value, fixed when a program is compiled).
    Fields are checked against their annotations when a pack is made.
    """

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        from .hints import defining_names

        _namespaces[cls] = defining_names(cls, depth=2)
        remember(cls, depth=2)
        dataclasses.dataclass(frozen=True, eq=False, repr=False)(cls)
        check_declared(cls, Pack)
        freeze(cls)
        setattr(cls, "__init__", _checked_init(cls))

    if not TYPE_CHECKING:

        def __class_getitem__(cls, args: object) -> object:
            plain = super().__class_getitem__(args)
            return PackAlias(cls, plain.__args__, name=plain._name)

    def leaves(self) -> tuple[AnyArray, ...]:
        """The tensors, in order of fields."""
        return tuple(flatten(self)[0])

    def named(self) -> dict[str, AnyArray]:
        """The tensors by dotted name: {"a.w": ..., "blocks.0.w": ...}."""
        leaves, spec = flatten(self)
        return dict(zip(spec.names, leaves, strict=True))

    def replace(self, **changes: object) -> Self:
        """The same pack with some fields changed; checked like a new one."""
        names = pack_fields(type(self))
        unknown = [n for n in changes if n not in names]
        if unknown:
            raise ShapeError(
                f"`{type(self).__name__}` has no field `{unknown[0]}`",
                loc=user_loc(),
                help=meant(unknown[0], names),
                code="SW103",
            )
        pack = rebuilt(self, changes)
        _check_fields(pack)
        return pack

    def __repr__(self) -> str:
        return show(self)


def _checked_init(cls: type[Pack]) -> Callable[..., None]:
    generated = cast("Callable[..., None]", cls.__init__)

    @wraps(generated)
    def __init__(self: Pack, *args: object, **kwargs: object) -> None:
        initialize(self, generated, args, kwargs)
        if type(self) is cls:
            _check_fields(self)

    return __init__


def initialize(pack: Pack, init: Callable[..., None], args: tuple[object, ...], kwargs: Mapping[str, object]) -> None:
    """Call the constructor that the fields gave; nothing is checked but that the arguments fit its parameters."""
    try:
        init(pack, *args, **kwargs)
    except TypeError as error:
        if error.__traceback__ is not None and error.__traceback__.tb_next is not None:  # raised inside of it
            raise
        from .report import wrong_pack

        raise wrong_pack(type(pack).__name__, str(error), pack_fields(type(pack)), len(args)) from None


def _check_fields(pack: Pack, hint: PackHint | None = None) -> None:
    from .check import check_pack

    try:
        checked = check_pack(pack, hint)
    except ShapewrightError as error:
        raise helped(error, pack, hint) from None
    pack.__dict__.update(checked.__dict__)


def helped(error: ShapewrightError, pack: Pack, hint: PackHint | None) -> ShapewrightError:
    """The error of a pack that was refused, with a next step if one is known."""
    from .hints import class_hint
    from .repairs import repair_pack

    error.diagnostic.advise(repair_pack(pack, hint or class_hint(type(pack)), error))
    return error


class PackAlias(typing._GenericAlias, _root=True):  # type: ignore[call-arg, misc, name-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUntypedBaseClass, reportGeneralTypeIssues]  - typing has no public base for aliases
    """`Dense[Pixels, Hidden]` of a generic Pack class: an ordinary alias; a pack that is made by calling it has these axes."""

    __origin__: type[Pack]
    __args__: tuple[Any, ...]

    def __call__(self, *args: object, **kwargs: object) -> Pack:
        from .hints import pack_hint

        cls = self.__origin__
        pack = cls.__new__(cls)
        initialize(pack, cast("Any", cls.__init__).__wrapped__, args, kwargs)
        _check_fields(pack, pack_hint(cls, self.__args__))
        return pack


def show(value: object, indent: int = 0) -> str:
    """A pack as text: one line per field, tensors by class, axes and element type; the values of scalars alone."""
    if is_array(value):
        return describe(value) if type_of(value).shape else repr(value)
    parts = children(value)
    if parts is None:
        return repr(value)
    kind, names, items = parts
    pad = "  " * (indent + 1)
    keyed = issubclass(kind, Pack | dict) or hasattr(kind, "_fields")
    sign = ": " if issubclass(kind, dict) else "="
    lines = [
        pad + (f"{n}{sign}" if keyed else "") + show(x, indent + 1) + "," for n, x in zip(names, items, strict=True)
    ]
    name = "" if kind is tuple or issubclass(kind, dict) else kind.__name__
    left, right = "{}" if issubclass(kind, dict) else "()"
    return f"{name}{left}\n" + "\n".join(lines) + f"\n{'  ' * indent}{right}" if lines else f"{name}{left}{right}"


def describe(array: AnyArray) -> str:
    """`Tensor[Batch=32, Pixels=64] float32`."""
    return f"{type_text(type_of(array))} {type_of(array).dtype.value}"


# ---- positional packs
class TList(tuple[*S]):
    """An immutable list of tensors (or packs) of different types: `TList(w, b)`, `cons(w, TList(b))`."""

    __slots__ = ()

    def __new__(cls, *xs: *S) -> TList[*S]:
        return new_tuple(cls, xs)

    def unpack(self) -> tuple[*S]:
        """The elements as a plain tuple."""
        return cast("tuple[*S]", tuple(self))

    def __getnewargs__(self) -> tuple[*S]:
        return self.unpack()

    def __repr__(self) -> str:
        return show(self)


def cons(head: T, tail: TList[*S]) -> TList[T, *S]:
    """The list with `head` in front of `tail`."""
    return cast("TList[T, *S]", new_tuple(TList, (head, *tail)))
