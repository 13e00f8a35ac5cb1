"""What a CUDA kernel file may import from the CUDA runtime's `support` module."""

from __future__ import annotations

from ..scalars import SUPPORT as CPU

FOLDED = ("f32", "f64", "i64", "i32", "u32", "bool")  # element types, as the names of the block's folds have them
_FOLDS = {f"block_{fn}_{t}" for fn in ("max", "min") for t in FOLDED} | {
    f"block_{fn}_{t}"
    for fn in ("sum", "argmax")
    for t in FOLDED
    if t != "bool"  # which is no number
}
SUPPORT: frozenset[str] = (
    CPU - {"KW", "I", "njit", "void", "part"}
    | _FOLDS
    | {"cuda", "jit", "load4", "store4", "strided", "unrolled", "filled", "registers", "unravel", "boolean"}
)
RESERVED: frozenset[str] = SUPPORT | {"abs", "min", "max", "range", "int", "float", "bool"}
