"""Source locations: which line and columns of the user's program an operation came from (PEP 657)."""

from __future__ import annotations

import ast
import linecache
import os
import sys
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
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
    return root in (*_OURS, "contextlib", "functools") or _is_generated(frame.f_code)


_OURS = (_PACKAGE, "jaxtyping", "beartype")


def _is_generated(code: CodeType) -> bool:
    """Code that Python or a checker wrote: what a dataclass adds to a class is named like `<string>` given to `exec`."""
    name = code.co_filename
    return name.startswith(("<@beartype", "<frozen")) or (name == "<string>" and code.co_name.startswith("__"))


# ---- what is installed
_STANDARD = os.path.dirname(os.__file__) + os.sep
_PROGRAMS = os.path.dirname(sys.executable or _STANDARD) + os.sep  # where `pytest` and the like are
_PACKAGES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_foreign: dict[str, bool] = {}  # by file: whether a frame there is not the user's, although not ours


def is_users_frame(frame: FrameType) -> bool:
    """Whether a frame executes code of the user: not the library's, Python's or that of an installed package, unless the
    package is itself written with this library (a model that a user has installed)."""
    return not (is_library_frame(frame) or _is_foreign(frame))


def _is_foreign(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    found = _foreign.get(file)
    if found is None:
        packaged = any(p in file for p in _PACKAGES)
        standard = not packaged and file.startswith((_STANDARD, _PROGRAMS))
        found = _foreign[file] = standard or (packaged and not _uses_library(frame))
    return found


def _uses_library(frame: FrameType) -> bool:
    """Whether a module has imported the library, or something of it."""
    values = list(frame.f_globals.values())
    homes = [v.__name__ if isinstance(v, ModuleType) else v.__module__ for v in values if isinstance(v, _NAMED)]
    return any(home.partition(".")[0] == _PACKAGE for home in homes)


_NAMED = (ModuleType, FunctionType, type)


def asked_by_user(depth: int = 1) -> bool:
    """Whether the user's code, not the library's, called the function that asks, or what did so of the standard library.

    depth: how many calls further out the question is about.
    """
    frame: FrameType | None = sys._getframe(depth + 1)  # pyright: ignore[reportPrivateUsage]  there is no public way
    while frame is not None and _is_standard(frame.f_code.co_filename):
        frame = frame.f_back
    if frame is None:
        return False
    root = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    return root not in _OURS and not frame.f_code.co_filename.startswith("<@beartype")


@lru_cache(maxsize=4096)
def _is_standard(file: str) -> bool:
    return file.startswith("<frozen") or (file.startswith(_STANDARD) and not any(p in file for p in _PACKAGES))


def user_frame(frame: FrameType | None) -> FrameType | None:
    """The innermost frame of the user, from `frame` on outwards; if there is none, the innermost that is not ours."""
    outside: FrameType | None = None
    while frame is not None:
        if not is_library_frame(frame):
            if not _is_foreign(frame):
                return frame
            outside = outside or frame
        frame = frame.f_back
    return outside


def user_loc() -> Loc | None:
    """Where the innermost frame of the user is executing now."""
    frame = user_frame(sys._getframe(1))  # pyright: ignore[reportPrivateUsage]  there is no public way
    return None if frame is None else frame_loc(frame)
