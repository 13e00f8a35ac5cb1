"""`@typed`: annotations enforced when a function is called, and read when it is recorded."""

from __future__ import annotations

import functools
import inspect
import types
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast, final

from ..compiler import sizes
from ..compiler.errors import DTypeError, ShapeError
from . import quick, reference, report
from .annotations import AxisSpec
from .check import Item, Walk, bind, check_names
from .elsewhere import note
from .hints import UNCHECKED, ArrayHint, Hint, class_hint, defining_names, leaf_axes, lower, resolve
from .pack import Pack, Spec
from .repairs import repair
from .scope import (
    DEFAULT_MODE,
    Bindings,
    Scope,
    Source,
    bindings_of,
    checker,
    checks_are_off,
    entered,
    extend,
    is_outermost,
    new_scope,
    scope_now,
)

__all__ = ["ParamAxes", "check_args", "check_call", "check_result", "signature_axes", "signature_text", "typed"]

F = TypeVar("F", bound=Callable[..., object])
AnyFunction: TypeAlias = "Callable[..., object]"
Arguments: TypeAlias = "tuple[tuple[object, ...], dict[str, object]]"


def typed(f: F) -> F:
    """Check arguments and result of `f` against its annotations at every call.

    `Tensor[B, I]` gives kind, rank and sizes; a `Dim` has one size for the whole of an outermost typed call, a `TypeVar`
    one per call. Packs are checked field by field, other annotations as beartype does. Raw NumPy arrays are accepted for
    tensors and converted. ShapeError: ranks, sizes, lengths, the number of arguments. DTypeError: the wrong kind of thing.
    """
    return cast("F", Plan(f, defining_names(f, depth=2)).entry())


def typed_by_hook(f: F) -> F:
    """`typed` for functions that did not ask for it: annotations that cannot be resolved are not checked."""
    return cast("F", Plan(f, defining_names(f, depth=2), lenient=True).entry())


@final
@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: what it must be, and where that is written."""

    name: str
    kind: object
    hint: Hint
    source: Source


@final
class Plan:
    """The annotations of one function, resolved when they are first needed."""

    def __init__(self, f: AnyFunction, names: Mapping[str, object], *, lenient: bool = False) -> None:
        self.f = f
        self.name = str(getattr(f, "__qualname__", type(f).__name__)).rpartition("<locals>.")[2]
        self.signature = inspect.signature(f)
        self.names = names
        self._lenient = lenient
        self.verified = False  # by the reference checker, at the first call
        self._entry: types.FunctionType | None = None
        self._calls = weakref.WeakKeyDictionary[type[object], int]()  # in full, by the class of `self`
        self._variants: dict[type[object], types.FunctionType] = {}

    @functools.cached_property
    def annotations(self) -> dict[str, object]:
        f: object = self.f
        if isinstance(f, functools.partial):
            f = cast("functools.partial[object]", f).func
        try:
            return resolve(f, self.names)
        except Exception:
            if self._lenient:  # not decorated by the user: its annotations are for readers
                return {}
            raise

    @functools.cached_property
    def parameters(self) -> dict[str, Parameter]:
        listed = list(self.signature.parameters.values())
        shift = int(bool(listed) and listed[0].name in ("self", "cls"))
        return {p.name: self._parameter(p, i - shift) for i, p in enumerate(listed)}

    @functools.cached_property
    def result(self) -> tuple[Hint, Source]:
        hint = lower(self.annotations.get("return", Any))
        return hint, Source("result", hint.text, self.name, self.f, "return")

    @functools.cached_property
    def _positional(self) -> tuple[Parameter, ...] | None:
        """The parameters, if all may be given by position; None otherwise."""
        fixed = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        listed = tuple(self.parameters.values())
        return listed if all(p.kind in fixed for p in listed) else None

    def _parameter(self, p: inspect.Parameter, position: int) -> Parameter:
        try:
            hint = lower(self.annotations.get(p.name, Any))
        except ShapeError as error:
            raise error.at(None, [f"{p.name}: {p.annotation}"]) from None
        return Parameter(p.name, p.kind, hint, Source(p.name, hint.text, self.name, self.f, p.name, position))

    # ---- calls
    def entry(self) -> AnyFunction:
        """The checked function. Its first two calls are checked in full; later ones have a quick check in front."""
        code = (_method if self._is_method else _function).__code__
        namespace = {"run": self.run, "variants": self._variants, "__name__": __name__}
        self._entry = types.FunctionType(code, namespace, code.co_name)
        checked = functools.wraps(self.f)(self._entry)
        checked.__dict__.update(_plan=self, __signature__=self.signature)
        return checked

    def run(self, args: tuple[object, ...], kwargs: dict[str, object]) -> object:
        """A call, checked in full if at all."""
        scope = scope_now()
        if scope[2] in ("off", "inside"):
            return self.f(*args, **kwargs)
        value = self.call(scope, args, kwargs)
        if checker.kind == "compiled" and DEFAULT_MODE == "all":  # which the quick check takes for granted
            self._count(args)
        return value

    def _count(self, args: tuple[object, ...]) -> None:
        """Compile the quick check when a function turns out to be called again."""
        if self._entry is None or (self._is_method and not args):
            return
        cls = type(args[0]) if self._is_method else object
        self._calls[cls] = self._calls.get(cls, 0) + 1
        if self._calls[cls] != 2 or (self._is_method and not issubclass(cls, Pack)):
            return
        try:
            check = quick.compiled(self._signed(), class_hint(cls) if issubclass(cls, Pack) else None)
        except quick.Unsupported:
            return
        if self._is_method:
            self._variants[cls] = check
        else:
            quick.replace(self._entry, check)

    @functools.cached_property
    def _is_method(self) -> bool:
        return next(iter(self.signature.parameters), "") == "self"

    def _signed(self) -> quick.Signed:
        listed = tuple((p.name, p.hint, p.source) for p in self.parameters.values())
        return quick.Signed(self.f, self.name, self.signature, listed, self.result, self.run, self.leave)

    def call(self, scope: Scope, args: tuple[object, ...], kwargs: dict[str, object]) -> object:
        """Check the arguments, call, check the result."""
        args, kwargs, local, frames = self.enter(scope, args, kwargs)
        with entered(scope):
            value = self.body(args, kwargs)
        return self.leave(scope, value, local, frames)

    def body(self, args: tuple[object, ...], kwargs: dict[str, object]) -> object:
        """Call the function with arguments that have been checked; errors inside look for them here."""
        try:
            return self.f(*args, **kwargs)
        except (AttributeError, TypeError) as error:
            note(error)
            raise

    def leave(self, scope: Scope, value: object, local: Bindings, frames: int) -> object:
        """Check the result; its axes without a name get that of the annotation."""
        hint, source = self.result
        if hint is not UNCHECKED:
            after = Walk(frames=frames, naming=True)
            value = after.value(hint, value, source)
            self.bind(after.items, scope, local)
        return value

    def enter(
        self, scope: Scope, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> tuple[tuple[object, ...], dict[str, object], Bindings, int]:
        """The arguments, checked and converted, the sizes of type variables, and the number of frames used."""
        walk = Walk()
        try:
            new, keywords = self.walk(walk, args, kwargs)
            if is_outermost(scope):  # inside, operations may have carried a label to where it does not belong
                check_names(walk.items)
            return new, keywords, self.bind(walk.items, scope, {}), walk.frames
        except (ShapeError, DTypeError) as error:
            error.diagnostic.advise(repair(self, scope, args, kwargs, error))
            raise

    def walk(self, walk: Walk, args: tuple[object, ...], kwargs: dict[str, object]) -> Arguments:
        """The arguments with raw arrays converted; structure and kinds are checked."""
        listed = self._positional
        if not kwargs and listed is not None and len(args) == len(listed):
            return tuple([self.given(walk, p, x) for p, x in zip(listed, args, strict=True)]), kwargs
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise report.wrong_call(self.name, str(error), self.signature, args, f"{self.name}{self._text}") from None
        for name, value in bound.arguments.items():
            p = self.parameters[name]
            if p.kind is inspect.Parameter.VAR_POSITIONAL:
                bound.arguments[name] = tuple(self.given(walk, p, x) for x in value)
            elif p.kind is inspect.Parameter.VAR_KEYWORD:
                bound.arguments[name] = {k: self.given(walk, p, x) for k, x in value.items()}
            else:
                bound.arguments[name] = self.given(walk, p, value)
        return bound.args, bound.kwargs

    def given(self, walk: Walk, p: Parameter, value: object) -> object:
        """An argument, with raw arrays converted; its structure and kinds are checked."""
        if p.hint is UNCHECKED:
            if p.name == "self" and isinstance(value, Pack):  # a method of a pack: its fields bind the axes
                return walk.fields(class_hint(type(value)), value, p.source)
            return value
        return walk.value(p.hint, value, p.source)

    def bind(self, items: list[Item], scope: Scope, local: Bindings) -> Bindings:
        """Check the sizes; what a `Dim` has goes to the scope, what type variables have is returned."""
        before, alone = bindings_of(scope), checker.kind == "reference"
        asked = alone or not self.verified
        accepted = asked and reference.accepts(items, before, local)
        shared, bound = bind(items, before, local, judged=alone and accepted)
        if asked and not accepted and sizes.concretize is None:  # which makes sizes equal that were symbols before
            raise report.disagreement(self.name, "jaxtyping refuses them")
        self.verified = True
        extend(scope, shared)
        return bound

    @property
    def _text(self) -> str:
        hints = {p.name: p.hint for p in self.parameters.values() if p.hint is not UNCHECKED}
        return report.parameters_text(self.signature, {n: f"{n}: {h.text}" for n, h in hints.items()})


# What a typed function is before its quick check; their globals are its own. A call is checked by `Plan.run`, in full.
if TYPE_CHECKING:

    def run(args: tuple[object, ...], kwargs: dict[str, object]) -> object: ...

    variants: dict[type[object], AnyFunction] = {}


def _function(*args: object, **kwargs: object) -> object:
    return run(args, kwargs)


def _method(*args: object, **kwargs: object) -> object:
    check = variants.get(args[0].__class__) if args else None
    return run(args, kwargs) if check is None else check(*args, **kwargs)


# ---- for trainers and recorders
_plans: weakref.WeakKeyDictionary[AnyFunction, Plan] = weakref.WeakKeyDictionary()


def plan_of(f: AnyFunction) -> tuple[Plan, tuple[object, ...]]:
    """The plan of any callable, and the arguments it already holds (the object of a method)."""
    if isinstance(f, types.MethodType):
        return plan_of(f.__func__)[0], (f.__self__,)
    plan: object = getattr(f, "_plan", None)
    if isinstance(plan, Plan):
        return plan, ()
    if not isinstance(f, functools.partial):
        method: object = inspect.getattr_static(type(f), "__call__", None)
        if isinstance(method, types.FunctionType):  # an object with a method __call__
            return plan_of(method)[0], (f,)
    key: AnyFunction = cast("Any", f)
    made = _plans.get(key)
    if made is None:
        made = _plans[key] = Plan(key, {}, lenient=True)
    return made, ()


def signature_text(f: AnyFunction) -> str:
    """`(p: Model, x: Tensor[Batch, In], *, train: bool = True) -> Tensor[()]`: a signature with types as messages show
    them."""
    plan, _ = plan_of(f)
    signature = inspect.signature(f)
    try:
        written = resolve(f if hasattr(f, "__annotations__") else plan.f, plan.names)
    except Exception:  # annotations that are for readers
        written = {}
    hints = {n: lower(a) for n, a in written.items()}
    texts: dict[str, str] = {}
    for p in signature.parameters.values():
        hint = hints.get(p.name, UNCHECKED)
        parts = [p.name] if hint is UNCHECKED else [p.name, f": {hint.text}"]
        if p.default is not p.empty:
            parts.append(f"{'=' if hint is UNCHECKED else ' = '}{report.option_text(p.default)}")
        texts[p.name] = "".join(parts)
    result = hints.get("return", UNCHECKED)
    return report.parameters_text(signature, texts) + ("" if result is UNCHECKED else f" -> {result.text}")


def check_call(f: AnyFunction, args: tuple[object, ...], kwargs: Mapping[str, object] | None = None) -> None:
    """Raise what a call of `f` with concrete arguments would raise at once, if `f` is `@typed`; `f` does not run."""
    plan, held = plan_of(f)
    if getattr(f, "_plan", None) is plan and not checks_are_off():
        plan.enter(new_scope(), (*held, *args), dict(kwargs or {}))


def check_args(f: AnyFunction, args: tuple[object, ...], kwargs: Mapping[str, object] | None = None) -> Arguments:
    """The arguments of a call of `f`, checked, with raw arrays converted. Raises what the typed function would.

    Sizes of `Dim` axes are kept in the open `axis_scope`, if there is one.
    """
    if checks_are_off():
        return args, dict(kwargs or {})
    plan, held = plan_of(f)
    new, keywords, _, _ = plan.enter(scope_now(), (*held, *args), dict(kwargs or {}))
    return new[len(held) :], keywords


def check_result(f: AnyFunction, value: object) -> object:
    """What `f` returned, checked against its annotation and the open `axis_scope`."""
    if checks_are_off():
        return value
    plan, _ = plan_of(f)
    hint, source = plan.result
    walk = Walk(naming=True)
    value = walk.value(hint, value, source)
    plan.bind(walk.items, scope_now(), {})
    return value


@final
@dataclass(frozen=True, slots=True)
class ParamAxes:
    """What the annotation of one parameter says about axes."""

    name: str
    kind: object
    hint: Hint

    @property
    def axes(self) -> tuple[AxisSpec, ...] | None:
        """The axes of a tensor parameter, None for any other."""
        return self.hint.axes if isinstance(self.hint, ArrayHint) else None

    def leaf_axes(self, spec: Spec) -> tuple[tuple[AxisSpec, ...] | None, ...]:
        """The axes of every leaf of an argument of this structure; None where nothing is declared."""
        return tuple(leaf_axes(self.hint, spec.root))


def signature_axes(f: AnyFunction) -> tuple[ParamAxes, ...]:
    """The parameters of a callable and what their annotations say about axes; `self` of a bound method is left out."""
    plan, held = plan_of(f)
    return tuple(ParamAxes(p.name, p.kind, p.hint) for p in plan.parameters.values())[len(held) :]
