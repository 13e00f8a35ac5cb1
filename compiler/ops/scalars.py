"""The closed list of scalar functions: what a code generator must know how to write, and nothing else.

Operands and result have the types of the operation that uses the function. Conventions: IEEE arithmetic (no error for
log of a negative number), `maximum`, `minimum` and `relu` return a nan operand, `sign(nan)` is nan, comparisons with nan are
false (`not_equal` true).
"""

from __future__ import annotations

SCALARS: dict[str, int] = {
    # name -> number of operands
    "add": 2,
    "sub": 2,
    "mul": 2,
    "div": 2,
    "pow": 2,
    "maximum": 2,
    "minimum": 2,
    "neg": 1,
    "abs": 1,
    "sign": 1,
    "square": 1,
    "sqrt": 1,
    "rsqrt": 1,
    "reciprocal": 1,
    "exp": 1,
    "log": 1,
    "log1p": 1,
    "tanh": 1,
    "sigmoid": 1,  # 1 / (1 + exp(-x)) without overflow: with e = exp(-|x|), (x >= 0 ? 1 : e) / (1 + e)
    "relu": 1,
    "erf": 1,
    "sin": 1,
    "cos": 1,
    "softplus": 1,  # max(x, 0) + log1p(exp(-|x|))
    "floor": 1,
    "isnan": 1,
    "isfinite": 1,
    "where": 3,  # (condition: bool, if true, if false)
    "equal": 2,
    "not_equal": 2,
    "less": 2,
    "less_equal": 2,
    "greater": 2,
    "greater_equal": 2,
    "logical_and": 2,
    "logical_or": 2,
    "logical_not": 1,
    "cast": 1,  # to the element type of the result: towards zero to an integer, `!= 0` to bool
    "identity": 1,
    "bits_to_f32": 1,  # uint32 word -> float32 in [0, 1): (word >> 8) * 2**-24
    "bits_to_f64": 2,  # two uint32 words -> float64 in [0, 1): ((w0 >> 5) * 2**26 + (w1 >> 6)) * 2**-53
}
