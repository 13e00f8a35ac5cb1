"""Tensors, Dims and computed sizes as mypy has them. Nothing here loads the language."""

from __future__ import annotations

from typing import TypeAlias, cast

from mypy.nodes import TypeInfo
from mypy.types import Instance, ProperType, TupleType, Type, TypeAliasType, UnpackType, get_proper_type

from .names import ADD, DIM, KINDS, METADATA, MUL, Kind

Axes: TypeAlias = "tuple[Type, ...]"


def tensor_axes(t: ProperType) -> tuple[Kind, Axes] | None:
    """The kind and the axes of a tensor type. None: something else, or a tensor of unknown rank."""
    if not isinstance(t, Instance) or t.type.fullname not in KINDS:
        return None
    axes: list[Type] = []
    for arg in t.args:
        if not isinstance(arg, UnpackType):
            axes.append(arg)
            continue
        inner = get_proper_type(arg.type)
        if not isinstance(inner, TupleType) or any(isinstance(i, UnpackType) for i in inner.items):
            return None
        axes += inner.items
    return KINDS[t.type.fullname], tuple(axes)


def is_dim(t: ProperType) -> bool:
    """Whether a type is a nominal axis."""
    return isinstance(t, Instance) and t.type.has_base(DIM)


def dim_size(info: TypeInfo) -> int | None:
    """The size that a Dim class, or the nearest of its bases, has in its body."""
    for base in info.mro:
        found = base.metadata.get(METADATA)
        if found is not None:
            return cast("int | None", found["size"])
    return None


def is_computed(axis: Type) -> bool:
    """Whether an axis is Add[N, M] or Mul[N, M]."""
    return isinstance(axis, TypeAliasType) and axis.alias is not None and axis.alias.fullname in (ADD, MUL)


def declares_computed(result: Type) -> bool:
    """Whether a result is a tensor, or a tuple with a tensor, that has an axis of computed size."""
    t = get_proper_type(result)
    if isinstance(t, TupleType):
        return any(map(declares_computed, t.items))
    found = tensor_axes(t)
    return found is not None and any(map(is_computed, found[1]))
