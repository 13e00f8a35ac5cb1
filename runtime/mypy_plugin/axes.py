"""Tensor types of mypy as operands: which axes have a number, which are symbols, and which may be anything."""

from __future__ import annotations

from typing import final

from mypy.types import (
    Instance,
    LiteralType,
    ProperType,
    Type,
    TypeAliasType,
    TypeVarType,
    get_proper_type,
)

from ...compiler.sizes import Size, symbol
from .evaluate import Operand, open_size
from .names import ADD
from .sight import type_variable
from .tensors import dim_size, is_computed, is_dim, tensor_axes


@final
class Reader:
    """Reads the operands of one call.

    nominal: a Dim stands for itself and not for its size, as it does for the type checker.
    soft: a number that was computed may be what a Dim stands for.
    types: what each symbol, and each label of an axis of known size, is as a type.
    """

    def __init__(self, *, nominal: bool = False, soft: bool = False) -> None:
        self._nominal = nominal
        self._soft = soft
        self._opened = 0
        self.types: dict[str, Type] = {}
        self.dims: set[str] = set()  # the Dim classes whose size was asked for
        self._labels: list[dict[int, set[str | None]]] = []  # of each operand, by size

    def operand(self, t: ProperType, *, computed: bool = False, name: str = "") -> Operand | None:
        """A tensor. None: no tensor, or one of unknown rank.

        computed: nobody has written its type. name: of the variable that it is; its open sizes are then the same ones.
        """
        found = tensor_axes(t)
        if found is None:
            return None
        kind, axes = found
        soft = computed and self._soft
        sizes = [self.size(a, soft=soft, name=f"{name}.{i}" if name else "") for i, a in enumerate(axes)]
        names = [self._label(a) for a in axes]
        labels: dict[int, set[str | None]] = {}
        for size, label in zip(sizes, names, strict=True):
            if isinstance(size, int):
                labels.setdefault(size, set()).add(label)
        self._labels.append(labels)
        return Operand(kind, tuple(sizes), tuple(names))

    def size(self, axis: Type, *, soft: bool = False, name: str = "") -> Size:
        """A number, a symbol, or an open size."""
        t = get_proper_type(axis)
        match t:
            case LiteralType(value=int() as value) if not isinstance(value, bool) and not (soft and value != 1):
                return value
            case Instance() if is_dim(t):
                self.dims.add(t.type.fullname)
                number = None if self._nominal else dim_size(t.type)
                return number if number is not None else self._symbol(t.type.fullname, t.type.name, t)
            case TypeVarType():
                return self._symbol(type_variable(t), t.name, t)
            case _:
                self._opened += 1
                return open_size(name or str(self._opened))

    def _symbol(self, key: str, name: str, t: Type) -> Size:
        self.types[key] = t
        return symbol(name, key)

    def _label(self, axis: Type) -> str | None:
        """The label under which the type of an axis of known size is found again: how messages name it."""
        t = get_proper_type(axis)
        if isinstance(t, LiteralType):
            label = str(t.value)
        elif isinstance(t, Instance) and is_dim(t):
            label = t.type.name
            if self.types.get(label, t) != t:
                label = t.type.fullname
        else:
            return None
        self.types[label] = t
        return label

    def ambiguous(self, size: int) -> bool:
        """Whether the operands have axes of different types with this size."""
        found = [labels[size] for labels in self._labels if size in labels]
        return any(labels != found[0] for labels in found)


def number_of(axis: Type) -> int | None:
    """The number of an axis of known size, or of Add[N, M] or Mul[N, M] of such axes."""
    if isinstance(axis, TypeAliasType) and axis.alias is not None and is_computed(axis):
        numbers = [n for n in map(number_of, axis.args) if n is not None]
        if len(numbers) != 2:
            return None
        return numbers[0] + numbers[1] if axis.alias.fullname == ADD else numbers[0] * numbers[1]
    found = Reader().size(axis)
    return found if isinstance(found, int) else None
