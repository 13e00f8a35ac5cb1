"""Writing instructions: the typed door to llvmlite, for what Python has no spelling for.

`emit`, `view`, `part`, `stack` and `call_by_address` make functions that exist in compiled code only.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, TypeVar, cast, get_args, get_origin

import numpy as np

from .jit import NumbaType, Signature

R = TypeVar("R")
S = TypeVar("S", bound=np.generic)
A = TypeVar("A", bound=np.ndarray[Any, Any])  # Any: shape and element type are the caller's

# Any: untyped packages; what is exported has a type.
_numba: Final[Any] = importlib.import_module("numba")
_extending: Final[Any] = importlib.import_module("numba.extending")
_arrays: Final[Any] = importlib.import_module("numba.np.arrayobj")
_ir: Final[Any] = importlib.import_module("llvmlite.ir")
_binding: Final[Any] = importlib.import_module("llvmlite.binding")
_types: Final[Any] = _numba.types


class Value(Protocol):
    """A value of LLVM's intermediate representation."""

    @property
    def type(self) -> object: ...


class Builder(Protocol):
    """The part of `llvmlite.ir.IRBuilder` that the runtime uses."""

    @property
    def module(self) -> Any: ...  # Any: an llvmlite module

    def add(self, lhs: Value, rhs: Value) -> Value: ...
    def sub(self, lhs: Value, rhs: Value) -> Value: ...
    def mul(self, lhs: Value, rhs: Value) -> Value: ...
    def and_(self, lhs: Value, rhs: Value) -> Value: ...
    def or_(self, lhs: Value, rhs: Value) -> Value: ...
    def xor(self, lhs: Value, rhs: Value) -> Value: ...
    def shl(self, lhs: Value, rhs: Value) -> Value: ...
    def lshr(self, lhs: Value, rhs: Value) -> Value: ...
    def ashr(self, lhs: Value, rhs: Value) -> Value: ...
    def fadd(self, lhs: Value, rhs: Value) -> Value: ...
    def fsub(self, lhs: Value, rhs: Value) -> Value: ...
    def fmul(self, lhs: Value, rhs: Value) -> Value: ...
    def inttoptr(self, value: Value, typ: object) -> Value: ...
    def bitcast(self, value: Value, typ: object) -> Value: ...
    def sitofp(self, value: Value, typ: object) -> Value: ...
    def load(self, ptr: Value, *, typ: object) -> Value: ...
    def load_atomic(self, ptr: Value, ordering: str, align: int, *, typ: object) -> Value: ...
    def atomic_rmw(self, op: str, ptr: Value, value: Value, ordering: str) -> Value: ...
    def extract_value(self, agg: Value, idx: int) -> Value: ...
    def insert_value(self, agg: Value, value: Value, idx: int) -> Value: ...
    def gep(self, ptr: Value, indices: Sequence[Value], *, source_etype: object) -> Value: ...
    def call(self, fn: object, args: Sequence[Value], *, fastmath: Sequence[str] = ()) -> Value: ...


VOID: Final[object] = _ir.VoidType()
I32: Final[object] = _ir.IntType(32)
I64: Final[object] = _ir.IntType(64)
F32: Final[object] = _ir.FloatType()
F64: Final[object] = _ir.DoubleType()
POINTER: Final[object] = _ir.PointerType()


def constant(value: int | float, typ: object = I64) -> Value:
    """A constant of an LLVM type: a 64-bit integer unless said otherwise."""
    return cast(Value, _ir.Constant(typ, value))


def pair(builder: Builder, first: Value, second: Value) -> Value:
    """Two values of one type as what compiled code sees as a tuple."""
    empty = cast(Value, _ir.Constant(_ir.ArrayType(first.type, 2), _ir.Undefined))
    return builder.insert_value(builder.insert_value(empty, first, 0), second, 1)


def declare(builder: Builder, name: str, result: object, parameters: Sequence[object]) -> object:
    """The LLVM function `name` (a full name such as `llvm.fma.f32`), declared in the module being built."""
    module = builder.module
    known = module.globals.get(name)
    return cast(object, known or _ir.Function(module, _ir.FunctionType(result, list(parameters)), name))


def has_fma() -> bool:
    """Whether the processor multiplies and adds in one rounding: else `fma` would be a slow library call."""
    return "x86" not in str(_binding.get_default_triple()) or bool(_binding.get_host_cpu_features().get("fma"))


def numba_type(kind: Any) -> NumbaType:
    """The Numba type of a NumPy scalar type, of `int` (int64), of `type(None)` (void) or of a tuple of two equals."""
    if kind is int:
        return cast(NumbaType, _types.int64)
    if kind is type(None):
        return cast(NumbaType, _types.void)
    if get_origin(kind) is tuple:
        return cast(NumbaType, _types.UniTuple(numba_type(get_args(kind)[0]), len(get_args(kind))))
    made: NumbaType = _numba.from_dtype(np.dtype(kind))
    return made


def emit(result: type[R], *parameters: type) -> Callable[[Callable[..., Value | None]], Callable[..., R]]:
    """Decorator: `f(builder, *values)` writes the instructions of a function that compiled code can call.

    `result` and `parameters` are NumPy scalar types, or int for int64; arguments are converted to them.
    """
    signature = numba_type(result)(*map(numba_type, parameters))
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    names = ["typing_context", *(f"a{i}" for i in range(len(parameters)))]

    def decorate(write: Callable[..., Value | None]) -> Callable[..., R]:
        def codegen(context: Any, builder: Builder, signature: object, values: Sequence[Value]) -> Value:
            made = write(builder, *values)
            return cast(Value, context.get_dummy_value()) if made is None else made

        def define(typing_context: object, *arguments: object) -> tuple[Signature, object]:
            return signature, codegen

        # Numba reads the parameter names from the signature of `define`
        vars(define)["__signature__"] = inspect.Signature([inspect.Parameter(name, kind) for name in names])
        define.__name__ = write.__name__
        return cast(Callable[..., R], _extending.intrinsic(define))

    return decorate


def add_symbol(name: str, address: int) -> None:
    """Make a C function known to compiled code as `name`."""
    _binding.add_symbol(name, address)


def external(name: str, result: type[R], *parameters: type) -> Callable[..., R]:
    """A C function registered with `add_symbol`; called by name, so cached code is valid in any process."""
    signature = numba_type(result)(*map(numba_type, parameters))
    return cast(Callable[..., R], _types.ExternalFunction(name, signature))


def call_by_address(arity: int) -> Callable[[int, int], None]:
    """`call(function, arguments)` in compiled code: call a C function with `arity` int64 read from memory.

    A function with fewer parameters ignores the rest: the caller cleans up in every C calling convention in use.
    """

    def codegen(context: Any, builder: Any, signature: object, values: Sequence[Value]) -> Value:
        memory = builder.inttoptr(values[1], POINTER)
        places = [builder.gep(memory, [constant(i)], source_etype=I64) for i in range(arity)]
        kind = _ir.FunctionType(VOID, [I64] * arity)
        builder.call(builder.inttoptr(values[0], kind.as_pointer()), [builder.load(p, typ=I64) for p in places])
        return cast(Value, context.get_dummy_value())

    def define(typing_context: object, function: object, arguments: object) -> tuple[Signature, object]:
        return _types.void(_types.intp, _types.intp), codegen

    return cast("Callable[[int, int], None]", _extending.intrinsic(define))


def stack(size: int) -> Callable[[], int]:
    """`s()` in compiled code: the address of `size` bytes on the stack of the function it ends up in."""

    def codegen(context: object, builder: Any, signature: object, values: Sequence[Value]) -> Value:
        with builder.goto_entry_block():
            room = builder.alloca(_ir.ArrayType(_ir.IntType(8), size))
        room.align = 64
        return cast(Value, builder.ptrtoint(room, I64))

    def define(typing_context: object) -> tuple[Signature, object]:
        return _types.intp(), codegen

    return cast("Callable[[], int]", _extending.intrinsic(define))


# ---- arrays over memory that somebody else owns


def view(scalar: type[S]) -> Callable[[int, int | tuple[int, ...]], np.ndarray[Any, np.dtype[S]]]:
    """`v(address, shape)` in compiled code: a C-contiguous array of `scalar` elements at an address."""

    def define(typing_context: object, address: object, shape: Any) -> tuple[Signature, object]:
        rank = len(shape) if isinstance(shape, _types.BaseTuple) else 1
        array = _types.Array(numba_type(scalar), rank, "C")
        return array(_types.intp, shape), _codegen_view

    made = _extending.intrinsic(define)
    return cast("Callable[[int, int | tuple[int, ...]], np.ndarray[Any, np.dtype[S]]]", made)


def _codegen_view(context: Any, builder: Any, signature: Any, values: Sequence[Any]) -> Value:
    array_type, shape_type = signature.return_type, signature.args[1]
    if isinstance(shape_type, _types.BaseTuple):
        kinds: list[object] = list(shape_type)
        sizes = [builder.extract_value(values[1], i) for i in range(len(kinds))]
    else:
        kinds, sizes = [shape_type], [values[1]]
    shape = [context.cast(builder, size, kind, _types.intp) for size, kind in zip(sizes, kinds, strict=True)]
    data = builder.inttoptr(values[0], context.get_data_type(array_type.dtype).as_pointer())
    return _make_array(context, builder, array_type, data, shape)


def _codegen_part(context: Any, builder: Any, signature: Any, values: Sequence[Any]) -> Value:
    array_type = signature.return_type
    array = _arrays.make_array(array_type)(context, builder, value=values[0])
    data = builder.gep(array.data, [values[1]], source_etype=context.get_data_type(array_type.dtype))
    return _make_array(context, builder, array_type, data, [values[2]])


def _make_array(context: Any, builder: Any, array_type: Any, data: Value, shape: Sequence[Value]) -> Value:
    item = constant(context.get_abi_sizeof(context.get_data_type(array_type.dtype)))
    step, strides = item, list[Value]()
    for size in reversed(shape):
        strides.insert(0, step)
        step = builder.mul(step, size)
    array = _arrays.make_array(array_type)(context, builder)
    _arrays.populate_array(array, data=data, shape=shape, strides=strides, itemsize=item, meminfo=None)
    return cast(Value, array._getvalue())


def _define_part(typing_context: object, array: Any, start: object, count: object) -> tuple[Signature, object]:
    return array(array, _types.intp, _types.intp), _codegen_part


class _Part(Protocol):
    def __call__(self, vector: A, start: int, count: int) -> A: ...


part: Final = cast(_Part, _extending.intrinsic(_define_part))
"""`part(vector, start, count)` in compiled code: `vector[start : start + count]` of a contiguous vector, without what
a Python slice does for negative and large bounds."""


def assembly(llvm: str) -> str:
    """The assembly of optimised LLVM text for this processor, by the settings Numba compiles with."""
    codegen = _numba.core.registry.cpu_target.target_context.codegen()
    return cast(str, codegen._tm.emit_assembly(_binding.parse_assembly(llvm)))
