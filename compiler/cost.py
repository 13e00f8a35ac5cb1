"""The cost model: a few reference constants, the same on every machine, so that kernels and bits are too.

Every decision of the planner is a comparison of two times predicted from these.
"""

from __future__ import annotations

from typing import Final

GEMM_RATE: Final = 60e9
"""FLOP per second of one worker in a library product of many rows."""
GEMM_PACKING_ROWS: Final = 13
"""A product of m rows runs at m / (m + 13) of the rate: each call packs the weights again."""
STREAM_RATE: Final = 8e9
"""Bytes per second of one worker in a generated loop."""
CALL: Final = 60e-9
"""Seconds per row of the step table."""
BARRIER: Final = 1.5e-6
"""Seconds per barrier between phases."""
SERIAL_LIMIT: Final = 25e-6
"""Steps predicted to be shorter run on one worker."""
GEMM_TILE_ROWS: Final = 128
"""A slab with a product wants this many rows a tile ..."""
GEMM_MIN_ROWS: Final = 32
"""... and at least this many where the axis is short."""
TILE_BYTES: Final = 1 << 19
"""A slab without a product: a tile's working set is half of a second-level cache."""


def gemm_seconds(m: float, n: float, k: float, loops: float = 1.0) -> float:
    """Predicted time of `loops` library products [m, k] x [k, n]."""
    return loops * 2.0 * max(m, 1.0) * n * k / (GEMM_RATE * m / (m + GEMM_PACKING_ROWS) if m else GEMM_RATE)


def gemm_tile(extent: int, rows: int) -> int:
    """Units per tile of a slab with products, each unit being `rows` rows of the largest product."""
    total = extent * rows
    wanted = min(GEMM_TILE_ROWS, max(GEMM_MIN_ROWS, -(-total // 2)))
    return balanced(extent, max(1, wanted // max(rows, 1)))


def stream_tile(extent: int, bytes_per_unit: float) -> int:
    """Units per tile of a slab without products."""
    return balanced(extent, max(1, int(TILE_BYTES / max(bytes_per_unit, 1.0))))


def balanced(extent: int, tile: int) -> int:
    """A tile size no larger than `tile` that cuts `extent` into pieces of nearly equal size."""
    if extent <= 0:
        return 1
    tiles = -(-extent // min(tile, extent))
    if tiles > 2:
        tiles += tiles % 2  # an even number shares out evenly among two, four, ... workers
    return -(-extent // tiles)
