"""The quick check of a typed call: Python source specialised to the signature, with plain comparisons of sizes.

It accepts only what the full check (`check`, `typed`) accepts, without converting anything. Whatever else it meets - a raw
array, a subclass, a wrong size - it leaves to the full check, which decides and words the error. Tracebacks show its text.
"""

from __future__ import annotations

import itertools
import linecache
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter, Signature
from types import FunctionType
from typing import Any, Final, TypeAlias, cast, final

from ..compiler.sizes import Size
from .comparisons import Unsupported, Writer
from .hints import ArrayHint, Hint, PackHint, PlainHint
from .scope import Binding, Bindings, Scope, Source, current_scope, join, shared

AnyFunction: TypeAlias = "Callable[..., Any]"
Known: TypeAlias = (
    "tuple[object, Size | list[Size] | None, Source]"  # a type variable of a call, its size, who bound it
)
MISSING: Final = object()  # a parameter that was not given
FILE_NAMES: Final = "<shapewright check "  # how those of the texts of checks begin
_FREE = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
_numbers = itertools.count(1)

__all__ = ["Signed", "Unsupported", "compiled", "replace"]


@final
@dataclass(frozen=True, slots=True)
class Signed:
    """What there is to know of a typed function.

    parameters: name, annotation, where that is. slow: does a call that the quick check does not accept, from its
    arguments; finish: checks a result in full, from the sizes of type variables and the number of their frames.
    """

    f: AnyFunction
    name: str
    signature: Signature
    parameters: tuple[tuple[str, Hint, Source], ...]
    result: tuple[Hint, Source]
    slow: Callable[[tuple[object, ...], dict[str, object]], object]
    finish: Callable[[Scope, object, Bindings, int], object]


def compiled(signed: Signed, owner: PackHint | None = None) -> FunctionType:
    """The quick check of a function; `owner`: the annotations of the pack whose method it is.

    Raises:
        Unsupported: an annotation or a function that only the full check knows.
    """
    if not isinstance(signed.f, FunctionType) or hasattr(signed.f, "__wrapped__"):
        raise Unsupported  # a wrapper may see whether a default was given
    check = _made(signed, owner, by_name=False)
    check.__globals__["by_name"] = _by_name(signed, owner)
    return check


def replace(function: FunctionType, check: FunctionType) -> None:
    """Make a function without free variables, and with globals of its own, do what a check does."""
    function.__globals__.update(check.__globals__)
    function.__defaults__ = check.__defaults__
    function.__code__ = check.__code__


def _made(signed: Signed, owner: PackHint | None, *, by_name: bool) -> FunctionType:
    function = _Function(signed, owner, by_name)
    text = function.text()
    file = f"{FILE_NAMES}{next(_numbers)} of {signed.name}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    namespace = {**function.constants, "__name__": __name__}
    exec(compile(text, file, "exec"), namespace)
    return cast("FunctionType", namespace["check"])


def _given(values: Iterable[object]) -> tuple[object, ...]:
    return tuple(v for v in values if v is not MISSING)


def _by_name(signed: Signed, owner: PackHint | None) -> AnyFunction:
    """Does a call with arguments that were given by name; its check is made when there is one."""
    kinds = [signed.signature.parameters[n].kind for n, _, _ in signed.parameters]
    index = {n: i for i, (n, _, _) in enumerate(signed.parameters) if kinds[i] is not Parameter.POSITIONAL_ONLY}
    rest = [MISSING] * sum(k is Parameter.KEYWORD_ONLY for k in kinds)
    made: list[FunctionType] = []

    def call(values: tuple[object, ...], more: tuple[object, ...], named: dict[str, object]) -> object:
        placed, args = [*values, *rest], (*_given(values), *more)
        for name, value in named.items():
            at = index.get(name)
            if at is None or placed[at] is not MISSING:
                return signed.slow(args, named)
            placed[at] = value
        if more:
            return signed.slow(args, named)
        if not made:
            made.append(_made(signed, owner, by_name=True))
        return made[0](*placed, args, named)

    return call


@final
class _Function:
    """Writes the text of a check: of calls by position, or of those whose arguments were put in their places before."""

    def __init__(self, signed: Signed, owner: PackHint | None, by_name: bool) -> None:
        self._signed, self._owner, self._named = signed, owner, by_name
        kinds = {n: signed.signature.parameters[n].kind for n, _, _ in signed.parameters}
        if not all(k in (*_FREE, Parameter.KEYWORD_ONLY) for k in kinds.values()):
            raise Unsupported
        self._parameters = [p for p in signed.parameters if by_name or kinds[p[0]] in _FREE]
        self._names = [f"a{i}" for i in range(len(self._parameters))]
        self.constants: dict[str, object] = {
            "f": signed.f,
            "missing": MISSING,
            "scope_now": current_scope.get,
            "enter": current_scope.set,
            "leave": current_scope.reset,
            "join": join,
            "shared": shared,
            "slow": signed.slow,
            "given_of": _given,
            "finish": self._finish,
        }
        listed = ", ".join(self._names) + ("," if len(self._names) == 1 else "")
        self._all = f"({listed})"
        self._writer = Writer(
            self.constants, "return slow(args, kwargs)" if by_name else f"return slow(given_of({self._all}), {{}})"
        )
        self._frames = 0

    def _finish(self, scope: Scope, value: object, known: tuple[Known, ...]) -> object:
        """Check a result in full."""
        whole = shared(scope)
        bound: Bindings = {
            key: Binding(tuple(size) if isinstance(size, list) else (size,), source)
            for key, size, source in known
            if size is not None
        }
        return self._signed.finish(whole, value, bound, self._frames)

    # ---- text
    def text(self) -> str:
        w = self._writer
        for (name, hint, at), variable in zip(self._parameters, self._names, strict=True):
            self._parameter(name, hint, at, variable)
        if len(self._parameters) < len(self._signed.parameters) and self._lacks():
            w.refuse("True")
        w.expressions()
        self._frames = w.frames
        dims = {key: v for key, v in w.sizes.items() if not isinstance(key, tuple)}
        head = ", ".join([*self._names, "args", "kwargs"])
        first: list[str] = []
        if not self._named:
            head = ", ".join(
                [*(f"{n}=missing" for n in self._names), *(["/"] if self._names else []), "*rest", "**named"]
            )
            first = ["    if rest or named:", f"        return by_name({self._all}, rest, named)"]
        return "\n".join(
            [
                f"def check({head}):",
                *first,
                "    scope = scope_now()",
                *_guarded(w.lines, w.fail),
                *self._call(dims),
                *self._result(),
                "    return value",
                "",
            ]
        )

    def _lacks(self) -> bool:
        """Whether a call without keywords lacks an argument."""
        parameters = self._signed.signature.parameters.values()
        return any(p.kind is Parameter.KEYWORD_ONLY and p.default is Parameter.empty for p in parameters)

    def _parameter(self, name: str, hint: Hint, at: Source, variable: str) -> None:
        w = self._writer
        optional = self._signed.signature.parameters[name].default is not Parameter.empty
        if self._owner is not None and name == "self" and isinstance(hint, PlainHint) and hint.open:
            w.refuse(f"{variable}.__class__ is not {w.constant('Owner', self._owner.cls)}")
            w.fields(self._owner, variable, at)
        elif optional:
            with w.block(f"if {variable} is not missing:"):
                w.value(hint, variable, at)
        else:
            if not isinstance(hint, ArrayHint | PackHint):
                w.refuse(f"{variable} is missing")
            w.value(hint, variable, at)

    def _call(self, dims: Mapping[object, str]) -> list[str]:
        """The call, in each state of the scope."""
        w = self._writer
        first, given, sources = w.given(dims)
        call = f"value = f({', '.join(self._argument(i) for i in range(len(self._names)))})"
        again = ", ".join([*self._names, *(["args", "kwargs"] if self._named else [])])
        labelled = [f"if {' or '.join(w.labels)}:", f"    {w.fail}"] if w.labels else []
        new, running = f'{given}, [{sources}], "running"', 'scope[2] == "running"'
        differ = f"not join(scope, {given}, {sources})"
        if not first:  # no call of `join` where all is known already
            known = " or ".join(f"sizes.get({w.constant('Dim', d)}) != {v}" for d, v in dims.items())
            differ = f"({known}) and {differ}"
            new = f'({"".join(f"{v}, " for v in dims.values())}), {sources}, "given"'
        lines = [
            "if scope is None:",
            *_indented(*labelled, *first, f"scope = [{new}]", *_scoped(call)),
            f'elif {running} or scope[2] == "given"{" and shared(scope)" * bool(dims)}:',
            *_indented(*first, "sizes = scope[0]", f"if {differ}:", f"    {w.fail}") * bool(dims),
            *_indented(call),
            'elif scope[2] == "open":',
            *_indented(*labelled, 'scope = (scope[0], scope[1], "running")', *_scoped(f"return check({again})")),
            "else:",
            f"    {w.fail}",
        ]
        return _indented(*lines)

    def _argument(self, i: int) -> str:
        """An argument of the call of the function."""
        name, _, _ = self._parameters[i]
        parameter = self._signed.signature.parameters[name]
        text = self._names[i]
        if parameter.default is not Parameter.empty:
            default = self._writer.constant("default", parameter.default)
            text = f"{default} if {text} is missing else {text}"
        return f"{name}={text}" if parameter.kind is Parameter.KEYWORD_ONLY else text

    def _result(self) -> list[str]:
        w = self._writer
        hint, at = self._signed.result
        sure = {d for d, v in w.sizes.items() if v not in w.unsure}
        w.results(f"return finish(scope, value, {w.known()})")
        w.value(hint, "value", at)
        w.expressions()
        new = {d: v for d, v in w.sizes.items() if d not in sure and not isinstance(d, tuple)}
        if new:
            first, given, sources = w.given(new)
            for line in first:
                w.line(line)
            w.refuse(f"not join(scope, {given}, {sources})")
        return _guarded(w.lines, w.fail)


def _guarded(lines: Sequence[str], fail: str) -> list[str]:
    """Comparisons; sizes that are more or fewer than their variables fail as well."""
    return ["    try:", *lines, "    except ValueError:", f"        {fail}"] if lines else []


def _indented(*lines: str) -> list[str]:
    return [f"    {line}" for line in lines]


def _scoped(statement: str) -> list[str]:
    """Lines that run a statement in the scope that `scope` is now."""
    return ["token = enter(scope)", "try:", f"    {statement}", "finally:", "    leave(token)"]
