"""`apply`: the one way an operation is performed. Finds the interpreter, the type, and in an error the user's line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any, TypeAlias, cast

import numpy as np

from ..compiler.errors import DTypeError, ShapeError, ShapewrightError, TraceError
from ..compiler.ir.attrs import Attrs, AttrValue
from ..compiler.ir.graph import Node
from ..compiler.loc import user_loc
from ..compiler.ops.creation import does_not_fit
from ..compiler.ops.table import infer
from ..compiler.sizes import Poly, Size, Symbol, symbols
from ..compiler.types import DType, TensorType
from .array import AnyArray, Array, is_array, make, type_of, value_of
from .array import ops_of as ops_of
from .conversion import OWN_KIND, as_array, as_floating, is_number, without_own
from .interpreters import AssumingOps, ExampleOps, Ops, RandomOps, SymbolicOps, current, eager, program_dtype
from .located import fail as fail
from .located import located, operand_types

Number: TypeAlias = "bool | int | float"
Operand: TypeAlias = "AnyArray | Number | Poly | object"
_Prepared: TypeAlias = "list[tuple[AnyArray | TensorType, object]]"  # each with the operand as it was given

# Operations whose integer operands of different widths are promoted first.
_PROMOTING = frozenset(
    [
        "add",
        "sub",
        "mul",
        "div",
        "pow",
        "maximum",
        "minimum",
        "where",
        "equal",
        "not_equal",
        "less",
        "less_equal",
        "greater",
        "greater_equal",
        "concat",
    ]
)
# Operations that find out in a run whether their operands fit: the error then says what they were.
_INDEXED = frozenset(
    ["cross_entropy", "embedding", "index_add", "one_hot", "scatter_along_axis", "take", "take_along_axis"]
)
KEY_TYPE = TensorType(DType.uint32, (2,), (None,))
_fallback_stream = count()


def apply(op: str, args: Sequence[Operand], attrs: Mapping[str, AttrValue] | None = None) -> Any:
    """Perform an operation of the table.

    args: tensors, numbers (they take the element type of the tensors), run-time sizes, or raw arrays.

    Raises:
        ShapeError, DTypeError: with the user's line and the text of every operand.
        TraceError: tensors of two recordings meet.
    """
    ops = _interpreter(args)
    at = attrs if isinstance(attrs, Attrs) else Attrs(attrs)
    operands = _prepare(op, args)
    types = _types(operands)
    try:
        try:
            out = infer(op, types, at)
        except DTypeError as error:
            operands = _in_floats(op, operands, at, error)
            types = _types(operands)
            out = infer(op, types, at)
        values = [_constant(ops, x, raw) if isinstance(x, TensorType) else _lift(ops, x) for x, raw in operands]
        value = ops.apply(op, values, at)
        if op in _INDEXED and isinstance(value, Node) and not value.operands:
            value.operands = operand_types(args, types)
        return _wrap(ops, out, value)
    except ShapewrightError as error:
        if isinstance(error, ShapeError) and isinstance(ops, SymbolicOps) and error.diagnostic.loc is None:
            if op == "slice" and error.sizes and isinstance(ops, AssumingOps) and _holds_now(types[0], at, ops):
                return apply(op, args, {**at, "assumed": True})
            _without_symbols(op, types, at, error, ops, args)
        raise located(error, args, types, op, at) from None


def _interpreter(args: Sequence[Operand]) -> Ops[Any]:
    """The interpreter of the recorded operands, else the current one."""
    found: Ops[Any] | None = None
    for x in args:
        ops = ops_of(x) if is_array(x) else None
        if ops is None:
            continue
        if found is not None and ops is not found:
            raise TraceError(
                "tensors of two recordings meet in one operation",
                loc=user_loc(),
                help="return tensors from a recorded function instead of keeping them in a variable outside",
                code="SW402",
            )
        found = ops
    return found or current()


def is_concrete(ops: Ops[Any]) -> bool:
    """Whether the values of an interpreter are NumPy arrays, computed at once."""
    return isinstance(ops, type(eager()))


def _wrap(ops: Ops[Any], type_: TensorType, value: object) -> AnyArray:
    return make(type_, value, None if is_concrete(ops) else ops)


def _lift(ops: Ops[Any], x: AnyArray) -> Any:
    return ops.lift(x) if ops_of(x) is None else value_of(x)


def _constant(ops: Ops[Any], type_: TensorType, raw: object) -> Any:
    """A number or a run-time size as a rank-0 value."""
    if isinstance(raw, Poly):
        return ops.apply("size", (), Attrs({"size": raw, "dtype": type_.dtype.value}))
    number = cast("float", np.asarray(raw).item())
    try:
        value = float(number) if type_.dtype.is_float else number
    except OverflowError:
        raise does_not_fit(type_.dtype) from None
    return ops.apply("const", (), Attrs({"value": value, "dtype": type_.dtype.value}))


def operate(op: str, *args: Operand) -> Any:
    """An operator of Python: `==` and `!=` with something that is no operand leave the comparison to the other side."""
    if op in ("equal", "not_equal") and not all(
        _is_scalar(x) or isinstance(x, Array | np.ndarray | list) for x in args
    ):
        return NotImplemented
    return apply(op, args)


# ---- operands
def _prepare(op: str, args: Sequence[Operand]) -> _Prepared:
    """Every operand as a tensor, or as the type of the constant it becomes, with the operand as it was given."""
    own, like = OWN_KIND.get(op), _like(without_own(op, args))
    wide = like if like.is_float else program_dtype()
    out: _Prepared = []
    for i, x in enumerate(args):
        if _is_scalar(x):
            dtype = _scalar_dtype(op, x, like, args) if i != own else _natural(args[i : i + 1])
            out.append((TensorType(dtype, ()), x))
        else:
            out.append((x if is_array(x) else as_array(x, wide), x))
    return _promote(out) if op in _PROMOTING and len(out) > 1 else out


def _is_scalar(x: object) -> bool:
    return isinstance(x, Poly) or is_number(x)


def _like(args: Sequence[Operand]) -> DType:
    """The element type that numbers take: that of the first tensor, else of the first array or list."""
    for x in args:
        if is_array(x):
            return type_of(x).dtype
    numbers = [x for x in args if _is_scalar(x)]
    raw = next((x for x in args if not _is_scalar(x)), None)
    found = _natural(numbers) if raw is None else type_of(as_array(raw, program_dtype())).dtype
    if found.is_int and isinstance(raw, list | tuple) and any(isinstance(x, float | np.floating) for x in numbers):
        return _natural(numbers)  # integers in a list of Python are numbers like others
    return found


def _types(operands: _Prepared) -> tuple[TensorType, ...]:
    return tuple(x if isinstance(x, TensorType) else type_of(x) for x, _ in operands)


def _in_floats(op: str, operands: _Prepared, attrs: Attrs, refused: DTypeError) -> _Prepared:
    """The operands of an operation that refuses them: integers of Python, and lists of them, as the floating numbers that
    they are in `sw.Tensor`. As they were, if it refuses these, too, and not because of other operands."""
    own = OWN_KIND.get(op)
    given = [x for x, raw in operands if is_array(raw) and not isinstance(x, TensorType)]
    want = next((type_of(x).dtype for x in given if type_of(x).dtype.is_float), program_dtype() or DType.float32)
    out = [(x, raw) if i == own else (_in_float(x, raw, want), raw) for i, (x, raw) in enumerate(operands)]
    try:
        infer(op, _types(out), attrs)
    except DTypeError as error:
        numbers = {i for i, (_, raw) in enumerate(operands) if not is_array(raw)}
        if not numbers.isdisjoint(_blamed(error)) or numbers.isdisjoint(_blamed(refused)):
            return operands
    except ShapewrightError:
        pass  # of the shapes: the kinds fit
    return out


def _blamed(error: ShapewrightError) -> set[int]:
    return {operand for operand, _ in error.places}


def _in_float(x: AnyArray | TensorType, raw: object, want: DType) -> AnyArray | TensorType:
    if isinstance(x, TensorType):
        return TensorType(want, ()) if x.dtype.is_int else x
    return x if is_array(raw) else as_floating(raw, want)


def _natural(numbers: Sequence[object]) -> DType:
    """The element type of numbers that meet no tensor."""
    if any(isinstance(x, float | np.floating) for x in numbers):
        return program_dtype() or DType.float32
    return DType.bool if all(isinstance(x, bool | np.bool_) for x in numbers) else DType.int64


def _scalar_dtype(op: str, x: object, like: DType, args: Sequence[Operand]) -> DType:
    """A number takes the element type of the tensor it meets, if that loses nothing."""
    is_float, is_bool = isinstance(x, float | np.floating), isinstance(x, bool | np.bool_)
    if like.is_float or (like.is_int and not is_float) or is_bool:
        return like
    kind = "IntTensor" if like.is_int else "BoolTensor"
    error = DTypeError(
        f"{op} of {'an' if like.is_int else 'a'} {kind} and a Python {'float' if is_float else 'int'}",
        code="SW203",
    )
    raise located(error, args, (), op)


def _promote(operands: _Prepared) -> _Prepared:
    """Integer operands of two widths become the wider one."""
    dtypes = {x.dtype if isinstance(x, TensorType) else type_of(x).dtype for x, _ in operands}
    widths = {d for d in dtypes if d.is_int}
    if len(widths) < 2 or any(d.is_float for d in dtypes):
        return operands
    want = DType.of(np.result_type(*(d.numpy for d in widths)))
    out: _Prepared = []
    for x, raw in operands:
        if isinstance(x, TensorType):
            out.append((TensorType(want, ()) if x.dtype.is_int else x, raw))
        else:
            wrong = type_of(x).dtype.is_int and type_of(x).dtype is not want
            out.append((apply("cast", (x,), {"dtype": want.value}) if wrong else x, raw))
    return out


# ---- errors
def _without_symbols(
    op: str,
    types: tuple[TensorType, ...],
    attrs: Attrs,
    error: ShapeError,
    ops: SymbolicOps,
    args: Sequence[object],
) -> None:
    """Whether the example's numbers fit: if they do, start again with them; if not, raise the error they give."""
    used = {s for t in types for size in t.shape for s in symbols(size)} | set(_attr_symbols(tuple(attrs.values())))
    if not used:
        return
    plain = tuple(_plain(t, ops) for t in types)
    at = Attrs({k: _concrete(v, ops.example) for k, v in attrs.items()})
    try:
        infer(op, plain, at)
    except ShapewrightError as same:
        raise located(same, args, plain, op, at) from None
    clash = error.sizes or tuple(Poly((((s,), 1),)) for s in sorted(used))
    ops.specialise(clash, error.diagnostic.message)


def _holds_now(x: TensorType, attrs: Attrs, ops: AssumingOps) -> bool:
    """Whether a slice of run-time sizes lies inside its axes in the example, so that it may be assumed to in a run."""
    shape = tuple(map(ops.example, attrs.sizes("shape")))
    if not ops.assuming or "assumed" in attrs or 0 in shape:
        return False
    try:
        infer("slice", (_plain(x, ops),), Attrs({k: _concrete(v, ops.example) for k, v in attrs.items()}))
    except ShapeError:
        return False
    return True


def _plain(t: TensorType, ops: ExampleOps) -> TensorType:
    return TensorType(t.dtype, tuple(map(ops.example, t.shape)), t.names)


def _attr_symbols(value: AttrValue) -> frozenset[Symbol]:
    if isinstance(value, Poly):
        return symbols(value)
    if isinstance(value, tuple):
        return frozenset(s for v in value for s in _attr_symbols(v))
    return frozenset()


def _concrete(value: AttrValue, example: Callable[[Size], int]) -> AttrValue:
    if isinstance(value, Poly):
        return example(value)
    return tuple(_concrete(v, example) for v in value) if isinstance(value, tuple) else value


# ---- random operations
def apply_random(op: str, args: Sequence[Operand], key: AnyArray | None, attrs: Mapping[str, AttrValue]) -> Any:
    """A draw. Without a key the interpreter's own is used, and every draw has a stream of its own (in order of calls)."""
    ops = _interpreter(args)
    if key is not None:
        return apply(op, (*args, key), {**attrs, "stream": 0})
    if isinstance(ops, RandomOps):
        implicit = _wrap(ops, KEY_TYPE, cast("RandomOps[Any]", ops).key())
        return apply(op, (*args, implicit), {**attrs, "stream": ops.stream()})
    zero = make(KEY_TYPE, np.zeros(2, np.uint32), None)
    return apply(op, (*args, zero), {**attrs, "stream": next(_fallback_stream)})
