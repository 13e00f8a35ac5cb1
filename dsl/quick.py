"""The quick check of a typed call: Python source specialised to the signature, with plain comparisons of sizes.

It accepts only what the full check (`check`, `typed`) accepts, without converting anything. Whatever else it meets - a raw
array, a subclass, a wrong size - it leaves to the full check, which decides and words the error. Tracebacks show its text.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable
from dataclasses import dataclass
from inspect import Parameter, Signature
from types import FunctionType
from typing import Any, Final, TypeAlias, cast, final

from .comparisons import Unsupported, Writer
from .hints import ArrayHint, Hint, PackHint
from .scope import Scope, Source, current_scope, join

AnyFunction: TypeAlias = "Callable[..., Any]"
MISSING: Final = object()  # a parameter that was not given
_FREE = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)

__all__ = ["Signed", "Unsupported", "compiled", "replace"]


@final
@dataclass(frozen=True, slots=True)
class Signed:
    """What there is to know of a typed function.

    parameters: name, kind, annotation, where that is. slow: does a call that the quick check does not accept, from its
    arguments; finish: checks a result, from the arguments, too.
    """

    f: AnyFunction
    name: str
    signature: Signature
    parameters: tuple[tuple[str, Hint, Source], ...]
    result: tuple[Hint, Source]
    slow: Callable[[tuple[object, ...], dict[str, object]], object]
    finish: Callable[[Scope, tuple[object, ...], dict[str, object], object], object]


@final
class _Function:
    """Writes the text of a check."""

    def __init__(self, signed: Signed, owner: PackHint | None) -> None:
        self._signed = signed
        self._kinds = [signed.signature.parameters[n].kind for n, _, _ in signed.parameters]
        if not all(k in (*_FREE, Parameter.KEYWORD_ONLY) for k in self._kinds):
            raise Unsupported
        self._names = [f"a{i}" if k in _FREE else f"_shapewright_{i}" for i, k in enumerate(self._kinds)]
        self.constants: dict[str, object] = {
            "f": signed.f,
            "missing": MISSING,
            "scope_now": current_scope.get,
            "enter": current_scope.set,
            "leave": current_scope.reset,
            "join": join,
            "slow": self._slow,
            "finish": self._finish,
        }
        listed = ", ".join(self._names) + ("," if len(self._names) == 1 else "")
        self._all = f"({listed})"
        self._writer = Writer(self.constants, f"return slow({self._all})")
        self._owner = owner

    # ---- what the text calls
    def _arguments(self, values: tuple[object, ...]) -> tuple[tuple[object, ...], dict[str, object]]:
        """The call that gave these values to the parameters; those behind a missing one were given by name."""
        args: list[object] = []
        kwargs: dict[str, object] = {}
        for (name, _, _), kind, value in zip(self._signed.parameters, self._kinds, values, strict=True):
            if value is MISSING:
                continue
            if kind in _FREE and not kwargs and len(args) == self._index(name):
                args.append(value)
            else:
                kwargs[name] = value
        return tuple(args), kwargs

    def _index(self, name: str) -> int:
        return next(i for i, (n, _, _) in enumerate(self._signed.parameters) if n == name)

    def _slow(self, values: tuple[object, ...], rest: tuple[object, ...] = (), named: object = None) -> object:
        args, kwargs = self._arguments(values)
        return self._signed.slow((*args, *rest), {**kwargs, **cast("dict[str, object]", named or {})})

    def _finish(self, scope: Scope, values: tuple[object, ...], value: object) -> object:
        return self._signed.finish(scope, *self._arguments(values), value)

    def by_name(self, check: AnyFunction) -> AnyFunction:
        """Calls the check again with arguments that were given by name."""
        index = {n: i for i, (n, _, _) in enumerate(self._signed.parameters)}
        free = sum(k in _FREE for k in self._kinds)

        def again(values: tuple[object, ...], rest: tuple[object, ...], named: dict[str, object]) -> object:
            placed = list(values)
            for name, value in named.items():
                at = index.get(name)
                if at is None or placed[at] is not MISSING or self._kinds[at] is Parameter.POSITIONAL_ONLY:
                    return self._slow(values, rest, named)
                placed[at] = value
            if rest:
                return self._slow(values, rest, named)
            return check(*placed[:free], **dict(zip(self._names[free:], placed[free:], strict=True)))

        return again

    # ---- text
    def text(self) -> str:
        w = self._writer
        for (name, hint, at), variable in zip(self._signed.parameters, self._names, strict=True):
            self._parameter(name, hint, at, variable)
        w.expressions()
        free = [f"{n}=missing" for n, k in zip(self._names, self._kinds, strict=True) if k in _FREE]
        only = [f"{n}=missing" for n, k in zip(self._names, self._kinds, strict=True) if k not in _FREE]
        head = ", ".join([*free, *(["/"] if free else []), "*rest", *only, "**named"])
        return "\n".join(
            [
                f"def check({head}):",
                "    scope = scope_now()",
                "    if rest or named:",
                f"        return by_name({self._all}, rest, named)",
                *(["    try:", *w.lines, "    except ValueError:", f"        {w.fail}"] if w.lines else []),
                *self._call(),
                *self._result(),
                "    return value",
                "",
            ]
        )

    def _parameter(self, name: str, hint: Hint, at: Source, variable: str) -> None:
        w = self._writer
        optional = self._signed.signature.parameters[name].default is not Parameter.empty
        if self._owner is not None and name == "self":
            w.refuse(f"{variable}.__class__ is not {w.constant('Owner', self._owner.cls)}")
            w.fields(self._owner, variable, at)
        elif optional:
            with w.block(f"if {variable} is not missing:"):
                w.value(hint, variable, at)
        else:
            if not isinstance(hint, ArrayHint | PackHint):
                w.refuse(f"{variable} is missing")
            w.value(hint, variable, at)

    def _call(self) -> list[str]:
        w = self._writer
        dims = {key: v for key, v in w.sizes.items() if not isinstance(key, tuple)}
        first, given, sources = w.given(dims)
        call = f"value = f({', '.join(self._argument(i) for i in range(len(self._names)))})"
        again = ", ".join(n if k in _FREE else f"{n}={n}" for n, k in zip(self._names, self._kinds, strict=True))
        labelled = [f"if {' or '.join(w.labels)}:", f"    {w.fail}"] if w.labels else []
        differ = f"not join(scope, {given}, {sources})"
        if not first:  # no call of `join` where all is known already
            known = " or ".join(f"sizes.get({w.constant('Dim', d)}) != {v}" for d, v in dims.items())
            differ = f"({known}) and {differ}"
        lines = [
            "if scope is None:",
            *_indented(*labelled, *first, f'scope = ({given}, [{sources}], "running")', *_scoped(call)),
            'elif scope[2] == "running":',
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
        name, _, _ = self._signed.parameters[i]
        parameter = self._signed.signature.parameters[name]
        text = self._names[i]
        if parameter.default is not Parameter.empty:
            default = self._writer.constant("default", parameter.default)
            text = f"{default} if {text} is missing else {text}"
        return f"{name}={text}" if self._kinds[i] is Parameter.KEYWORD_ONLY else text

    def _result(self) -> list[str]:
        w = self._writer
        hint, at = self._signed.result
        sure = {d for d, v in w.sizes.items() if v not in w.unsure}
        w.restart(f"return finish(scope, {self._all}, value)")
        w.value(hint, "value", at)
        w.expressions()
        new = {d: v for d, v in w.sizes.items() if d not in sure and not isinstance(d, tuple)}
        if new:
            first, given, sources = w.given(new)
            for line in first:
                w.line(line)
            w.refuse(f"not join(scope, {given}, {sources})")
        return ["    try:", *w.lines, "    except ValueError:", f"        {w.fail}"] if w.lines else []


def _indented(*lines: str) -> list[str]:
    return [f"    {line}" for line in lines]


def _scoped(statement: str) -> list[str]:
    """Lines that run a statement in the scope that `scope` is now."""
    return ["token = enter(scope)", "try:", f"    {statement}", "finally:", "    leave(token)"]


def compiled(signed: Signed, owner: PackHint | None = None) -> FunctionType:
    """The quick check of a function; `owner`: the annotations of the pack whose method it is. Unsupported."""
    function = _Function(signed, owner)
    text = function.text()
    file = f"<shapewright check of {signed.name}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    namespace = {**function.constants, "__name__": __name__}
    exec(compile(text, file, "exec"), namespace)
    check = cast("FunctionType", namespace["check"])
    namespace["by_name"] = function.by_name(check)
    return check


def replace(function: FunctionType, check: FunctionType) -> None:
    """Make a function without free variables, and with globals of its own, do what a check does."""
    function.__globals__.update(check.__globals__)
    function.__defaults__, function.__kwdefaults__ = check.__defaults__, check.__kwdefaults__
    function.__code__ = check.__code__
