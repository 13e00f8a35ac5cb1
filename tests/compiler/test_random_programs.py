"""200 random typed programs: eager (references) = compiled, fusion on = fusion off, values and gradients.

Each has a contraction or reduction and a shared value. The table of how often each operation was used is printed by
`pytest -s`, and every one must have been used at least five times.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar, final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from shapewright.compiler.ops.table import OPS
from shapewright.compiler.sizes import Symbol

from ..ops.oracle import close, gap
from .harness import interpret, run_compiled
from .programs import missing, random_program

T = TypeVar("T")
PROGRAMS = 200
BATCH = 5
USED: Counter[str] = Counter()

# float64 throughout, so a wrong program stands out: values are squashed to about 1, a program has fewer than 400
# roundings on any path, and the derivatives of the squashing and of 1/x, log, rsqrt on [0.5, 2] amplify by less than 10.
ROUNDINGS = 4000


@final
class Choices:
    """Choices drawn by Hypothesis."""

    def __init__(self, data: st.DataObject) -> None:
        self.data = data

    def choose(self, options: Sequence[T]) -> T:
        return self.data.draw(st.sampled_from(options))


@settings(
    max_examples=PROGRAMS,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # a failing program is small already, and shrinking compiles hundreds more
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(st.data())
def run_programs(data: st.DataObject) -> None:
    draw = Choices(data)
    p = random_program(draw, draw.choose(range(4, 13)))
    outputs = p.finish()
    live = {n.op for n in p.graph.live()}
    USED.update(live)
    leaves = p.values(BATCH, seed=len(p.graph.nodes))
    want = interpret(p.graph, leaves, {Symbol("Batch"): BATCH})
    for options in ({}, {"fuse": False}):
        got, _ = run_compiled(p.graph, leaves, **options)
        for node, value in zip(outputs, got, strict=True):
            assert close(value, want[node.id], ROUNDINGS), f"{options}: {node!r} differs by {gap(value, want[node.id])}"


def test_every_operation_has_a_step() -> None:
    assert missing() == set()


@pytest.mark.slow
def test_random_programs(capsys: pytest.CaptureFixture[str]) -> None:
    run_programs()
    with capsys.disabled():
        print("\noperation: programs that use it")
        for name in sorted(OPS):
            print(f"  {name:<20}{USED[name]:5d}")
    assert {name for name in OPS if USED[name] < 5} == set()
