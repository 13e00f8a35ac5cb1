"""The correction that the help of an error says to write. It is tried by a check of the whole file before it is offered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..check import CheckResult, Diagnostic, Fix


def title_of(error: Diagnostic) -> str:
    """What a correction is called: the help, as a sentence."""
    text = error.help or ""
    return text[:1].upper() + text[1:].replace("`", "")


def applied(fix: Fix, lines: Sequence[str]) -> str:
    """The text with a change."""
    at = fix.span
    before, after = lines[at.line - 1][: at.column - 1], lines[at.end_line - 1][at.end_column - 1 :]
    return "\n".join([*lines[: at.line - 1], before + fix.text + after, *lines[at.end_line :]])


def corrects(before: CheckResult, error: Diagnostic, after: CheckResult) -> bool:
    """Whether a check finds the same errors, without this one."""
    return after.imported and _errors(after) == _errors(before) - Counter([_key(error)])


def _errors(result: CheckResult) -> Counter[tuple[str, str, str]]:
    return Counter(_key(d) for d in result.diagnostics)


def _key(d: Diagnostic) -> tuple[str, str, str]:
    return d.code, d.message, d.span.file
