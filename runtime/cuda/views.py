"""Arrays in kernels: a pointer with the sizes of all axes but the first, and nothing that a device would pay for.

Numba's own arrays wrap negative indices around, with two instructions for every access; a `View` does not, checks no
bounds, and knows its address space, so that `v[i, j]` is an address and one `ld.global` or `st.global`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

import numpy as np

from .api import Signature, cuda, data_models, extending, implement, intrinsic, literal_wanted
from .llvm import (
    GENERIC,
    GLOBAL,
    I64,
    SHARED,
    Builder,
    Value,
    array,
    constant,
    numba_type,
    pack,
    pointer,
    shared_memory,
    struct,
    undefined,
    vector,
)

_types: Final[Any] = cuda.types
_WIDEST: Final = 16  # bytes that one thread moves with one instruction


# ---- the type


def _init(self: Any, dtype: Any, rank: int, space: int) -> None:
    self.dtype, self.rank, self.space = dtype, rank, space
    _types.Type.__init__(self, f"view({dtype}, {rank}, {space})")


View: Final[Any] = type("View", (_types.Type,), {"__init__": _init})
"""The type of a view in a kernel: of elements, rank and address space."""

_models: Final[Any] = data_models()


def _init_model(self: Any, manager: Any, view: Any) -> None:
    element = manager.lookup(view.dtype).get_data_type()
    _models.PrimitiveModel.__init__(self, manager, view, struct(pointer(element, view.space), *[I64] * (view.rank - 1)))


extending("register_model", View)(type("ViewModel", (_models.PrimitiveModel,), {"__init__": _init_model}))


def _made(context: Any, builder: Builder, view: Any, data: Value, sizes: Sequence[Value]) -> Value:
    """A view from a pointer and the sizes of its axes but the first."""
    return pack(builder, context.get_value_type(view), [data, *sizes])


def _sizes(builder: Builder, view: Any, value: Value) -> list[Value]:
    return [builder.extract_value(value, axis) for axis in range(1, view.rank)]


# ---- views over addresses


def view(scalar: type) -> Callable[..., Any]:
    """`v(address, shape)` in a kernel: a row-major array of `scalar` in global memory; `shape` is a tuple."""
    dtype = numba_type(scalar)

    def define(typing_context: object, address: object, shape: Any) -> tuple[Signature, Callable[..., object]]:
        return View(dtype, len(shape), GLOBAL)(_types.int64, shape), codegen

    def codegen(context: Any, builder: Builder, signature: Signature, values: Sequence[Value]) -> Value:
        made, sizes = signature.return_type, _tuple(context, builder, signature.args[1], values[1])
        data = builder.inttoptr(values[0], context.get_value_type(made).elements[0])
        return _made(context, builder, made, data, sizes[1:])

    return cast("Callable[..., Any]", intrinsic(define))


def _tuple(context: Any, builder: Builder, kinds: Any, value: Value) -> list[Value]:
    """The members of a tuple of integers, as int64."""
    return [context.cast(builder, builder.extract_value(value, i), kind, _types.int64) for i, kind in enumerate(kinds)]


# ---- indexing


def _indices(index: Any) -> list[Any]:
    return list(index) if isinstance(index, _types.BaseTuple) else [index]


def _define_getitem(view: Any, index: Any) -> Signature | None:
    if not isinstance(view, View):
        return None
    kinds = _indices(index)
    sliced = isinstance(kinds[-1], _types.SliceType)
    integers = kinds[:-1] if sliced else kinds
    if len(kinds) > view.rank or not all(isinstance(kind, _types.Integer) for kind in integers):
        return None
    rank = view.rank - len(integers)
    result = View(view.dtype, rank, view.space) if rank else view.dtype
    return cast(Signature, result(view, _types.unliteral(index)))


def _define_setitem(view: Any, index: Any, value: Any) -> Signature | None:
    if not isinstance(view, View) or len(_indices(index)) != view.rank:
        return None
    return cast(Signature, _types.void(view, _types.unliteral(index), view.dtype))


def _place(context: Any, builder: Builder, view: Any, index: Any, values: Sequence[Value]) -> Value:
    """The address of the element, or of the first one of the sub-view, at an index."""
    if isinstance(index, _types.BaseTuple):
        parts = [builder.extract_value(values[1], i) for i in range(len(index))]
    else:
        parts = [values[1]]
    sizes = _sizes(builder, view, values[0])
    offset: Value | None = None
    for axis in range(view.rank):
        if offset is not None:
            offset = builder.mul(offset, sizes[axis - 1], flags=("nsw",))
        if axis < len(parts):
            part = _integer(context, builder, _indices(index)[axis], parts[axis])
            offset = part if offset is None else builder.add(offset, part, flags=("nsw",))
    assert offset is not None  # there is an axis
    return builder.gep(builder.extract_value(values[0], 0), [offset], inbounds=True)


def _integer(context: Any, builder: Builder, kind: Any, value: Value) -> Value:
    """An index as int64; of a slice, where it starts."""
    if isinstance(kind, _types.SliceType):
        return builder.extract_value(value, 0)
    return cast(Value, context.cast(builder, value, kind, _types.int64))


def _getitem(context: Any, builder: Builder, signature: Signature, values: Sequence[Value]) -> Value:
    view, index = signature.args
    place = _place(context, builder, view, index, values)
    result = signature.return_type
    if not isinstance(result, View):
        return cast(Value, context.unpack_value(builder, view.dtype, place))
    return _made(context, builder, result, place, _sizes(builder, view, values[0])[view.rank - result.rank :])


def _setitem(context: Any, builder: Builder, signature: Signature, values: Sequence[Value]) -> Value:
    view, index, _ = signature.args
    context.pack_value(builder, view.dtype, values[2], _place(context, builder, view, index, values))
    return cast(Value, context.get_dummy_value())


implement(operator.getitem, _define_getitem, _getitem, View, _types.Any)
implement(operator.setitem, _define_setitem, _setitem, View, _types.Any, _types.Any)


# ---- memory of a thread, and of a block


def _define_room(space: int, count: Any, dtype: Any) -> Signature:
    if not isinstance(count, _types.IntegerLiteral):
        raise literal_wanted(count)
    return cast(Signature, View(dtype.dtype, 1, space)(count, dtype))


def _define_registers(typing_context: object, count: Any, dtype: Any) -> tuple[Signature, Callable[..., object]]:
    return _define_room(GENERIC, count, dtype), _codegen_registers


def _codegen_registers(context: Any, builder: Builder, signature: Signature, values: Sequence[Value]) -> Value:
    made = signature.return_type
    return _made(context, builder, made, _room(context, builder, made, signature.args[0].literal_value), ())


def _define_filled(
    typing_context: object, count: Any, dtype: Any, value: Any
) -> tuple[Signature, Callable[..., object]]:
    made: Any = _define_room(GENERIC, count, dtype)
    return made.return_type(count, dtype, dtype.dtype), _codegen_filled


def _codegen_filled(context: Any, builder: Builder, signature: Signature, values: Sequence[Value]) -> Value:
    made, count = signature.return_type, signature.args[0].literal_value
    room = _room(context, builder, made, count)
    for i in range(count):
        context.pack_value(builder, made.dtype, values[2], builder.gep(room, [constant(i)], inbounds=True))
    return _made(context, builder, made, room, ())


def _room(context: Any, builder: Builder, view: Any, count: int) -> Value:
    """`count` elements on the stack of the thread, made once however often this runs."""
    with builder.goto_entry_block():
        memory = builder.alloca(array(context.get_data_type(view.dtype), count))
    return builder.gep(memory, [constant(0), constant(0)], inbounds=True)


def _define_shared(typing_context: object, count: Any, dtype: Any) -> tuple[Signature, Callable[..., object]]:
    return _define_room(SHARED, count, dtype), _codegen_shared


def _codegen_shared(context: Any, builder: Builder, signature: Signature, values: Sequence[Value]) -> Value:
    made, count = signature.return_type, signature.args[0].literal_value
    name = f"shared_memory_{sum(known.startswith('shared_memory') for known in builder.module.globals)}"
    return _made(context, builder, made, shared_memory(builder, context.get_data_type(made.dtype), count, name), ())


registers: Final[Any] = intrinsic(_define_registers)
"""`registers(count, dtype)` in a kernel: an uninitialised vector of one thread; in registers where every index is a
constant once loops are unrolled."""
filled: Final[Any] = intrinsic(_define_filled)
"""`filled(count, dtype, value)` in a kernel: `registers` that all hold one value."""
shared: Final[Any] = intrinsic(_define_shared)
"""`shared(count, dtype)` in a kernel: an uninitialised vector that the threads of a block share."""


# ---- four elements at a time


def _vectors(context: Any, builder: Builder, view: Any, values: Sequence[Value]) -> tuple[list[Value], int, int]:
    """Where the four elements at an index are: one pointer for each instruction, elements of each, alignment."""
    element = context.get_data_type(view.dtype)
    size = context.get_abi_sizeof(element)
    each = min(4, _WIDEST // size)
    first = builder.gep(builder.extract_value(values[0], 0), [values[1]], inbounds=True)
    kind = pointer(vector(element, each), view.space)
    places = [builder.gep(first, [constant(start)], inbounds=True) for start in range(0, 4, each)]
    return [builder.bitcast(place, kind) for place in places], each, each * size


def _is_vector(view: Any) -> bool:
    return isinstance(view, View) and view.rank == 1


def _define_load4(typing_context: object, view: Any, index: Any) -> tuple[Signature, Callable[..., object]] | None:
    if not _is_vector(view) or not isinstance(index, _types.Integer):
        return None
    return View(view.dtype, 1, GENERIC)(view, _types.int64), _codegen_load4


def _codegen_load4(context: Any, builder: Builder, signature: Signature, values: Sequence[Value]) -> Value:
    source, made = signature.args[0], signature.return_type
    places, each, align = _vectors(context, builder, source, values)
    room = _room(context, builder, made, 4)
    for number, place in enumerate(places):
        loaded = builder.load(place, align=align)
        for lane in range(each):
            element = builder.extract_element(loaded, constant(lane))
            builder.store(element, builder.gep(room, [constant(number * each + lane)], inbounds=True))
    return _made(context, builder, made, room, ())


def _define_store4(
    typing_context: object, view: Any, index: Any, four: Any
) -> tuple[Signature, Callable[..., object]] | None:
    if not (_is_vector(view) and _is_vector(four)) or view.dtype != four.dtype or not isinstance(index, _types.Integer):
        return None
    return _types.void(view, _types.int64, four), _codegen_store4


def _codegen_store4(context: Any, builder: Builder, signature: Signature, values: Sequence[Value]) -> Value:
    places, each, align = _vectors(context, builder, signature.args[0], values)
    room = builder.extract_value(values[2], 0)
    for number, place in enumerate(places):
        together = undefined(place.type.pointee)
        for lane in range(each):
            element = builder.load(builder.gep(room, [constant(number * each + lane)], inbounds=True))
            together = builder.insert_element(together, element, constant(lane))
        builder.store(together, place, align)
    return cast(Value, context.get_dummy_value())


load4: Final[Any] = intrinsic(_define_load4)
"""`load4(vector, i)` in a kernel: elements i to i + 3 with 16-byte loads, for `i` and rows of a multiple of 4."""
store4: Final[Any] = intrinsic(_define_store4)
"""`store4(vector, i, four)` in a kernel: the other way."""


# ---- indices from a running number


def _define_unravel(typing_context: object, number: Any, shape: Any) -> tuple[Signature, Callable[..., object]]:
    return _types.UniTuple(_types.int64, len(shape))(_types.int64, shape), _codegen_unravel


def _codegen_unravel(context: Any, builder: Builder, signature: Signature, values: Sequence[Value]) -> Value:
    rest, out = values[0], list[Value]()
    for size in reversed(_tuple(context, builder, signature.args[1], values[1])[1:]):
        above = builder.udiv(rest, size)
        out.insert(0, builder.sub(rest, builder.mul(above, size)))
        rest = above
    return pack(builder, context.get_value_type(signature.return_type), [rest, *out])


unravel: Final[Any] = intrinsic(_define_unravel)
"""`unravel(number, shape)` in a kernel: the row-major index of element `number`, without a sign to look after."""

f32 = view(np.float32)
f64 = view(np.float64)
i32 = view(np.int32)
i64 = view(np.int64)
u32 = view(np.uint32)
bools = view(np.bool_)
