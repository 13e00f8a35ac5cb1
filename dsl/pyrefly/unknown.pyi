"""How signatures tell what is computed from what is not known.

Pyrefly has no size for a plain `int`, or for an axis that is `Any`: what it computes from one is an integer of its own,
which is neither a `Dim` nor a type variable, so correct programs would be refused. Such arguments are therefore taken out
first. `Int[Unknown]` accepts them and nothing else: the bound of the variable is a number that no size has, so a literal
breaks it. The overloads of a function are in this order:

1. without `shape_extensions`, what the other checkers see: no axis is an `Absent`, but everything is if that is unknown;
2. an argument that is not known gives `Any`;
3. numbers and axis variables are computed with, among others (`*R`, `A`) or alone (`*Shape`, at least one axis: its bound
   keeps out `Tensor[*Bs, Literal[4]]`, whose number of axes is not known);
4. what fits none of these but has a known rank, as for the other checkers: `Any` in the place of the size;
5. two tensors that do not fit each other, which is an error, and at last anything.
"""

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from shape_extensions import Int, IntVar, SymbolicArithExpr

from ..array import Array

Absent: TypeAlias = SymbolicArithExpr
Unknown = IntVar("Unknown", bound=Literal[-123456789])

# A tensor with an axis that is not known.
type Open[U: IntVar] = (
    Array[Int[U], *tuple[Any, ...]]
    | Array[Any, Int[U], *tuple[Any, ...]]
    | Array[Any, Any, Int[U], *tuple[Any, ...]]
    | Array[Any, Any, Any, Int[U], *tuple[Any, ...]]
    | Array[Any, Any, Any, Any, Int[U], *tuple[Any, ...]]
)

# Sizes of which one is not known, or whose number is not.
type SomeSizes[U: IntVar] = Int[U] | Sequence[Int[U]]
type SomeWidth[U: IntVar] = tuple[Int[U], Any] | tuple[Any, Int[U]]
type SomeWidths[U: IntVar] = (
    Int[U]
    | tuple[SomeWidth[U], *tuple[Any, ...]]
    | tuple[Any, SomeWidth[U], *tuple[Any, ...]]
    | tuple[Any, Any, SomeWidth[U], *tuple[Any, ...]]
    | tuple[Any, Any, Any, SomeWidth[U], *tuple[Any, ...]]
    | Sequence[tuple[Int[U], Int[U]]]
)
