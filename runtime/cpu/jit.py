"""The one typed door to Numba, which ships neither stubs nor a `py.typed`.

Numba and llvmlite are reached through `importlib` here and nowhere else, so the rest of the runtime type checks
under strict rules: kernels keep the Python signatures they are written with.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Protocol, TypedDict, TypeVar, cast, final

from .folders import cache_folder, runtime_digest

F = TypeVar("F", bound=Callable[..., object])
Flag = Literal["contract", "reassoc", "arcp", "afn", "nsz", "nnan", "ninf"]

# Any: both packages are untyped; every name below that comes from them is given a type where it is exported.
_numba: Final[Any] = importlib.import_module("numba")
_extending: Final[Any] = importlib.import_module("numba.extending")
_arrays: Final[Any] = importlib.import_module("numba.np.arrayobj")
_caching: Final[Any] = importlib.import_module("numba.core.caching")
_ir: Final[Any] = importlib.import_module("llvmlite.ir")
_llvm: Final[Any] = importlib.import_module("llvmlite.binding")


class Signature(Protocol):
    """A result type with parameter types: what `void(I, I)` makes."""

    @property
    def args(self) -> tuple[NumbaType, ...]: ...


class NumbaType(Protocol):
    """A Numba type; calling it with parameter types makes a signature."""

    def __call__(self, *parameters: NumbaType) -> Signature: ...


class Value(Protocol):
    """A value of LLVM's intermediate representation."""

    @property
    def type(self) -> object: ...


class Builder(Protocol):
    """The part of `llvmlite.ir.IRBuilder` that the intrinsics of the runtime use."""

    @property
    def module(self) -> Any: ...  # Any: an llvmlite module

    def add(self, lhs: Value, rhs: Value) -> Value: ...
    def sub(self, lhs: Value, rhs: Value) -> Value: ...
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
    def zext(self, value: Value, typ: object) -> Value: ...
    def sitofp(self, value: Value, typ: object) -> Value: ...
    def uitofp(self, value: Value, typ: object) -> Value: ...
    def load(self, ptr: Value, *, typ: object) -> Value: ...
    def load_atomic(self, ptr: Value, ordering: str, align: int, *, typ: object) -> Value: ...
    def atomic_rmw(self, op: str, ptr: Value, value: Value, ordering: str) -> Value: ...
    def cmpxchg(self, ptr: Value, cmp: Value, val: Value, ordering: str, failordering: str) -> Value: ...
    def extract_value(self, agg: Value, idx: int) -> Value: ...
    def insert_value(self, agg: Value, value: Value, idx: int) -> Value: ...
    def gep(self, ptr: Value, indices: Sequence[Value], *, source_etype: object) -> Value: ...
    def call(self, fn: object, args: Sequence[Value], *, fastmath: Sequence[str] = ()) -> Value: ...


types: Final[Any] = _numba.types
void: Final[NumbaType] = types.void
I: Final[NumbaType] = types.intp  # noqa: E741  (the name generated kernels use for an address or a count)
float32: Final[NumbaType] = types.float32
float64: Final[NumbaType] = types.float64
int32: Final[NumbaType] = types.int32
int64: Final[NumbaType] = types.int64
uint8: Final[NumbaType] = types.uint8
uint32: Final[NumbaType] = types.uint32
uint64: Final[NumbaType] = types.uint64
boolean: Final[NumbaType] = types.boolean

llvm_void: Final[object] = _ir.VoidType()
llvm_i32: Final[object] = _ir.IntType(32)
llvm_i64: Final[object] = _ir.IntType(64)
llvm_f32: Final[object] = _ir.FloatType()
llvm_f64: Final[object] = _ir.DoubleType()
llvm_pointer: Final[object] = _ir.PointerType()


def pair_of(element: NumbaType) -> NumbaType:
    """The type of a tuple of two."""
    return cast(NumbaType, types.UniTuple(element, 2))


class KernelOptions(TypedDict):
    """The options every compiled function of the runtime, fixed or generated, is built with."""

    cache: bool
    nogil: bool
    error_model: str
    fastmath: set[Flag]


KW: Final[KernelOptions] = KernelOptions(
    cache=True,
    nogil=True,
    error_model="numpy",  # the Python model checks every division, and so blocks vectorisation
    fastmath={"contract", "reassoc", "arcp", "afn", "nsz"},  # never nnan or ninf: NaN and infinity are results
)


@final
@dataclass(frozen=True, slots=True)
class Compiled:
    """One function that became machine code: by compilation, or `cached`, read from disk. Times in seconds."""

    name: str
    file: str
    cached: bool
    seconds: float
    llvm: str | None  # the optimised LLVM text, where it was compiled here


_listeners: list[Callable[[Compiled], None]] = []


def listen(listener: Callable[[Compiled], None]) -> Callable[[], None]:
    """Call `listener` after every eager compilation in this process; returns the function that ends it."""
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)


# ---- the cache: beside the file for generated kernels, in the cache folder for the fixed runtime


def _locator() -> type[object]:
    """Numba's hook that says where the object code of a function is kept and when it is stale.

    Numba's own one looks at the modification time of the function's file only; the runtime's functions also depend
    on each other's files, so their stamp is the digest of all of them.
    """

    def build(self: Any, py_func: Callable[..., object], py_file: str) -> None:
        path, folder = Path(py_file), cache_folder()
        generated = folder in path.parents
        self._py_file = py_file
        self._path = str(path.parent if generated else folder / "runtime")
        stamp = hashlib.sha256(path.read_bytes()).hexdigest() if generated else runtime_digest()
        self._stamp = (stamp, py_func.__code__.co_firstlineno)
        self._line = py_func.__code__.co_firstlineno

    methods = {
        "__init__": build,
        "get_cache_path": lambda self: self._path,
        "get_source_stamp": lambda self: self._stamp,
        "get_disambiguator": lambda self: str(self._line),
        "from_function": classmethod(lambda cls, py_func, py_file: cls(py_func, py_file)),
    }
    return type("ShapewrightLocator", (_caching._CacheLocator,), methods)


def _cache_type() -> type[object]:
    impl = type("ShapewrightCacheImpl", (_caching.CompileResultCacheImpl,), {"_locator_classes": [_locator()]})
    return type("ShapewrightCache", (_caching.FunctionCache,), {"_impl_class": impl})


_ShapewrightCache: Final[Any] = _cache_type()


def njit(
    signature: Signature | None = None,
    *,
    cache: bool = False,
    nogil: bool = False,
    error_model: str = "numpy",
    fastmath: set[Flag] | None = None,
    forceinline: bool = False,
    defer: bool = False,
) -> Callable[[F], F]:
    """`numba.njit`, with a cache that knows what the function depends on.

    With a `signature` the function is compiled (or read from the cache) at once, or with `defer` when `address_of`
    first asks for it; without one it is compiled for the types it is first called with from compiled code.
    """
    options = {"nogil": nogil, "error_model": error_model, "fastmath": fastmath or False, "forceinline": forceinline}

    def decorate(function: F) -> F:
        dispatcher = _numba.njit(**options)(function)
        if cache:
            dispatcher._cache = _ShapewrightCache(function)
        if signature is not None:
            if defer:
                _deferred[dispatcher] = signature
            else:
                _compile(dispatcher, signature)
        return cast(F, dispatcher)

    return decorate


_deferred: Final[dict[object, Signature]] = {}


def _compile(dispatcher: Any, signature: Signature) -> None:
    start = time.perf_counter()
    dispatcher.compile(signature.args)
    seconds = time.perf_counter() - start
    if not _listeners:
        return
    cached = bool(dispatcher.stats.cache_hits)
    text = None if cached else cast(str, _result(dispatcher).library.get_llvm_str())
    function = dispatcher.py_func
    record = Compiled(function.__name__, function.__code__.co_filename, cached, seconds, text)
    for listener in list(_listeners):
        listener(record)


def _result(function: object) -> Any:
    dispatcher: Any = function
    return dispatcher.overloads[dispatcher.signatures[0]]


def address_of(function: object) -> int:
    """The C address of a function with a signature: `void f(int64, ...)` as a C caller sees it."""
    signature = _deferred.pop(function, None)
    if signature is not None:
        _compile(function, signature)
    result = _result(function)
    return int(result.library.get_pointer_to_function(result.fndesc.llvm_cfunc_wrapper_name))


def is_compiled(value: object) -> bool:
    """Whether `value` is a jitted function with exactly one, eagerly compiled, signature."""
    return bool(_extending.is_jitted(value)) and len(cast(Any, value).signatures) == 1


def assembly(llvm: str) -> str:
    """The assembly of optimised LLVM text for this processor, by the settings Numba compiles with."""
    codegen = importlib.import_module("numba.core.registry").cpu_target.target_context.codegen()
    return cast(str, codegen._tm.emit_assembly(_llvm.parse_assembly(llvm)))


# ---- symbols and intrinsics


def add_symbol(name: str, address: int) -> None:
    """Make a C function (or object) known to every kernel as `name`."""
    _llvm.add_symbol(name, address)


def external(name: str, result: NumbaType, *parameters: NumbaType) -> Callable[..., int]:
    """A C function named by `add_symbol`, callable in compiled code; `name` keeps cached code valid in any process."""
    return cast(Callable[..., int], types.ExternalFunction(name, result(*parameters)))


def emit(result: NumbaType, *parameters: NumbaType) -> Callable[[Callable[..., Value | None]], Callable[..., Any]]:
    """Decorator: `f(builder, *values)` writes LLVM instructions; the result is callable in compiled code.

    The return type is Any because the scalar type is in `result`, which no checker can read.
    """

    def decorate(write: Callable[..., Value | None]) -> Callable[..., Any]:
        def codegen(context: Any, builder: Builder, signature: object, values: Sequence[Value]) -> Value:
            made = write(builder, *values)
            return cast(Value, context.get_dummy_value()) if made is None else made

        def define(typing_context: object, *arguments: object) -> tuple[Signature, object]:
            return result(*parameters), codegen

        names = ["typing_context", *(f"a{i}" for i in range(len(parameters)))]
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        setattr(define, "__signature__", inspect.Signature([inspect.Parameter(n, kind) for n in names]))
        define.__name__ = getattr(write, "__name__", "intrinsic")
        return cast(Callable[..., Any], _extending.intrinsic(define))

    return decorate


def llvm_constant(value: int | float, typ: object = llvm_i64) -> Value:
    """A constant of an LLVM type: a 64-bit integer unless said otherwise."""
    return cast(Value, _ir.Constant(typ, value))


def llvm_pair(builder: Builder, first: Value, second: Value) -> Value:
    """Two values of one type as what compiled code sees as a tuple."""
    typ = _ir.ArrayType(first.type, 2)
    return builder.insert_value(builder.insert_value(_ir.Constant(typ, _ir.Undefined), first, 0), second, 1)


def stack(size: int) -> Callable[[], int]:
    """`s()` in compiled code: the address of `size` bytes on the stack of the calling function, 64-byte aligned."""

    def codegen(context: object, builder: Any, signature: object, values: Sequence[Value]) -> Value:
        with builder.goto_entry_block():
            room = builder.alloca(_ir.ArrayType(_ir.IntType(8), size))
        room.align = 64
        return cast(Value, builder.ptrtoint(room, llvm_i64))

    def define(typing_context: object) -> tuple[Signature, object]:
        return types.intp(), codegen

    return cast(Callable[[], int], _extending.intrinsic(define))


def call_by_address(arity: int) -> Callable[[int, int], None]:
    """`call(function, arguments)` in compiled code: call a C function with `arity` int64 read from memory.

    A function with fewer parameters ignores the rest: the caller cleans up in every C calling convention in use.
    """

    def codegen(context: Any, builder: Any, signature: object, values: Sequence[Value]) -> Value:
        memory = builder.inttoptr(values[1], llvm_pointer)
        step = (builder.gep(memory, [llvm_constant(i)], source_etype=llvm_i64) for i in range(arity))
        arguments = [builder.load(place, typ=llvm_i64) for place in step]
        kind = _ir.FunctionType(llvm_void, [llvm_i64] * arity)
        builder.call(builder.inttoptr(values[0], kind.as_pointer()), arguments)
        return cast(Value, context.get_dummy_value())

    def define(typing_context: object, function: object, arguments: object) -> tuple[Signature, object]:
        return void(types.intp, types.intp), codegen

    return cast("Callable[[int, int], None]", _extending.intrinsic(define))


def has_fma() -> bool:
    """Whether the processor multiplies and adds in one rounding: else `fma` would be a slow library call."""
    return "x86" not in str(_llvm.get_default_triple()) or bool(_llvm.get_host_cpu_features().get("fma"))


def llvm_function_type(result: object, parameters: Sequence[object]) -> object:
    """The LLVM type of a C function."""
    return cast(object, _ir.FunctionType(result, list(parameters)))


def llvm_intrinsic(builder: Builder, name: str, result: object, parameters: Sequence[object]) -> object:
    """Declare the LLVM function `name` (a full name such as `llvm.fma.f32`) in the module being built."""
    module = builder.module
    known = module.globals.get(name)
    return cast(object, known or _ir.Function(module, llvm_function_type(result, parameters), name))


def view(element: NumbaType) -> Callable[..., Any]:
    """`v(address, shape)` in compiled code: a C-contiguous array of `element` over memory that the caller owns."""

    def define(typing_context: object, address: object, shape: Any) -> tuple[Signature, object]:
        rank = len(shape) if isinstance(shape, types.BaseTuple) else 1
        array = types.Array(element, rank, "C")
        return array(types.intp, shape), _codegen_view

    return cast(Callable[..., Any], _extending.intrinsic(define))


def _make_view(context: Any, builder: Any, array_type: Any, data: Any, shape: Sequence[Any]) -> Any:
    """A C-contiguous Numba array over memory that nobody owns."""
    item = llvm_constant(context.get_abi_sizeof(context.get_data_type(array_type.dtype)))
    step, strides = item, list[Value]()
    for size in reversed(shape):
        strides.insert(0, step)
        step = builder.mul(step, size)
    array = _arrays.make_array(array_type)(context, builder)
    _arrays.populate_array(array, data=data, shape=shape, strides=strides, itemsize=item, meminfo=None)
    return array._getvalue()


def _codegen_view(context: Any, builder: Any, signature: Any, values: Sequence[Any]) -> Any:
    array_type, shape_type = signature.return_type, signature.args[1]
    if isinstance(shape_type, types.BaseTuple):
        kinds, sizes = list(shape_type), [builder.extract_value(values[1], i) for i in range(len(shape_type))]
    else:
        kinds, sizes = [shape_type], [values[1]]
    shape = [context.cast(builder, size, kind, types.intp) for size, kind in zip(sizes, kinds, strict=True)]
    data = builder.inttoptr(values[0], context.get_data_type(array_type.dtype).as_pointer())
    return _make_view(context, builder, array_type, data, shape)


def _codegen_part(context: Any, builder: Any, signature: Any, values: Sequence[Any]) -> Any:
    array_type = signature.return_type
    array = _arrays.make_array(array_type)(context, builder, value=values[0])
    data = builder.gep(array.data, [values[1]], source_etype=context.get_data_type(array_type.dtype))
    return _make_view(context, builder, array_type, data, [values[2]])


@_extending.intrinsic
def _part(typing_context: object, array: Any, start: object, count: object) -> tuple[Signature, object]:
    return array(array, types.intp, types.intp), _codegen_part


A = TypeVar("A")
part: Final = cast("Callable[[A, int, int], A]", _part)
"""`part(x, start, count)` in compiled code: `x[start : start + count]` of a contiguous vector, without the code that
a Python slice needs for negative and large bounds."""
