"""Whether the program itself catches an error: a `try` around the place in which it is met, in any function on the way."""

from __future__ import annotations

import ast
import sys
from types import FrameType
from typing import cast

from ...compiler.loc import Loc, frame_loc, is_library_frame
from ...compiler.source import nodes_of, range_of
from ...dsl.blame import known_value


def is_caught(error: BaseException) -> bool:
    """Whether a handler of the user's would catch an error that is raised now."""
    frame: FrameType | None = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]  there is no public way
    while frame is not None:
        if not is_library_frame(frame) and _catches(frame, type(error)):
            return True
        frame = frame.f_back
    return False


def _catches(frame: FrameType, kind: type[BaseException]) -> bool:
    at = frame_loc(frame)
    found = [n for n in nodes_of(at.file) if isinstance(n, ast.Try | ast.TryStar)]
    return any(
        any(_is_in(at, s) for s in node.body) and any(_takes(h.type, frame, kind) for h in node.handlers)
        for node in found
    )


def _is_in(at: Loc, statement: ast.stmt) -> bool:
    line, col, end_line, end_col = range_of(statement)
    if not at.has_columns:
        return line <= at.line <= end_line
    return (line, col) <= (at.line, at.col) and (at.end_line, at.end_col) <= (end_line, end_col)


def _takes(handler: ast.expr | None, frame: FrameType, kind: type[BaseException]) -> bool:
    """Whether `except handler:` takes exceptions of this kind, as far as its names tell."""
    match handler:
        case None:
            return True
        case ast.Tuple(elts=items):
            return any(_takes(item, frame, kind) for item in items)
        case _:
            found = known_value(handler, frame)
            kinds = cast("tuple[object, ...]", found) if isinstance(found, tuple) else (found,)
            return any(isinstance(k, type) and issubclass(kind, k) for k in kinds)
