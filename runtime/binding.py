"""What executors of every target share: the sizes that input shapes stand for, and the error for a failed index."""

from __future__ import annotations

from collections.abc import Sequence

from ..compiler.errors import IndexOutOfRange, ShapeError
from ..compiler.ir.graph import Node
from ..compiler.sizes import Poly, Symbol, evaluate
from ..compiler.types import TensorType


def sizes_of(types: Sequence[TensorType], shapes: Sequence[tuple[int, ...]], names: Sequence[str]) -> dict[Symbol, int]:
    """The run-time sizes that input shapes stand for.

    Raises:
        ShapeError: a rank or size that does not fit, or an axis with two sizes.
    """
    env: dict[Symbol, int] = {}
    for t, shape, name in zip(types, shapes, names, strict=True):
        if len(shape) != t.ndim:
            raise ShapeError(f"input {name} has rank {len(shape)}, the program takes {t}", code="SW101")
        for size, n in zip(t.shape, shape, strict=True):
            if isinstance(size, Poly) and len(size.terms) == 1 and size.terms[0][1] == 1 and len(size.terms[0][0]) == 1:
                atom = size.terms[0][0][0]
                if isinstance(atom, Symbol):
                    env.setdefault(atom, n)
    for t, shape, name in zip(types, shapes, names, strict=True):
        for axis, (size, n) in enumerate(zip(t.shape, shape, strict=True)):
            if evaluate(size, env) != n:
                raise ShapeError(
                    f"axis {axis} of input {name} has size {n}, the program needs {size} = {evaluate(size, env)}",
                    code="SW102",
                )
    return env


def index_error(site: Node) -> IndexOutOfRange:
    """The error for an index that a kernel found outside its axis."""
    axis = site.attrs.int("axis") if "axis" in site.attrs else 0
    size = site.inputs[0].type.shape[axis] if site.op.startswith("take") else site.attrs["size"]
    return IndexOutOfRange(
        f"{site.tag or site.op}: an index is outside its axis of size {size}",
        loc=site.loc,
        help=f"indices are at least 0 and less than {size}; negative ones do not wrap around",
        code="SW301",
    )
