"""What PTX instructions do to the bits of their operands, by type."""

from __future__ import annotations

import math
import operator
import struct
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

# ---- numbers: registers hold bits; the type is the instruction's


def decode(kind: str, bits: int) -> Any:
    """The number that bits mean in a PTX type."""
    if kind in ("f32", "f64"):
        size = 4 if kind == "f32" else 8
        return struct.unpack("<f" if size == 4 else "<d", (bits & (1 << 8 * size) - 1).to_bytes(size, "little"))[0]
    if kind == "pred":
        return bits & 1
    width = int(kind[1:])
    bits &= (1 << width) - 1
    return bits - (1 << width) if kind[0] == "s" and bits >> (width - 1) else bits


def encode(kind: str, value: Any) -> int:
    """The bits of a number in a PTX type."""
    if kind == "f32":
        return int(np.float32(value).view(np.uint32))
    if kind == "f64":
        return int(np.float64(value).view(np.uint64))
    if kind == "pred":
        return int(value) & 1
    return int(value) & (1 << int(kind[1:])) - 1


def quotient(a: Any, b: Any) -> Any:
    """Division as the machine does it: integers towards zero, floats by IEEE."""
    if isinstance(a, float):
        return float(np.float64(a) / np.float64(b))
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def extreme(choose: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """max or min of numbers; of floats, NaN where either is (the `.NaN` instructions: no others occur)."""
    return lambda a, b: math.nan if a != a or b != b else choose(a, b)


def insert(a: int, b: int, position: int, length: int) -> int:
    """bfi: the low bits of a put into b."""
    mask = ((1 << length) - 1) << position
    return (b & ~mask) | (a << position & mask)


def multiply_add(a: float, b: float, c: float) -> Any:
    """a * b + c, exact where it is finite."""
    if not all(map(math.isfinite, (a, b, c))) or not (a and b):
        return a * b + c
    return Fraction(a) * Fraction(b) + Fraction(c) or a * b + c


def rounded_down(value: Any) -> Any:
    """A number as the float32 that is not above it."""
    near = np.float32(float(value))
    return np.nextafter(near, np.float32(-np.inf)) if near > value else near


def integer(value: Any, rounding: str) -> Any:
    """A float without a fraction: down (`rmi`), towards zero (`rzi`) or to the nearest (`rni`)."""
    if not math.isfinite(value):
        return value
    return {"rmi": np.floor, "rzi": np.trunc, "rni": np.rint}[rounding](value)


UNARY: dict[str, Callable[[Any], Any]] = {
    "neg": operator.neg, "abs": abs, "not": lambda a: ~a, "sqrt": np.sqrt, "ex2": np.exp2,
    "rcp": lambda a: quotient(1.0, a), "rsqrt": lambda a: 1 / np.sqrt(np.float64(a)),
}  # fmt: skip
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": quotient, "and": lambda a, b: a & b,
    "or": lambda a, b: a | b, "xor": lambda a, b: a ^ b, "max": extreme(max), "min": extreme(min),
    "rem": lambda a, b: a - b * quotient(a, b), "copysign": lambda a, b: math.copysign(b, a),
}  # fmt: skip
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq, "ne": lambda a, b: a != b and a == a and b == b, "lt": operator.lt, "le": operator.le,
    "gt": operator.gt, "ge": operator.ge, "nan": lambda a, b: a != a or b != b, "num": lambda a, b: a == a and b == b,
    "neu": operator.ne, "ltu": lambda a, b: not a >= b, "leu": lambda a, b: not a > b, "gtu": lambda a, b: not a <= b,
    "geu": lambda a, b: not a < b, "equ": lambda a, b: a == b or a != a or b != b, "lo": operator.lt, "hi": operator.gt,
}  # fmt: skip


def unary(name: str, kind: str, words: list[str]) -> Callable[[int], int]:
    """What an instruction with one operand does to bits."""
    if name == "mov":
        return lambda a: a
    if name == "cvt":
        return conversion(kind, words)
    function = UNARY[name]
    return lambda a: encode(kind, function(decode(kind, a)))


def conversion(kind: str, words: list[str]) -> Callable[[int], int]:
    """A cvt from `kind`; `words` are its roundings and the type it makes."""
    to, modes = words[-1], [word for word in words if word.endswith("i")]
    if "sat" in words:
        return lambda a: encode(to, min(max(decode(kind, a), 0.0), 1.0) if decode(kind, a) == decode(kind, a) else 0.0)
    if kind[0] == "f" and modes:
        mode = modes[0]
        if to[0] == "f":
            return lambda a: encode(to, integer(decode(kind, a), mode))
        return lambda a: encode(to, int(np.nan_to_num(integer(decode(kind, a), mode), nan=0.0)))
    return lambda a: encode(to, decode(kind, a) if to[0] == "f" else int(decode(kind, a)))


def binary(name: str, kind: str, words: list[str]) -> Callable[[int, int], int]:
    """What an instruction with two operands does to bits."""
    if name == "setp":
        compare = COMPARISONS[words[0]]
        return lambda a, b: int(compare(decode(kind, a), decode(kind, b)))
    if name in ("shl", "shr"):
        width = int(kind[1:])
        if name == "shl":
            return lambda a, n: encode(kind, decode(kind, a) << min(n, width))
        return lambda a, n: encode(kind, decode(kind, a) >> min(n, width))
    function = BINARY[name]
    result = f"{kind[0]}{2 * int(kind[1:])}" if "wide" in words else kind
    down = int(kind[1:]) if "hi" in words else 0
    if down:
        return lambda a, b: encode(result, function(decode(kind, a), decode(kind, b)) >> down)
    return lambda a, b: encode(result, function(decode(kind, a), decode(kind, b)))


def ternary(name: str, kind: str, words: list[str]) -> Callable[[int, int, int], int]:
    """What an instruction with three operands does to bits."""
    if name == "selp":
        return lambda a, b, p: a if p else b
    if name == "shf":  # left, wrapping around
        return lambda low, high, n: encode("b32", (high << (n & 31)) | (low >> (32 - (n & 31))))
    if name == "fma":
        after: Callable[[Any], Any] = rounded_down if "rm" in words else float
        return lambda a, b, c: encode(kind, after(multiply_add(decode(kind, a), decode(kind, b), decode(kind, c))))
    assert name == "mad"
    return lambda a, b, c: encode(kind, decode(kind, a) * decode(kind, b) + decode(kind, c))
