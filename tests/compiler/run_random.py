"""One share of the random programs, in a process of its own: `run_random.py SHARE COUNT` prints a JSON table of uses.

Compiled code is never freed, so hundreds of programs in one process would fill the memory that LLVM may use for code.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar, final

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # so that the tests' modules can be imported

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.compiler.harness import interpret, run_compiled
from tests.compiler.programs import SIZES, random_program
from tests.ops.oracle import close, gap

T = TypeVar("T")
FORCED = 7  # operations sampled evenly

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


def run_programs(share: int, count: int) -> Counter[str]:
    """Check `count` programs; how many of them used each operation."""
    used: Counter[str] = Counter()

    @seed(share)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],  # a failing program is small already, and shrinking compiles hundreds more
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )
    @given(st.data())
    def check(data: st.DataObject) -> None:
        draw = Choices(data)
        p = random_program(draw, draw.choose(range(1, 5)), FORCED)
        outputs = p.finish()
        leaves = p.values(seed=len(p.graph.nodes))
        want = interpret(p.graph, leaves, SIZES)
        for fuse in (True, False):
            got, _ = run_compiled(p.graph, leaves, fuse=fuse)
            for node, value in zip(outputs, got, strict=True):
                assert close(value, want[node.id], ROUNDINGS), (
                    f"fuse={fuse}: {node!r} differs by {gap(value, want[node.id])}\n{p.graph}"
                )
        used.update({n.op for n in p.graph.live()})

    check()
    return used


if __name__ == "__main__":
    print(json.dumps(run_programs(int(sys.argv[1]), int(sys.argv[2]))))
