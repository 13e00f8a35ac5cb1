"""What the listing calls the buffers of a program: their names, and a number where several have one name."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeAlias

from .codegen.naming import buffer_name, is_copy
from .loop.ir import Combine, Leaf, LoopNode

if TYPE_CHECKING:
    from .program import Row

Label: TypeAlias = Callable[[LoopNode], str]


def labels(rows: Iterable[Row]) -> Label:
    """The label of each buffer that the rows read or write: `h`, and `h_2` for the next one that is called `h`.

    Arrays from outside are called first, in the order of the arguments. Gradients have the label of what they are the gradient of, with `_grad` added.
    The partial results of tiles, and their sum, are one buffer to a reader.
    """
    buffers = list(dict.fromkeys(_buffer(n) for r in rows for n in (*r.reads, *r.writes)))
    buffers.sort(key=_rank)
    taken: set[str] = set()
    found: dict[LoopNode, str] = {}
    values: dict[int, str] = {}  # of forward values, by graph node
    for n in buffers:
        name = buffer_name(n)
        if is_copy(n):
            source = _buffer(n.reads[0].source)
            name = f"{found.get(source, buffer_name(source))}_copy"
        elif (of := _differentiated(n)) is not None and of in values:
            name = f"{values[of]}_grad"
        found[n] = name = _free(name, taken)
        taken.add(name)
        if n.origin is not None and not is_copy(n):
            values.setdefault(n.origin.id, name)
    return lambda n: found.get(_buffer(n)) or buffer_name(_buffer(n))


def _buffer(n: LoopNode) -> LoopNode:
    """The node that stands for the memory of a value."""
    if n.into is not None:
        return n.into
    return _buffer(n.reads[0].source) if isinstance(n, Combine) else n


def _rank(n: LoopNode) -> tuple[int, int]:
    """Those that others are called after come first; the sort keeps the order of the listing."""
    if isinstance(n, Leaf):
        return 0, n.id
    return (3 if is_copy(n) else 1 if _differentiated(n) is None else 2), 0


def _differentiated(n: LoopNode) -> int | None:
    """The graph node that this is the gradient of, if that gave it its name."""
    of = None if n.origin is None else n.origin.gradient_of
    return None if of is None else of.id


def _free(name: str, taken: set[str]) -> str:
    numbered = (f"{name}_{i}" for i in itertools.count(2))
    return next(label for label in itertools.chain([name], numbered) if label not in taken)
