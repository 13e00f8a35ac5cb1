"""`shapewright check --fix`: what the help of an error says to write, where a check of the whole file agrees."""

from __future__ import annotations

import os
import shutil
import tempfile
import tokenize
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from contextlib import suppress
from io import BytesIO, StringIO
from pathlib import Path
from typing import NamedTuple

from ...compiler.errors import OptionError
from .result import CheckResult, Diagnostic, Fix
from .source import check_source

_MOST = 10  # changes that one error may ask for


def fix_file(path: Path, timeout: float = 20.0) -> tuple[CheckResult, list[Diagnostic]]:
    """Correct a file as far as its errors say how: the check of what it is then, and the errors that are gone.

    A change is tried by a check of the whole file. An error hides those behind it, so a change may bring up others: it is
    made if the changes that those ask for, and so on, leave fewer errors than there were. The file is written once, at
    the end; its encoding and the ends of its lines stay.

    Raises:
        OptionError: as `check_source`, or the file cannot be written, or was by somebody else meanwhile.
    """
    result = check_source(path, timeout=timeout)
    if not (result.imported and result.finished):  # nobody knows what the functions behind it have
        return result, []
    before = path.read_bytes()
    encoding, text = _decoded(path, before)
    state = _State(text, result, [])
    refused: set[Diagnostic] = set()
    while (error := _first(state.result.diagnostics, state.result, refused)) is not None:
        better = _better(path, timeout, state, error)
        if better is None:
            refused.add(error)
        else:
            state = better
    if state.fixed:
        _write(path, before, state.text.encode(encoding))
    return state.result, state.fixed


def _decoded(path: Path, content: bytes) -> tuple[str, str]:
    """The encoding of a file, and its text."""
    try:
        encoding, _ = tokenize.detect_encoding(BytesIO(content).readline)
        return encoding, content.decode(encoding)
    except (SyntaxError, UnicodeDecodeError) as error:
        raise OptionError(f"{path} cannot be read: {error}", help="save it as UTF-8", code="SW801") from None


class _State(NamedTuple):
    """A text, what a check finds in it, and what was corrected on the way to it."""

    text: str
    result: CheckResult
    fixed: list[Diagnostic]


def _first(errors: Iterable[Diagnostic], result: CheckResult, but: Container[Diagnostic]) -> Diagnostic | None:
    """The first error in the file itself that says what to write."""
    return next((d for d in errors if d.fix is not None and d.fix.span.file == result.file and d not in but), None)


def _better(path: Path, timeout: float, start: _State, error: Diagnostic) -> _State | None:
    """The text with the change for an error, and for those that it brings up, if fewer errors are left."""
    known = _errors(start.result)
    state, next_error = start, error
    for _ in range(_MOST):
        assert next_error.fix is not None
        text = applied(next_error.fix, StringIO(state.text, newline="").readlines(), "")  # they keep their ends
        after = check_source(path, timeout=timeout, text=text)
        if not (after.imported and after.finished):
            return None
        state = _State(text, after, [*state.fixed, next_error])
        if len(after.diagnostics) < len(start.result.diagnostics):
            return state
        found = _first([d for d in after.diagnostics if _key(d) not in known], after, state.fixed)
        if found is None:
            return None
        next_error = found
    return None


def applied(fix: Fix, lines: Sequence[str], between: str = "\n") -> str:
    """The text with a change; `between`: what stands between its lines."""
    at = fix.span
    before, after = lines[at.line - 1][: at.column - 1], lines[at.end_line - 1][at.end_column - 1 :]
    return between.join([*lines[: at.line - 1], before + fix.text + after, *lines[at.end_line :]])


def corrects(before: CheckResult, error: Diagnostic, after: CheckResult) -> bool:
    """Whether a check finds the same errors, without this one."""
    return after.imported and after.finished and _errors(after) == _errors(before) - Counter([_key(error)])


def _errors(result: CheckResult) -> Counter[tuple[str, str, str]]:
    return Counter(_key(d) for d in result.diagnostics)


def _key(d: Diagnostic) -> tuple[str, str, str]:
    return d.code, d.message, d.span.file


def _write(path: Path, before: bytes, after: bytes) -> None:
    """Replace a file as a whole, if it is still what was read. One that has several names is written in its place."""
    target = path.resolve()  # of a link, what it points to
    try:
        status = target.stat()
        if not status.st_mode & 0o222 or not os.access(target, os.W_OK):
            raise PermissionError("it is read-only")
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(after)
            shutil.copymode(target, temporary)
            if target.read_bytes() != before:
                raise OptionError(f"{path} was changed while it was checked", help="run the check again", code="SW801")
            if status.st_nlink == 1:
                os.replace(temporary, target)
            else:
                target.write_bytes(after)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(temporary)
    except OSError as error:
        why = error.strerror or str(error)
        raise OptionError(f"{path} cannot be corrected: {why}", help="make it writable", code="SW801") from None
