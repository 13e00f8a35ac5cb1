"""`check_source`: check the typed functions of a file, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from ...compiler.errors import OptionError
from .result import CheckResult, Diagnostic, Span, read_result


def check_source(path: str | Path, *, timeout: float = 20.0) -> CheckResult:
    """Check every `@typed` function that a file defines, on tensors without values.

    The file is imported in a new process, which is ended after `timeout` seconds; what it prints is lost, and its part
    under `if __name__ == "__main__":` does not run. A file that cannot be imported (or not in time) is a result with
    `imported` False and one diagnostic.

    Raises:
        OptionError: there is no such file, or the time is not positive.
    """
    file = Path(path).absolute()
    if not file.is_file():
        raise OptionError(f"{path} is not a Python file", help="pass the path of a file", code="SW801")
    if not timeout > 0:
        raise OptionError(f"timeout={timeout}", help="pass a number of seconds", code="SW802")
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.jsonl"
        arguments = f"{str(file)!r}, {str(answer)!r}, {time.time()!r}"
        code = f"__name__ = {__package__!r}; import sys; sys.path[:] = {sys.path!r}; from {__package__}.worker import main; main({arguments})"
        status: int | None = None
        with suppress(subprocess.TimeoutExpired):
            status = subprocess.run(
                [sys.executable, "-c", code],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=timeout,
                check=False,
            ).returncode
        lines = answer.read_text(encoding="utf-8").splitlines(keepends=True) if answer.exists() else []
    whole = [line for line in lines if line.endswith("\n")]  # the process may have ended in the middle of one
    last: dict[str, Any] = json.loads(whole[-1]) if whole else {"line": 1, "stage": "starting Python"}
    if "result" in last:
        return read_result(last["result"])
    why = f"takes longer than {timeout:g} s" if status is None else f"ended the process (status {status})"
    help = "pass a larger --timeout" if status is None else None
    return _unfinished(str(file), last["line"], f"{last['stage']} {why}", help)


def _unfinished(file: str, line: int, message: str, help: str | None) -> CheckResult:
    text = [f"error[SW000]: {message}", *([f"help: {help}"] if help is not None else [])]
    span = Span(file, line, 1, line, 1)
    return CheckResult(file, False, (Diagnostic(span, "SW000", message, "<module>", help=help, text="\n".join(text)),))
