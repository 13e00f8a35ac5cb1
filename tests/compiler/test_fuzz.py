"""Random programs of seeds that nobody has tried (`make fuzz`); a failure names the seed, to be run again."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("run_random.py")
PROGRAMS, PROCESSES = 100, 20


@pytest.mark.fuzz
@pytest.mark.parametrize("turn", range(PROCESSES))
def test_random_programs_of_a_new_seed(turn: int) -> None:
    seed = 1000 + secrets.randbelow(2**31)
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(seed), str(PROGRAMS)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"python {SCRIPT.name} {seed} {PROGRAMS}\n{done.stderr[-6000:]}"
