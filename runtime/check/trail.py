"""Which statements a trial has come past: it is evidence against an error only where it might have made it."""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import FrameType
from typing import Any, TypeAlias, final

from ...compiler.loc import Loc, is_users_frame
from .state import Key, is_unknown, key_of

Statement: TypeAlias = "tuple[str, int, int]"  # file, first and last line


@final
class Trail:
    """What one run of a function has left behind in the user's files."""

    def __init__(self) -> None:
        self._entered: set[Statement] = set()
        self._passed: set[Statement] = set()  # left without an exception, and without an unknown result
        self._done: set[Key] = set()
        self._skipped: set[Key] = set()

    def mark(self, loc: Loc | None, *, skipped: bool) -> None:
        """An expression was evaluated, or was not since an operand is unknown."""
        if loc is not None:
            (self._skipped if skipped else self._done).add(key_of(loc))

    def clears(self, key: Key) -> bool:
        """Whether the run came past a place where it made no error: past its expression, or its statement, or one around
        it without entering it."""
        if key in self._done:
            return True
        inner, *outer = _statements(key[0]).get(key[1]) or (None,)
        if inner is None:  # not a line of a function
            return True
        if key in self._skipped:
            return False
        return inner in self._passed or (inner not in self._entered and any(s in self._passed for s in outer))

    @contextmanager
    def followed(self) -> Generator[None]:
        """Follow the lines that run."""
        before = sys.gettrace()
        sys.settrace(self._called)
        try:
            yield
        finally:
            sys.settrace(before)

    def _called(self, frame: FrameType, event: str, _: object) -> Any:
        return _Frame(self._entered, self._passed, frame).step if is_users_frame(frame) else None


@final
class _Frame:
    """One call of a function of the user."""

    def __init__(self, entered: set[Statement], passed: set[Statement], frame: FrameType) -> None:
        self._entered, self._passed = entered, passed
        self._statements = _statements(frame.f_code.co_filename)
        self._here: tuple[Statement, ...] = ()

    def step(self, frame: FrameType, event: str, arg: Any) -> Any:
        """What `sys.settrace` calls."""
        if event == "line":
            now = self._statements.get(frame.f_lineno, ())
            self._passed.update(s for s in self._here if s not in now)
            self._entered.update(now[:1])
            self._here = now
        elif event == "exception":
            if not issubclass(arg[0], StopIteration):  # which ends a loop
                self._here = ()
        elif event == "return" and not is_unknown(arg):
            self._passed.update(self._here)
        return self.step


@lru_cache(maxsize=64)
def _statements(file: str) -> dict[int, tuple[Statement, ...]]:
    """The statements of functions that a line is in, the innermost first."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return {}
    found: dict[int, tuple[Statement, ...]] = {}
    for chain in _chains(tree, file, None):
        _, first, last = chain[0]
        found.update(dict.fromkeys(range(first, last + 1), chain))
    return found


def _chains(node: ast.AST, file: str, around: tuple[Statement, ...] | None) -> Iterator[tuple[Statement, ...]]:
    """Every statement with those around it in the same function, outer ones first. around: None outside of functions."""
    for child in ast.iter_child_nodes(node):
        chain = around
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            chain = ()
        elif isinstance(child, ast.stmt) and around is not None:
            chain = ((file, child.lineno, child.end_lineno or child.lineno), *around)
            yield chain
        yield from _chains(child, file, chain)
