"""Tensors, Dims and computed sizes as mypy has them. Nothing here loads the language."""

from __future__ import annotations

from typing import TypeAlias

from mypy.nodes import TypeInfo, Var
from mypy.types import (
    CallableType,
    FunctionLike,
    Instance,
    LiteralType,
    ProperType,
    TupleType,
    Type,
    TypeAliasType,
    UnpackType,
    get_proper_type,
)

from .names import ADD, DIM, KINDS, MUL, SIZE, Kind

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
        found = base.names.get(SIZE)
        if found is not None and isinstance(found.node, Var):
            t = get_proper_type(found.node.type)
            return t.value if isinstance(t, LiteralType) and isinstance(t.value, int) else None
    return None


def is_computed(axis: Type) -> bool:
    """Whether an axis is Add[N, M] or Mul[N, M]."""
    return isinstance(axis, TypeAliasType) and axis.alias is not None and axis.alias.fullname in (ADD, MUL)


def declares_computed(signature: FunctionLike | None) -> bool:
    """Whether the result of a function is a tensor, or has a tensor, with an axis of computed size."""
    return signature is not None and any(_has_computed(f.ret_type) for f in signature.items)


def _has_computed(result: Type) -> bool:
    t = get_proper_type(result)
    if isinstance(t, TupleType):
        return any(map(_has_computed, t.items))
    found = tensor_axes(t)
    return found is not None and any(map(is_computed, found[1]))


def takes_dims(signature: FunctionLike | None) -> bool:
    """Whether a function takes a tensor with a nominal axis."""
    return signature is not None and any(_has_dim(t) for f in signature.items for t in f.arg_types)


def has_dims(info: TypeInfo) -> bool:
    """Whether a class has a field that is such a tensor."""
    variables = (s.node for base in info.mro[:-1] for s in base.names.values())
    return any(isinstance(v, Var) and v.type is not None and _has_dim(v.type) for v in variables)


def _has_dim(t: Type) -> bool:
    found = tensor_axes(get_proper_type(t))
    return found is not None and any(is_dim(get_proper_type(a)) for a in found[1])


def replaced(signature: CallableType, arg_types: list[Type], result: Type) -> CallableType:
    """A signature of the same parameters with these types."""
    return signature.copy_modified(arg_types=arg_types, ret_type=result, variables=[])  # pyright: ignore[reportUnknownMemberType]  # mypy leaves its default values without a type


def with_axes(t: Instance, axes: list[Type]) -> Instance:
    """A tensor type with these axes."""
    return t.copy_modified(args=axes)  # pyright: ignore[reportUnknownMemberType]  # the same
