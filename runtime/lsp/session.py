"""The files that are open: what the last check of each has found, and the checks and compilations that are under way."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, final

from ..check import CheckResult, Diagnostic
from ..check.files import imports_us, read_text
from ..check.fix import applied, corrects
from ..check.source import Job, answer_of, result_of, write_text
from ..check.worker import digest
from .kernels import Compiled, read_compiled
from .process import Pool, child_job
from .settings import Settings
from .text import LineMap, lines_of

Sources: TypeAlias = "Mapping[str, str]"  # the files that something was made from, with the digest of each
_HELP = "set `timeout` to more seconds in the settings of the language server"


@final
@dataclass(frozen=True, slots=True)
class Check:
    """A check that has come to an end. lines: the text that it read. sources: the files that were imported. missing: names
    of modules that there were not. corrected: whether the help of an error corrects it, of those that somebody has asked
    for. moved: where its lines are in the text that somebody has asked for last, and the lines of that."""

    result: CheckResult
    lines: list[str]
    sources: Sources
    missing: Sequence[str] = ()
    corrected: dict[Diagnostic, bool] = field(default_factory=dict[Diagnostic, bool])
    moved: dict[str, tuple[LineMap, list[str]]] = field(default_factory=dict[str, "tuple[LineMap, list[str]]"])

    def concerns(self, path: str) -> bool:
        """Whether a file was imported, or could not be."""
        file = Path(path)
        name = file.parent.name if file.stem == "__init__" else file.stem
        missing = any(name == module.rpartition(".")[2] for module in self.missing)
        return missing or path in self.sources or any(d.span.file == path for d in self.result.diagnostics)

    def edits_to(self, text: str) -> tuple[LineMap, list[str]]:
        """Where the lines are in a text, and the lines of that."""
        if text not in self.moved:
            self.moved.clear()
            lines = lines_of(text)
            self.moved[text] = LineMap(self.lines, lines), lines
        return self.moved[text]


class Closed(Exception):
    """A file was closed while something was made of it."""


@final
@dataclass(slots=True)
class File:
    """An open file.

    last: its last check. typed: the last one that could import it, whose types are shown until there is another.
    compiled: its programs, by the optimizer in them and the time that there was, with what they were made from.
    running: the processes that work on it. closed: it is not open any more.
    """

    path: Path
    last: Check | None = None
    typed: Check | None = None
    checking: asyncio.Task[None] | None = None
    compiled: dict[tuple[str, float], tuple[Compiled, Sources]] = field(
        default_factory=dict[tuple[str, float], "tuple[Compiled, Sources]"]
    )
    compiling: asyncio.Lock = field(default_factory=asyncio.Lock)
    trying: asyncio.Lock = field(default_factory=asyncio.Lock)
    running: set[asyncio.Task[int | None]] = field(default_factory=set[asyncio.Task[int | None]])
    closed: bool = False

    def close(self) -> None:
        """End all that works on it."""
        self.closed = True
        _cancel(self)
        for task in self.running:
            task.cancel()


@final
class Session:
    """Checks files in processes of their own. `show` is called with a file whenever a check of it has ended, or it is
    found to be none of ours."""

    def __init__(self, show: Callable[[File], None]) -> None:
        self.settings = Settings()
        self.files: dict[str, File] = {}  # by the address that the editor gave
        self._show = show
        self._pool = Pool()

    # ---- checks
    def opened(self, uri: str, path: Path) -> None:
        """Check a file that was opened."""
        file = self.files.setdefault(uri, File(path))
        self._start(file)

    def saved(self, path: Path) -> None:
        """Check a file that was saved, and the open ones that import it. Checks of them that still run are given up."""
        for file in self.files.values():
            if file.path == path or (file.last is not None and file.last.concerns(str(path))):
                self._start(file)

    def closed(self, uri: str) -> File | None:
        """Forget a file, and end all that works on it."""
        file = self.files.pop(uri, None)
        if file is not None:
            file.close()
        return file

    def close(self) -> None:
        """End everything that runs."""
        for file in self.files.values():
            file.close()

    def _start(self, file: File) -> None:
        _cancel(file)
        file.checking = asyncio.get_running_loop().create_task(self._check(file))
        file.checking.add_done_callback(_told)

    async def _check(self, file: File) -> None:
        while True:
            text = read_text(file.path)
            if text is None or file.path.suffix == ".pyi" or not imports_us(text):  # a stub is for type checkers
                file.last = file.typed = None
                self._show(file)
                return
            try:
                result, answer = await self._checked(file)
            except Closed:
                return
            if read_text(file.path) == text:  # else it was written while it was checked
                break
        file.last = Check(result, lines_of(text), answer.get("sources", {}), answer.get("missing", ()))
        if result.imported and (result.finished or file.typed is None):
            file.typed = file.last
        self._show(file)

    async def _run(self, file: File, job: Job, timeout: float) -> int | None:
        """The exit status of a job for a file, None if it ran out of time. Raises `Closed`."""
        if file.closed:
            raise Closed
        task = asyncio.get_running_loop().create_task(self._pool.run(job, timeout))
        file.running.add(task)
        try:
            return await task
        except asyncio.CancelledError:
            if file.closed:
                raise Closed from None
            raise
        finally:
            file.running.discard(task)

    async def _checked(self, file: File, instead: str | None = None) -> tuple[CheckResult, Mapping[str, Any]]:
        """What a check of a file finds, or of a text in its place, and all that it says."""
        timeout = self.settings.timeout
        with tempfile.TemporaryDirectory() as folder:
            what, text = ("check", "") if instead is None else ("try", str(write_text(folder, instead)))
            job = child_job(file.path, Path(folder) / "answer.jsonl", what, text)
            status = await self._run(file, job, timeout)
            return result_of(job, status, timeout, _HELP), answer_of(job)

    async def is_corrected(self, file: File, check: Check, error: Diagnostic) -> bool:
        """Whether what the help of an error says corrects it, and nothing else: that is tried. Raises `Closed`."""
        fix = error.fix
        if fix is None or fix.span.file != str(file.path):
            return False
        async with file.trying:
            if error not in check.corrected:
                after, _ = await self._checked(file, applied(fix, check.lines))
                check.corrected[error] = corrects(check.result, error, after)
            return check.corrected[error]

    # ---- kernels
    def known(self, file: File) -> Compiled | None:
        """The programs of a file, if they have been compiled from what is on disk now."""
        found = file.compiled.get((self.settings.optimizer, self.settings.timeout))
        return found[0] if found is not None and _current(found[1]) else None

    async def compiled(self, file: File) -> Compiled:
        """The programs of a file as it is on disk; they are compiled if they are not known. Raises `Closed`."""
        async with file.compiling:  # every lens of a file may ask at once
            found = self.known(file)
            if found is not None:
                return found
            optimizer, timeout = self.settings.optimizer, self.settings.timeout
            before = _digest(file.path)
            with tempfile.TemporaryDirectory() as folder:
                job = child_job(file.path, Path(folder) / "answer.jsonl", "kernels", optimizer)
                status = await self._run(file, job, timeout)
                answer = answer_of(job)
            if "result" not in answer:
                why = f"takes longer than {timeout:g} s; {_HELP}" if status is None else f"ended the process ({status})"
                made = Compiled((), {"": f"{answer['stage']} {why}"})
            else:
                made = read_compiled(answer["result"])
            sources = {str(file.path): before, **answer.get("sources", {})}
            file.compiled[optimizer, timeout] = made, sources
            return made


def _told(task: asyncio.Task[None]) -> None:
    """Write down an error that nobody waits for."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        logging.getLogger(__name__).error("a check failed", exc_info=error)


def _cancel(file: File) -> None:
    if file.checking is not None:
        file.checking.cancel()


def _current(sources: Sources) -> bool:
    """Whether files still have the content of which these are the digests."""
    return all(_digest(Path(file)) == known for file, known in sources.items())


def _digest(path: Path) -> str:
    with suppress(OSError):
        return digest(path.read_bytes())
    return ""
