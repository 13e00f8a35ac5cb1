"""How each scalar function is written in a CPU kernel.

Levels of binding: 10 atom or call, 8 unary, 7 product, 6 sum, 4 comparison, 3 not, 1 conditional.
"""

from __future__ import annotations

import math

import numpy as np

from ..ops.scalars import SCALARS
from ..types import DType
from .text import Expr

INFIX: dict[str, tuple[str, int]] = {
    "add": ("+", 6),
    "sub": ("-", 6),
    "mul": ("*", 7),
    "div": ("/", 7),
    "equal": ("==", 4),
    "not_equal": ("!=", 4),
    "less": ("<", 4),
    "less_equal": ("<=", 4),
    "greater": (">", 4),
    "greater_equal": (">=", 4),
}
BY_WIDTH = frozenset(
    {"exp", "log", "log1p", "tanh", "sigmoid", "erf", "softplus", "sin", "cos", "sqrt", "rsqrt", "pow", "floor"}
)
CAST = {
    DType.float32: "f4",
    DType.float64: "f8",
    DType.int32: "i4",
    DType.int64: "i8",
    DType.uint32: "u4",
}
VIEW = {
    DType.float32: "f32",
    DType.float64: "f64",
    DType.int32: "i32",
    DType.int64: "i64",
    DType.uint32: "u32",
    DType.bool: "bools",
}


# What kernel files may import from the CPU runtime's `support` module; the emitter imports what it uses.
SUPPORT: frozenset[str] = frozenset(
    {"HALF", "INF", "KW", "NAN", "ONE", "ONE8", "TWO", "ZERO", "ZERO8", "I", "njit", "void", "part", "threefry2x32"}
    | {f"{fn}_{width}" for fn in (*BY_WIDTH, "maximum", "minimum") for width in ("f32", "f64")}
    | {"bits_to_f32", "bits_to_f64", *CAST.values(), *VIEW.values()}
)
RESERVED: frozenset[str] = SUPPORT | {"abs", "min", "max", "range", "int", "float", "bool"}


def suffix(dtype: DType) -> str:
    """The width in the names of the functions that exist for both."""
    return "f64" if dtype is DType.float64 else "f32"


def literal(value: float | bool, dtype: DType) -> Expr:
    """A typed constant; every float constant is of the kernel's width, since a Python float would widen the loop."""
    if dtype is DType.bool:
        return Expr(str(bool(value)))
    if not dtype.is_float:
        return Expr(str(int(value)), 10 if value >= 0 else 8)
    one, zero = ("ONE8", "ZERO8") if dtype is DType.float64 else ("ONE", "ZERO")
    if value == 1:
        return Expr(one)
    if value == 0:
        return Expr(zero) if math.copysign(1.0, value) > 0 else Expr(f"-{zero}", 8)
    cast = CAST[dtype]
    if math.isnan(value) or math.isinf(value):
        name = "NAN" if math.isnan(value) else "INF" if value > 0 else "-INF"
        return Expr(f"{cast}({name})")
    inverse = 1.0 / value if abs(value) > 1e-9 else 0.0
    if abs(value) < 1 and inverse == round(inverse) and abs(inverse) > 10:
        return Expr(f"{cast}(1 / {round(inverse)})")
    return Expr(f"{cast}({value!r})")


def lowest(fn: str, dtype: DType) -> Expr:
    """The neutral element of a reduction."""
    if fn == "sum":
        return literal(0, dtype)
    if dtype.is_float:
        return literal(-math.inf if fn == "max" else math.inf, dtype)
    if dtype is DType.bool:
        return literal(fn == "min", dtype)
    info = np.iinfo(dtype.value)
    return literal(int(info.min if fn == "max" else info.max), dtype)


def write(fn: str, dtype: DType, args: tuple[Expr, ...], operand: DType) -> Expr:
    """The expression of scalar function `fn` with a result of `dtype`, of operands of type `operand`."""
    if fn in INFIX:
        sign, level = INFIX[fn]
        tighter = level + 1 if fn in ("sub", "div") or level == 4 else level
        return Expr(f"{args[0].at(level if level != 4 else 5)} {sign} {args[1].at(tighter)}", level)
    if fn in BY_WIDTH:
        return Expr(f"{fn}_{suffix(dtype)}({', '.join(a.text for a in args)})")
    match fn:
        case "maximum" | "minimum":
            if not dtype.is_float:
                return Expr(f"{fn[:3]}({args[0].text}, {args[1].text})")
            return Expr(f"{fn}_{suffix(dtype)}({args[0].text}, {args[1].text})")
        case "neg":
            return Expr(f"-{args[0].at(8)}", 8)
        case "abs":
            return Expr(f"abs({args[0].text})")
        case "sign":
            zero, one = literal(0, dtype).text, literal(1, dtype).text
            x = args[0].at(5)
            return Expr(f"{one} if {x} > {zero} else -{one} if {x} < {zero} else {x}", 1)
        case "square":
            x = args[0].at(8)
            return Expr(f"{x} * {x}", 7)
        case "reciprocal":
            return Expr(f"{literal(1, dtype).text} / {args[0].at(8)}", 7)
        case "relu":
            x, zero = args[0].at(5), literal(0, dtype).text
            return Expr(f"{zero} if {x} < {zero} else {x}", 1)
        case "where":
            return Expr(f"{args[1].at(2)} if {args[0].at(2)} else {args[2].at(1)}", 1)
        case "logical_and" | "logical_or":
            return Expr(f"{args[0].at(9)} {'&' if fn == 'logical_and' else '|'} {args[1].at(9)}", 5)
        case "logical_not":
            return Expr(f"not {args[0].at(4)}", 3)
        case "isnan":
            return Expr(f"{args[0].at(5)} != {args[0].at(5)}", 4)
        case "isfinite":
            return Expr(f"abs({args[0].text}) < {literal(math.inf, operand).text}", 4)
        case "cast":
            if dtype is DType.bool:
                return Expr(
                    f"{args[0].at(5)} != {literal(0, operand).text if operand is not DType.bool else 'False'}", 4
                )
            return Expr(f"{CAST[dtype]}({args[0].text})")
        case "identity":
            return args[0]
        case "bits_to_f32" | "bits_to_f64":
            return Expr(f"{fn}({', '.join(a.text for a in args)})")
        case _:
            raise KeyError(fn)


def missing() -> list[str]:
    """Scalar functions of the table that this module cannot write (a completeness test wants none)."""
    out: list[str] = []
    for fn, arity in SCALARS.items():
        try:
            write(fn, DType.float32, (Expr("x"),) * arity, DType.float32)
        except KeyError:
            out.append(fn)
    return out
