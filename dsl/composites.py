"""An error of an operation that the user did not write: it is told as one of the public function that was called."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import cast

import numpy as np

from ..compiler.errors import ShapewrightError
from ..compiler.loc import is_library_frame
from ..compiler.ops.table import OPS
from .array import is_array
from .blame import TRANSPARENT, entry_frames

_ROOM = __name__.rpartition(".")[0]


def told_of_the_call(error: ShapewrightError, args: Sequence[object], op: str | None) -> tuple[object, ...] | None:
    """Put the name that the user wrote in front of the message, in the place of one from inside.

    Returns the tensors that the user's call was given, if the operands are others that were made of them; then nothing is
    left in the error that counts operands or axes. None where the operands are the user's own.
    """
    entry, _ = entry_frames()
    if entry is None or not _is_public(entry):
        return None
    name, d = entry.f_code.co_name, error.diagnostic
    given = None if op is None else _other_operands(entry, args, op)
    head = re.match(r"\w+", d.message)
    if head is not None and head[0] != name and (head[0] in OPS or head[0] in _inner_names(entry)):
        d.message = name + d.message[head.end() :]
    if given is not None:
        d.message = re.sub(r"\boperand \d+\b", "an operand", d.message)
        d.details, error.places = [], ()
    return given


def public_call(args: Sequence[object], op: str) -> tuple[str, tuple[object, ...] | None]:
    """The name of the function that the user called, and the tensors that it was given if the operands are others."""
    entry, _ = entry_frames()
    if entry is None or not _is_public(entry):
        return op, None
    return entry.f_code.co_name, _other_operands(entry, args, op)


def _other_operands(entry: FrameType, args: Sequence[object], op: str) -> tuple[object, ...] | None:
    given = tuple(_tensors(entry))
    made = any(_is_tensor(x) and not any(x is y for y in given) for x in args)
    return given if made and given and entry.f_code.co_name != op else None


def _is_public(entry: FrameType) -> bool:
    """Whether a frame is of a function or method that a user calls by its name."""
    return str(entry.f_globals.get("__name__")).startswith(_ROOM) and not entry.f_code.co_name.startswith(("_", "<"))


def _inner_names(entry: FrameType) -> Iterator[str]:
    """The functions of the library that run inside of what the user called."""
    frame: FrameType | None = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]  there is no public way
    while frame is not None and frame is not entry:
        if is_library_frame(frame) and frame.f_code not in TRANSPARENT:
            yield frame.f_code.co_name
        frame = frame.f_back


def _tensors(entry: FrameType) -> Iterator[object]:
    """The tensors and arrays among the arguments of a call, also those in a tuple."""
    code = entry.f_code
    count = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & inspect.CO_VARARGS)
    for name in code.co_varnames[:count]:
        value: object = entry.f_locals.get(name)
        items = cast("Sequence[object]", value) if isinstance(value, tuple | list) else (value,)
        yield from filter(_is_tensor, items)


def _is_tensor(x: object) -> bool:
    return is_array(x) or isinstance(x, np.ndarray)
