"""Whole kernels and listings of three small programs for both targets, as a reader sees them.

`pytest --update-golden` writes the files anew; read the difference before committing it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

import shapewright as sw
from shapewright.compiler.program import Program
from shapewright.runtime.options import Device

from .models import PROGRAMS

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
UPDATE = os.environ.get("SHAPEWRIGHT_UPDATE_GOLDEN") == "1"
WIDTH = 100
WANTED = {
    "linear": ["w_grad", "b_grad", "prediction_grad"],
    "mlp": ["h_grad", "w1_grad", "logits_grad"],
    "norm": ["gain_grad", "z"],
}


def program(name: str, target: Device) -> Program:
    """The step of a model for a target. The graph of the CPU's serves: what CUDA makes of it needs no device."""
    made = PROGRAMS[name]()
    if target == "cpu":
        return made
    return sw.compile(made.graph, sw.Options(device=target), name=made.name, example=made.example)


@pytest.mark.parametrize("target", ["cpu", "cuda"])
@pytest.mark.parametrize("name", sorted(PROGRAMS))
@pytest.mark.parametrize("what", ["listing", "kernels"])
def test_golden(name: str, what: str, target: Device) -> None:
    made = program(name, target)
    text = made.listing() if what == "listing" else made.source
    file = name if target == "cpu" else f"{name}_{target}"
    path = GOLDEN / f"{file}.{'txt' if what == 'listing' else 'py'}"
    if UPDATE:
        path.write_text(text)
    assert path.exists(), f"no golden file {path.name}: did you forget --update-golden?"
    assert text == path.read_text()


@pytest.mark.parametrize("target", ["cpu", "cuda"])
@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_names_are_the_users(name: str, target: Device) -> None:
    """Loops are named after axes, operands and gradients after the user's values."""
    made = program(name, target)
    source = made.source
    loop = r"range\(n\)" if target == "cpu" else r"strided\(.*\bBatch_size, .*\)"
    assert re.search(rf"^    for batch in {loop}:  # Batch$", source, re.MULTILINE)
    for word in WANTED[name]:
        assert word in source + made.listing(), word
    assert max(map(len, source.splitlines())) <= WIDTH


@pytest.mark.parametrize("target", ["cpu", "cuda"])
def test_the_same_program_gives_the_same_text(target: Device) -> None:
    for name in PROGRAMS:
        assert program(name, target).source == program(name, target).source


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_a_compiled_graph_compiles_to_the_same_text(name: str) -> None:
    """A program's graph is in terms of primitive operations already, and keeps the user's names."""
    made = PROGRAMS[name]()
    again = sw.compile(made.graph, name=made.name, example=made.example)
    assert (again.source, again.listing()) == (made.source, made.listing())
