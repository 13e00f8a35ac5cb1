"""Source locations: which line and columns of the user's program an operation came from (PEP 657)."""

from __future__ import annotations

import ast
import linecache
import sys
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType
from typing import final

from .source import Range, nodes_of, range_of

_PACKAGE = __name__.partition(".")[0]


@final
@dataclass(frozen=True, slots=True)
class Loc:
    """A half-open range of columns (0-based, in UTF-8 bytes as Python reports them) in a file.

    It is empty where Python keeps no columns (`-X no_debug_ranges`).
    """

    file: str
    line: int
    end_line: int
    col: int
    end_col: int
    function: str

    @property
    def text(self) -> str:
        """The source line, without indentation."""
        return linecache.getline(self.file, self.line).strip()

    def __str__(self) -> str:
        return f"{Path(self.file).name}:{self.line}"

    @property
    def has_columns(self) -> bool:
        """Whether the columns are known."""
        return (self.end_line, self.end_col) > (self.line, self.col)

    def excerpt(self) -> list[str]:
        """The line with a caret under the expression, in the layout of error messages."""
        from .excerpt import excerpt  # not before there is an error

        return excerpt(self)

    @property
    def assigned(self) -> str | None:
        """The variable this expression is assigned to (`h` for the call in `h = relu(x)`), if it is the whole value."""
        return _assignments(self.file).get((self.line, self.col, self.end_line, self.end_col))


@lru_cache(maxsize=64)
def _assignments(file: str) -> dict[Range, str]:
    found: dict[Range, str] = {}
    for node in nodes_of(file):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found[range_of(value)] = name
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found[range_of(value)] = name
            case _:
                pass
    return found


@lru_cache(maxsize=4096)
def _positions(code: CodeType, file: str, lasti: int, line: int) -> Loc:
    """`file`: two code objects of different files may be equal."""
    first, last, col, end_col = next(islice(code.co_positions(), lasti // 2, None), (None, None, None, None))
    if first is None or last is None or col is None or end_col is None:
        first = first or line
        return Loc(file, first, first, 0, 0, code.co_qualname)
    return Loc(file, first, last, col, end_col, code.co_qualname)


def frame_loc(frame: FrameType) -> Loc:
    """The location that `frame` is executing."""
    return _positions(frame.f_code, frame.f_code.co_filename, frame.f_lasti, frame.f_lineno)


def is_library_frame(frame: FrameType) -> bool:
    """Whether a frame belongs to the library (or to the checkers it calls), not to the user."""
    root = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    return root in (
        _PACKAGE,
        "jaxtyping",
        "beartype",
        "contextlib",
        "functools",
    ) or _is_generated(frame.f_code)


def _is_generated(code: CodeType) -> bool:
    """Code that Python or a checker wrote: what a dataclass adds to a class is named like `<string>` given to `exec`."""
    name = code.co_filename
    return name.startswith(("<@beartype", "<frozen")) or (name == "<string>" and code.co_name.startswith("__"))


def user_loc() -> Loc | None:
    """The innermost frame outside the library that is executing now."""
    frame: FrameType | None = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]  there is no public way
    while frame is not None and is_library_frame(frame):
        frame = frame.f_back
    return None if frame is None else frame_loc(frame)
