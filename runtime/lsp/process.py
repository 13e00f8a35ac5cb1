"""Processes that the server starts: awaited, ended after a time, and when they are no longer wanted."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from ..check.source import Job, end, job

_MOST = 2  # processes at a time: an editor may open many files at once


def child_job(file: Path, answer: Path, what: str, about: str = "") -> Job:
    """A job of `child`."""
    return job(file, answer, f"{__package__}.child", f"{what!r}, {about!r}")


class Pool:
    """Runs jobs, some at a time."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(_MOST)

    async def run(self, job: Job, timeout: float) -> int | None:
        """The exit status of a job, None if it ran out of time. Cancelling this ends the process."""
        async with self._free:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                job.code,
                stdin=asyncio.subprocess.PIPE,  # held open: the process ends when it is closed
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # so that what it starts can be ended with it
            )
            try:
                return await asyncio.wait_for(process.wait(), timeout)
            except TimeoutError:
                return None
            finally:
                end(process.pid)
                await process.wait()
