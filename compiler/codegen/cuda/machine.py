"""The reference constants of the CUDA target: equal on every machine, so that kernels and bits are too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final


@final
@dataclass(frozen=True, slots=True)
class Machine:
    """threads: of a block that shares out single elements. processors: multiprocessors, each of which holds at most
    `resident` threads in at most `resident_blocks` blocks. fold_threads: threads of each processor that share a fold
    over rows (every block leaves a partial result), `fold_rows` rows a block at least. row_threads: of a block that works
    on one row together, at most; `row_elements`: of the row for each of its threads. registers: elements of a row that a
    thread keeps, over all values; a longer row is read again instead. pick_limit: columns up to which an indexed element
    is picked by a masked sum over its row, which costs nothing where the row is in registers."""

    threads: int = 256
    processors: int = 132
    resident: int = 2048
    resident_blocks: int = 32
    fold_threads: int = 512
    fold_rows: int = 4
    row_threads: int = 512
    row_elements: int = 8
    registers: int = 128
    pick_limit: int = 65536

    def blocks(self, threads: int) -> int:
        """Blocks that fill the device; a launch has no more."""
        return self.processors * max(1, min(self.resident_blocks, self.resident // threads))

    def fold_blocks(self, threads: int) -> int:
        """Blocks that share a fold: fewer, since each leaves a partial result, but two of each processor at least."""
        return self.processors * max(2, min(self.resident_blocks, self.fold_threads // threads))


CUDA: Final = Machine()
"""A data-centre GPU: 132 multiprocessors of 2,048 threads."""
SIMULATOR: Final = Machine(
    threads=32, processors=1, resident=64, fold_threads=64, fold_rows=2, row_threads=64, row_elements=4
)
"""A simulator that runs every thread as a thread of the operating system: few of them, in few blocks."""
