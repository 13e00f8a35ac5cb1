"""CUDA tests run in Numba's simulator, unless the environment says otherwise before pytest starts."""

from __future__ import annotations

import os

os.environ.setdefault("NUMBA_ENABLE_CUDASIM", "1")
