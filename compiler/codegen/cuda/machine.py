"""The reference constants of the CUDA target: equal on every machine, so that kernels and bits are too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final


@final
@dataclass(frozen=True, slots=True)
class Machine:
    """threads: of a block that shares out single elements. blocks: that fill the device a few times over; a launch has
    no more. fold_blocks: that share a fold over rows (each leaves a partial result), `fold_rows` rows each at least.
    row_threads: of a block that works on one row together, at most; `row_elements`: of the row for each of its threads.
    registers: elements of a row that a thread keeps, over all values; a longer row is read again instead."""

    threads: int = 256
    blocks: int = 1056
    fold_blocks: int = 264
    fold_rows: int = 4
    row_threads: int = 512
    row_elements: int = 8
    registers: int = 128


CUDA: Final = Machine()
"""A data-centre GPU: 132 multiprocessors of 2,048 threads."""
SIMULATOR: Final = Machine(threads=32, blocks=2, fold_blocks=2, fold_rows=2, row_threads=64, row_elements=4)
"""A simulator that runs every thread as a thread of the operating system: few of them, in few blocks."""
