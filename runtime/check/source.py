"""`check_source`: check the typed functions of a file, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.machinery import SOURCE_SUFFIXES
from pathlib import Path
from typing import Any, final

from ...compiler.errors import OptionError
from .result import CheckResult, Diagnostic, Span, read_result


def check_source(
    path: str | Path, *, timeout: float = 20.0, costs: bool = False, text: str | None = None
) -> CheckResult:
    """Check every `@typed` function that a file defines, on tensors without values.

    The file is imported in a new process, which is ended after `timeout` seconds; what it prints is lost, and its part
    under `if __name__ == "__main__":` does not run. A file that cannot be imported (or not in time) is a result with
    `imported` False and one diagnostic. `costs`: what every expression costs is found as well. `text`: is checked in the
    place of what is in the file.

    Raises:
        OptionError: there is no such Python file, or the time is not positive.
    """
    file = Path(path).absolute()
    if not file.exists():
        raise OptionError(f"there is no file {path}", help="pass the path of a file", code="SW801")
    if not file.is_file():
        raise OptionError(f"{path} is not a Python file", help="pass the path of a file", code="SW801")
    if file.suffix not in SOURCE_SUFFIXES:
        help = f"pass a file that ends in {' or '.join(SOURCE_SUFFIXES)}"
        raise OptionError(f"{path} is not a Python file", help=help, code="SW801")
    if not timeout > 0:
        raise OptionError(f"timeout={timeout}", help="pass a number of seconds", code="SW802")
    with tempfile.TemporaryDirectory() as folder:
        instead = None if text is None else write_text(folder, text)
        job = check_job(file, Path(folder) / "answer.jsonl", costs=costs, instead=instead)
        status: int | None = None
        with suppress(subprocess.TimeoutExpired):
            status = subprocess.run(
                [sys.executable, "-c", job.code],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=timeout,
                check=False,
            ).returncode
        return result_of(job, status, timeout)


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
    return Job(
        file, answer, f"{own}; import sys; sys.path[:] = {sys.path!r}; from {module} import main; main({arguments})"
    )


def answer_of(job: Job) -> Mapping[str, Any]:
    """The last whole line of the answer: the result, or what the process was doing when it ended."""
    lines = job.answer.read_text(encoding="utf-8").splitlines(keepends=True) if job.answer.exists() else []
    whole = [line for line in lines if line.endswith("\n")]  # the process may have ended in the middle of one
    last: dict[str, Any] = json.loads(whole[-1]) if whole else {"line": 1, "stage": "starting Python"}
    return last


def result_of(job: Job, status: int | None, timeout: float, help: str = "pass a larger --timeout") -> CheckResult:
    """The result of a check; `status` is that of the process, None if it ran out of time, and `help` what to do then."""
    last = answer_of(job)
    if "result" in last:
        return read_result(last["result"])
    why = f"takes longer than {timeout:g} s" if status is None else f"ended the process (status {status})"
    return _unfinished(str(job.file), last["line"], f"{last['stage']} {why}", help if status is None else None)


def _unfinished(file: str, line: int, message: str, help: str | None) -> CheckResult:
    text = [f"error[SW000]: {message}", *([f"help: {help}"] if help is not None else [])]
    span = Span(file, line, 1, line, 1)
    return CheckResult(file, False, (Diagnostic(span, "SW000", message, "<module>", help=help, text="\n".join(text)),))
