"""Writing instructions of kernels: the typed door to llvmlite, for what Python has no spelling for.

`emit` makes functions that exist in kernels only; pointers here have the type of what they point to, because NVVM
reads the LLVM of before opaque pointers.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol, TypeVar, cast, get_args, get_origin

import numpy as np

from .api import Signature, cuda, intrinsic

R = TypeVar("R")

_ir: Final[Any] = importlib.import_module("llvmlite.ir")  # Any: an untyped package


class Value(Protocol):
    """A value of LLVM's intermediate representation."""

    @property
    def type(self) -> Any: ...  # Any: an llvmlite type


class Block(Protocol):
    """A basic block."""


class Builder(Protocol):
    """The part of `llvmlite.ir.IRBuilder` that the CUDA runtime uses."""

    @property
    def module(self) -> Any: ...  # Any: an llvmlite module
    @property
    def block(self) -> Block: ...
    def add(self, lhs: Value, rhs: Value, *, flags: Sequence[str] = ()) -> Value: ...
    def sub(self, lhs: Value, rhs: Value) -> Value: ...
    def mul(self, lhs: Value, rhs: Value, *, flags: Sequence[str] = ()) -> Value: ...
    def udiv(self, lhs: Value, rhs: Value) -> Value: ...
    def and_(self, lhs: Value, rhs: Value) -> Value: ...
    def or_(self, lhs: Value, rhs: Value) -> Value: ...
    def xor(self, lhs: Value, rhs: Value) -> Value: ...
    def shl(self, lhs: Value, rhs: Value) -> Value: ...
    def lshr(self, lhs: Value, rhs: Value) -> Value: ...
    def fadd(self, lhs: Value, rhs: Value) -> Value: ...
    def fmul(self, lhs: Value, rhs: Value) -> Value: ...
    def fdiv(self, lhs: Value, rhs: Value) -> Value: ...
    def fcmp_ordered(self, cmpop: str, lhs: Value, rhs: Value) -> Value: ...
    def fcmp_unordered(self, cmpop: str, lhs: Value, rhs: Value) -> Value: ...
    def icmp_signed(self, cmpop: str, lhs: Value, rhs: Value) -> Value: ...
    def icmp_unsigned(self, cmpop: str, lhs: Value, rhs: Value) -> Value: ...
    def select(self, cond: Value, lhs: Value, rhs: Value) -> Value: ...
    def sitofp(self, value: Value, typ: object) -> Value: ...
    def zext(self, value: Value, typ: object) -> Value: ...
    def trunc(self, value: Value, typ: object) -> Value: ...
    def bitcast(self, value: Value, typ: object) -> Value: ...
    def inttoptr(self, value: Value, typ: object) -> Value: ...
    def alloca(self, typ: object) -> Value: ...
    def load(self, ptr: Value, *, align: int | None = None) -> Value: ...
    def store(self, value: Value, ptr: Value, align: int | None = None) -> Value: ...
    def gep(self, ptr: Value, indices: Sequence[Value], inbounds: bool = False) -> Value: ...
    def extract_value(self, agg: Value, idx: int) -> Value: ...
    def insert_value(self, agg: Value, value: Value, idx: int) -> Value: ...
    def extract_element(self, vector: Value, idx: Value) -> Value: ...
    def insert_element(self, vector: Value, value: Value, idx: Value) -> Value: ...
    def call(self, fn: object, args: Sequence[Value]) -> Value: ...
    def phi(self, typ: object) -> Any: ...  # Any: a value that takes incoming ones
    def branch(self, target: Block) -> object: ...
    def cbranch(self, cond: Value, truebr: Block, falsebr: Block) -> object: ...
    def append_basic_block(self, name: str = "") -> Block: ...
    def position_at_end(self, block: Block) -> None: ...
    def goto_entry_block(self) -> AbstractContextManager[object]: ...


VOID: Final[object] = _ir.VoidType()
I1: Final[object] = _ir.IntType(1)
I8: Final[object] = _ir.IntType(8)
I32: Final[object] = _ir.IntType(32)
I64: Final[object] = _ir.IntType(64)
F32: Final[object] = _ir.FloatType()
F64: Final[object] = _ir.DoubleType()

GENERIC: Final = 0
GLOBAL: Final = 1
SHARED: Final = 3


def constant(value: int | float, typ: object = I64) -> Value:
    """A constant of an LLVM type: a 64-bit integer unless said otherwise."""
    return cast(Value, _ir.Constant(typ, value))


def undefined(typ: object) -> Value:
    """A value of a type of which nothing is known."""
    return cast(Value, _ir.Constant(typ, _ir.Undefined))


def pointer(element: object, space: int) -> object:
    """The type of pointers to `element` in an address space."""
    return cast(object, _ir.PointerType(element, space))


def array(element: object, count: int) -> object:
    """The type of `count` elements in memory."""
    return cast(object, _ir.ArrayType(element, count))


def vector(element: object, count: int) -> object:
    """The type of `count` elements that one instruction loads."""
    return cast(object, _ir.VectorType(element, count))


def struct(*members: object) -> object:
    """The type of several values as one."""
    return cast(object, _ir.LiteralStructType(members))


def pack(builder: Builder, typ: object, values: Sequence[Value]) -> Value:
    """An aggregate of `values`."""
    made = undefined(typ)
    for i, value in enumerate(values):
        made = builder.insert_value(made, value, i)
    return made


def call(builder: Builder, name: str, result: object, values: Sequence[Value]) -> Value:
    """Call the LLVM or libdevice function of a full name, declared in the module being built."""
    known = builder.module.globals.get(name)
    kind = _ir.FunctionType(result, [value.type for value in values])
    return builder.call(known or _ir.Function(builder.module, kind, name), values)


def assembly(builder: Builder, text: str, constraints: str, result: object, values: Sequence[Value]) -> Value:
    """One PTX instruction without effects: `$0` is the result, `$1`... are the values."""
    kind = _ir.FunctionType(result, [value.type for value in values])
    made: Any = builder.call(_ir.InlineAsm(kind, text, constraints, side_effect=False), values)
    made.attributes.add("readnone")
    made.attributes.add("nounwind")
    return cast(Value, made)


def shared_memory(builder: Builder, element: object, count: int, name: str) -> Value:
    """The address of `count` elements that the threads of a block share; equal names are one memory in a kernel."""
    module = builder.module
    known = module.globals.get(name)
    if known is None:
        known = _ir.GlobalVariable(module, _ir.ArrayType(element, count), name, SHARED)
        known.linkage = "internal"
        known.initializer = undefined(known.value_type)
        known.align = 16
    return builder.gep(known, [constant(0), constant(0)], inbounds=True)


# ---- types of Numba

_NUMBA: Final[dict[object, str]] = {
    int: "int64", np.float32: "float32", np.float64: "float64", np.int32: "int32", np.int64: "int64",
    np.uint32: "uint32", np.bool_: "boolean", type(None): "void",
}  # fmt: skip


def numba_type(kind: Any) -> Any:
    """The Numba type of a NumPy scalar type, of `int` (int64), of `type(None)` (void) or of a tuple of equal ones."""
    if get_origin(kind) is tuple:
        return cuda.types.UniTuple(numba_type(get_args(kind)[0]), len(get_args(kind)))
    return getattr(cuda.types, _NUMBA[kind])


def emit(result: type[R], *parameters: type) -> Callable[[Callable[..., Value | None]], Callable[..., R]]:
    """Decorator: `f(builder, *values)` writes the instructions of a function that kernels can call.

    `result` and `parameters` are NumPy scalar types, or int for int64; arguments are converted to them.
    """
    signature = numba_type(result)(*map(numba_type, parameters))
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    names = ["typing_context", *(f"a{i}" for i in range(len(parameters)))]

    def decorate(write: Callable[..., Value | None]) -> Callable[..., R]:
        def codegen(context: Any, builder: Builder, signature: object, values: Sequence[Value]) -> Value:
            made = write(builder, *values)
            return cast(Value, context.get_dummy_value()) if made is None else made

        def define(typing_context: object, *arguments: object) -> tuple[Signature, Callable[..., object]]:
            return signature, codegen

        # Numba reads the parameter names from the signature of `define`
        vars(define)["__signature__"] = inspect.Signature([inspect.Parameter(name, kind) for name in names])
        define.__name__ = write.__name__
        return cast(Callable[..., R], intrinsic(define))

    return decorate
