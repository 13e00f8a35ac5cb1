"""Threefry-2x32-20: the counter-based generator behind every random operation.

Source: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011), and its library Random123.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Words: TypeAlias = "NDArray[np.uint32]"

ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
PARITY = 0x1BD11BDA


def threefry(k0: Words | int, k1: Words | int, c0: Words | int, c1: Words | int) -> tuple[Words, Words]:
    """Two random words for each counter `(c0, c1)` under the key `(k0, k1)`; the operands broadcast.

    All operands are 32-bit words (uint32 arrays or ints in [0, 2**32)).
    """
    w0, w1, *ks = (np.asarray(v, dtype=np.uint32) for v in (c0, c1, k0, k1))
    ks.append(ks[0] ^ ks[1] ^ np.uint32(PARITY))
    with np.errstate(over="ignore"):
        w0, w1 = w0 + ks[0], w1 + ks[1]
        for group in range(5):
            for r in ROTATIONS[:4] if group % 2 == 0 else ROTATIONS[4:]:
                w0 = w0 + w1
                w1 = ((w1 << np.uint32(r)) | (w1 >> np.uint32(32 - r))) ^ w0
            w0 = w0 + ks[(group + 1) % 3]
            w1 = w1 + ks[(group + 2) % 3] + np.uint32(group + 1)
    return np.asarray(w0, dtype=np.uint32), np.asarray(w1, dtype=np.uint32)
