"""`einsum` of any number of operands: implicit results, `...`, sums and diagonals of one operand, then pairs."""

from __future__ import annotations

from typing import Any, Literal, TypeVar, cast, overload

from ..compiler.errors import ShapeError
from ..compiler.ops.shapes import axes_text
from ..compiler.sizes import Size
from . import movement
from .array import AnyArray, type_of
from .conversion import as_floating
from .dispatch import apply, fail
from .tensor import Tensor

B = TypeVar("B")
H = TypeVar("H")
I = TypeVar("I")
J = TypeVar("J")
K = TypeVar("K")

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@overload
def einsum(spec: Literal["ij->ji"], x: Tensor[I, J], /) -> Tensor[J, I]: ...
@overload
def einsum(spec: Literal["ij->i"], x: Tensor[I, J], /) -> Tensor[I]: ...
@overload
def einsum(spec: Literal["ij->j"], x: Tensor[I, J], /) -> Tensor[J]: ...
@overload
def einsum(spec: Literal["ij->"], x: Tensor[I, J], /) -> Tensor[()]: ...
@overload
def einsum(spec: Literal["i,i->"], x: Tensor[I], y: Tensor[I], /) -> Tensor[()]: ...
@overload
def einsum(spec: Literal["i,j->ij"], x: Tensor[I], y: Tensor[J], /) -> Tensor[I, J]: ...
@overload
def einsum(spec: Literal["ij,j->i"], x: Tensor[I, J], y: Tensor[J], /) -> Tensor[I]: ...
@overload
def einsum(spec: Literal["ij,jk->ik"], x: Tensor[I, J], y: Tensor[J, K], /) -> Tensor[I, K]: ...
@overload
def einsum(spec: Literal["ij,kj->ik"], x: Tensor[I, J], y: Tensor[K, J], /) -> Tensor[I, K]: ...
@overload
def einsum(spec: Literal["ij,ij->i"], x: Tensor[I, J], y: Tensor[I, J], /) -> Tensor[I]: ...
@overload
def einsum(spec: Literal["ij,ij->"], x: Tensor[I, J], y: Tensor[I, J], /) -> Tensor[()]: ...
@overload
def einsum(spec: Literal["bij,jk->bik"], x: Tensor[B, I, J], y: Tensor[J, K], /) -> Tensor[B, I, K]: ...
@overload
def einsum(spec: Literal["bij,bjk->bik"], x: Tensor[B, I, J], y: Tensor[B, J, K], /) -> Tensor[B, I, K]: ...
@overload
def einsum(spec: Literal["bij,bkj->bik"], x: Tensor[B, I, J], y: Tensor[B, K, J], /) -> Tensor[B, I, K]: ...
@overload
def einsum(spec: Literal["bhqd,bhkd->bhqk"], x: Tensor[B, H, I, J], y: Tensor[B, H, K, J], /) -> Tensor[B, H, I, K]: ...
@overload
def einsum(spec: Literal["bhqk,bhkd->bhqd"], x: Tensor[B, H, I, K], y: Tensor[B, H, K, J], /) -> Tensor[B, H, I, J]: ...
@overload
def einsum(spec: str, *xs: object) -> Any: ...
def einsum(spec: str, *xs: object) -> Any:
    """The sum of products that `spec` says, as in NumPy: "bij,bjk->bik", "ij->ji", "ii", "...i,i->...".

    Operands are contracted from left to right.

    Raises:
        ShapeError: letters that do not fit the operands, or a letter with two sizes.
    """
    tensors = [as_floating(x) for x in xs]
    inputs, out = _parse(spec, tensors)
    work = [_alone(letters, x) for letters, x in zip(inputs, tensors, strict=True)]
    while True:
        letters, x = work[0]
        rest = work[1:]
        letters, x = _summed(letters, x, out + "".join(l for l, _ in rest))
        if not rest:
            order = tuple(letters.index(c) for c in out)
            return movement.transpose(x, order)
        other, y = rest[0]
        later = out + "".join(l for l, _ in rest[1:])
        other, y = _summed(other, y, later + letters)
        kept = "".join(c for c in dict.fromkeys(letters + other) if c in later)
        if len(rest) == 1:
            kept = out
        work = [(kept, apply("einsum", (x, y), {"spec": f"{letters},{other}->{kept}"})), *rest[1:]]


def _parse(spec: str, tensors: list[AnyArray]) -> tuple[list[str], str]:
    """Letters of each operand and of the result, without `...`."""
    left, arrow, right = spec.replace(" ", "").partition("->")
    parts = left.split(",")
    if len(parts) != len(tensors) or not tensors:
        text = f'einsum: "{spec}" has {len(parts)} operands, {len(tensors)} were given'
        fail(ShapeError(text, help="separate operands by commas", code="SW103"), *tensors)
    spread = max(
        (x.ndim - len(p.replace("...", "")) for p, x in zip(parts, tensors, strict=True) if "..." in p), default=0
    )
    free = [c for c in _LETTERS if c not in spec][: max(spread, 0)]
    inputs: list[str] = []
    for i, (part, x) in enumerate(zip(parts, tensors, strict=True)):
        missing = x.ndim - len(part.replace("...", ""))
        letters = part.replace("...", "".join(free[len(free) - missing :]) if missing > 0 else "")
        if len(letters) != x.ndim or missing < 0 or (letters and not letters.isalpha()):
            text = (
                f'einsum: "{part}" has {len(part.replace("...", ""))} letters, operand {i + 1} has {axes_text(x.ndim)}'
            )
            fail(ShapeError(text, help="write one letter for each axis", code="SW103"), *tensors)
        inputs.append(letters)
    joined = "".join(inputs)
    shared = "".join(free) if "..." in left else ""
    if arrow:
        out = right.replace("...", shared)
    else:
        out = shared + "".join(sorted(c for c in set(joined) if joined.count(c) == 1 and c not in shared))
    unknown = [c for c in out if c not in joined]
    if unknown or len(set(out)) != len(out):
        fault = f'"{unknown[0]}" is in no operand' if unknown else "a letter stands twice in the result"
        fail(ShapeError(f'einsum: "{spec}": {fault}', help='for example "bij,bjk->bik"', code="SW103"), *tensors)
    _check_sizes(spec, inputs, tensors)
    return inputs, out


def _check_sizes(spec: str, inputs: list[str], tensors: list[AnyArray]) -> None:
    """A letter has one size within an operand; between operands the shape rule of the contraction looks."""
    for letters, x in zip(inputs, tensors, strict=True):
        seen: dict[str, Size] = {}
        for c, size in zip(letters, type_of(x).shape, strict=True):
            first = seen.setdefault(c, size)
            if first != size and int(first) != int(size):
                text = f'einsum: "{spec}": letter {c} has sizes {first} and {size}'
                fail(ShapeError(text, help="a letter stands for one size", code="SW101"), *tensors)


def _alone(letters: str, x: AnyArray) -> tuple[str, AnyArray]:
    """The operand with the diagonal of every repeated letter."""
    for c in dict.fromkeys(letters):
        while letters.count(c) > 1:
            i = letters.index(c)
            j = letters.index(c, i + 1)
            x = _diagonal(x, i, j)
            letters = "".join(d for k, d in enumerate(letters) if k not in (i, j)) + c
    return letters, x


def _diagonal(x: AnyArray, i: int, j: int) -> AnyArray:
    """Elements whose places along axes i and j are equal, as a last axis."""
    rest = [k for k in range(x.ndim) if k not in (i, j)]
    shape = type_of(x).shape
    n = int(shape[i])
    flat = movement.reshape(movement.transpose(x, [*rest, i, j]), (*(shape[k] for k in rest), n * n))
    return cast("AnyArray", movement.cut(flat, len(rest), 0, n, n + 1))


def _summed(letters: str, x: AnyArray, needed: str) -> tuple[str, AnyArray]:
    """The operand summed over letters that nothing else needs."""
    axes = tuple(i for i, c in enumerate(letters) if c not in needed)
    if not axes:
        return letters, x
    return "".join(c for c in letters if c in needed), movement.reduce("sum", x, axes, False)
