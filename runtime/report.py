"""`sw.inspect`: what the compiler made of a program, as text and as data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, final

from ..compiler.errors import CompileError
from ..compiler.loc import user_loc
from ..compiler.program import DotCall, Kernel, Program

if TYPE_CHECKING:
    from ..compiler.program import UserLine


class HasProgram(Protocol):
    """A trainer or a jitted function: something that ran a program."""

    @property
    def program(self) -> Program | None: ...


@final
@dataclass(frozen=True, slots=True)
class Report:
    """A program for reading: `print(report)`, or follow lines to kernels and back.

    `str(report)` is the listing and every kernel with its lines, work and reason; the kernels' text is the text of the
    file that is executed.
    """

    program: Program

    def kernels_for(self, line: int | str) -> tuple[Kernel, ...]:
        """The kernels that compute a line of the user's program, forward, backward and update.

        Args:
            line: a line number, or `"file.py:14"`.
        """
        file, _, number = str(line).rpartition(":")
        return tuple(
            k
            for k in self.program.kernels
            if any(u.line == int(number) and u.file.endswith(file) for u in k.user_lines)
        )

    def lines_for(self, kernel: str | Kernel) -> tuple[UserLine, ...]:
        """The user's lines behind a kernel."""
        return (kernel if isinstance(kernel, Kernel) else self.program.kernel(kernel)).user_lines

    def to_json(self, path: str | Path) -> None:
        """Write the report as JSON."""
        Path(path).write_text(json.dumps(self.as_dict(), indent=1) + "\n")

    def as_dict(self) -> dict[str, object]:
        """Name, listing, memory and kernels as plain data."""
        memory = self.program.memory
        return {
            "program": self.program.name,
            "path": self.program.path,
            "target": self.program.target,
            "products": self.program.products,
            "phases": self.program.phases,
            "memory": {"arena": memory.arena, "unshared": memory.unshared, "scratch": memory.scratch},
            "listing": self.program.listing(),
            "kernels": [_kernel(k) for k in self.program.kernels],
        }

    def __str__(self) -> str:
        parts = [self.program.listing()]
        if self.program.path is not None:
            parts.append(f"file: {self.program.path}\n")
        if any(isinstance(r.call, DotCall) for r in self.program.rows):
            parts.append(f"products of matrices: {self.program.products}\n")
        for k in self.program.kernels:
            intensity = f"{k.flops / k.bytes:.2f}" if k.bytes else "-"
            parts.append(
                f"{k.name}: {k.calls} call{'s' if k.calls != 1 else ''} a step, {k.flops:,} FLOPs, {k.bytes:,} bytes, "
                f"{intensity} FLOPs a byte\n  why: {k.why}\n" + _lines(k.user_lines) + f"\n{k.source}"
            )
        return "\n".join(parts)

    __repr__ = __str__


def _lines(lines: Sequence[UserLine]) -> str:
    return "".join(f"  {u.role:<8} {u}\n" for u in lines)


def _kernel(k: Kernel) -> dict[str, object]:
    lines = [{"file": u.file, "line": u.line, "text": u.text, "role": u.role} for u in k.user_lines]
    return {
        "name": k.name,
        "target": k.target,
        "source": k.source,
        "calls": k.calls,
        "flops": k.flops,
        "bytes": k.bytes,
        "why": k.why,
        "reads": k.reads,
        "writes": k.writes,
        "lines": lines,
    }


def inspect(source: HasProgram | Program) -> Report:
    """A report on a program, or on the program that a trainer or jitted function ran last.

    Raises:
        CompileError: nothing has been compiled yet, or the backend is eager.
    """
    found: object = source if isinstance(source, Program) else getattr(source, "program", source)
    if found is not None and not isinstance(found, Program):
        raise CompileError(
            f"{type(source).__name__} has no program to inspect",
            loc=user_loc(),
            help="give a trainer, a jitted function or a Program",
            code="SW504",
        )
    if found is None:
        raise CompileError(
            "there is no program to inspect yet",
            help="run a step first, or use trainer.lower(...); the eager backend has no programs",
            loc=user_loc(),
            code="SW504",
        )
    return Report(found)
