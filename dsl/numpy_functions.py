"""NumPy's functions on tensors: `np.exp(x)`, `np.sum(x, axis=0)`. The operation of the same meaning, so that gradients and
recording work; what has none acts on values."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias, cast

import numpy as np

from ..compiler.errors import TraceError
from ..compiler.loc import user_loc
from ..compiler.types import DType
from . import functions, joining, lookup, movement, nn, reductions, shapes
from .array import AnyArray, Array, is_array, kind_of, ops_of, type_of, type_text
from .conversion import as_array, is_number
from .dispatch import apply
from .einsum import einsum

Function: TypeAlias = Callable[..., Any]


class _NoOperation(Exception):
    """There is no operation for these arguments."""


# ---- functions of elements
_UFUNCS = {
    "add": "add", "subtract": "sub", "multiply": "mul", "divide": "div", "true_divide": "div", "power": "pow",
    "negative": "neg", "absolute": "abs", "maximum": "maximum", "minimum": "minimum", "exp": "exp", "log": "log",
    "sqrt": "sqrt", "tanh": "tanh", "sin": "sin", "cos": "cos", "square": "square", "matmul": "matmul",
    "equal": "equal", "not_equal": "not_equal", "less": "less", "less_equal": "less_equal", "greater": "greater",
    "greater_equal": "greater_equal", "logical_and": "logical_and", "logical_or": "logical_or",
    "logical_not": "logical_not", "isnan": "isnan", "isfinite": "isfinite", "sign": "sign", "floor": "floor",
}  # fmt: skip
_OF_FLOATS: dict[str, Function] = {
    "fabs": functions.abs,
    "ceil": functions.ceil,
    "rint": functions.round,
    "expm1": functions.expm1,
    "log1p": functions.log1p,
    "reciprocal": functions.reciprocal,
}


def apply_ufunc(ufunc: np.ufunc, method: str, inputs: Sequence[object], options: Mapping[str, object]) -> Any:
    """`np.exp(t)`, `array + t`: the operation of the same meaning, else NumPy on the values."""
    name = ufunc.__name__
    if method == "__call__" and not options:
        if name in _UFUNCS:
            return apply(_UFUNCS[name], inputs)
        only = as_array(inputs[0]) if name in _OF_FLOATS else None
        if only is not None and type_of(only).dtype.is_float:
            return _OF_FLOATS[name](only)
    full = name if method == "__call__" else f"{name}.{method}"
    return getattr(ufunc, method)(*_values(inputs, full), **cast("dict[str, Any]", _values(options, full)))


# ---- functions of whole arrays, with the parameters of NumPy's that an operation takes
def _float(x: object) -> AnyArray:
    tensor = as_array(x)
    if not type_of(tensor).dtype.is_float and ops_of(tensor) is None:
        raise _NoOperation
    return tensor  # the operation says how to convert a recorded one


def _numbers(x: object) -> AnyArray:
    tensor = as_array(x)
    return movement.cast_to(tensor, DType.int64) if type_of(tensor).dtype is DType.bool else tensor


def _conditions(x: object) -> AnyArray:
    tensor = as_array(x)
    return tensor if type_of(tensor).dtype is DType.bool else apply("not_equal", (tensor, 0))


def _reduction(f: Function, prepare: Callable[[object], AnyArray]) -> Function:
    def reduce(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
        return f(prepare(a), axis, keepdims)

    return reduce


def _spread(f: Function) -> Function:
    def spread(a: Any, axis: Any = None, *, keepdims: bool = False, ddof: int = 0) -> Any:
        return f(_float(a), axis, keepdims, ddof)

    return spread


_NORM: Function = reductions.norm  # one signature in the place of those for checkers
_REPEAT: Function = shapes.repeat
_TAKE_ALONG: Function = lookup.take_along_axis


def _norm(x: Any, ord: None = None, axis: Any = None, keepdims: bool = False) -> Any:
    if ord is not None:
        raise _NoOperation
    return _NORM(_float(x), axis, keepdims)


def _together(arrays: Sequence[object]) -> list[AnyArray]:
    """Raw arrays take the floating type of the tensors, as in arithmetic."""
    like = next((type_of(x).dtype for x in arrays if is_array(x)), None)
    tensors = [as_array(x, None if is_array(x) else like) for x in arrays]
    if len({kind_of(type_of(x).dtype) for x in tensors}) > 1 and all(ops_of(x) is None for x in tensors):
        raise _NoOperation
    return tensors


def _concat(arrays: Any, axis: int = 0) -> Any:
    return joining.concat(_together(arrays), _int(axis))


def _stack(arrays: Any, axis: int = 0) -> Any:
    return joining.stack(_together(arrays), axis)


def _reshape(a: Any, shape: Any) -> Any:
    return movement.reshape(as_array(a), shape)


def _ravel(a: Any) -> Any:
    return movement.flatten(as_array(a), 0, -1)


def _transpose(a: Any, axes: Any = None) -> Any:
    return movement.transpose(as_array(a), axes)


def _matrix_transpose(x: Any) -> Any:
    return movement.swap_last(as_array(x))


def _shape(a: Any) -> Any:
    return as_array(a).shape


def _ndim(a: Any) -> int:
    return as_array(a).ndim


def _size(a: Any) -> int:
    return as_array(a).size


def _swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    x = as_array(a)
    order = list(range(x.ndim))
    i, j = movement.one_axis("swapaxes", x, axis1), movement.one_axis("swapaxes", x, axis2)
    order[i], order[j] = j, i
    return movement.transpose(x, order)


def _clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    low, high = min if a_min is None else a_min, max if a_max is None else a_max
    x = as_array(a)
    if type_of(x).dtype.is_float and all(b is None or is_number(b) for b in (low, high)):
        return functions.clip(cast("Any", x), low, high)
    x = x if low is None else apply("maximum", (x, low))
    return x if high is None else apply("minimum", (x, high))


def _where(condition: Any, x: Any, y: Any, /) -> Any:
    return apply("where", (_conditions(condition), x, y))


def _squeeze(a: Any, axis: Any = None) -> Any:
    return movement.squeeze(as_array(a), axis)


def _expand_dims(a: Any, axis: Any) -> Any:
    return movement.unsqueeze(as_array(a), axis)


def _broadcast_to(array: Any, shape: Any) -> Any:
    return movement.broadcast_to(as_array(array), shape)


def _flip(m: Any, axis: Any = None) -> Any:
    return shapes.flip(m, axis)


def _roll(a: Any, shift: int, axis: int) -> Any:
    return shapes.roll(a, _int(shift), _int(axis))


def _repeat(a: Any, repeats: int, axis: int) -> Any:
    return _REPEAT(as_array(a), _int(repeats), axis)


def _tril(m: Any, k: int = 0) -> Any:
    return shapes.tril(m, k)


def _triu(m: Any, k: int = 0) -> Any:
    return shapes.triu(m, k)


def _take(a: Any, indices: Any, axis: int) -> Any:
    return apply("take", (as_array(a), as_array(indices)), {"axis": movement.one_axis("take", as_array(a), _int(axis))})


def _take_along_axis(arr: Any, indices: Any, axis: int) -> Any:
    return _TAKE_ALONG(arr, indices, _int(axis))


def _dot(a: Any, b: Any) -> Any:
    ranks = {as_array(a).ndim, as_array(b).ndim}
    if not ranks <= {1, 2}:
        raise _NoOperation
    return apply("matmul", (a, b))


def _outer(a: Any, b: Any) -> Any:
    if as_array(a).ndim != 1 or as_array(b).ndim != 1:
        raise _NoOperation
    return nn.outer(a, b)


def _einsum(*operands: Any) -> Any:
    if not isinstance(operands[0], str):
        raise _NoOperation
    return einsum(*operands)


def _round(a: Any, decimals: int = 0) -> Any:
    if decimals:
        raise _NoOperation
    return functions.round(cast("Any", _float(a)))


def _int(x: object) -> int:
    if not isinstance(x, int):
        raise _NoOperation
    return x


_FUNCTIONS: dict[str, Function] = {
    "sum": _reduction(reductions.sum, _numbers),
    "mean": _reduction(reductions.mean, _float),
    "max": _reduction(reductions.max, _numbers),
    "min": _reduction(reductions.min, _numbers),
    "argmax": _reduction(reductions.argmax, _numbers),
    "argmin": _reduction(reductions.argmin, _numbers),
    "any": _reduction(reductions.any, _conditions),
    "all": _reduction(reductions.all, _conditions),
    "var": _spread(reductions.var),
    "std": _spread(reductions.std),
    "linalg.norm": _norm,
    "concatenate": _concat,
    "stack": _stack,
    "reshape": _reshape,
    "ravel": _ravel,
    "transpose": _transpose,
    "matrix_transpose": _matrix_transpose,
    "swapaxes": _swapaxes,
    "clip": _clip,
    "where": _where,
    "squeeze": _squeeze,
    "expand_dims": _expand_dims,
    "broadcast_to": _broadcast_to,
    "flip": _flip,
    "roll": _roll,
    "repeat": _repeat,
    "tril": _tril,
    "triu": _triu,
    "take": _take,
    "take_along_axis": _take_along_axis,
    "dot": _dot,
    "outer": _outer,
    "einsum": _einsum,
    "round": _round,
    "shape": _shape,
    "ndim": _ndim,
    "size": _size,
}
_ALSO = {"amax": "max", "amin": "min", "around": "round", "linalg.matrix_transpose": "matrix_transpose"}
_SIGNATURES = {name: inspect.signature(f) for name, f in _FUNCTIONS.items()}
_OURS = {  # of another name than NumPy's
    "concatenate": "concat", "vstack": "concat", "hstack": "concat", "linalg.norm": "norm", "expand_dims": "unsqueeze",
    "ravel": "flatten", "array_split": "split", "tile": "repeat", "rint": "round", "fabs": "abs", "subtract": "sub",
    "multiply": "mul", "divide": "div", "true_divide": "div", "power": "pow", "negative": "neg", "absolute": "abs",
    "add.reduce": "sum", "maximum.reduce": "max", "minimum.reduce": "min", "logical_and.reduce": "all",
    "logical_or.reduce": "any",
}  # fmt: skip


def apply_function(f: Function, types: Iterable[type], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """`np.sum(t, axis=0)`: the operation of the same meaning, if it takes these arguments, else NumPy on the values."""
    if not all(issubclass(t, np.ndarray | Array) for t in types):
        return NotImplemented
    name = f"{f.__module__}.{f.__name__}".removeprefix("numpy.")
    known = _ALSO.get(name, name)
    if known in _FUNCTIONS:
        try:
            bound = _SIGNATURES[known].bind(*args, **kwargs)
        except TypeError:
            bound = None  # an option that no operation has, such as dtype or out
        if bound is not None:
            try:
                return _FUNCTIONS[known](*bound.args, **bound.kwargs)
            except _NoOperation:
                pass
    return f(*_values(args, name), **cast("dict[str, Any]", _values(kwargs, name)))


def _values(given: Any, name: str) -> Any:
    """What is given with the values of tensors in their place.

    Raises:
        TraceError: one is recorded.
    """
    if is_array(given):
        if ops_of(given) is not None:
            raise TraceError(
                f"np.{name}: this {type_text(type_of(given))} has no value while the function is recorded",
                loc=user_loc(),
                help=_instead(name),
                code="SW401",
            )
        return given.numpy()
    if type(given) in (list, tuple):
        return type(given)(_values(x, name) for x in given)
    if isinstance(given, dict):
        return {k: _values(x, name) for k, x in cast("Mapping[object, object]", given).items()}
    return given


def _instead(name: str) -> str:
    """What to write for a function that has no operation, or not with these arguments."""
    ours = _OURS.get(name, _ALSO.get(name, name))
    found: object = getattr(sys.modules[__name__.partition(".")[0]], ours, None)
    if not callable(found) or ours.startswith("_"):
        return "no operation does this: use sw functions on the tensor, or return it and read it outside"
    parameters = inspect.signature(found).parameters.values()
    names = [f"*{p.name}" if p.kind is p.VAR_POSITIONAL else p.name for p in parameters]
    return f"use sw.{ours}({', '.join(names)})"
