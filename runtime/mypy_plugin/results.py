"""Types for what a call gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import final

from mypy.checker import TypeChecker
from mypy.nodes import MypyFile, SymbolTable, TypeAlias, TypeInfo
from mypy.types import (
    AnyType,
    Instance,
    LiteralType,
    TupleType,
    Type,
    TypeAliasType,
    TypeOfAny,
    UnpackType,
    get_proper_type,
)

from ...compiler.sizes import Size
from .axes import Reader, number_of
from .evaluate import Operand, Result, single_symbol
from .names import ADD, CLASSES, DIM, DIMS, Kind
from .tensors import Axes, dim_size, is_dim, tensor_axes


@final
class Results:
    """Makes the types of the results of one call.

    in_sight: sizes of Dim classes that the module may mean where it says a number.
    written: the shape is one that the call itself writes down, so a number in it names no axis of an operand.
    """

    def __init__(self, api: TypeChecker, reader: Reader, in_sight: frozenset[int], *, written: bool) -> None:
        self._api = api
        self._reader = reader
        self._in_sight = in_sight
        self._written = written

    def type_of(self, result: Result, expected: Type | None) -> Type:
        """The type of a tensor or tuple of tensors. expected: what the place of the call wants, if it says so."""
        wanted = get_proper_type(expected) if expected is not None else None
        if isinstance(result, Operand):
            found = tensor_axes(wanted) if wanted is not None else None
            axes = found[1] if found is not None and len(found[1]) == len(result.shape) else None
            return self._tensor(result, axes)
        items = wanted.items if isinstance(wanted, TupleType) and len(wanted.items) == len(result) else None
        parts = [self.type_of(r, None if items is None else items[i]) for i, r in enumerate(result)]
        return TupleType(parts, self._api.named_generic_type("builtins.tuple", [AnyType(TypeOfAny.special_form)]))

    def _tensor(self, result: Operand, wanted: Axes | None) -> Instance:
        axes = [
            self._axis(size, name, None if wanted is None else wanted[i])
            for i, (size, name) in enumerate(zip(result.shape, result.names, strict=True))
        ]
        return tensor(self._api, result.kind, axes)

    def _axis(self, size: Size, name: str | None, wanted: Type | None) -> Type:
        if not isinstance(size, int):
            only = single_symbol(size)
            found = self._reader.types.get(only.key) if only is not None else None
            return found if found is not None else AnyType(TypeOfAny.special_form)
        if name in self._reader.types and not self._written and not self._reader.ambiguous(size):
            return self._reader.types[name]
        return sized(self._api, size, self._in_sight, wanted)


def tensor(api: TypeChecker, kind: Kind, axes: list[Type]) -> Instance:
    """A tensor of a kind with these axes."""
    module, _, name = CLASSES[kind].rpartition(".")
    info = api.modules[module].names[name].node
    assert isinstance(info, TypeInfo)
    nothing = UnpackType(TupleType([], api.named_generic_type("builtins.tuple", [AnyType(TypeOfAny.special_form)])))
    return Instance(info, axes or [nothing])


def sized(api: TypeChecker, size: int, in_sight: frozenset[int], wanted: Type | None) -> Type:
    """An axis that was computed: `Literal[size]`, or the Dim of that size that is wanted.

    Where a Dim in sight has this size, the program may go on to call the axis by its name, and that is right. Then the
    axis is Add[size, 0]: to mypy it is Any, and the plugin still knows its size.
    """
    expected = get_proper_type(wanted) if wanted is not None else None
    if isinstance(expected, Instance) and is_dim(expected) and dim_size(expected.type) == size:
        return expected
    literal = LiteralType(size, api.named_generic_type("builtins.int", []))
    if size not in in_sight or (isinstance(expected, LiteralType) and number_of(expected) == size):
        return literal
    alias = api.modules[DIMS].names[ADD.rpartition(".")[2]].node
    assert isinstance(alias, TypeAlias)
    return TypeAliasType(alias, [literal, LiteralType(0, literal.fallback)])


# ---- Dims that a module may mean
def sizes_in_sight(api: TypeChecker) -> frozenset[int]:
    """Sizes of the Dim classes that a module, or a module from which it has a name, knows."""
    tree = api.tree
    near = {tree.fullname} | {m for symbol in tree.names.values() for m in _origin(symbol.node)}
    return frozenset(
        size
        for module in near
        if (found := api.modules.get(module)) is not None
        for info in _dims(found.names)
        if (size := dim_size(info)) is not None
    )


def _origin(node: object) -> Iterator[str]:
    """The module that a name stands for, or comes from."""
    if isinstance(node, MypyFile):
        yield node.fullname
    elif isinstance(node, TypeInfo):
        yield node.module_name
    else:
        name = getattr(node, "fullname", None)
        if isinstance(name, str):
            yield name.rpartition(".")[0]


def _dims(names: SymbolTable) -> Iterator[TypeInfo]:
    """The Dim classes of a module, and those that stand in a class."""
    for symbol in names.values():
        info = symbol.node
        if isinstance(info, TypeInfo):
            if info.has_base(DIM):
                yield info
            for inner in info.names.values():
                if isinstance(inner.node, TypeInfo) and inner.node.has_base(DIM):
                    yield inner.node
