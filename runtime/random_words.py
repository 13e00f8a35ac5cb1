"""Random words in compiled code, for every target: Threefry, and its words as numbers. Written once, as LLVM instructions."""

from __future__ import annotations

import importlib
from typing import Any, Final, Protocol, TypeVar, cast

_ir: Final[Any] = importlib.import_module("llvmlite.ir")  # Any: an untyped package
_I32: Final[object] = _ir.IntType(32)
_F32: Final[object] = _ir.FloatType()
_F64: Final[object] = _ir.DoubleType()

V = TypeVar("V")


class Builder(Protocol[V]):
    """The instructions that are needed, on the values of a target."""

    def add(self, lhs: V, rhs: V) -> V: ...
    def or_(self, lhs: V, rhs: V) -> V: ...
    def xor(self, lhs: V, rhs: V) -> V: ...
    def shl(self, lhs: V, rhs: V) -> V: ...
    def lshr(self, lhs: V, rhs: V) -> V: ...
    def fadd(self, lhs: V, rhs: V) -> V: ...
    def fmul(self, lhs: V, rhs: V) -> V: ...
    def sitofp(self, value: V, typ: object) -> V: ...


def _constant(b: Builder[V], value: int | float, typ: object) -> V:
    return cast("V", _ir.Constant(typ, value))


def unit_f32(b: Builder[V], word: V) -> V:
    """A random word as a float32 in [0, 1): (word >> 8) * 2**-24."""
    number = b.sitofp(b.lshr(word, _constant(b, 8, _I32)), _F32)
    return b.fmul(number, _constant(b, 2.0**-24, _F32))


def unit_f64(b: Builder[V], high: V, low: V) -> V:
    """Two random words as a float64 in [0, 1): ((high >> 5) * 2**26 + (low >> 6)) * 2**-53."""
    top = b.sitofp(b.lshr(high, _constant(b, 5, _I32)), _F64)
    rest = b.sitofp(b.lshr(low, _constant(b, 6, _I32)), _F64)
    whole = b.fadd(b.fmul(top, _constant(b, 2.0**26, _F64)), rest)
    return b.fmul(whole, _constant(b, 2.0**-53, _F64))


_ROTATIONS: Final = ((13, 15, 26, 6), (17, 29, 16, 24))


def _rotate(b: Builder[V], x: V, by: int) -> V:
    return b.or_(b.shl(x, _constant(b, by, _I32)), b.lshr(x, _constant(b, 32 - by, _I32)))


def threefry(b: Builder[V], key: tuple[V, V], counter: tuple[V, V]) -> tuple[V, V]:
    """Threefry-2x32 with 20 rounds (Salmon et al., SC 2011): two random words for a key and a counter."""
    keys = (*key, b.xor(b.xor(*key), _constant(b, 0x1BD11BDA, _I32)))
    x0, x1 = b.add(counter[0], keys[0]), b.add(counter[1], keys[1])
    for group in range(5):
        for rotation in _ROTATIONS[group % 2]:
            x0 = b.add(x0, x1)
            x1 = b.xor(_rotate(b, x1, rotation), x0)
        x0 = b.add(x0, keys[(group + 1) % 3])
        x1 = b.add(b.add(x1, keys[(group + 2) % 3]), _constant(b, group + 1, _I32))
    return x0, x1
