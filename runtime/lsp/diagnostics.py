"""What a check has found, as the diagnostics of an editor."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import final

from lsprotocol import types
from pygls.uris import from_fs_path
from pygls.workspace import PositionCodec

from ..check import CheckResult, Diagnostic, Span
from .text import LineMap, line_range, range_of, shifted

SOURCE = "shapewright"
PAGES = Path(__file__).resolve().parents[2] / "docs" / "errors"  # of this checkout, or of the installed package
# At the end of a note: who bound an axis, and where.
_PLACE = re.compile(r"(?: at |\s*\()([^()\s]+\.py):(\d+)\)?$")


@final
@dataclass(frozen=True, slots=True)
class Look:
    """How a client sees the files of a check.

    checked: the lines that the check read. edits: what has happened to them since. other: both for another file, by path.
    sources: the files that were imported. related: whether the client shows places that belong to a diagnostic. docs: address of the documentation, None
    for the pages that come with the package.
    """

    file: str
    checked: list[str]
    edits: LineMap
    other: Callable[[str], tuple[list[str], LineMap]]
    sources: Collection[str]
    codec: PositionCodec
    related: bool
    docs: str | None = None

    def range(self, span: Span, *, exactly: bool = False) -> types.Range:
        """The range of a span in the units of the client; the whole line if it is empty, unless it is meant exactly."""
        lines, edits = (self.checked, self.edits) if span.file == self.file else self.other(span.file)
        place = range_of(span, lines, self.codec)
        if place.start == place.end and not exactly:
            place = line_range(span.line, lines, self.codec)
        return shifted(place, (edits.new(span.line) or span.line) - span.line)

    def line(self, file: str, line: int) -> types.Range:
        """What stands in a line."""
        return self.range(Span(file, line, 1, line, 1))


def diagnostics_of(result: CheckResult, look: Look) -> dict[str, list[types.Diagnostic]]:
    """The diagnostics of a check by file. Notes are those of functions that are not checked, or fail with some sizes; of a
    file that cannot be imported, where it imports what fails."""
    of_notes = types.DiagnosticSeverity.Information if result.imported else types.DiagnosticSeverity.Error
    found: dict[str, list[types.Diagnostic]] = {result.file: []}
    for d in result.diagnostics:
        found.setdefault(d.span.file, []).append(_diagnostic(d, look))
    for note in result.notes:
        shown = types.Diagnostic(look.line(note.file, note.line), note.text, severity=of_notes, source=SOURCE)
        found.setdefault(note.file, []).append(shown)
    return found


def _diagnostic(d: Diagnostic, look: Look) -> types.Diagnostic:
    related = dict(_related(d, look)) if look.related else {}
    notes = [f"note: {n}" for n in d.notes if n not in related]
    help = [f"help: {d.help}"] if d.help is not None else []
    href = docs_link(d.code, look.docs)
    return types.Diagnostic(
        look.range(d.span),
        "\n".join([d.message, *d.details, *notes, *help]),
        severity=types.DiagnosticSeverity.Error,
        code=d.code,
        code_description=None if href is None else types.CodeDescription(href),
        source=SOURCE,
        related_information=list(related.values()) or None,
    )


def title_of(error: Diagnostic) -> str:
    """What the correction of an error is called: its help, as a sentence."""
    text = error.help or ""
    return text[:1].upper() + text[1:].replace("`", "")


def _related(d: Diagnostic, look: Look) -> Iterator[tuple[str, types.DiagnosticRelatedInformation]]:
    """The notes that name a line of a file that is known by its name, and has it alone."""
    known = {look.file, d.span.file, *look.sources}
    for note in d.notes:
        found = _PLACE.search(note)
        files = [f for f in known if found is not None and Path(f).name == found[1]]
        if found is not None and len(files) == 1:
            place = types.Location(uri_of(files[0]), look.line(files[0], int(found[2])))
            yield note, types.DiagnosticRelatedInformation(place, note[: found.start()])


def uri_of(file: str) -> str:
    """The address of a file."""
    uri: str | None = from_fs_path(file)
    assert uri is not None
    return uri


def docs_link(code: str, docs: str | None) -> str | None:
    """The page about a code: below the address of the documentation, or the one that comes with the package."""
    if docs is not None:
        return f"{docs.rstrip('/')}/errors/{code}/"
    page = PAGES / f"{code}.md"
    return page.as_uri() if page.is_file() else None
