"""What a check finds, as data: it is made in the process that imports the file, and read in the one that asked."""

from __future__ import annotations

import linecache
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, final

from ...compiler.errors import Edit, page_of
from ...compiler.loc import Loc
from ...dsl.report import count


@final
@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A range of a file. Lines and columns count from 1, columns in characters; the end is behind the last one."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    @staticmethod
    def of(loc: Loc | Edit) -> Span:
        """The range of a location, whose columns are bytes from 0."""
        start, end = _column(loc.file, loc.line, loc.col), _column(loc.file, loc.end_line, loc.end_col)
        return Span(loc.file, loc.line, start, loc.end_line, end)

    def to_json(self) -> dict[str, object]:
        """The object that `shapewright check --json` prints."""
        return asdict(self)


def _column(file: str, line: int, offset: int) -> int:
    return len(linecache.getline(file, line).encode()[:offset].decode(errors="ignore")) + 1


@final
@dataclass(frozen=True, slots=True)
class Fix:
    """A change of the user's code: what the help of an error says to write, in the place of what stands in `span`."""

    span: Span
    text: str


@final
@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One error. `function`: where its line stands. `details`: the operands and what is wrong with them. `fix`: what the
    help says, as a change. `text`: the whole error, as it is raised when the program runs."""

    span: Span
    code: str
    message: str
    function: str
    details: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    help: str | None = None
    fix: Fix | None = None
    text: str = ""

    def to_json(self) -> dict[str, object]:
        """The object that `shapewright check --json` prints."""
        what = {"code": self.code, "message": self.message, "details": list(self.details), "notes": list(self.notes)}
        fix = None if self.fix is None else {**self.fix.span.to_json(), "text": self.fix.text}
        more = {"help": self.help, "fix": fix, "page": self.page, "function": self.function}
        return {**self.span.to_json(), **what, **more}

    @property
    def page(self) -> str:
        """The page about the code, relative to the documentation; `shapewright explain CODE` prints it."""
        return page_of(self.code)


@final
@dataclass(frozen=True, slots=True)
class Note:
    """Something to know that is no error: a function that is not checked, an error with some sizes only."""

    file: str
    line: int
    text: str


@final
@dataclass(frozen=True, slots=True)
class Work:
    """What an expression costs each time it is evaluated: the operations that it applies, their floating-point operations,
    and the bytes that they read and write, each compiled alone. Sizes that are not known stay: `2*Batch*Hidden`."""

    ops: tuple[str, ...]
    flops: str
    bytes: str


@final
@dataclass(frozen=True, slots=True)
class Value:
    """The type of an expression, such as `Tensor[Batch, Hidden=32]`. `name`: the variable or parameter it is, if any.

    dtype, axes: of a tensor, with the names and sizes of the axes. fields: of a pack or tuple, with their types.
    work: if it was asked for, and the expression computes something.
    """

    span: Span
    text: str
    name: str | None = None
    dtype: str | None = None
    axes: tuple[tuple[str | None, str], ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    work: Work | None = None


@final
@dataclass(frozen=True, slots=True)
class FunctionResult:
    """One typed function. `reason`: why it could not be checked, None if it was. `values`: in order of their places.
    `lines`: those of the file that compute something when it runs. `numbers`: the sizes in `values` that stand for any
    size, by the name of the axis; there are some where Python code needs sizes as numbers."""

    name: str
    span: Span
    reason: str | None = None
    values: tuple[Value, ...] = ()
    lines: tuple[int, ...] = ()
    numbers: Mapping[str, int] = field(default_factory=dict[str, int])


@final
@dataclass(frozen=True, slots=True)
class CheckResult:
    """What `check_source` returns. Times are seconds: of importing the file (the library included), of the shapes.

    finished: whether all functions were looked at; if not, the check of one did not end.
    """

    file: str
    imported: bool
    diagnostics: tuple[Diagnostic, ...] = ()
    notes: tuple[Note, ...] = ()
    functions: tuple[FunctionResult, ...] = ()
    import_time: float = 0.0
    shape_time: float = 0.0
    finished: bool = True

    @property
    def checked(self) -> int:
        """The number of functions that were checked."""
        return sum(f.reason is None for f in self.functions)

    @property
    def summary(self) -> str:
        """The last line of the report."""
        functions = count(self.checked, "function")
        if not self.diagnostics:
            return f"{functions} checked, no errors"
        places = {(d.span.file, d.function) for d in self.diagnostics}
        return f"{count(len(self.diagnostics), 'error')} in {count(len(places), 'function')}, {functions} checked"


def together(file: str, parts: Iterable[CheckResult], import_time: float = 0.0, shape_time: float = 0.0) -> CheckResult:
    """The result of a file from those of its functions: every error once, in order of lines."""
    parts = list(parts)
    found: dict[tuple[Span, str], Diagnostic] = {}
    for d in (d for part in parts for d in part.diagnostics):
        found.setdefault((d.span, d.code), d)
    listed = sorted(found.values(), key=lambda d: (d.span.file != file, d.span, d.code))
    wrong = {(d.span.file, d.span.line) for d in listed}
    notes = [n for n in dict.fromkeys(n for part in parts for n in part.notes) if (n.file, n.line) not in wrong]
    functions = tuple(f for part in parts for f in part.functions)
    return CheckResult(file, True, tuple(listed), tuple(notes), functions, import_time, shape_time)


# ---- from the data that `dataclasses.asdict` makes
def read_result(data: Mapping[str, Any]) -> CheckResult:
    """The result that was written as JSON."""
    return CheckResult(
        data["file"],
        data["imported"],
        tuple(_diagnostic(d) for d in data["diagnostics"]),
        tuple(Note(**n) for n in data["notes"]),
        tuple(_function(f) for f in data["functions"]),
        data["import_time"],
        data["shape_time"],
    )


def _diagnostic(data: Mapping[str, Any]) -> Diagnostic:
    values: dict[str, Any] = {**data, "details": tuple(data["details"]), "notes": tuple(data["notes"])}
    values["span"] = Span(**data["span"])
    if data["fix"] is not None:
        values["fix"] = Fix(Span(**data["fix"]["span"]), data["fix"]["text"])
    return Diagnostic(**values)


def _function(data: Mapping[str, Any]) -> FunctionResult:
    values = tuple(_value(v) for v in data["values"])
    place = Span(**data["span"])
    return FunctionResult(data["name"], place, data["reason"], values, tuple(data["lines"]), data["numbers"])


def _value(data: Mapping[str, Any]) -> Value:
    axes, fields = (tuple((name, text) for name, text in data[of]) for of in ("axes", "fields"))
    made = data["work"]
    work = None if made is None else Work(tuple(made["ops"]), made["flops"], made["bytes"])
    return Value(Span(**data["span"]), data["text"], data["name"], data["dtype"], axes, fields, work)
