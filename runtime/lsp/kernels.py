"""The kernels of a file as data, and the text that is shown for a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, final

_ROLES = ("forward", "backward", "update")


@final
@dataclass(frozen=True, slots=True)
class Line:
    """A line of a program that a kernel computes, and in which role (forward, backward, update)."""

    file: str
    line: int
    role: str


@final
@dataclass(frozen=True, slots=True)
class KernelText:
    """A kernel: what `sw.inspect` says about it."""

    name: str
    source: str
    why: str
    calls: int
    flops: int
    bytes: int
    lines: tuple[Line, ...]


@final
@dataclass(frozen=True, slots=True)
class Row:
    """A row of the listing: a call of a kernel, a product of the library, or a sum of partial results."""

    text: str
    product: bool
    lines: tuple[Line, ...]


@final
@dataclass(frozen=True, slots=True)
class ProgramText:
    """The program of a function. kind: what it computes. sizes: those that it was recorded with, and works for others.
    fixed: sizes that are numbers in the kernels, and stand for those that the parameters have."""

    name: str
    function: str
    kind: str
    sizes: Mapping[str, int]
    fixed: Mapping[str, int]
    products: str
    kernels: tuple[KernelText, ...]
    rows: tuple[Row, ...]


@final
@dataclass(frozen=True)
class Compiled:
    """The programs of a file, and why functions have none, by name ("": the file cannot be imported)."""

    programs: tuple[ProgramText, ...]
    missing: Mapping[str, str]

    @cached_property
    def _rows(self) -> dict[tuple[str, int], dict[int, list[tuple[str, str]]]]:
        """By line: the names of the rows of each program that compute it, with the first role in which they do."""
        found: dict[tuple[str, int], dict[int, list[tuple[str, str]]]] = {}
        for i, program in enumerate(self.programs):
            for row in program.rows:
                for file, line in dict.fromkeys((x.file, x.line) for x in row.lines):
                    role = _role(row.lines, file, line) or _ROLES[0]
                    rows = found.setdefault((file, line), {}).setdefault(i, [])
                    rows.append((row.text.partition(" ")[0], role))
        return found

    def _numbers_for(self, file: str, line: int) -> list[int]:
        found = list(self._rows.get((file, line), {}))
        return [i for i in found if self.programs[i].kind != "forward"] or found

    def programs_for(self, file: str, line: int) -> list[ProgramText]:
        """The programs that compute a line; only those that also have its derivative, if there are any."""
        return [self.programs[i] for i in self._numbers_for(file, line)]

    def names_for(self, file: str, line: int) -> list[str]:
        """What computes a line, in order: names of kernels, and of products of the library."""
        names = [x for i in self._numbers_for(file, line) for x in self._rows[file, line][i]]
        return list(dict.fromkeys(n for n, _ in sorted(names, key=lambda x: _ROLES.index(x[1]))))


def read_compiled(data: Mapping[str, Any]) -> Compiled:
    """The programs that were written as JSON."""
    return Compiled(tuple(_program(p) for p in data["programs"]), data["missing"])


def _program(data: Mapping[str, Any]) -> ProgramText:
    values: dict[str, Any] = dict(data)
    values["kernels"] = tuple(KernelText(**_with_lines(k)) for k in data["kernels"])
    values["rows"] = tuple(Row(**_with_lines(r)) for r in data["rows"])
    return ProgramText(**values)


def _with_lines(data: Mapping[str, Any]) -> dict[str, Any]:
    return {**data, "lines": tuple(Line(**line) for line in data["lines"])}


def _role(lines: tuple[Line, ...], file: str, line: int) -> str | None:
    """The first role in which a line is computed; None if it is not."""
    roles = [x.role for x in lines if x.line == line and x.file == file]
    return min(roles, key=_ROLES.index) if roles else None


# ---- as text
def text_for(compiled: Compiled, file: str, line: int, source: str) -> str:
    """The kernels of a line, as Markdown; `source` is what stands in it."""
    parts = [f"# {source.strip()}\n\n{Path(file).name}:{line}\n"]
    for program in compiled.programs_for(file, line):
        parts += _program_text(program, file, line)
    if len(parts) == 1:
        reasons = [f"- `{name or 'the file'}`: {why}" for name, why in compiled.missing.items()]
        parts.append("No kernel computes this line.\n")
        parts += ["Functions without a program:\n", *reasons] if reasons else []
    return "\n".join(parts).rstrip("\n") + "\n"


def _program_text(program: ProgramText, file: str, line: int) -> Iterator[str]:
    sizes, fixed = (", ".join(f"{n}={size}" for n, size in x.items()) for x in (program.sizes, program.fixed))
    yield f"## Program {program.name}\n\n{program.kind[0].upper()}{program.kind[1:]} of `{program.function}`."
    if sizes:
        yield f"Figures are for {sizes}; the kernels work for every size."
    if fixed:
        yield f"Written for {fixed}, in the place of sizes that the arguments give."
    shown: set[str] = set()
    for role in _ROLES:
        rows = [r for r in program.rows if _role(r.lines, file, line) == role]
        if not rows:
            continue
        yield f"\n### {role[0].upper()}{role[1:]}\n\n```text"
        yield from dict.fromkeys(r.text for r in rows)
        yield "```\n"
        if any(r.product for r in rows):
            yield f"Products of matrices: {program.products}.\n"
        names = {r.text.partition(" ")[0] for r in rows} - shown
        shown |= names
        for kernel in (k for k in program.kernels if k.name in names):
            yield _kernel_text(kernel)


def _kernel_text(kernel: KernelText) -> str:
    times = "once" if kernel.calls == 1 else f"{kernel.calls} times"
    figures = f"called {times} a step, {kernel.flops:,} FLOPs, {kernel.bytes:,} bytes; {kernel.why}"
    lines = ", ".join(dict.fromkeys(f"{Path(x.file).name}:{x.line} ({x.role})" for x in kernel.lines))
    return f"`{kernel.name}`: {figures}.\nFrom {lines}.\n\n```python\n{kernel.source.rstrip()}\n```\n"
