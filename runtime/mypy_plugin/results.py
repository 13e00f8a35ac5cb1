"""Types for what a call gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from mypy.checker import TypeChecker
from mypy.nodes import TypeInfo
from mypy.types import (
    AnyType,
    Instance,
    LiteralType,
    TupleType,
    Type,
    TypeOfAny,
    TypeVarType,
    UnpackType,
    get_proper_type,
)

from ...compiler.sizes import Size
from .axes import Reader
from .evaluate import Operand, Result, single_symbol
from .names import CLASSES, Kind
from .sight import in_sight, is_of_function, type_variable
from .tensors import dim_size, is_dim, tensor_axes


@final
class Results:
    """Makes the types of the results of one call.

    written: the shape is one that the call itself writes down, so a number in it is no axis of an operand.
    ones: an axis of size 1 is one that the operation has made.
    """

    def __init__(self, api: TypeChecker, reader: Reader, *, written: bool = False, ones: bool = False) -> None:
        self._api = api
        self._reader = reader
        self._written = written
        self._ones = ones

    def type_of(self, result: Result, expected: Type | None) -> Type:
        """The type of a tensor or tuple of tensors. expected: what the place of the call wants, if it says so."""
        wanted = get_proper_type(expected) if expected is not None else None
        if isinstance(result, Operand):
            found = tensor_axes(wanted) if wanted is not None else None
            if found is not None and len(found[1]) != len(result.shape):
                return self._tensor(result, tuple(map(self._number, result.shape)))  # an error: it shows the sizes
            return self._tensor(result, None if found is None else found[1])
        items = wanted.items if isinstance(wanted, TupleType) and len(wanted.items) == len(result) else None
        parts = [self.type_of(r, None if items is None else items[i]) for i, r in enumerate(result)]
        return TupleType(parts, self._api.named_generic_type("builtins.tuple", [AnyType(TypeOfAny.special_form)]))

    def _tensor(self, result: Operand, wanted: Sequence[Type | None] | None) -> Instance:
        axes = [
            self._axis(size, name, None if wanted is None else wanted[i])
            for i, (size, name) in enumerate(zip(result.shape, result.names, strict=True))
        ]
        return tensor(self._api, result.kind, axes)

    def _number(self, size: Size) -> Type | None:
        return LiteralType(size, self._api.named_generic_type("builtins.int", [])) if isinstance(size, int) else None

    def _axis(self, size: Size, name: str | None, wanted: Type | None) -> Type:
        if not isinstance(size, int):
            only = single_symbol(size)
            found = self._reader.types.get(only.key) if only is not None else None
            return found if found is not None else AnyType(TypeOfAny.special_form)
        known = self._reader.types.get(name) if name is not None else None
        if isinstance(known, LiteralType) and wanted is not None:
            known = None  # a number takes the name that is wanted
        if known is not None and not self._written and not self._reader.ambiguous(size):
            return known
        if size == 1 and self._ones:
            return LiteralType(1, self._api.named_generic_type("builtins.int", []))
        return sized(self._api, size, self._reader, wanted)


def tensor(api: TypeChecker, kind: Kind, axes: list[Type]) -> Instance:
    """A tensor of a kind with these axes."""
    module, _, name = CLASSES[kind].rpartition(".")
    info = api.modules[module].names[name].node
    assert isinstance(info, TypeInfo)
    return Instance(info, axes)


def unknown_tensor(api: TypeChecker, kind: Kind) -> Instance:
    """A tensor of which nothing but its kind is known."""
    anything = AnyType(TypeOfAny.from_error)
    return tensor(api, kind, [UnpackType(api.named_generic_type("builtins.tuple", [anything]))])


def sized(api: TypeChecker, size: int, reader: Reader, wanted: Type | None) -> Type:
    """An axis that was computed: `Literal[size]`, or the Dim that is wanted if that may have this size.

    Where nothing is wanted and a Dim in sight may have this size, the program may go on to call the axis by its name, and
    that is right when it runs: then the axis is Any.
    """
    expected = get_proper_type(wanted) if wanted is not None else None
    literal = LiteralType(size, api.named_generic_type("builtins.int", []))
    match expected:
        case LiteralType():
            return literal
        case Instance(type=info) if is_dim(expected):
            named = dim_size(info)
            may_be = named == size if named is not None else info.fullname not in reader.types
            return expected if may_be else literal
        case TypeVarType() if is_of_function(api, expected):
            return literal if type_variable(expected) in reader.types else AnyType(TypeOfAny.special_form)
        case _:
            sight = in_sight(api)
            unclear = size in sight.sizes or sight.open - reader.types.keys()
            return AnyType(TypeOfAny.special_form) if unclear else literal
