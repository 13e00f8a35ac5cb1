"""Guards around what users call: an error is reported, the result becomes unknown, and the function goes on.

`install` puts them around the functions of the package, the methods of tensors, typed calls and new packs, for the whole
process: it is called in the process that checks a file, before the file is imported. Without an active run they do
nothing.
"""

from __future__ import annotations

import ast
import functools
import inspect
import math
import sys
from collections.abc import Callable, Mapping
from types import FrameType, FunctionType
from typing import Any, Literal, TypeAlias, cast, final

from ...compiler.errors import ShapewrightError
from ...compiler.loc import Loc, frame_loc, user_loc
from ...dsl import check
from ...dsl.alias import AxesAlias
from ...dsl.array import Array
from ...dsl.blame import TRANSPARENT, node_at
from ...dsl.check import Walk
from ...dsl.discrete import BoolTensor, IntTensor
from ...dsl.elsewhere import keyword, no_attribute
from ...dsl.hints import PackHint
from ...dsl.pack import Pack, children, helped, rebuilt
from ...dsl.repairs import closest
from ...dsl.scope import Bindings, Scope, bindings_of, checker, entered, exact_sizes
from ...dsl.tensor import Tensor
from ...dsl.typed import Arguments, Plan
from .arguments import Bound, Builder, Unbound
from .caught import is_caught
from .state import Restart, Run, State, Stop, active, is_unknown, what_was_meant

Instead: TypeAlias = Literal["tensor", "stop", "nan", "true", "self"]  # in the place of a result that there is not
AnyFunction: TypeAlias = "Callable[..., Any]"

_INSTEAD: dict[str, Instead] = {
    **dict.fromkeys(("__len__", "__iter__", "__int__", "__index__", "__complex__", "__contains__", "tolist"), "stop"),
    **dict.fromkeys(("__array__", "__dlpack__", "shape", "ndim", "size", "dtype", "names", "device"), "stop"),
    "__float__": "nan",
    "__round__": "nan",
    "__bool__": "true",
    "__init__": "self",
}
_UNGUARDED = frozenset(
    ["__getattr__", "__new__", "__hash__", "__repr__", "__format__", "__init_subclass__", "__class_getitem__"]
)
_PUBLIC = frozenset(["typed", "example", "record", "run_with", "cons"])  # they call functions, or need no guard
_MOST_TRUTHS = 3  # how often a condition without a value is true at its place: `while` must come to an end


def install() -> None:
    """Put the guards in place."""
    checker.kind = "full"  # a quick check would pass by them
    package = sys.modules[__name__.partition(".")[0]]
    language = f"{package.__name__}.dsl."
    for name, f in list(vars(package).items()):
        if isinstance(f, FunctionType) and f.__module__.startswith(language) and name not in _PUBLIC:
            setattr(package, name, guard(f))
    for name in ("grad", "value_and_grad", "vjp"):
        setattr(package, name, _transform(name))
    for cls in (Array, Tensor, IntTensor, BoolTensor):
        for name, member in list(vars(cast("type[object]", cls)).items()):
            if (name.startswith("__") or not name.startswith("_")) and name not in _UNGUARDED:
                guarded = _member(name, member)
                if guarded is not None:
                    setattr(cls, name, guarded)
    setattr(Array, "__getattr__", _no_attribute)
    setattr(Array, "__call__", _call_of_unknown)
    setattr(package, "__getattr__", _names_of(package.__getattr__))
    setattr(AxesAlias, "__call__", guard(AxesAlias.__call__))
    setattr(check, "check_pack", _pack_guard(check.check_pack))
    setattr(Plan, "call", _call_guard(Plan.call))


def _transform(name: str) -> AnyFunction:
    def loaded(*args: Any, **kwargs: Any) -> Any:
        from .gradients import transform  # not before it is needed

        return transform(name)(*args, **kwargs)

    return loaded


def _member(name: str, member: object) -> object:
    instead = _INSTEAD.get(name, "tensor")
    if isinstance(member, FunctionType):
        return guard(member, instead)
    if isinstance(member, property) and member.fget is not None:
        return property(guard(cast("AnyFunction", member.fget), instead), doc=member.__doc__)
    if isinstance(member, classmethod):
        return classmethod(guard(cast("classmethod[Any, ..., Any]", member).__func__, instead))
    return None


def guard(f: AnyFunction, instead: Instead = "tensor") -> AnyFunction:
    """A function of the surface that reports its errors to the active run."""

    @functools.wraps(f)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        run = active()
        if run is None or run.inside:
            return f(*args, **kwargs)
        operands = args[1:] if instead == "self" else args  # what is made now holds nothing yet
        if is_unknown(operands) or (kwargs and is_unknown(kwargs)):
            run.mark(skipped=True)
            return _other(run, instead, args)
        before = len(run.ops.log)
        run.inside = True
        try:
            out: object = f(*args, **kwargs)
        except ShapewrightError as error:
            run.report(error)
            return _other(run, instead, args)
        except TypeError as error:
            wrong = _wrong_keyword(f, kwargs, error)
            if wrong is None or is_caught(error):
                raise
            run.report(*wrong)
            return _other(run, instead, args)
        finally:
            run.inside = False
        run.mark()
        run.observe(args[0] if instead == "self" else out, before)
        return out

    made: Any = guarded
    TRANSPARENT.add(made.__code__)
    return guarded


def _names_of(lookup: Callable[[str], object]) -> Callable[[str], object]:
    """The lookup of names in the package: one that does not exist is a function of which nothing is known."""

    def found(name: str) -> object:
        try:
            return lookup(name)
        except AttributeError as error:
            return _other_name(error)

    return found


def _no_attribute(self: Array[*tuple[Any, ...]], name: str) -> object:
    """An attribute that tensors do not have: a tensor of which nothing is known."""
    return _other_name(no_attribute(self, name))


def _other_name(error: AttributeError) -> object:
    """What stands for an attribute that does not exist; it is reported where it is written."""
    run, name = active(), str(error.name)
    if run is None or run.inside or name.startswith("__"):
        raise error
    loc = user_loc()
    node = None if loc is None else node_at(loc)
    if not isinstance(node, ast.Attribute) or node.attr != name:
        raise error  # `hasattr` and the like ask whether it exists
    if is_unknown(error.obj):
        run.mark(skipped=True)
    else:
        run.report(ShapewrightError(f"AttributeError: {error}", help=what_was_meant(error)), loc)
    return run.unknown()


def _call_of_unknown(self: Array[*tuple[Any, ...]], *_: object, **__: object) -> object:
    """A call of what an attribute gave that does not exist."""
    run = active()
    if run is None or not is_unknown(self):
        raise TypeError(f"{type(self).__name__!r} object is not callable")
    run.mark(skipped=True)
    return run.unknown()


def _wrong_keyword(
    f: AnyFunction, kwargs: Mapping[str, object], error: TypeError
) -> tuple[ShapewrightError, Loc | None] | None:
    """What to report of a call with a keyword that `f` has not, and where; None if `error` is about something else."""
    parameters = inspect.signature(f).parameters
    unknown = [k for k in kwargs if k not in parameters]
    at = error.__traceback__
    while at is not None and at.tb_next is not None and at.tb_next.tb_frame.f_code in TRANSPARENT:
        at = at.tb_next
    called = at is not None and at.tb_next is None  # `f` itself did not begin
    if not unknown or not called or any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return None
    help_ = keyword(unknown[0], parameters)
    if help_ is None:
        close = closest(unknown[0], [n for n in parameters if n not in kwargs])
        help_ = None if close is None else f"did you mean `{close}`?"
    return ShapewrightError(f"TypeError: {error}", help=help_), _keyword_loc(user_loc(), unknown[0])


def _keyword_loc(loc: Loc | None, name: str) -> Loc | None:
    """The keyword of this name in the call at a place; the place itself where the source does not show it."""
    node = None if loc is None else node_at(loc)
    found = [k for k in node.keywords if k.arg == name] if isinstance(node, ast.Call) else []
    if loc is None or not found:
        return loc
    end_line, end_col = found[0].end_lineno or 0, found[0].end_col_offset or 0
    return Loc(loc.file, found[0].lineno, end_line, found[0].col_offset, end_col, loc.function)


def _other(run: Run, instead: Instead, args: tuple[Any, ...]) -> object:
    match instead:
        case "tensor":
            return run.unknown()
        case "nan":
            return math.nan
        case "true":
            loc = user_loc()
            run.truths[loc] += 1
            return run.truths[loc] <= _MOST_TRUTHS
        case "self":
            for name, value in (("_type", run.unknown()._type), ("_value", State.UNKNOWN), ("_ops", run.ops)):  # pyright: ignore[reportPrivateUsage]  what __init__ would have set
                setattr(args[0], name, value)
            return None
        case "stop":
            return run.stop()


# ---- new packs
def _pack_guard(check_pack: Callable[[Pack, PackHint | None], Pack]) -> Callable[..., Pack]:
    @functools.wraps(check_pack)
    def checked(pack: Pack, hint: PackHint | None = None) -> Pack:
        run = active()
        if run is None:
            return check_pack(pack, hint)
        if is_unknown(pack):
            run.mark(skipped=True)
            return pack
        try:
            with exact_sizes():
                return check_pack(pack, hint)
        except ShapewrightError as error:
            with exact_sizes():
                run.report(helped(error, pack, hint))
            return _forgotten(run, pack)

    return checked


def _forgotten(run: Run, pack: Pack) -> Pack:
    """The pack with every tensor unknown."""
    parts = children(pack)
    assert parts is not None
    _, names, items = parts
    forgot: dict[str, object] = {}
    for name, item in zip(names, items, strict=True):
        if isinstance(item, Pack):
            forgot[name] = _forgotten(run, item)
        elif isinstance(item, Array | tuple | dict):
            forgot[name] = run.unknown()
    return rebuilt(pack, forgot)


# ---- typed calls
def _call_guard(call: Callable[[Plan, Scope, tuple[object, ...], dict[str, object]], object]) -> AnyFunction:
    @functools.wraps(call)
    def guarded(plan: Plan, scope: Scope, args: tuple[object, ...], kwargs: dict[str, object]) -> object:
        run = active()
        if run is None:
            return call(plan, scope, args, kwargs)
        return _Call(run, plan, scope).perform(args, kwargs)

    return guarded


@final
class _Call:
    """A typed call: as `Plan.call`, but errors are reported, and the result is then what the annotation says."""

    def __init__(self, run: Run, plan: Plan, scope: Scope) -> None:
        self._run, self._plan, self._scope = run, plan, scope
        plan.verified = True  # the reference checker would have to be imported

    def perform(self, args: tuple[object, ...], kwargs: dict[str, object]) -> object:
        before = len(self._run.ops.log)
        value = self._value(args, kwargs)
        self._run.observe(value, before)
        return value

    def _value(self, args: tuple[object, ...], kwargs: dict[str, object]) -> object:
        run, plan = self._run, self._plan
        if is_unknown(args) or is_unknown(kwargs):
            run.mark(skipped=True)
            return self._guess({})
        try:
            with exact_sizes():
                args, kwargs, local, frames = plan.enter(self._scope, args, kwargs)
        except ShapewrightError as error:
            run.report(error)
            return self._guess({})
        run.mark()
        try:
            value = self._body(args, kwargs)
        except Stop:
            return self._guess(local)
        except ShapewrightError as error:
            run.report(error)
            return self._guess(local)
        except Restart:
            raise
        except BaseException as error:  # `sys.exit` too
            run.report_exception(error)
            return self._guess(local)
        return self._guess(local) if is_unknown(value) else self._result(value, (args, kwargs), local, frames)

    def _body(self, args: tuple[object, ...], kwargs: dict[str, object]) -> object:
        run = self._run
        inside, run.inside = run.inside, False
        run.depth += 1
        try:
            with entered(self._scope):
                return self._plan.body(args, kwargs)
        finally:
            run.depth -= 1
            run.inside = inside

    def _result(self, value: object, given: Arguments, local: Bindings, frames: int) -> object:
        """The value, checked as the result."""
        run, plan = self._run, self._plan
        hint, source = plan.result
        walk = Walk(frames=frames, naming=True)
        try:
            with exact_sizes():
                value = walk.value(hint, value, source)
                plan.bind(walk.items, self._scope, local)
        except ShapewrightError as error:
            run.report(error, self._left_at(given))
            return self._guess(local)
        return value

    def _guess(self, local: Bindings) -> object:
        hint, _ = self._plan.result
        try:
            return Builder(self._run.ops, Bound(bindings_of(self._scope), local), guess=True).value(hint, "")
        except Unbound:
            return self._run.unknown()

    def _left_at(self, given: Arguments) -> Loc | None:
        """The `return` where the function ends: it runs once more."""
        code: object = getattr(self._plan.f, "__code__", None)
        found: list[Loc] = []

        def follow(frame: FrameType, event: str, _: object) -> Any:
            if frame.f_code is not code:
                return None
            if event == "return":
                found.append(frame_loc(frame))
            return follow

        muted, self._run.muted = self._run.muted, True
        before = sys.gettrace()
        sys.settrace(follow)
        try:
            self._body(*given)
        finally:
            sys.settrace(before)
            self._run.muted = muted
        return found[-1] if found else None


__all__ = ["guard", "install"]
