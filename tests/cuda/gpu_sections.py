"""What the sections of the GPU script are given, and what they tell (gpu.py)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TypeAlias, final


@final
@dataclass(frozen=True, slots=True)
class Setting:
    """How to run a section. tiny: at sizes for a simulator. seed: of fresh inputs. share: which part of the cases, of
    how many, this process checks."""

    tiny: bool
    seed: int
    share: int = 0
    shares: int = 1


@final
@dataclass(slots=True)
class Outcome:
    """What a section found: how many things it checked, what was wrong, a few words for the summary, a digest that all
    shares must agree on, and why it did not run."""

    checked: int = 0
    failures: list[str] = field(default_factory=list[str])
    note: str = ""
    digest: str = ""
    skipped: str = ""

    def expect(self, right: bool, what: str) -> None:
        """Count a check; `what` was wrong if it is not `right`."""
        self.checked += 1
        if not right:
            self.failures.append(what)
            print(f"FAILED {what}", flush=True)

    def as_json(self) -> dict[str, object]:
        """For the process that asked."""
        return asdict(self)


Section: TypeAlias = Callable[[Setting], Outcome]
