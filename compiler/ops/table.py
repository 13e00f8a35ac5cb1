"""The op table: every operation of the language, family by family, and the one shape rule for all interpreters."""

from __future__ import annotations

from ..errors import CompileError
from ..ir.attrs import Attrs
from ..types import TensorType
from .activations import ACTIVATIONS
from .contraction import CONTRACTION
from .creation import CREATION
from .elementwise import ELEMENTWISE
from .indexing import INDEXING
from .losses import LOSSES
from .movement import MOVEMENT
from .opdef import OpDef
from .random import RANDOM
from .reductions import REDUCTIONS
from .rows import ROWS

FAMILIES: dict[str, tuple[OpDef, ...]] = {
    "elementwise": ELEMENTWISE,
    "activations": ACTIVATIONS,
    "reductions": REDUCTIONS,
    "contraction": CONTRACTION,
    "movement": MOVEMENT,
    "indexing": INDEXING,
    "creation": CREATION,
    "rows": ROWS,
    "losses": LOSSES,
    "random": RANDOM,
}

OPS: dict[str, OpDef] = {op.name: op for family in FAMILIES.values() for op in family}


def infer(op: str, types: tuple[TensorType, ...], attrs: Attrs) -> TensorType:
    """Element type, sizes and axis names of the result of one operation.

    Raises:
        ShapeError, DTypeError: operands that do not fit (without a location: the caller knows the user's line).
        CompileError: an operation that is not in the table.
    """
    found = OPS.get(op)
    if found is None:
        raise CompileError(
            f"there is no operation {op}", help="the operations are the keys of compiler.ops.table.OPS", code="SW501"
        )
    return found.infer(types, attrs)
