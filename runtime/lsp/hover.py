"""What is shown for an expression under the cursor: its type in parts, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lsprotocol import types
from pygls.workspace import PositionCodec

from ..check import CheckResult, FunctionResult, Span, Value
from .hints import without_numbers
from .text import LineMap, column_at, range_of, shifted


def hover(
    result: CheckResult,
    checked: Sequence[str],
    edits: LineMap,
    at: types.Position,
    lines: Sequence[str],
    codec: PositionCodec,
    markup: types.MarkupKind,
) -> types.Hover | None:
    """The innermost expression at a position of `lines`, the text as it is now; None if its line has changed."""
    line = edits.old(at.line + 1)
    if line is None:
        return None
    place = line, column_at(at, lines, codec)
    holding = [
        (v, f)
        for f in result.functions
        for v in f.values
        if v.span.file == result.file
        and (v.span.line, v.span.column) <= place <= (v.span.end_line, v.span.end_column)
        and edits.moved(v.span.line, v.span.end_line) is not None
    ]
    if not holding:
        return None
    value, function = max(holding, key=lambda x: _innermost(x[0].span, place))
    span = value.span
    source = "" if span.line != span.end_line else checked[span.line - 1][span.column - 1 : span.end_column - 1]
    text = "\n".join(_text(value, function, source, markdown=markup is types.MarkupKind.Markdown))
    return types.Hover(types.MarkupContent(markup, text), shifted(range_of(span, checked, codec), at.line + 1 - line))


def _innermost(span: Span, place: tuple[int, int]) -> tuple[bool, int, int, int, int]:
    """Larger for the expression to show: not one that ends just before the place, and the innermost."""
    return place < (span.end_line, span.end_column), span.line, span.column, -span.end_line, -span.end_column


def _text(value: Value, function: FunctionResult, source: str, *, markdown: bool) -> Iterator[str]:
    code = "`" if markdown else ""
    subject = value.name or source
    first = f"{subject}: {without_numbers(value.text, function)}" if subject else without_numbers(value.text, function)
    yield f"```python\n{first}\n```" if markdown else first
    if value.dtype is not None:
        yield from ["", f"{value.dtype}, {_axes(value, function, code)}"]
    for name, text in value.fields:
        yield f"- {code}{name}: {text}{code}" if markdown else f"  {name}: {text}"
    if value.work is not None and value.work.flops == value.work.bytes == "0":
        yield from ["", f"{', '.join(value.work.ops)}: an index map, which moves nothing"]
    elif value.work is not None:
        ops, flops, moved = ", ".join(value.work.ops), value.work.flops, value.work.bytes
        yield from ["", f"{ops}: {code}{flops}{code} FLOPs, {code}{moved}{code} bytes"]
    used = [f"{n}={size}" for n, size in function.numbers.items()]
    if used and (value.dtype is not None or value.work is not None):
        yield from ["", f"with {', '.join(used)}, which stands for any size"]


def _axes(value: Value, function: FunctionResult, code: str) -> str:
    """The axes in words: `Batch` of any size, `Hidden` = 64."""
    if not value.axes:
        return "a scalar"
    texts: list[str] = []
    for i, (name, size) in enumerate(value.axes):
        if name is None or (name == size and size.isdecimal()):
            texts.append(f"axis {i} = {code}{size}{code}")
        elif name == size or str(function.numbers.get(name)) == size:
            texts.append(f"{code}{name}{code} of any size")
        else:
            texts.append(f"{code}{name}{code} = {size}")
    return ("axes " if len(texts) > 1 else "axis ") + ", ".join(texts)
