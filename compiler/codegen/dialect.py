"""What a target decides about the text of a module: its header, its names, and how the body of a kernel is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from ..loop.ir import Scatter
from ..schedule.kernels import Kernel, Schedule
from .params import Body


@final
@dataclass(frozen=True, slots=True)
class Dialect:
    """header: format string of `title` and `imports`. support: what a file may import; always: what every file does.
    reserved: words that are no names of kernels or values. body: writes a step; decorator: the line above its `def`."""

    header: str
    support: frozenset[str]
    always: frozenset[str]
    reserved: frozenset[str]
    body: Callable[[Schedule, Kernel | Scatter], Body]
    decorator: Callable[[Body], str]
