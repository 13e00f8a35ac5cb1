"""Everything a trainer changes: parameters, user state, moments, counters; and its save and restore as one unit.

Everything is in cells: their arrays stay at their address for the life of the trainer, and compiled programs hold them
and write them in place; a device keeps their mirrors.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, final

import numpy as np

from ..compiler.errors import CheckpointError
from ..compiler.loc import user_loc
from .checkpoint import Mismatch, OptimizerDict, StateDict
from .optim import Optimizer
from .params import Cell, ParamList
from .values import Arr

G = TypeVar("G", bound="Any")


@final
@dataclass(slots=True)
class Moments:
    """State of one family of optimizers: updates so far, and slot -> one cell per trainable parameter."""

    t: int
    slots: dict[str, list[Cell]]

    def cells(self) -> list[Cell]:
        """The cells of all slots."""
        return [c for slot in self.slots.values() for c in slot]


@final
@dataclass(slots=True)
class Snapshot:
    """Copies of everything, to go back to after a failure."""

    cells: list[tuple[Cell, Arr]]
    times: dict[str, int]
    step: int


@final
@dataclass(slots=True)
class TrainState(Generic[G]):
    """params: the trainable cells. state: cells of the user's own state, written by a step, never differentiated.
    step: steps done, which is the second word of the random key; seed: the first."""

    params: ParamList[G]
    state: ParamList[Any] | None
    seed: int
    step: int = 0
    moments: dict[str, Moments] = field(default_factory=dict[str, Moments])

    def __post_init__(self) -> None:
        for cell in self.state_cells():
            cell.tell(self.params.mirrored)

    @property
    def key(self) -> tuple[int, int]:
        """Both words of the random key of the current step."""
        return (self.seed, self.step & 0xFFFFFFFF)

    def moments_of(self, optimizer: Optimizer) -> Moments:
        """The state of an optimizer's family: zeros at first, then what the last update left."""
        found = self.moments.get(optimizer.family)
        if found is None:
            found = self.moments[optimizer.family] = Moments(0, {})
        for slot in optimizer.slots:
            if slot not in found.slots:
                found.slots[slot] = self._zeros(slot)
        return found

    def _zeros(self, slot: str) -> list[Cell]:
        made = [
            Cell(np.zeros(c.shape, c.dtype), name=f"{slot} of {c.name}", requires_grad=False, names=c.type.names)
            for c in self.params.trainable()
        ]
        for cell in made:
            cell.tell(self.params.mirrored)
        return made

    def state_cells(self) -> tuple[Cell, ...]:
        return () if self.state is None else self.state.cells

    # ---- going back after a failure
    def snapshot(self) -> Snapshot:
        moments = (c for m in self.moments.values() for c in m.cells())
        cells = (*self.params.cells, *self.state_cells(), *moments)
        return Snapshot([(c, c.read().copy()) for c in cells], {f: m.t for f, m in self.moments.items()}, self.step)

    def restore(self, saved: Snapshot) -> None:
        for cell, copy in saved.cells:
            cell.write(copy)
        for family, moments in self.moments.items():
            moments.t = saved.times.get(family, 0)
            if family not in saved.times:
                for cell in moments.cells():
                    cell.write(np.zeros(cell.shape, cell.dtype))
        self.step = saved.step

    # ---- saving
    def state_dict(self) -> StateDict:
        """Copies of everything, by name."""
        names = [c.name for c in self.params.trainable()]
        return {
            "params": {c.name: c.read().copy() for c in self.params.cells},
            "state": {c.name: c.read().copy() for c in self.state_cells()},
            "optimizers": {
                family: {
                    "t": m.t,
                    "slots": {
                        s: {n: c.read().copy() for n, c in zip(names, cells, strict=True)}
                        for s, cells in m.slots.items()
                    },
                }
                for family, m in self.moments.items()
                if m.t
            },
            "step": self.step,
            "seed": self.seed,
        }

    def load(self, saved: StateDict, where: str) -> None:
        """Overwrite everything, or on an error nothing.

        Raises:
            CheckpointError: names or shapes that differ, all of them named, or a dictionary of another layout.
        """
        try:
            self._compare(saved, where)
            step, seed = int(saved["step"]), int(saved["seed"])
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise CheckpointError(
                f"{where} is not a state of a trainer ({type(error).__name__}: {error})",
                loc=user_loc(),
                help="pass what trainer.state_dict() returned",
                code="SW702",
            ) from error
        for cell in self.params.cells:
            cell.write(saved["params"][cell.name])
        for cell in self.state_cells():
            cell.write(saved["state"][cell.name])
        for family in self.moments.keys() | saved["optimizers"].keys():
            self._load_moments(family, saved["optimizers"].get(family, {"t": 0, "slots": {}}))
        self.step, self.seed = step, seed

    def _compare(self, saved: StateDict, where: str) -> None:
        faults = Mismatch(where)
        faults.compare("parameter", {c.name: c.host for c in self.params.cells}, saved["params"])
        faults.compare("state", {c.name: c.host for c in self.state_cells()}, saved["state"])
        trainable = {c.name: c.host for c in self.params.trainable()}
        for family, optimizer in saved["optimizers"].items():
            int(optimizer["t"])
            for slot, arrays in optimizer["slots"].items():
                faults.compare(f"{family} {slot} of parameter", trainable, arrays)
        faults.check()

    def _load_moments(self, family: str, saved: OptimizerDict) -> None:
        cells = self.params.trainable()
        moments = self.moments.setdefault(family, Moments(0, {}))
        moments.t = int(saved["t"])
        for slot in moments.slots.keys() | saved["slots"].keys():
            if slot not in moments.slots:
                moments.slots[slot] = self._zeros(slot)
            given = saved["slots"].get(slot)
            for cell, moment in zip(cells, moments.slots[slot], strict=True):
                moment.write(np.zeros(cell.shape, cell.dtype) if given is None else given[cell.name])
