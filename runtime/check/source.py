"""`check_source`: check the typed functions of a file, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

from ...compiler.errors import OptionError
from .files import python_file
from .result import CheckResult, Diagnostic, FunctionResult, Note, Span, read_result, together


def check_source(
    path: str | Path, *, timeout: float = 20.0, costs: bool = False, text: str | None = None
) -> CheckResult:
    """Check every `@typed` function that a file defines, on tensors without values.

    The file is imported in a new process, which is ended after `timeout` seconds; what it prints is lost, and its part
    under `if __name__ == "__main__":` does not run. A file that cannot be imported (or not in time) is a result with
    `imported` False and one diagnostic; a function that does not end in time is one diagnostic too, and those behind it
    are notes. `costs`: what every expression costs is found as well. `text`: is checked in the
    place of what is in the file.

    Raises:
        OptionError: there is no such Python file, or the time is not positive.
    """
    file = python_file(path)
    if not timeout > 0:
        raise OptionError(f"timeout={timeout}", help="pass a number of seconds", code="SW802")
    with tempfile.TemporaryDirectory() as folder:
        instead = None if text is None else write_text(folder, text)
        job = check_job(file, Path(folder) / "answer.jsonl", costs=costs, instead=instead)
        return result_of(job, _run(job, timeout), timeout)


_running: set[subprocess.Popen[bytes]] = set()


def _run(job: Job, timeout: float) -> int | None:
    """The exit status of a job, None if it ran out of time. It ends with this process, and what it starts with it."""
    with subprocess.Popen(
        [sys.executable, "-c", job.code],
        stdin=subprocess.PIPE,  # held open: the process ends when it is closed
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # so that what it starts can be ended with it
    ) as process:
        _running.add(process)
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        finally:
            end(process.pid)
            _running.discard(process)


def end_all() -> None:
    """End the checks that run, in other threads."""
    for process in list(_running):
        end(process.pid)


def end(process: int) -> None:
    """End a process that leads a group, and what it has started."""
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            os.kill(process, signal.SIGTERM)
        else:
            os.killpg(process, signal.SIGKILL)


# ---- a job: what a process does with a file, and what it answers
@final
@dataclass(frozen=True, slots=True)
class Job:
    """Something that a new process does with a file. It writes lines of JSON to `answer`, the last with `result`."""

    file: Path
    answer: Path
    code: str


def check_job(file: Path, answer: Path, *, costs: bool = False, instead: Path | None = None) -> Job:
    """A check of a file, or of the text in another one in its place."""
    return job(file, answer, f"{__package__}.worker", f"{costs!r}, {None if instead is None else str(instead)!r}")


def write_text(folder: str, text: str) -> Path:
    """The file with a text that is checked in the place of another."""
    file = Path(folder) / "text.py"
    file.write_bytes(text.encode())
    return file


def job(file: Path, answer: Path, module: str, options: str) -> Job:
    """The call of `main` of a module in a process that sees the packages that this one sees."""
    arguments = f"{str(file)!r}, {str(answer)!r}, {time.time()!r}, {options}"
    own = f"__name__ = {__package__!r}"  # a frame of the library, not of the user
    first = (
        f"import sys; sys.path[:] = {sys.path!r}; from {__package__}.child import end_with_parent; end_with_parent()"
    )
    last = "import os; os._exit(0)"  # no thread or handler of the program holds it up
    return Job(file, answer, f"{own}; {first}; from {module} import main; main({arguments}); {last}")


def answer_of(job: Job) -> Mapping[str, Any]:
    """What the whole lines of the answer say together, a later one instead of earlier ones; `parts`: of all functions."""
    lines = job.answer.read_text(encoding="utf-8").splitlines(keepends=True) if job.answer.exists() else []
    said: dict[str, Any] = {"line": 1, "stage": "starting Python", "targets": []}
    parts: list[Any] = []
    for line in lines:
        if line.endswith("\n"):  # the process may have ended in the middle of one
            more: dict[str, Any] = json.loads(line)
            parts += [more.pop("part")] if "part" in more else []
            said |= more
    return {**said, "parts": parts}


def result_of(job: Job, status: int | None, timeout: float, help: str = "pass a larger --timeout") -> CheckResult:
    """The result of a check; `status` is that of the process, None if it ran out of time, and `help` what to do then."""
    answer = answer_of(job)
    file = str(job.file)
    parts = [read_result(part) for part in answer["parts"]]
    if "result" in answer:
        end = read_result(answer["result"])
        return together(file, parts, end.import_time, end.shape_time) if end.imported else end
    why = f"takes longer than {timeout:g} s" if status is None else f"ended the process (status {status})"
    message = f"{answer['stage']} {why}"
    left = [(name, Span(**span)) for name, span in answer["targets"][len(parts) :]]
    if not left:
        return _unfinished(
            file, Span(file, answer["line"], 1, answer["line"], 1), message, help if status is None else None
        )
    (name, span), *rest = left
    help = f"see whether every loop of it ends; if it only takes long, {help}"
    stuck = _unfinished(file, span, message, help if status is None else None, name)
    found = together(file, [*parts, stuck, *(_not_reached(file, *other, after=name) for other in rest)])
    return replace(found, finished=False)


def _unfinished(file: str, span: Span, message: str, help: str | None, function: str = "<module>") -> CheckResult:
    text = [f"error[SW000]: {message}", *([f"help: {help}"] if help is not None else [])]
    error = Diagnostic(span, "SW000", message, function, help=help, text="\n".join(text))
    functions = () if function == "<module>" else (FunctionResult(function, span, message),)
    return CheckResult(file, False, (error,), functions=functions)


def _not_reached(file: str, name: str, span: Span, *, after: str) -> CheckResult:
    reason = f"the check of `{after}` did not end"
    note = Note(file, span.line, f"`{name}` is not checked: {reason}")
    return CheckResult(file, True, notes=(note,), functions=(FunctionResult(name, span, reason),))
