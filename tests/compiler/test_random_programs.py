"""200 random typed programs: eager (references) = compiled, fusion on = fusion off, values and gradients.

Each has a contraction or reduction and a shared value. The table of how often each operation was used is printed, and
every one must have been used at least five times.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from shapewright.compiler.ops.table import OPS

from .programs import missing

SHARES, EACH, AT_ONCE = 4, 50, 2
SCRIPT = Path(__file__).with_name("run_random.py")


def test_every_operation_has_a_step() -> None:
    assert missing() == set()


@pytest.mark.random
def test_random_programs(capsys: pytest.CaptureFixture[str]) -> None:
    used: Counter[str] = Counter()
    here = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
    }  # the same package as in this process
    for first in range(0, SHARES, AT_ONCE):
        children = [
            subprocess.Popen(
                [sys.executable, str(SCRIPT), str(share), str(EACH)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=here,
            )
            for share in range(first, first + AT_ONCE)
        ]
        for child in children:
            out, err = child.communicate()
            assert child.returncode == 0, err[-6000:]
            used.update(json.loads(out))
    with capsys.disabled():
        print(f"\n{SHARES * EACH} random programs; programs that use each operation:")
        cells = [f"{name:<20}{used[name]:4d}" for name in sorted(OPS)]
        for i in range(0, len(cells), 4):
            print("  " + "   ".join(cells[i : i + 4]))
    assert {name for name in OPS if used[name] < 5} == set()
