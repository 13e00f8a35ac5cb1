"""Reductions over the threads of a block: every thread gets the result.

The order is fixed: a butterfly inside each warp, then the warps in their order, so the bits do not depend on the
scheduler. Barriers stand before and after the exchange in shared memory, so that a kernel may call these repeatedly;
kernels for blocks of one warp have neither. Every thread of the block has to make the call; blocks are a multiple of 32 threads.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from .api import largest_block
from .llvm import F32, F64, I1, I32, I64, VOID, Builder, Value, call, constant, emit, shared_memory, struct
from .mathfns import larger, smaller

Values = list[Value]
Fold = Callable[[Builder, Values, Values], Values]
"""Two partial results to one; each may be several values."""

_WARP = 32
_WARPS = 32  # of the largest block


def _bits(b: Builder, value: Value) -> tuple[Value, Any]:
    typ = value.type
    return (b.bitcast(value, I32 if typ is F32 else I64), typ) if typ in (F32, F64) else (value, typ)


def _exchange(b: Builder, value: Value, lanes: int) -> Value:
    """The value of the lane whose number differs in the bits of `lanes`."""
    bits, typ = _bits(b, value)
    if bits.type == I64:
        low = _shuffle(b, b.trunc(bits, I32), lanes)
        high = _shuffle(b, b.trunc(b.lshr(bits, constant(32)), I32), lanes)
        bits = b.or_(b.shl(b.zext(high, I64), constant(32)), b.zext(low, I64))
    else:
        bits = _shuffle(b, bits, lanes)
    return b.bitcast(bits, typ)


def _shuffle(b: Builder, word: Value, lanes: int) -> Value:
    everyone, butterfly, clamp = (constant(v, I32) for v in (-1, 3, 31))
    arguments = [everyone, butterfly, word, constant(lanes, I32), clamp]
    return b.extract_value(call(b, "llvm.nvvm.shfl.sync.i32", struct(I32, I1), arguments), 0)


def _special(b: Builder, register: str) -> Value:
    return call(b, f"llvm.nvvm.read.ptx.sreg.{register}", I32, [])


def reduce_block(b: Builder, values: Values, fold: Fold) -> Values:
    """Fold the values of all threads of the block."""
    for lanes in (16, 8, 4, 2, 1):
        values = fold(b, values, [_exchange(b, value, lanes) for value in values])
    if largest_block() <= _WARP:
        return values
    threads = _special(b, "ntid.x")
    alone, several, after = b.block, b.append_basic_block("warps"), b.append_basic_block("reduced")
    b.cbranch(b.icmp_unsigned(">", threads, constant(_WARP, I32)), several, after)
    b.position_at_end(several)
    folded = _across_warps(b, values, fold, b.lshr(threads, constant(5, I32)))
    end = b.block
    b.branch(after)
    b.position_at_end(after)
    return [_merge(b, [(one, alone), (many, end)]) for one, many in zip(values, folded, strict=True)]


def _merge(b: Builder, incoming: Sequence[tuple[Value, object]]) -> Value:
    made: Any = b.phi(incoming[0][0].type)
    for value, block in incoming:
        made.add_incoming(value, block)
    return cast(Value, made)


def _across_warps(b: Builder, values: Values, fold: Fold, warps: Value) -> Values:
    """Each warp's result to shared memory; then every thread folds them in order."""
    thread = _special(b, "tid.x")
    rooms = [shared_memory(b, v.type, _WARPS, f"reduce_{v.type}_{i}") for i, v in enumerate(values)]
    _barrier(b)
    first_lane = b.icmp_unsigned("==", b.and_(thread, constant(31, I32)), constant(0, I32))
    write, written = b.append_basic_block("write"), b.append_basic_block("written")
    b.cbranch(first_lane, write, written)
    b.position_at_end(write)
    warp = b.zext(b.lshr(thread, constant(5, I32)), I64)
    for value, room in zip(values, rooms, strict=True):
        b.store(value, b.gep(room, [warp], inbounds=True))
    b.branch(written)
    b.position_at_end(written)
    _barrier(b)
    return _loop(b, rooms, fold, b.zext(warps, I64))


def _loop(b: Builder, rooms: Values, fold: Fold, warps: Value) -> Values:
    before, body, done = b.block, b.append_basic_block("fold"), b.append_basic_block("folded")
    firsts = [b.load(room) for room in rooms]
    b.branch(body)  # there are two warps at least
    b.position_at_end(body)
    warp = b.phi(I64)
    warp.add_incoming(constant(1), before)
    sums: list[Any] = [b.phi(first.type) for first in firsts]
    for total, first in zip(sums, firsts, strict=True):
        total.add_incoming(first, before)
    folded = fold(b, list(sums), [b.load(b.gep(room, [warp], inbounds=True)) for room in rooms])
    following = b.add(warp, constant(1))
    warp.add_incoming(following, b.block)
    for total, value in zip(sums, folded, strict=True):
        total.add_incoming(value, b.block)
    b.cbranch(b.icmp_unsigned("<", following, warps), body, done)
    b.position_at_end(done)
    return folded


def _barrier(b: Builder) -> None:
    call(b, "llvm.nvvm.barrier0", VOID, [])


# ---- sums, maxima and minima


def _add(b: Builder, x: Values, y: Values) -> Values:
    return [b.fadd(x[0], y[0]) if x[0].type in (F32, F64) else b.add(x[0], y[0])]


def _extreme(instruction: Callable[..., Value], sign: str, signed: bool) -> Fold:
    def fold(b: Builder, x: Values, y: Values) -> Values:
        if x[0].type in (F32, F64):
            return [instruction(b, x[0], y[0])]
        compare = b.icmp_signed if signed else b.icmp_unsigned
        return [b.select(compare(sign, x[0], y[0]), x[0], y[0])]

    return fold


def _function(name: str, scalar: Any, fold: Fold) -> Any:  # Any: a NumPy scalar type; callable in kernels only
    def write(b: Builder, value: Value) -> Value:
        return reduce_block(b, [value], fold)[0]

    write.__name__ = name
    return emit(scalar, scalar)(write)


def _family(scalar: Any, suffix: str) -> tuple[Any, Any, Any]:
    signed = scalar is not np.uint32
    return (
        _function(f"block_sum_{suffix}", scalar, _add),
        _function(f"block_max_{suffix}", scalar, _extreme(larger, ">", signed)),
        _function(f"block_min_{suffix}", scalar, _extreme(smaller, "<", signed)),
    )


block_sum_f32, block_max_f32, block_min_f32 = _family(np.float32, "f32")
block_sum_f64, block_max_f64, block_min_f64 = _family(np.float64, "f64")
block_sum_i32, block_max_i32, block_min_i32 = _family(np.int32, "i32")
block_sum_i64, block_max_i64, block_min_i64 = _family(np.int64, "i64")
block_sum_u32, block_max_u32, block_min_u32 = _family(np.uint32, "u32")


def _vote(b: Builder, name: str, value: Value) -> Value:
    """A barrier that tells every thread whether all, or any, said yes; a warp alone needs none."""
    if largest_block() <= _WARP:
        everyone, mode = constant(-1, I32), constant(1 if name == "or" else 0, I32)
        return b.extract_value(call(b, "llvm.nvvm.vote.sync", struct(I32, I1), [everyone, mode, value]), 1)
    return b.icmp_unsigned("!=", call(b, f"llvm.nvvm.barrier0.{name}", I32, [b.zext(value, I32)]), constant(0, I32))


@emit(np.bool_, np.bool_)
def block_max_bool(b: Builder, value: Value) -> Value:
    """Whether any thread of the block says yes."""
    return _vote(b, "or", value)


@emit(np.bool_, np.bool_)
def block_min_bool(b: Builder, value: Value) -> Value:
    """Whether all threads of the block say yes."""
    return _vote(b, "and", value)


# ---- where the largest value is


def _first_largest(b: Builder, x: Values, y: Values, unsigned: bool = False) -> Values:
    """(value, index): the larger value, the smaller index of equals; the first NaN before everything."""
    earlier = b.icmp_signed("<", y[1], x[1])
    if x[0].type in (F32, F64):
        x_nan, y_nan = (b.fcmp_unordered("uno", v[0], v[0]) for v in (x, y))
        beyond = b.or_(y_nan, b.fcmp_ordered(">", y[0], x[0]))
        beyond = b.or_(beyond, b.and_(b.fcmp_ordered("==", y[0], x[0]), earlier))
        take = b.select(x_nan, b.and_(y_nan, earlier), beyond)
    else:
        compare = b.icmp_unsigned if unsigned else b.icmp_signed
        take = b.or_(compare(">", y[0], x[0]), b.and_(compare("==", y[0], x[0]), earlier))
    return [b.select(take, y[0], x[0]), b.select(take, y[1], x[1])]


def _argmax(suffix: str, scalar: Any) -> Any:
    fold = functools.partial(_first_largest, unsigned=scalar is np.uint32)

    def write(b: Builder, value: Value, index: Value) -> Value:
        return reduce_block(b, [value, index], fold)[1]

    write.__name__ = f"block_argmax_{suffix}"
    return emit(np.int64, scalar, np.int64)(write)


block_argmax_f32 = _argmax("f32", np.float32)
block_argmax_f64 = _argmax("f64", np.float64)
block_argmax_i32 = _argmax("i32", np.int32)
block_argmax_i64 = _argmax("i64", np.int64)
block_argmax_u32 = _argmax("u32", np.uint32)
