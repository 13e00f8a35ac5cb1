"""The process that imports a file and checks its functions. `source` starts it and reads what it writes."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import linecache
import os
import sys
import sysconfig
import time
import traceback
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import TextIO

from ...compiler.errors import ShapewrightError
from ...compiler.loc import Loc
from .expressions import values_of
from .functions import Outcome, Target, Unbound, check, targets
from .guards import install
from .result import CheckResult, Diagnostic, Fix, FunctionResult, Note, Span
from .state import Found, raised_at


def main(file: str, answer: str, started: float, costs: bool = False, instead: str | None = None) -> None:
    """Check `file` and write to the file `answer`: a line for every stage, the result last. instead: a file with the text
    that is checked in the place of its own."""
    text = None if instead is None else Path(instead).read_bytes().decode()
    with open(answer, "w", encoding="utf-8") as out:
        result = examine(file, out, started, costs=costs, text=text)
        out.write(json.dumps({"result": asdict(result), "sources": sources()}) + "\n")


def examine(file: str, out: TextIO, started: float, *, costs: bool = False, text: str | None = None) -> CheckResult:
    """Import a file and check its functions; `started`: when the process was, as `time.time()`."""
    stage(out, 1, "the import of the file")
    install()
    try:
        module = import_file(file, text)
    except BaseException as error:
        return CheckResult(file, False, (import_error(error, file),), import_time=time.time() - started)
    imported = time.time()
    diagnostics: dict[tuple[Span, str], Diagnostic] = {}
    notes: list[Note] = []
    functions: list[FunctionResult] = []
    for target in targets(module, file):
        stage(out, target.place.line, f"checking `{target.name}`")
        place = Span.of(target.place)
        try:
            outcomes = check(target)
        except Unbound as why:
            reason = f"cannot be bound: {why}"
            functions.append(FunctionResult(target.name, place, reason))
            notes.append(Note(file, place.line, f"`{target.name}` is not checked: {reason}"))
            continue
        values = values_of(target, outcomes[0], costs=costs)
        lines = tuple(sorted({n for o in outcomes for f, n in o.lines if f == file}))
        functions.append(FunctionResult(target.name, place, None, values, lines, outcomes[0].numbers))
        for found in (f for o in outcomes for f in o.errors):
            diagnostic = _diagnostic(found)
            diagnostics.setdefault((diagnostic.span, diagnostic.code), diagnostic)
        notes += _only_some(outcomes, target)
    listed = sorted(diagnostics.values(), key=lambda d: (d.span.file != file, d.span, d.code))
    known = set(diagnostics)
    notes = [n for n in dict.fromkeys(notes) if not any((n.file, n.line) == (s.file, s.line) for s, _ in known)]
    spent = time.time() - imported
    return CheckResult(file, True, tuple(listed), tuple(notes), tuple(functions), imported - started, spent)


def stage(out: TextIO, line: int, text: str) -> None:
    """Say what is being done, for the case that it does not come to an end."""
    out.write(json.dumps({"line": line, "stage": text}) + "\n")
    out.flush()


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


def sources() -> dict[str, str]:
    """The files that have been imported and are neither a package's nor ours, with the digest of each."""
    roots = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    skipped = tuple(f"{root}{os.sep}" for root in (*roots, str(Path(__file__).resolve().parents[2])))
    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    found: dict[str, str] = {}
    for file in sorted(f for f in files if isinstance(f, str) and f.endswith(".py")):
        if not str(Path(file).resolve()).startswith(skipped):
            with suppress(OSError):
                found[file] = digest(Path(file).read_bytes())
    return found


def digest(content: bytes) -> str:
    """What tells the content of a file from others."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


# ---- importing
def import_file(file: str, text: str | None = None) -> ModuleType:
    """The module of a file, which is not `__main__`. A file of a package is imported as a part of it.

    text: what the module consists of, instead of what is in the file.
    """
    path = Path(file)
    sys.argv[:] = [file]
    folder, name = path.parent, path.stem
    ours = Path(__file__).absolute().parents[2]
    while (folder / "__init__.py").exists() and folder.resolve() != ours.resolve():
        name, folder = f"{folder.name}.{name}", folder.parent
    sys.path.insert(0, str(folder))
    if "." not in name and name in sys.modules:  # a module of that name is in use
        name = f"checked_{name}"
    if "." in name:
        importlib.import_module(name.rpartition(".")[0])
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    if text is None:
        spec.loader.exec_module(module)
    else:
        linecache.cache[file] = (len(text), None, io.StringIO(text, newline=None).readlines(), file)
        exec(compile(text, file, "exec", dont_inherit=True), module.__dict__)
    return module


def import_error(error: BaseException, file: str) -> Diagnostic:
    """The diagnostic of a file that cannot be imported."""
    if isinstance(error, ShapewrightError):
        loc = error.diagnostic.loc or raised_at(error) or _whole(file)
        return _diagnostic(Found(error.at(loc), loc))
    if isinstance(error, SyntaxError) and error.filename is not None:
        line, column = error.lineno or 1, (error.offset or 1) - 1
        end, end_column = error.end_lineno or line, max((error.end_offset or 0) - 1, column + 1)
        loc = Loc(error.filename, line, end, column, end_column, "<module>")
        text = f"{type(error).__name__}: {error.msg}"
    else:
        loc = raised_at(error) or _whole(file)
        text = "".join(traceback.format_exception_only(error)).strip().replace("\n", " ")
    return _diagnostic(Found(ShapewrightError(f"the file cannot be imported: {text}", loc=loc), loc))


def _whole(file: str) -> Loc:
    return Loc(file, 1, 1, 0, 0, "<module>")
