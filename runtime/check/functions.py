"""The typed functions of a module, and how one of them is checked: with symbols for sizes first, then with numbers."""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from types import CodeType, ModuleType
from typing import cast, final, get_overloads

from ...compiler.errors import ShapewrightError
from ...compiler.loc import Loc
from ...compiler.sizes import Symbol
from ...dsl.dims import Dim
from ...dsl.example import Example, examples_of
from ...dsl.interpreters import use
from ...dsl.scope import axis_scope
from ...dsl.typed import Plan
from .arguments import Builder, Numbers, Symbols, Unbound, arguments, axis_sizes
from .importing import made
from .state import Found, Key, Restart, Run, Seen, ShapeOps, activate, has_any_keys, key_of
from .trail import Trail

_PRIMES = (101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167, 173, 179, 181, 191, 193, 197, 199, 211)
_MORE = (223, 227, 229, 233, 239, 241, 251, 257, 263, 269, 271, 277, 281, 283, 293, 307, 311, 313, 317, 331, 337, 347)
_FEW = (7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97)
_SMALL = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53)
_NODE = ast.FunctionDef | ast.AsyncFunctionDef


@final
@dataclass(frozen=True, slots=True)
class Target:
    """A typed function. owner: the class that it is a method of. node: its definition, if the source is there."""

    name: str
    f: Callable[..., object]
    plan: Plan
    owner: type[object] | None
    place: Loc
    node: _NODE | None


@final
@dataclass(slots=True)
class Outcome:
    """What checking one example gave. some: errors that only some sizes make, with these sizes. arguments: by name.
    lines: where operations stand, by file and line. numbers: sizes of axes that stand for any size in the values."""

    errors: list[Found]
    values: dict[Loc, Seen]
    arguments: dict[str, object] = field(default_factory=dict[str, object])
    some: list[tuple[Found, str]] = field(default_factory=list["tuple[Found, str]"])
    lines: set[tuple[str, int]] = field(default_factory=set["tuple[str, int]"])
    numbers: dict[str, int] = field(default_factory=dict[str, int])


def example_numbers(fixed: Collection[int], *, few: bool = False) -> Numbers:
    """Sizes for symbols: primes that are no size of the program; `few`: small ones."""
    return _without(_FEW if few else _PRIMES, fixed)


def divisible(fixed: Collection[int]) -> Numbers:
    """Sizes for symbols that have many divisors, for programs that ask for a multiple."""
    return _without([24 * n for n in _FEW], fixed)


def dim_sizes(of: type[Dim] = Dim) -> set[int]:
    """The sizes that classes fix: a symbol never has one of them by accident."""
    found = {d.size for d in of.__subclasses__() if d.size is not None}
    return found.union(*map(dim_sizes, of.__subclasses__()))


def small(pool: Collection[int], fixed: Collection[int]) -> Numbers:
    """Sizes for symbols out of a pool of small ones: none is a size of the program. First those where no two of all these
    sizes have a sum or product that is a third, so that a wrong size hardly ever is right by accident."""
    taken: set[int] = set(fixed)
    usable: list[int] = []
    for n in pool:
        both = taken | {n}
        made = {m for a in both for b in both for m in (a + b, a * b)}
        if n not in taken and n not in made and not any(n + a in both or n * a in both for a in both):
            taken.add(n)
            usable.append(n)
    return _without((*usable, *(n for n in pool if n not in usable)), fixed)


def _from(sizes: Numbers, first: int, count: int) -> Numbers:
    """The same sizes for `count` symbols, beginning at another one."""
    return lambda i: sizes((i - first) % count)


def _without(numbers: Sequence[int], fixed: Collection[int]) -> Numbers:
    usable = [n for n in numbers if n not in fixed] or numbers
    return lambda i: usable[i % len(usable)]


# ---- finding
def targets(module: ModuleType, file: str) -> list[Target]:
    """The typed functions and methods that are defined in the file of a module, in order of lines."""
    found: dict[int, Target] = {}
    for value in list(vars(module).values()):
        _add_all(found, value, file, None, module.__name__)
    codes = {_code(t.plan) for t in found.values()}
    for f in made:  # what the module does not hold: entries of a registry, functions whose name another one has now
        plan = vars(f)["_plan"]
        code = _code(plan)
        inner = "<locals>" in str(getattr(plan.f, "__qualname__", ""))  # it is checked where it is called
        if code not in codes and not inner and all(f is not o for o in get_overloads(plan.f)):
            _add(found, f, file, None)
    return sorted(found.values(), key=lambda t: (t.place.line, t.name))


def _add_all(found: dict[int, Target], value: object, file: str, owner: type[object] | None, module: str) -> None:
    """Add a function; of a class, its methods and those of the classes in it."""
    if not isinstance(value, type) or value.__module__ != module:
        _add(found, value, file, owner)
    elif owner is None or value.__qualname__.startswith(f"{owner.__qualname__}."):
        cls = cast("type[object]", value)
        for member in list(vars(cls).values()):
            _add_all(found, member, file, cls, module)


_HOLDERS: dict[type[object], str] = {
    staticmethod: "__func__",
    classmethod: "__func__",
    property: "fget",
    functools.cached_property: "func",
    functools.partial: "func",
    functools.partialmethod: "func",
}


def _add(found: dict[int, Target], value: object, file: str, owner: type[object] | None) -> None:
    while True:
        holder = next((attribute for cls, attribute in _HOLDERS.items() if isinstance(value, cls)), None)
        if holder is not None:
            owner = None if isinstance(value, staticmethod) else owner
            value = cast("object", getattr(value, holder))
            continue
        held: dict[str, object] = getattr(value, "__dict__", {}) if callable(value) else {}
        plan = held.get("_plan")
        if isinstance(plan, Plan):
            break
        value = held.get("__wrapped__")
        if value is None:
            return
    code = _code(plan)
    if code is not None and code.co_filename == file and id(plan) not in found:
        node = definition(file, code.co_firstlineno, code.co_name)
        place = _place(file, code.co_firstlineno, plan.name, node)
        found[id(plan)] = Target(plan.name, cast("Callable[..., object]", value), plan, owner, place, node)


def _code(plan: Plan) -> CodeType | None:
    return getattr(inspect.unwrap(plan.f), "__code__", None)


def _place(file: str, first: int, name: str, node: _NODE | None) -> Loc:
    """The name in the `def`."""
    line = first if node is None else node.lineno
    text = linecache.getline(file, line)
    short = name.rpartition(".")[2]
    at = max(text.find(f" {short}(") + 1, 0)
    return Loc(file, line, line, len(text[:at].encode()), len(text[: at + len(short)].encode()), name)


@lru_cache(maxsize=8)
def _definitions(file: str) -> dict[tuple[int, str], _NODE]:
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return {}
    nodes = (n for n in ast.walk(tree) if isinstance(n, _NODE))
    return {(min([n.lineno, *(d.lineno for d in n.decorator_list)]), n.name): n for n in nodes}


def definition(file: str, first: int, name: str) -> _NODE | None:
    """The definition that begins in this line, decorators included."""
    return _definitions(file).get((first, name))


# ---- checking
def check(target: Target) -> list[Outcome]:
    """Check a function with each of its examples. Unbound: it has arguments that nothing says enough about."""
    return [_Checked(target, e).outcome() for e in examples_of(target.f) or (Example((), {}),)]


@final
class _Checked:
    """One function with one example."""

    def __init__(self, target: Target, example: Example) -> None:
        self._target, self._example = target, example
        self._fixed = frozenset(dim_sizes())
        self._count = 0  # of symbols
        self._arguments: dict[str, object] = {}

    def outcome(self) -> Outcome:
        try:
            run, symbols = self._once(self._numbers(_PRIMES), frozenset())
        except Restart as restart:
            return self._with_numbers(restart.needed)
        except ShapewrightError as error:  # an annotation that is none
            place = error.diagnostic.loc or self._target.place
            return Outcome([Found(error.at(place), place)], {})
        first = Outcome(list(run.errors.values()), run.values, self._arguments, lines=run.ops.lines)
        if not run.errors or not symbols:
            return first
        bound = self._arguments
        numbers = self._with_numbers(symbols)
        confirmed = {key_of(e.loc): e for e in numbers.errors}
        both = {k: e for k, e in run.errors.items() if k in confirmed}
        for key, found in both.items():
            if found.error.sizes is not None:  # its code says that a size is a symbol; with numbers it has another
                found.error.code = confirmed[key].error.code
        if len(both) == len(run.errors) == len(confirmed):
            return first
        return Outcome(list((confirmed | both).values()), run.values, bound, numbers.some, run.ops.lines)

    def _with_numbers(self, constant: frozenset[Symbol]) -> Outcome:
        """The errors that are made whatever numbers the symbols stand for: by every trial that might have made them."""
        first: Outcome | None = None
        found: dict[Key, tuple[Found, str]] = {}
        failed: list[tuple[Run, Numbers]] = []
        common: set[Key] = set()
        for numbers in self._examples():
            run, constant = self._settled(numbers, constant)
            used = {s.name: numbers(int(s.key)) for s in sorted(constant, key=lambda s: int(s.key))}
            sizes = ", ".join(f"{name}={size}" for name, size in used.items())
            first = first or Outcome([], run.values, self._arguments, lines=run.ops.lines, numbers=used)
            common = set()
            if run.errors:
                failed.append((run, numbers))
                for key, error in run.errors.items():
                    found.setdefault(key, (error, sizes))
                common = {k for k, (e, _) in found.items() if not self._disproved(k, e, failed, constant)}
            if not common:
                break
        assert first is not None
        for key, (error, sizes) in found.items():
            if key in common:
                error.error.diagnostic.notes.append(f"found with {sizes}, which stands for any size")
                first.errors.append(error)
        first.some = [e for k, e in found.items() if k not in common]
        return first

    def _disproved(
        self, key: Key, found: Found, failed: list[tuple[Run, Numbers]], constant: frozenset[Symbol]
    ) -> bool:
        """Whether a run came past a place without the error that others make there. An exception of the program's own,
        such as a failed assertion, may be about sizes that no run has together, so every run must make it."""
        for run, numbers in failed:
            if key in run.errors:
                continue
            if not found.own and run.trail is None:  # it runs again: most errors are made by every run
                run.trail = self._settled(numbers, constant, followed=True)[0].trail
            if found.own or (run.trail is not None and run.trail.clears(key)):
                return True
        return False

    def _settled(
        self, numbers: Numbers, constant: frozenset[Symbol], *, followed: bool = False
    ) -> tuple[Run, frozenset[Symbol]]:
        """A run that comes to an end: symbols that turn out to be needed as numbers are constant too."""
        while True:
            try:
                return self._once(numbers, constant, Trail() if followed else None)[0], constant
            except Restart as restart:
                constant |= restart.needed

    def _examples(self) -> Iterator[Numbers]:
        """Distinct primes, so that no sizes are equal or divide each other by accident; sizes with many divisors, for
        programs that ask for a multiple; small ones, for programs that have an upper bound; small multiples, where each
        axis in turn has the smallest, for those that have both; other primes; large ones."""
        yield self._numbers(_PRIMES)
        yield divisible(self._fixed)
        for pool in (_SMALL, _SMALL[4:]):
            yield small(pool, self._fixed)
        for step in (24, 12, 8, 6, 4):
            sizes = small([step * n for n in range(1, 24)], self._fixed)
            for first in range(min(self._count, 4)):
                yield _from(sizes, first, self._count)
        yield self._numbers(_MORE)
        yield _without([64 * n for n in _PRIMES], self._fixed)

    def _numbers(self, primes: tuple[int, ...]) -> Numbers:
        return _without(primes, self._fixed)

    def _once(
        self, numbers: Numbers, constant: frozenset[Symbol], trail: Trail | None = None
    ) -> tuple[Run, frozenset[Symbol]]:
        """One run, and the symbols of the arguments. Restart: sizes are needed as numbers."""
        target, example = self._target, self._example
        parameters = target.plan.parameters
        axes = Symbols(axis_sizes(parameters, example), numbers, constant)
        run = Run(ShapeOps(axes.example), target.place, trail=trail)
        build = Builder(run.ops, axes)
        args, kwargs = arguments(target.plan, example, build, target.owner)
        self._fixed = frozenset(axes.fixed | dim_sizes())
        self._count = len(axes.symbols)
        self._arguments = dict(zip(parameters, args, strict=False)) | kwargs
        run.any_keys = has_any_keys(self._arguments)
        follow = nullcontext() if trail is None else trail.followed()
        with activate(run), use(run.ops), axis_scope("all", sizes_of="new"), follow:
            target.f(*args, **kwargs)
        return run, frozenset(axes.symbols.values())


__all__ = ["Outcome", "Target", "Unbound", "check", "definition", "divisible", "example_numbers", "targets"]
