"""The error family. Every error names the user's line, what was wrong, and one next step; never array values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, final

if TYPE_CHECKING:
    from .loc import Loc
    from .sizes import Shape, Size


@final
@dataclass(frozen=True, slots=True)
class Edit:
    """Code that replaces a range of a file. Lines count from 1; columns from 0, in UTF-8 bytes, as in `Loc`."""

    file: str
    line: int
    col: int
    end_line: int
    end_col: int
    text: str


class Help(NamedTuple):
    """One next step, and the change that it says to make, if it is one of the user's code."""

    text: str
    edit: Edit | None = None


@final
@dataclass(slots=True)
class Diagnostic:
    """What an error says, in parts: the layout is made once, in `ShapewrightError.__str__`.

    operands: one line each, `h: Tensor[Batch=32, Hidden=128]`. details: which sizes must be equal, and rules. notes: who
    bound an axis, and where. help: one next step; code that it says to write has been tried, and fits. edit: the change
    of the user's code that this is, if the code is there.
    """

    message: str
    loc: Loc | None = None
    operands: list[str] = field(default_factory=list[str])
    details: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])
    help: str | None = None
    edit: Edit | None = None
    code: str = "SW000"

    def advise(self, help: Help | None) -> None:
        """Give this next step, if there is one."""
        if help is not None:
            self.help, self.edit = help

    @property
    def page(self) -> str:
        """The page about this code, relative to the documentation; `shapewright explain CODE` prints it."""
        return page_of(self.code)


def page_of(code: str) -> str:
    """The page about a code, relative to the documentation."""
    return f"errors/{code}.md"


class ShapewrightError(Exception):
    """Base of every error raised on purpose by shapewright.

    `code` is stable (SW1xx shapes, SW2xx dtypes, SW3xx indices, SW4xx recording, SW5xx compiling,
    SW6xx devices, SW7xx checkpoints, SW8xx options, SW9xx values); `shapewright explain SW102` prints its page.
    sizes: the two sizes that clash, where one is known only when the program runs, so that a recorder can start again
    with numbers. places: the (operand, axis) of each. needs: the argument that does not fit, and the shape it needs.
    """

    code = "SW000"

    def __init__(
        self,
        message: str,
        *,
        loc: Loc | None = None,
        operands: list[str] | None = None,
        details: list[str] | None = None,
        notes: list[str] | None = None,
        help: str | Help | None = None,
        code: str | None = None,
        sizes: tuple[Size, Size] | None = None,
        places: tuple[tuple[int, int], ...] = (),
        needs: tuple[str, Shape] | None = None,
    ) -> None:
        if code is not None:
            self.code = code
        text, edit = help if isinstance(help, Help) else (help, None)
        self.diagnostic = Diagnostic(message, loc, operands or [], details or [], notes or [], text, edit, self.code)
        self.sizes = sizes
        self.places = places
        self.needs = needs
        super().__init__(message)

    def at(self, loc: Loc | None, operands: list[str] | None = None) -> ShapewrightError:
        """The same error with the user's line and the operands filled in, where they were missing."""
        if self.diagnostic.loc is None:
            self.diagnostic.loc = loc
        if operands and not self.diagnostic.operands:
            self.diagnostic.operands = operands
        return self

    def __str__(self) -> str:
        d = self.diagnostic
        lines = [f"error[{self.code}]: {d.message}"]
        if d.loc is not None:
            lines += d.loc.excerpt()
        lines += [f"   | {text}" for text in d.operands]
        lines += [f"   = {text}" for text in d.details]
        lines += [f"note: {text}" for text in d.notes]
        if d.help is not None:
            lines.append(f"help: {d.help}")
        return "\n".join(lines)


class ShapeError(ShapewrightError, TypeError):
    """Ranks or sizes that do not fit together."""

    code = "SW100"


class DTypeError(ShapewrightError, TypeError):
    """An element type (or an object that is no array) where another kind is wanted."""

    code = "SW200"


class IndexOutOfRange(ShapewrightError, IndexError):
    """An index outside its axis; raised by eager code at once, by compiled code after the step that met it."""

    code = "SW300"


class TraceError(ShapewrightError):
    """Python code that needs a value, met while recording a function whose values do not exist yet."""

    code = "SW400"


class CompileError(ShapewrightError):
    """The compiler cannot turn this program into kernels."""

    code = "SW500"


class DeviceError(ShapewrightError):
    """A device that is missing, or an array on the wrong one."""

    code = "SW600"


class CheckpointError(ShapewrightError):
    """A checkpoint that cannot be read, or does not fit this trainer."""

    code = "SW700"


class OptionError(ShapewrightError, ValueError):
    """An option or hyper-parameter with a value that cannot work."""

    code = "SW800"


class NumericError(ShapewrightError, ArithmeticError):
    """A NaN, found because `Options(debug_nans=True)` asked to look for it."""

    code = "SW900"
