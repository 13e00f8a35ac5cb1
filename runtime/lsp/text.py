"""Texts as an editor and the checker see them: lines, positions in an encoding, and lines that edits have moved."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import final

from lsprotocol import types
from pygls.workspace import PositionCodec, ServerTextPosition, ServerTextRange

from ..check import Span

_LONG = 500  # lines
_NEWLINE = re.compile(r"\r\n|\r|\n")


def lines_of(text: str) -> list[str]:
    """The lines of a text without their ends. (`str.splitlines` also cuts at form feeds.)"""
    return _NEWLINE.split(text)


# ---- positions
def range_of(span: Span, lines: Sequence[str], codec: PositionCodec) -> types.Range:
    """The range of a span in the units of the client."""
    start = ServerTextPosition(span.line - 1, span.column - 1)
    end = ServerTextPosition(span.end_line - 1, span.end_column - 1)
    return codec.range_to_client_units(lines, ServerTextRange(start, end))


def position_of(line: int, column: int, lines: Sequence[str], codec: PositionCodec) -> types.Position:
    """A position in the units of the client; `line` and `column` count from 1, in characters."""
    return codec.position_to_client_units(lines, ServerTextPosition(line - 1, column - 1))


def column_at(position: types.Position, lines: Sequence[str], codec: PositionCodec) -> int:
    """The column of a position of the client, from 1, in characters."""
    copy = types.Position(position.line, position.character)  # the codec changes what it is given
    return codec.position_from_client_units(lines, copy).character + 1


def line_range(line: int, lines: Sequence[str], codec: PositionCodec) -> types.Range:
    """What stands in a line, counted from 1, without its indentation."""
    text = lines[line - 1] if line <= len(lines) else ""
    start, end = len(text) - len(text.lstrip()) + 1, len(text.rstrip()) + 1
    return range_of(Span("", line, min(start, end), line, end), lines, codec)


def shifted(place: types.Range, by: int) -> types.Range:
    """A range some lines further down."""
    start, end = place.start, place.end
    return types.Range(types.Position(start.line + by, start.character), types.Position(end.line + by, end.character))


# ---- edits
def _blocks(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Where equal lines begin in both texts, and how many. What begins and ends both is found without a comparison of
    every line with every other, which takes long."""
    most = min(len(old), len(new))
    head = next((i for i in range(most) if old[i] != new[i]), most)
    most -= head
    tail = next((i for i in range(most) if old[-1 - i] != new[-1 - i]), most)
    yield 0, 0, head
    long = most - tail > _LONG  # then lines that are there very often are not where blocks begin
    middle = SequenceMatcher(None, old[head : len(old) - tail], new[head : len(new) - tail], autojunk=long)
    yield from ((a + head, b + head, n) for a, b, n in middle.get_matching_blocks())
    yield len(old) - tail, len(new) - tail, tail


@final
class LineMap:
    """Which lines of an older text are in a newer one, unchanged. Lines count from 1."""

    def __init__(self, old: Sequence[str], new: Sequence[str]) -> None:
        pairs = [(a + i + 1, b + i + 1) for a, b, n in _blocks(old, new) for i in range(n)]
        self._new = dict(pairs)
        self._old = {b: a for a, b in pairs}

    def new(self, line: int) -> int | None:
        """Where a line of the older text is now."""
        return self._new.get(line)

    def old(self, line: int) -> int | None:
        """Where a line of the newer text was."""
        return self._old.get(line)

    def moved(self, first: int, last: int) -> int | None:
        """By how much a range of lines has moved; None if one of them has changed, or something stands between them."""
        now = [self._new.get(line) for line in range(first, last + 1)]
        if now[0] is None or now != list(range(now[0], now[0] + len(now))):
            return None
        return now[0] - first
