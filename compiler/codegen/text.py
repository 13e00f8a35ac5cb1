"""Program text with symbolic names: the same structure gives the same text, whatever the user called things.

While a kernel is written, every identifier is a token. `Names.canonical` replaces tokens by their number (two kernels
with equal canonical text are one kernel); `Names.render` replaces them by readable, unique names.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import final

_TOKEN = re.compile("\x01(\\d+)\x02")
NOMINAL = 8  # letters of a name where only the structure of a text counts
_COMMENT = re.compile(r"[ ]*#.*$", re.MULTILINE)


@final
@dataclass(frozen=True, slots=True)
class Expr:
    """An expression and how tightly it binds (higher binds tighter; see `codegen.scalars`)."""

    text: str
    level: int = 10

    def at(self, level: int) -> str:
        """The text, in parentheses where the surroundings bind tighter."""
        return self.text if self.level >= level else f"({self.text})"


def identifier(name: str) -> str:
    """A user's name as a Python identifier: `blocks.0.w` -> `blocks_0_w`."""
    out = re.sub(r"\W+", "_", name).strip("_") or "v"
    return f"_{out}" if out[0].isdigit() else out


def axis_variable(name: str | None, fallback: str) -> str:
    """Loop variable of an axis: `Batch` -> `batch`, `HeadDim` -> `head_dim`."""
    if name is None or not name.isidentifier():
        return fallback
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


@final
@dataclass(slots=True)
class Names:
    """Tokens of one kernel."""

    reserved: frozenset[str]
    wanted: list[str] = field(default_factory=list[str])
    memo: dict[Hashable, str] = field(default_factory=dict[Hashable, str])

    def token(self, key: Hashable, wanted: str) -> str:
        """The token for `key`, made on first use."""
        if key not in self.memo:
            self.memo[key] = f"\x01{len(self.wanted)}\x02"
            self.wanted.append(identifier(wanted))
        return self.memo[key]

    def width(self, text: str) -> int:
        """How long a text will be with the wanted names."""
        return len(_TOKEN.sub(lambda m: self.wanted[int(m[1])], text))

    def length(self, text: str) -> int:
        """How long a text is if every name has eight letters: what must not depend on the user's names goes by it."""
        return len(_TOKEN.sub("a" * NOMINAL, text))

    def canonical(self, text: str) -> str:
        """The text without names and comments: equal for kernels that do the same."""
        order: dict[str, str] = {}
        return _TOKEN.sub(lambda m: order.setdefault(m[1], f"_{len(order)}_"), _COMMENT.sub("", text))

    def render(self, text: str) -> str:
        """The text with readable names, all of them different."""
        taken = set(self.reserved)
        final_names: list[str] = []
        for want in self.wanted:
            name, k = want, 2
            while name in taken or keyword.iskeyword(name):
                name, k = f"{want}_{k}", k + 1
            taken.add(name)
            final_names.append(name)
        return _TOKEN.sub(lambda m: final_names[int(m[1])], text)
