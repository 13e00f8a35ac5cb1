"""The full names of what the plugin looks at."""

from __future__ import annotations

from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["Tensor", "IntTensor", "BoolTensor"]
DIMS = "shapewright.dsl.dims"
DIM, ADD, MUL = f"{DIMS}.Dim", f"{DIMS}.Add", f"{DIMS}.Mul"
METADATA = "shapewright"  # where the size of a Dim class is kept in mypy's cache
KINDS: dict[str, Kind] = {
    "shapewright.dsl.tensor.Tensor": "Tensor",
    "shapewright.dsl.discrete.IntTensor": "IntTensor",
    "shapewright.dsl.discrete.BoolTensor": "BoolTensor",
}
CLASSES: dict[Kind, str] = {kind: name for name, kind in KINDS.items()}

# Where the result is a shape that the call writes down in numbers, an axis of it is no axis of the operand.
WRITTEN = ("reshape", "broadcast_to")
_MOVEMENT = "reshape flatten squeeze unsqueeze broadcast_to transpose permute repeat concat stack split slice pad"
_ARITHMETIC = "add sub mul div maximum minimum pow equal not_equal less less_equal greater greater_equal"
_REDUCTIONS = "sum mean max min argmax argmin logsumexp norm std var any all"
FUNCTIONS = frozenset(
    [f"shapewright.dsl.shapes.{n}" for n in _MOVEMENT.split()]
    + [f"shapewright.dsl.arithmetic.{n}" for n in _ARITHMETIC.split()]
    + [f"shapewright.dsl.reductions.{n}" for n in _REDUCTIONS.split()]
    + ["shapewright.dsl.einsum.einsum", "shapewright.dsl.functions.where"]
)
MATMUL = "shapewright.dsl.nn.matmul"
OPERATORS = frozenset(["__add__", "__sub__", "__mul__", "__truediv__", "__matmul__"])
METHODS = frozenset(
    "reshape flatten transpose squeeze unsqueeze broadcast_to __getitem__ sum mean max min argmax any all".split()
)
