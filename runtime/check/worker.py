"""The process that imports a file and checks its functions. `source` starts it and reads what it writes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import sysconfig
import time
import traceback
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from ...compiler.errors import ShapewrightError
from ...compiler.loc import Loc
from .expressions import values_of
from .functions import Outcome, Target, Unbound, check, targets
from .guards import install
from .importing import import_file
from .result import CheckResult, Diagnostic, Fix, FunctionResult, Note, Span
from .state import Found, is_file, raised_at, text_of

_PROCESS = os.getpid()
_NO_NAME = re.compile(r"cannot import name '(\w+)'")


def main(file: str, answer: str, started: float, costs: bool = False, instead: str | None = None) -> None:
    """Check `file` and write to the file `answer`: a line for every stage and function, the rest of the result last.

    instead: a file with the text that is checked in the place of its own.
    """
    text = None if instead is None else Path(instead).read_bytes().decode()
    with open(answer, "w", encoding="utf-8") as out:
        stage(out, 1, "the import of the file")
        install()
        try:
            module = import_file(file, text)
        except BaseException as error:
            notes = tuple(_led_to(error, file))
            result = CheckResult(file, False, (import_error(error, file),), notes, import_time=time.time() - started)
            write(out, result=asdict(result), sources=sources(error), missing=missing(error))
            return
        imported = time.time()
        found = targets(module, file)
        write(out, targets=[(t.name, asdict(Span.of(t.place))) for t in found], sources=sources())
        for target in found:
            stage(out, target.place.line, f"checking `{target.name}`")
            write(out, part=asdict(examine(target, file, costs=costs)))
        spent = time.time() - imported
        write(out, result=asdict(CheckResult(file, True, (), (), (), imported - started, spent)), sources=sources())


def write(out: TextIO, **line: object) -> None:
    """Write a line of the answer, which stays if the process is ended."""
    if os.getpid() != _PROCESS:  # the program has forked, and comes back from it twice
        os._exit(0)
    out.write(json.dumps(line) + "\n")
    out.flush()


def examine(target: Target, file: str, *, costs: bool = False) -> CheckResult:
    """Check one function: the result of the file, as far as it is about this function."""
    place = Span.of(target.place)
    try:
        outcomes = check(target)
    except Unbound as why:
        reason = f"cannot be bound: {why}"
        note = Note(file, place.line, f"`{target.name}` is not checked: {reason}")
        return CheckResult(file, True, notes=(note,), functions=(FunctionResult(target.name, place, reason),))
    except BaseException as error:  # of what runs before the function does
        loc = raised_at(error) or target.place
        wrong = error if isinstance(error, ShapewrightError) else ShapewrightError(text_of(error))
        function = FunctionResult(target.name, place)
        return CheckResult(file, True, (_diagnostic(Found(wrong.at(loc), loc)),), functions=(function,))
    values = values_of(target, outcomes[0], costs=costs)
    lines = tuple(sorted({n for o in outcomes for f, n in o.lines if f == file}))
    function = FunctionResult(target.name, place, None, values, lines, outcomes[0].numbers)
    errors = tuple(_diagnostic(found) for o in outcomes for found in o.errors)
    return CheckResult(file, True, errors, tuple(_only_some(outcomes, target)), (function,))


def stage(out: TextIO, line: int, text: str) -> None:
    """Say what is being done, for the case that it does not come to an end."""
    write(out, line=line, stage=text)


def _only_some(outcomes: Iterable[Outcome], target: Target) -> list[Note]:
    found = [e for o in outcomes for e in o.some]
    return [
        Note(f.loc.file, f.loc.line, f"`{target.name}` fails with some sizes ({sizes}): {f.error.diagnostic.message}")
        for f, sizes in found
    ]


def _diagnostic(found: Found) -> Diagnostic:
    error, d = found.error, found.error.diagnostic
    function = found.loc.function.rpartition("<locals>.")[2]
    return Diagnostic(
        Span.of(found.loc),
        error.code,
        d.message,
        function,
        details=(*d.operands, *d.details),
        notes=tuple(d.notes),
        help=d.help,
        fix=None if d.edit is None else Fix(Span.of(d.edit), d.edit.text),
        text="\n".join(_text(error)),
    )


def _text(error: ShapewrightError) -> list[str]:
    return str(error).splitlines()


def sources(failed: BaseException | None = None) -> dict[str, str]:
    """The files that have been imported and are neither a package's nor ours, with the digest of each.

    failed: why an import was not finished; the files that it came from are among them.
    """
    roots = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    skipped = tuple(f"{root}{os.sep}" for root in (*roots, str(Path(__file__).resolve().parents[2])))
    files: set[object] = (
        set() if failed is None else {f.f_code.co_filename for f, _ in traceback.walk_tb(failed.__traceback__)}
    )
    if isinstance(failed, SyntaxError):
        files.add(failed.filename)
    for module in list(sys.modules.values()):
        with suppress(Exception):  # a module may be any object
            files.add(getattr(module, "__file__", None))
    found: dict[str, str] = {}
    for file in sorted(f for f in files if isinstance(f, str) and f.endswith(".py")):
        if not str(Path(file).resolve()).startswith(skipped):
            with suppress(OSError):
                found[file] = digest(Path(file).read_bytes())
    return found


def missing(failed: BaseException) -> list[str]:
    """The name of the module that there is not, or of what a module has not, which may be one that is missing in it."""
    if isinstance(failed, ModuleNotFoundError):
        return [failed.name] if failed.name else []
    found = _NO_NAME.match(str(failed)) if isinstance(failed, ImportError) else None
    return [] if found is None else [found[1]]


def digest(content: bytes) -> str:
    """What tells the content of a file from others."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


# ---- errors of the import
def import_error(error: BaseException, file: str) -> Diagnostic:
    """The diagnostic of a file that cannot be imported."""
    if isinstance(error, ShapewrightError):
        at = error.diagnostic.loc
        loc = (at if at is not None and is_file(at.file) else raised_at(error)) or _whole(file)
        error.diagnostic.loc = loc
        return _diagnostic(Found(error.at(loc), loc))
    if isinstance(error, SyntaxError) and error.filename is not None and is_file(error.filename):
        line, column = error.lineno or 1, (error.offset or 1) - 1
        end, end_column = error.end_lineno or line, max((error.end_offset or 0) - 1, column + 1)
        loc = Loc(error.filename, line, end, column, end_column, "<module>")
    else:
        loc = raised_at(error) or _whole(file)
    text = text_of(error).replace("\n", " ")
    message = f"the file cannot be imported: {text}"
    return _diagnostic(Found(ShapewrightError(message, loc=loc), loc))


def _led_to(error: BaseException, file: str) -> Iterator[Note]:
    """Where the file itself stands in an import that failed in another file."""
    wrong = import_error(error, file)
    at = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == file]
    if wrong.span.file != file and at:
        where = f"{Path(wrong.span.file).name}:{wrong.span.line}"
        text = wrong.message.removeprefix("the file cannot be imported: ")
        yield Note(file, at[-1], f"the file cannot be imported: {text} ({where})")


def _whole(file: str) -> Loc:
    return Loc(file, 1, 1, 0, 0, "<module>")
