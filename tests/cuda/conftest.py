"""CUDA tests run in Numba's simulator, unless the environment says otherwise before pytest starts."""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("NUMBA_ENABLE_CUDASIM", "1")
sys.path.append(str(Path(__file__).resolve().parents[2]))  # `benchmarks` is no part of the package
