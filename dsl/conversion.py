# This module fills in tensors that it makes.
# pyright: reportPrivateUsage=false
"""Tensors, element types and shapes from what a user gives: numbers, nested lists, arrays of any library."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from types import BuiltinFunctionType, FunctionType
from typing import Any, SupportsIndex, TypeVar, cast

import numpy as np

from ..compiler.errors import DTypeError, ShapeError, TraceError
from ..compiler.ir.attrs import Attrs
from ..compiler.loc import user_loc
from ..compiler.ops.creation import does_not_fit
from ..compiler.sizes import Poly, Shape, Size
from ..compiler.types import DType, TensorType
from .array import KIND_NAMES, AnyArray, Arr, Array, DTypeLike, is_array, kind_of, make
from .interpreters import current, program_dtype

X = TypeVar("X")

# The operand that is of a kind of its own: a condition, indices, a key. A number there gives its type to no other.
OWN_KIND = {
    "where": 0,
    "embedding": 0,
    "index_add": 0,
    "one_hot": 0,
    "scatter_along_axis": 0,
    "cross_entropy": 1,
    "dropout": 1,
    "take": 1,
    "take_along_axis": 1,
}


def without_own(op: str, operands: Sequence[X]) -> Sequence[X]:
    """The operands that are of one kind, so that numbers among them take the element type of the tensors."""
    own = OWN_KIND.get(op)
    return operands if own is None else [x for i, x in enumerate(operands) if i != own]


def dtype_like(dtype: DTypeLike) -> DType:
    """The element type that a user named: "float32", np.float32, ... DTypeError if it is none of ours.

    The class `float` is the floating type of the program, float32 outside of one, as that of Python's numbers is.
    """
    if isinstance(dtype, DType):
        return dtype
    if dtype is float:
        return program_dtype() or DType.float32
    try:
        if _no_default(dtype):
            raise TypeError
        return DType.of(np.dtype(dtype))
    except DTypeError as error:
        raise error.at(user_loc()) from None
    except TypeError:
        from .report import option_text

        raise DTypeError(
            f"{option_text(dtype)} is no element type",
            loc=user_loc(),
            help=f"one of {', '.join(d.value for d in DType)}",
            code="SW201",
        ) from None


def _no_default(dtype: object) -> bool:
    """Whether it is nothing, or the text "float": for NumPy float64, which here is the default of nothing."""
    return dtype is None or (isinstance(dtype, str) and dtype == "float")


def integer(e: object) -> int | None:
    """What Python takes for an index, as a number; None for anything else."""
    if type(e) is int:
        return e
    try:
        return operator.index(cast("SupportsIndex", e)) if hasattr(type(e), "__index__") else None
    except DTypeError:
        raise  # a floating tensor
    except TypeError:
        return None  # an array that is no integer


def is_number(x: object) -> bool:
    """Python and NumPy scalars: they take the element type of the tensor they meet."""
    return isinstance(x, bool | int | float | np.generic)


def as_numpy(x: object) -> Arr:
    """A NumPy array from anything that is one: nested lists, `__array__`, DLPack. DTypeError otherwise.

    Python floats become float32, Python ints int64; other integer arrays become int64.
    """
    if is_array(x):
        return x.numpy()
    from_python = type(x) in (bool, int, float, list, tuple)
    try:
        array = cast("Arr", np.from_dlpack(cast("Any", x)) if _only_dlpack(x) else np.asarray(x))
    except (ValueError, TypeError, BufferError, RuntimeError) as error:
        nested = isinstance(x, list | tuple)
        raise DTypeError(
            f"no tensor can be made of this {type(x).__name__}",
            loc=user_loc(),
            details=["nested lists must have the same length at every level" if nested else type(error).__name__],
            code="SW202",
        ) from None
    if array.dtype.kind in "iu":
        return integers(array)
    if from_python and array.dtype == np.float64:
        return array.astype(np.float32)
    if array.dtype.kind in "OUS":
        if array.size and all(isinstance(n, int) for n in cast("list[object]", array.ravel().tolist())):
            raise does_not_fit(DType.int64).at(user_loc())
        raise DTypeError(
            f"no tensor can be made of {_object_text(x, array.dtype.kind)}",
            loc=user_loc(),
            details=["tensors are made of tensors, arrays, numbers and nested lists of numbers"],
            help=_cell_help(x),
            code="SW202",
        )
    try:
        DType.of(array.dtype)
    except DTypeError as error:
        raise error.at(user_loc()) from None
    return array


def integers(array: Arr, want: DType = DType.int64) -> Arr:
    """An array of integers as another integer type. DTypeError if it has an element that this type does not have."""
    if not np.can_cast(array.dtype, want.value) and array.size:
        limits = np.iinfo(want.value)
        if int(array.min()) < limits.min or int(array.max()) > limits.max:
            raise does_not_fit(want).at(user_loc())
    return array.astype(want.value, copy=False)


def _only_dlpack(x: object) -> bool:
    return hasattr(x, "__dlpack__") and not hasattr(x, "__array__")


def _object_text(x: object, kind: str) -> str:
    if x is None or isinstance(x, type):
        return "None" if x is None else f"the class {x.__name__}"
    name = "function" if isinstance(x, FunctionType | BuiltinFunctionType) else type(x).__name__
    return f"{'an' if name[0] in 'AEIOaeio' else 'a'} {name}" + (
        f" of {'objects' if kind == 'O' else 'texts'}" if isinstance(x, np.ndarray | list | tuple) else ""
    )


def _cell_help(x: object) -> str | None:
    inner: object = getattr(x, "value", None)
    if isinstance(inner, Array):
        return "pass the tensor of the parameter, its `.value`"
    return None


def as_array(x: object, dtype: DType | None = None) -> AnyArray:
    """A tensor from a tensor, array, nested list or number; a floating one is cast to `dtype` if that is given."""
    if is_array(x):
        t = x._type
        if dtype is None or not t.dtype.is_float or t.dtype is dtype or x._ops is not None:
            return x
        return make(TensorType(dtype, t.shape, t.names), cast("Arr", x._value).astype(dtype.numpy), None)
    if isinstance(x, Poly):
        return _of_size(x, DType.int64)
    value = as_numpy(x)
    if dtype is not None and value.dtype.kind == "f":
        value = value.astype(dtype.numpy, copy=False)
    return make(TensorType(DType.of(value.dtype), value.shape), value, None)


def _of_size(size: Poly, dtype: DType) -> AnyArray:
    """A run-time size as a scalar of the program that is recorded."""
    ops = current()
    value = ops.apply("size", (), Attrs({"size": size, "dtype": dtype.value}))
    return make(TensorType(dtype, ()), value, ops)


def as_floating(x: object, dtype: DType | None = None) -> AnyArray:
    """A tensor as floating functions take it: numbers and lists of Python are of type `dtype` (None: the program's), also
    if they are integers. Tensors and arrays keep their kind."""
    want = dtype or program_dtype()
    found = as_array(x, want) if not is_array(x) else x
    if found._type.dtype.is_int and (isinstance(x, list | tuple) or is_number(x)):
        return as_array(cast("Arr", found._value).astype(np.float64), want or DType.float32)
    return found


def construct(x: AnyArray, source: object, kind: str, dtype: DTypeLike | None) -> None:
    """Fill in a new tensor of the given kind from what its constructor was given (copied)."""
    written = source  # as the user's line has it
    want = None if dtype is None else dtype_like(dtype)
    if want is not None and kind_of(want) != kind:
        text = f"{want.value} is no element type of {KIND_NAMES[kind]}"
        raise DTypeError(text, loc=user_loc(), help=f"use {KIND_NAMES[kind_of(want)]}", code="SW203")
    if kind == "float" and isinstance(source, Poly):
        given = _of_size(source, want or program_dtype() or DType.float32)
    else:
        given = as_array(source)
    t = given._type
    if t.dtype.is_int and kind == "float" and isinstance(source, int | list | tuple) and given._ops is None:
        want = want or DType.float32  # Python integers in a floating tensor are numbers, not labels
        t = TensorType(want, t.shape)
    if kind_of(t.dtype) != kind:
        from .fixes import converted

        raise DTypeError(
            f"{KIND_NAMES[kind]} of an array of element type {t.dtype.value}",
            loc=user_loc(),
            details=[f"{KIND_NAMES[kind_of(t.dtype)]} takes arrays of this type"],
            help=converted(written, _EXAMPLES[kind]),
            code="SW203",
        )
    want = want or t.dtype
    x._ops = given._ops
    x._type = TensorType(want, t.shape, t.names)
    if given._ops is not None and want is not t.dtype:
        raise TraceError(
            "a recorded tensor given to a constructor",
            loc=user_loc(),
            details=["a constructor takes values; .astype converts a tensor"],
            code="SW401",
        )
    value = cast("Arr", given._value)
    if given._ops is None and kind == "int":
        value = integers(value, want)
    x._value = value if given._ops is not None else np.array(value, dtype=want.numpy)


_EXAMPLES = {"float": "float32", "int": "int64", "bool": "bool"}


def shape_of(shape: object) -> Shape:
    """A shape from an int, a size or a sequence of them. ShapeError if one is no size."""
    items = cast("Sequence[object]", shape) if isinstance(shape, tuple | list) else (shape,)
    out: list[Size] = []
    for s in items:
        if isinstance(s, Poly):
            out.append(s)
        elif isinstance(s, int | np.integer) and not isinstance(s, bool):
            out.append(int(cast("int", s)))
        else:
            raise ShapeError(
                f"a shape is made of integers, not {type(s).__name__}",
                loc=user_loc(),
                help="write (2, 3)",
                code="SW103",
            )
    return tuple(out)
