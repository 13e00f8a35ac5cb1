"""How many blocks of how many threads run a kernel on a GPU."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from ..sizes import Size, Symbol, evaluate


@final
@dataclass(frozen=True, slots=True)
class Launch:
    """`work` units (rows, or groups of elements) are shared out to blocks that take `each` at a time; a block goes on
    with the next units until all are done, so more than `limit` blocks are never needed. `clears`: the kernel writes a part
    of its result only, which must hold zeros before."""

    threads: int
    work: Size
    each: int
    limit: int
    clears: bool = False

    def blocks(self, env: Mapping[Symbol, int]) -> int:
        """The number of blocks at these run-time sizes."""
        return max(1, min(self.limit, -(-evaluate(self.work, env) // self.each)))
