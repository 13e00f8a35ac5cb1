"""An error of an operation, told to the user: the line, the operands, who bound the axes, and a next step that works."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from ..compiler.errors import DTypeError, ShapewrightError
from ..compiler.ir.attrs import Attrs
from ..compiler.ops.table import infer
from ..compiler.sizes import Size
from ..compiler.types import DType, TensorType
from .array import is_array, ops_of, type_of, type_text
from .blame import UserCall, user_call
from .check import Item
from .composites import public_call, told_of_the_call
from .conversion import as_array
from .fixes import Failed, is_of, suggestion
from .interpreters import Ops, SymbolicOps, current
from .places import bound_note, fixed_note
from .running import named, running_items, who_bound
from .scope import bindings_of, scope_now


def located(
    error: ShapewrightError,
    args: Sequence[object],
    types: Sequence[TensorType],
    op: str | None = None,
    attrs: Attrs | None = None,
    *,
    surface: bool = False,
) -> ShapewrightError:
    """The error with the user's line and one text per operand, such as `h: Tensor[Batch=32, Hidden=128]`.

    types: of the operands as far as they are known. op, attrs: the operation, so that a way out can be tried. surface:
    the operation stands for what the user called, even if that has another name.
    """
    if error.diagnostic.loc is not None:
        return error
    call = user_call(args)
    known = [*types, *(t for x in args[len(types) :] if (t := _type(x)) is not None)]
    items = running_items(call.frame)
    plain, known = known, named(known, items)
    if op is not None and not surface and any(map(operator.is_not, plain, known)):
        error = _again(error, op, known[: len(types)], attrs or Attrs())
    given = told_of_the_call(error, args, op)
    if given is not None:
        return located(error, given, (), surface=surface)
    known_op = op is not None and (surface or is_of(call, op))
    if error.diagnostic.help is None and op is not None and known_op and len(known) == len(args):
        error.diagnostic.advise(suggestion(Failed(op, attrs or Attrs(), tuple(known), tuple(args), call, error)))
    example = _example(args)
    texts = [
        _operand(x, i, call, known[: len(types)], example, isinstance(error, DTypeError)) for i, x in enumerate(args)
    ]
    if isinstance(error, DTypeError) or len(known) != len(args):
        notes: list[str] = []
    else:
        notes = _who_bound(error, known, plain, example, items)
    _say_names(error, call)
    error.diagnostic.notes = [*error.diagnostic.notes, *notes]
    error.at(call.loc, texts)
    return error.with_traceback(None)  # the rules that found it are not what the user looks for


def operand_types(
    args: Sequence[object], types: Sequence[TensorType], op: str
) -> tuple[str, tuple[tuple[str, TensorType | str], ...]]:
    """The function that the user called, and its operands as they are written there, with what is known of each: for an
    error in a later run."""
    name, given = public_call(args, op)
    if given is not None:
        args, types = given, [type_of(as_array(x)) for x in given]
    call = user_call(args)
    known = named(types, running_items(call.frame))
    kinds = [
        t if is_array(x) or isinstance(x, np.ndarray | list) else type(x).__name__
        for x, t in zip(args, known, strict=True)
    ]
    return name, tuple(zip(call.names, kinds, strict=True))


def _again(error: ShapewrightError, op: str, types: Sequence[TensorType], attrs: Attrs) -> ShapewrightError:
    """What the shape rule says when it knows the names of the axes."""
    try:
        infer(op, tuple(types), attrs)
    except ShapewrightError as other:
        if (type(other), other.code, other.places) == (type(error), error.code, error.places):
            return other
    return error


def fail(error: ShapewrightError, *args: object, op: str | None = None, attrs: Attrs | None = None) -> NoReturn:
    """Raise an error that the surface found itself, with the user's line and the operands."""
    raise located(error, args, (), op, attrs, surface=True) from None


def _type(x: object) -> TensorType | None:
    """The type of a tensor, or of a number that meets none."""
    if is_array(x):
        return type_of(x)
    return (
        TensorType(DType.of(np.asarray(np.float32(0) if isinstance(x, float) else x).dtype), ())
        if isinstance(x, bool | int | float)
        else None
    )


def _operand(
    x: object,
    i: int,
    call: UserCall,
    types: Sequence[TensorType],
    example: Callable[[Size], int] | None,
    with_dtype: bool,
) -> str:
    t = type_of(x) if is_array(x) else None
    if i < len(types) and (t is not None or isinstance(x, np.ndarray | list)):
        t = types[i]
    if t is None:
        return f"{call.names[i]}: {type(x).__name__}"  # pyright: ignore[reportUnknownArgumentType]  of an object
    text = f"{call.names[i]}: {type_text(t, example)}"
    return f"{text} {t.dtype.value}" if with_dtype else text


def _example(args: Sequence[object]) -> Callable[[Size], int] | None:
    """The numbers behind symbolic sizes, if a function is recorded with some."""
    found = [o for x in args if is_array(x) and (o := ops_of(x)) is not None]
    ops: Ops[Any] = found[0] if found else current()
    return ops.example if isinstance(ops, SymbolicOps) else None


def _say_names(error: ShapewrightError, call: UserCall) -> None:
    """`h` in the place of `operand 1`, where it is known what the user wrote."""

    def named(found: re.Match[str]) -> str:
        i = int(found[1]) - 1
        known = i < len(call.names) and not call.names[i].startswith("operand ")
        return f"`{call.names[i]}`" if known else found[0]

    d = error.diagnostic
    d.message = re.sub(r"\boperand (\d+)\b", named, d.message)
    d.details = [re.sub(r"\boperand (\d+)\b", named, text) for text in d.details]


def _who_bound(
    error: ShapewrightError,
    types: Sequence[TensorType],
    plain: Sequence[TensorType],
    example: Callable[[Size], int] | None,
    items: Sequence[Item],
) -> list[str]:
    """What gave the axes that do not fit their sizes: the class of a Dim, or an argument of the typed call.

    types: of the operands, with the names annotated; plain: as they are. example: numbers for symbolic sizes. items: the
    arguments of the typed call.
    """
    bindings = bindings_of(scope_now())
    notes: list[str] = []
    for operand, axis in error.places:
        name, size = types[operand].names[axis], types[operand].shape[axis]
        if name is None:
            continue
        dim: object = getattr(name, "dim", None)
        fixed: object = getattr(dim, "size", None)
        if fixed is not None:
            notes += [fixed_note(dim, size)] if fixed == size else []
            continue
        if dim is None:
            found = who_bound(name, plain[operand], items)
        else:
            bound = bindings.get(dim)
            found = None if bound is None else (bound.sizes[0], bound.source)
        if found is not None and (found[0] if example is None else example(found[0])) == size:
            notes.append(bound_note(str(name), size, found[1]))
    return list(dict.fromkeys(notes))
