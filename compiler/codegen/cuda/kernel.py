"""The text of one row kernel: its mapping chosen from what its passes touch."""

from __future__ import annotations

from dataclasses import replace

from ...loop.ir import Reduce
from ...schedule.kernels import Kernel, Schedule, rank
from ..analysis import Analysis
from ..params import Body
from .emit import Emitter
from .machine import Machine
from .mapping import Mapping, mapping_of


def kernel_body(s: Schedule, k: Kernel, machine: Machine) -> Body:
    """The text of a kernel. It is written twice: the first time to learn what its passes touch."""
    facts = Analysis(s, _narrow(s, k))
    first = Emitter(facts, Mapping("rows" if facts.last_pass else "elements", 32, 1, None), {}, machine)
    first.dry_run()
    touched = first.values.touched
    written = {r.into.id for r in k.roots if r.into is not None}
    shared = {
        a: min(p)
        for a, p in touched.items()
        if len(p) > 1 and len(a.index) == len(facts.k.space) and a.owner.id not in written
    }
    sums = sum(isinstance(n, Reduce) and facts.inner in s.at[n.id].dims for n in k.nodes)
    m = mapping_of(facts, machine, set(touched), len(shared) + len(facts.kept) + sums)
    return Emitter(facts, m, shared if m.groups is not None else {}, machine).run()


def _narrow(s: Schedule, k: Kernel) -> Kernel:
    """The kernel without inner axes that none of its values has: a thread a row, if all there is are values per row."""
    return replace(k, space=k.space[: rank(s, k)])
