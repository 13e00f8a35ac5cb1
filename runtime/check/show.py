"""What `shapewright check` prints."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from io import TextIOWrapper
from pathlib import Path

from ...compiler.errors import OptionError
from .files import chosen
from .fix import fix_file
from .result import CheckResult, Diagnostic, Span
from .source import check_source, end_all


def show(paths: Sequence[Path], *, as_json: bool, timeout: float, verbose: bool, fix: bool = False) -> int:
    """Check files, and those of folders, and print the report. The exit status: 0, 1 with errors, 2 if one cannot be
    imported or is not there.

    fix: the files are corrected first, as far as the help of their errors does that.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # it may be ASCII
    files, wrong = chosen(paths)
    if fix:  # one after the other: a file may import another
        wrong += [(file, error) for file in files if (error := _fixed(file, timeout, aside=as_json)) is not None]
    whole = _checked(files, timeout)
    results = [_with_paths(result, file) for result, file in zip(whole, files, strict=True)]
    if as_json:
        objects = [_object(path, error) for path, error in wrong]
        objects += [d.to_json() for result in results for d in result.diagnostics]
        print(json.dumps(objects, indent=2))
    for _, error in wrong:
        print(error, file=sys.stderr)
    for result in results:
        if not as_json:
            *lines, last = report(result)
            print("\n".join([*lines, f"{result.file}: {last}" if len(results) > 1 and result.imported else last]))
        side = list(notes(result)) if as_json else []
        if verbose:
            side.append(f"import {result.import_time:.2f} s, shapes {1e3 * result.shape_time:.1f} ms")
        if side:
            print("\n".join(side), file=sys.stderr)
    return 2 if wrong else max(2 if not r.imported else 1 if r.diagnostics else 0 for r in results)


def _checked(files: Sequence[Path], timeout: float) -> list[CheckResult]:
    """The results of files, each in a process of its own."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            return list(pool.map(partial(check_source, timeout=timeout), files))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            end_all()  # the others wait for their processes
            raise


def _fixed(file: Path, timeout: float, *, aside: bool) -> OptionError | None:
    """Correct a file and say what was done, or why it was not."""
    try:
        for d in fix_file(file, timeout)[1]:
            line = f"{file}:{d.span.line}:{d.span.column}: fixed[{d.code}]: {d.help}"
            print(line, file=sys.stderr if aside else None)
    except OptionError as error:
        if error.code != "SW801":
            raise
        return error
    return None


def _object(path: Path, error: OptionError) -> dict[str, object]:
    """What `--json` prints for a path that means no file, or for a file that cannot be corrected."""
    d = error.diagnostic
    return Diagnostic(Span(str(path), 1, 1, 1, 1), error.code, d.message, "<module>", help=d.help).to_json()


def report(result: CheckResult) -> Iterator[str]:
    """The lines of the report."""
    for d in result.diagnostics:
        first, *rest = d.text.splitlines()
        yield f"{d.span.file}:{d.span.line}:{d.span.column}: {first}"
        yield from (f"  {line}" for line in rest)
    yield from notes(result)
    if result.imported:
        yield result.summary


def notes(result: CheckResult) -> Iterator[str]:
    """One line per note."""
    return (f"{n.file}:{n.line}: note: {n.text}" for n in result.notes)


def _with_paths(result: CheckResult, given: Path) -> CheckResult:
    """The result with paths as people write them: the file's as it was given, others from the working directory."""

    def short(path: str) -> str:
        if path == result.file:
            return str(given)
        return os.path.relpath(path) if Path(path).is_relative_to(Path.cwd()) else path

    def placed(d: Diagnostic) -> Diagnostic:
        fix = None if d.fix is None else replace(d.fix, span=replace(d.fix.span, file=short(d.fix.span.file)))
        return replace(d, span=replace(d.span, file=short(d.span.file)), fix=fix)

    return replace(
        result,
        file=str(given),
        diagnostics=tuple(map(placed, result.diagnostics)),
        notes=tuple(replace(n, file=short(n.file)) for n in result.notes),
    )
