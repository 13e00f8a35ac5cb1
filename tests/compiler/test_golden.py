"""Whole kernels and listings of three small programs, as a reader sees them.

SHAPEWRIGHT_UPDATE_GOLDEN=1 writes the files anew; read the difference before committing it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .models import PROGRAMS

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
UPDATE = os.environ.get("SHAPEWRIGHT_UPDATE_GOLDEN") == "1"


@pytest.mark.parametrize("name", sorted(PROGRAMS))
@pytest.mark.parametrize("what", ["listing", "kernels"])
def test_golden(name: str, what: str) -> None:
    program = PROGRAMS[name]()
    text = program.listing() if what == "listing" else program.source
    path = GOLDEN / f"{name}.{'txt' if what == 'listing' else 'py'}"
    if UPDATE:
        path.write_text(text)
    assert path.exists(), f"no golden file {path.name}: did you forget SHAPEWRIGHT_UPDATE_GOLDEN=1?"
    assert text == path.read_text()


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_names_are_the_users(name: str) -> None:
    """Loops are named after axes, operands and gradients after the user's values."""
    program = PROGRAMS[name]()
    source = program.source
    assert "for batch in range(n):  # Batch" in source
    wanted = {"linear": ["w_grad", "b_grad"], "mlp": ["h_grad", "w1_grad", "logits_grad"], "norm": ["gain_grad", "z"]}
    for word in wanted[name]:
        assert word in source + program.listing(), word
    assert max(map(len, source.splitlines())) <= 100


def test_the_same_program_gives_the_same_text() -> None:
    for build in PROGRAMS.values():
        assert build().source == build().source
