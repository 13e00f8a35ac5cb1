"""Types of expressions that no operation computes: parameters, fields of packs, variables."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TypeAlias, cast

from ...compiler.loc import Loc
from ...dsl.pack import Pack
from .functions import Outcome, Target
from .result import Span, Value, Work
from .state import Facts, Seen, facts_of

Range: TypeAlias = "tuple[int, int, int | None, int | None]"


def values_of(target: Target, outcome: Outcome, *, costs: bool = False) -> tuple[Value, ...]:
    """The type of every expression of a function that has one, in order of places; `costs`: and what it costs.

    A helper that is called with several types has them all, with "or" between them.
    """
    found: dict[Span, Value] = {}
    for loc, seen in outcome.values.items():
        span = Span.of(loc)
        found[span] = _value(span, _merged(seen), loc.assigned, _work(seen) if costs else None)
    if target.node is not None:
        for node, facts, name in _named(target.node, outcome.arguments, _by_range(outcome.values)):
            span = Span.of(_loc(node, target.place))
            found.setdefault(span, _value(span, facts, name))
    return tuple(sorted(found.values(), key=lambda v: v.span))


def _value(span: Span, facts: Facts, name: str | None, work: Work | None = None) -> Value:
    return Value(span, facts.text, name, facts.dtype, facts.axes, facts.fields, work)


def _merged(seen: Seen) -> Facts:
    """The facts of an expression; only the text, where there is more than one type."""
    return seen.facts if len(seen.texts) == 1 else Facts(" or ".join(seen.texts))


def _work(seen: Seen) -> Work | None:
    from .costs import cost_of

    cost = cost_of(seen.work) if seen.work else None
    return None if cost is None else Work(tuple(dict.fromkeys(x.op for x in seen.work)), str(cost[0]), str(cost[1]))


def _by_range(values: Mapping[Loc, Seen]) -> dict[Range, Facts]:
    return {(v.line, v.col, v.end_line, v.end_col): _merged(seen) for v, seen in values.items()}


def _loc(node: ast.expr | ast.arg, place: Loc) -> Loc:
    end_col = node.end_col_offset or 0
    if isinstance(node, ast.arg):  # its name without the annotation
        end_col = node.col_offset + len(node.arg.encode())
    end_line = node.lineno if isinstance(node, ast.arg) else node.end_lineno or node.lineno
    return Loc(place.file, node.lineno, end_line, node.col_offset, end_col, place.function)


def _named(
    function: ast.FunctionDef | ast.AsyncFunctionDef,
    arguments: Mapping[str, object],
    computed: Mapping[Range, Facts],
) -> Iterator[tuple[ast.expr | ast.arg, Facts, str]]:
    """Names and attributes with their types. Of a name that is bound in several places, only these places."""
    nodes = list(ast.walk(function))
    bound = Counter(n.id for n in nodes if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load))
    known: dict[str, Facts] = {}
    for node in nodes:
        match node:
            case ast.arg(arg=name) if name in arguments:
                facts = facts_of(arguments[name])
                if facts is not None:
                    known[name] = facts
                    yield node, facts, name
            case (
                ast.Assign(targets=[ast.Name(id=name) as target], value=value)
                | ast.AnnAssign(target=ast.Name(id=name) as target, value=ast.expr() as value)
            ):
                facts = computed.get((value.lineno, value.col_offset, value.end_lineno, value.end_col_offset))
                if facts is not None:
                    yield target, facts, name
                    if bound[name] == 1 and name not in arguments:
                        known[name] = facts
            case _:
                pass
    for node in nodes:
        if isinstance(node, ast.Name) and node.id in known and bound[node.id] == (node.id not in arguments):
            yield node, known[node.id], node.id
        elif isinstance(node, ast.Attribute):
            facts = facts_of(_field(node, arguments, bound))
            if facts is not None:
                yield node, facts, ast.unparse(node)


def _field(node: ast.expr, arguments: Mapping[str, object], bound: Counter[str]) -> object:
    """The value of `p.layers["first"].w`, where `p` is a parameter that is not assigned to."""
    if isinstance(node, ast.Name):
        return arguments.get(node.id) if not bound[node.id] else None
    if isinstance(node, ast.Attribute):
        of = _field(node.value, arguments, bound)
        return of.__dict__.get(node.attr) if isinstance(of, Pack) else None
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        entries = _field(node.value, arguments, bound)
        return cast("dict[object, object]", entries).get(node.slice.value) if isinstance(entries, dict) else None
    return None
