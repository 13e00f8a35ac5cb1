"""The loop of a thread over its share of the elements.

Numba's `range` counts its turns before the first one: with a step that is known at run time, that is a 64-bit division
for every loop of every thread, and a decreasing counter beside the index. `strided` only compares.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from .api import UNROLL_MARK, Signature, cuda, data_models, extending, intrinsic, lower
from .llvm import I64, VOID, Builder, Value, call, constant, pack, pointer, struct

_types: Final[Any] = cuda.types
_core: Final[Any] = data_models()


def _yield_type(self: object) -> Any:  # Any: a type of Numba
    return _types.int64


Strided: Final[Any] = type("Strided", (_types.IteratorType,), {"yield_type": property(_yield_type)})
"""The type of such a loop."""


def _init_model(self: Any, manager: Any, kind: Any) -> None:
    _core.PrimitiveModel.__init__(self, manager, kind, struct(pointer(I64, 0), I64, I64))


extending("register_model", Strided)(type("StridedModel", (_core.PrimitiveModel,), {"__init__": _init_model}))


def _define_strided(
    typing_context: object, start: Any, stop: Any, step: Any
) -> tuple[Signature, Callable[..., object]] | None:
    if not all(isinstance(kind, _types.Integer) for kind in (start, stop, step)):
        return None
    return Strided("strided")(_types.int64, _types.int64, _types.int64), _codegen_strided


def _codegen_strided(context: Any, builder: Builder, signature: Signature, values: Sequence[Value]) -> Value:
    with builder.goto_entry_block():
        position = builder.alloca(I64)
    builder.store(values[0], position)
    return pack(builder, context.get_value_type(signature.return_type), [position, *values[1:]])


def _next(context: Any, builder: Builder, signature: Signature, values: Sequence[Value]) -> Value:
    position, stop, step = (builder.extract_value(values[0], i) for i in range(3))
    value = builder.load(position)
    builder.store(builder.add(value, step), position)
    inside = builder.icmp_signed("<", value, stop)
    return pack(builder, context.get_value_type(signature.return_type), [value, inside])


lower("iternext", _next, Strided)

Unrolled: Final[Any] = type("Unrolled", (_types.IteratorType,), {"yield_type": property(_yield_type)})
"""The type of a loop that is written out."""
extending("register_model", Unrolled)(type("UnrolledModel", (_core.PrimitiveModel,), {"__init__": _init_model}))


def _define_unrolled(typing_context: object, count: Any) -> tuple[Signature, Callable[..., object]] | None:
    return (Unrolled("unrolled")(_types.int64), _codegen_unrolled) if isinstance(count, _types.Integer) else None


def _codegen_unrolled(context: Any, builder: Builder, signature: Signature, values: Sequence[Value]) -> Value:
    return _codegen_strided(context, builder, signature, (constant(0), values[0], constant(1)))


def _next_unrolled(context: Any, builder: Builder, signature: Signature, values: Sequence[Value]) -> Value:
    call(builder, UNROLL_MARK, VOID, ())  # `api.unroll` finds the loop by it, and takes it out
    return _next(context, builder, signature, values)


lower("iternext", _next_unrolled, Unrolled)

strided: Final[Callable[[int, int, int], Any]] = intrinsic(_define_strided)
"""`for i in strided(start, stop, step)` in a kernel: `range` for a positive step, with int64 indices."""
unrolled: Final[Callable[[int], Any]] = intrinsic(_define_unrolled)
"""`for i in unrolled(count)` in a kernel: `range`, written out however long its body is, so that vectors of one thread
that it indexes are registers."""
