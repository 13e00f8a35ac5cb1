"""Types of expressions that no operation computes: parameters, fields of packs, variables."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping

from ...compiler.loc import Loc
from ...dsl.pack import Pack
from .functions import Outcome, Target
from .result import Span, Value
from .state import text_of


def values_of(target: Target, outcome: Outcome) -> tuple[Value, ...]:
    """The type of every expression of a function that has one, in order of places.

    A helper that is called with several types has them all, with "or" between them.
    """
    found = {Span.of(loc): Value(Span.of(loc), " or ".join(t), loc.assigned) for loc, t in outcome.values.items()}
    if target.node is not None:
        for node, text, name in _named(target.node, outcome.arguments, _by_range(outcome.values)):
            span = Span.of(_loc(node, target.place))
            found.setdefault(span, Value(span, text, name))
    return tuple(sorted(found.values(), key=lambda v: v.span))


def _by_range(values: Mapping[Loc, list[str]]) -> dict[tuple[int, int, int | None, int | None], str]:
    return {(v.line, v.col, v.end_line, v.end_col): " or ".join(t) for v, t in values.items()}


def _loc(node: ast.expr | ast.arg, place: Loc) -> Loc:
    end_col = node.end_col_offset or 0
    if isinstance(node, ast.arg):  # its name without the annotation
        end_col = node.col_offset + len(node.arg.encode())
    end_line = node.lineno if isinstance(node, ast.arg) else node.end_lineno or node.lineno
    return Loc(place.file, node.lineno, end_line, node.col_offset, end_col, place.function)


def _named(
    function: ast.FunctionDef | ast.AsyncFunctionDef,
    arguments: Mapping[str, object],
    computed: Mapping[tuple[int, int, int | None, int | None], str],
) -> Iterator[tuple[ast.expr | ast.arg, str, str]]:
    """Names and attributes with their types. A name that is bound in several places is left out."""
    nodes = list(ast.walk(function))
    bound = Counter(n.id for n in nodes if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load))
    texts: dict[str, str] = {}
    for node in nodes:
        match node:
            case ast.arg(arg=name) if name in arguments:
                text = text_of(arguments[name])
                if text is not None:
                    texts[name] = text
                    yield node, text, name
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                text = computed.get((value.lineno, value.col_offset, value.end_lineno, value.end_col_offset))
                if text is not None and bound[name] == 1 and name not in arguments:
                    texts[name] = text
            case _:
                pass
    for node in nodes:
        if isinstance(node, ast.Name) and node.id in texts and bound[node.id] == (node.id not in arguments):
            yield node, texts[node.id], node.id
        elif isinstance(node, ast.Attribute):
            text = text_of(_field(node, arguments, bound))
            if text is not None:
                yield node, text, ast.unparse(node)


def _field(node: ast.expr, arguments: Mapping[str, object], bound: Counter[str]) -> object:
    """The value of `p.layer.w`, where `p` is a parameter that is not assigned to."""
    if isinstance(node, ast.Name):
        return arguments.get(node.id) if not bound[node.id] else None
    if isinstance(node, ast.Attribute):
        of = _field(node.value, arguments, bound)
        return of.__dict__.get(node.attr) if isinstance(of, Pack) else None
    return None
