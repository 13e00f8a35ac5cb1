"""Random programs on a CUDA device: fused and unfused equal the references, values and gradients.

They come from the generator of tests/compiler; its choices are drawn by a plain random generator here, so a failing
program is found again by its number.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar, final

import pytest

from shapewright.compiler.codegen.cuda import SIMULATOR

from ..compiler.harness import interpret
from ..compiler.programs import SIZES, Program, random_program
from ..compiler.run_random import ROUNDINGS
from ..ops.oracle import close, gap
from .test_cuda_mappings import FEW, run_on

T = TypeVar("T")
PROGRAMS = 20
FORCED = 3  # operations sampled evenly


@final
class Choices:
    """Choices drawn by a random generator."""

    def __init__(self, number: int) -> None:
        self.random = Random(number)

    def choose(self, options: Sequence[T]) -> T:
        return self.random.choice(list(options))


def program(number: int, forced: int = FORCED) -> Program:
    draw = Choices(number)
    return random_program(draw, draw.choose((1, 2)), forced)


@pytest.mark.parametrize("number", range(PROGRAMS))
def test_random_program(number: int) -> None:
    """Fused; and one in three with few registers for rows, one in three with a kernel for each operation."""
    p = program(number)
    outputs = p.finish()
    leaves = p.values(seed=number)
    want = interpret(p.graph, leaves, SIZES)
    other = {0: [(SIMULATOR, False)], 1: [(FEW, True)], 2: []}
    for machine, fuse in [(SIMULATOR, True), *other[number % 3]]:
        got, _ = run_on(p.graph, leaves, machine, fuse=fuse)
        for node, value in zip(outputs, got, strict=True):
            assert close(value, want[node.id], ROUNDINGS), (
                f"fuse={fuse}, {machine}: {node!r} differs by {gap(value, want[node.id])}\n{p.graph}"
            )


def test_a_program_is_found_again_by_its_number() -> None:
    assert program(3).graph.text() == program(3).graph.text() != program(4).graph.text()
