"""Random signatures and calls: the quick check, the full one, and jaxtyping with beartype accept the same."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, NamedTuple, TypeVar, TypeVarTuple, Unpack, cast

import jaxtyping
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shapewright.compiler.errors import DTypeError, ShapeError
from shapewright.dsl import quick
from shapewright.dsl.array import type_of
from shapewright.dsl.dims import Dim
from shapewright.dsl.pack import Pack, TList, flatten
from shapewright.dsl.scope import Binding, Source, axis_scope, bindings_of, checker, current_scope, new_scope
from shapewright.dsl.tensor import Array, BoolTensor, IntTensor, Tensor
from shapewright.dsl.typed import Plan, typed

I = TypeVar("I")
O = TypeVar("O")
Bs = TypeVarTuple("Bs")
AnyTensor: Any = Tensor
Many: Any = Unpack
GROUPS: list[Any] = [Many[Bs], Many[tuple[Any, ...]]]


class Batch(Dim): ...


class Hidden(Dim): ...


class Pixels(Dim):
    size = 2


def same_name() -> Any:
    class Batch(Dim): ...

    return Batch


Other: Any = same_name()


class Dense(Pack, Generic[I, O]):
    w: Tensor[I, O]
    b: Tensor[O]
    rate: float = 0.1

    @typed
    def __call__(self, x: Tensor[Batch, I]) -> Tensor[Batch, O]:
        out: Tensor[Batch, O] = t(x.shape[0], self.b.shape[0])
        return out


class Net(Pack):
    first: Dense[Pixels, Hidden]
    rest: tuple[Dense[Hidden, Hidden], ...] = ()


class Pair(NamedTuple):
    w: Tensor[Batch, Hidden]
    b: Tensor[Hidden]


def t(*shape: int) -> Any:
    return cast("Any", Tensor(np.zeros(shape, np.float32)))


KINDS: dict[Any, Callable[[tuple[int, ...]], Any]] = {
    Tensor: lambda s: cast("Any", Tensor(np.zeros(s, np.float32))),
    IntTensor: lambda s: cast("Any", IntTensor(np.zeros(s, np.int64))),
    BoolTensor: lambda s: cast("Any", BoolTensor(np.zeros(s, np.bool_))),
}
AXES: list[Any] = [Batch, Hidden, Other, Pixels, I, O, Literal[3], Any]
SIZES: dict[Any, int] = {Pixels: 2, Literal[3]: 3}
Arguments = tuple[Any, ...]
OUTSIDE = Source("x", "Tensor[...]", "outside", None, "x")


def generic(origin: Any, args: Arguments) -> Any:
    return origin[args]


# ---- random signatures, and arguments that fit them more often than not
@dataclass
class Maker:
    """Draws annotations with values; the sizes of axes are chosen once, and changed now and then."""

    draw: st.DrawFn
    sizes: dict[Any, int]
    plain: bool  # what jaxtyping and beartype judge as we do, one by one

    def wrong(self) -> bool:
        return self.draw(st.integers(0, 39)) == 0

    def size(self, axis: Any) -> int:
        if axis is Any or self.wrong():
            return self.draw(st.integers(0, 4))
        return self.sizes[axis]

    def tensor(self) -> tuple[Any, Any]:
        kinds: list[Any] = [Tensor, Tensor, Tensor, IntTensor, BoolTensor, Array]
        kind: Any = self.draw(st.sampled_from(kinds))
        axes: list[Any] = self.draw(st.lists(st.sampled_from(AXES), max_size=3))
        shape = [self.size(a) for a in axes]
        if self.draw(st.integers(0, 4)) == 0:
            at = self.draw(st.integers(0, len(axes)))
            axes.insert(at, self.draw(st.sampled_from(GROUPS)))
            shape[at:at] = [3, 1] if not self.wrong() else self.draw(st.lists(st.integers(1, 3), max_size=2))
        if self.wrong():
            shape = shape[:-1]
        made = Tensor if kind is Array else kind
        given_kind: Any = self.draw(st.sampled_from(list(KINDS))) if self.wrong() else made
        value = KINDS[given_kind](tuple(shape))
        names = self.draw(st.booleans()) and not self.plain
        if names and len(axes) == len(shape) and all(isinstance(a, type) and issubclass(a, Dim) for a in axes):
            labels: Any = tuple(Batch if self.wrong() else a for a in axes)
            value = given_kind[labels](value) if fits(labels, shape) else value
        return generic(kind, tuple(axes) if axes else ((),)), value

    def pack(self) -> tuple[Any, Any]:
        hidden, pixels = self.size(Hidden), self.size(Pixels)
        with axis_scope("off"):
            dense = Dense[Any, Any](t(pixels, hidden), t(self.size(Hidden)))
            rest = tuple(
                Dense[Any, Any](t(self.size(Hidden), hidden), t(hidden)) for _ in range(self.draw(st.integers(0, 2)))
            )
            net = Net(cast("Any", dense), cast("Any", rest))
        layer: Any = Dense
        found: list[tuple[Any, Any]] = [
            (Net, net),
            (layer[Pixels, Hidden], dense),
            (layer, dense),
            (layer[I, O], dense),
        ]
        drawn: tuple[Any, Any] = self.draw(st.sampled_from(found))
        return drawn

    def any(self, depth: int = 0) -> tuple[Any, Any]:
        kinds = ["tensor"] * 4 + ["tuple", "optional", "number", "text"] * (depth < 2)
        if not self.plain:
            kinds += ["pack", "named"] + ["many", "dict", "list"] * (depth < 2)
        match self.draw(st.sampled_from(kinds)):
            case "tuple":
                parts = [self.any(depth + 1) for _ in range(self.draw(st.integers(1, 2)))]
                return generic(tuple, tuple(a for a, _ in parts)), tuple(v for _, v in parts)
            case "optional":
                annotation, value = self.tensor()
                return annotation | None, None if self.draw(st.booleans()) else value
            case "number":
                return float, self.draw(st.sampled_from([0.5, 1, "x"] if self.wrong() else [0.5, 1]))
            case "text":
                return Literal["a", "b"], "c" if self.wrong() else "a"
            case "pack":
                return self.pack()
            case "named":
                return Pair, Pair(t(self.size(Batch), self.size(Hidden)), t(self.size(Hidden)))
            case "list":
                parts = [self.any(depth + 1) for _ in range(self.draw(st.integers(1, 2)))]
                return generic(TList, tuple(a for a, _ in parts)), TList(*[v for _, v in parts])
            case "many":
                annotation, value = self.tensor()
                again = self.draw(st.integers(0, 2))
                return generic(tuple, (annotation, ...)), (value,) * again
            case "dict":
                annotation, value = self.tensor()
                return generic(dict, (str, annotation)), dict.fromkeys(
                    self.draw(st.sampled_from(["", "a", "ab"])), value
                )
            case _:
                return self.tensor()


def fits(labels: tuple[Any, ...], shape: list[int]) -> bool:
    """Whether a tensor of this shape can be made with these axes."""
    sizes: dict[Any, int] = {}
    return all(s == sizes.setdefault(a, a.size or s) for a, s in zip(labels, shape, strict=True))


@dataclass
class Case:
    annotations: dict[str, Any]
    args: Arguments
    result: Any
    before: dict[Any, int]  # sizes of Dims in the scope
    running: bool | None  # None: no scope


@st.composite
def cases(draw: st.DrawFn, plain: bool = False) -> Case:
    sizes = {a: SIZES.get(a, draw(st.integers(1, 4))) for a in AXES}
    maker = Maker(draw, sizes, plain)
    names = ["x", "y", "z"][: draw(st.integers(1, 3))]
    made = [maker.any() for _ in names]
    returned, result = maker.any()
    annotations: dict[str, Any] = dict(zip(names, (a for a, _ in made), strict=True)) | {"return": returned}
    running = None if plain else draw(st.sampled_from([None, True, False]))
    before = {d: maker.size(d) for d in draw(st.lists(st.sampled_from([Batch, Hidden, Other]), unique=True))}
    return Case(annotations, tuple(v for _, v in made), result, {} if running is None else before, running)


def plan_of(case: Case) -> Plan:
    def f(*args: Any) -> Any:
        return case.result

    f.__annotations__ = case.annotations
    f.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # pyright: ignore[reportFunctionMemberAccess]  what inspect reads
        [inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD) for n in case.annotations if n != "return"]
    )
    plan = Plan(f, {})
    plan.verified = True  # the full check alone
    return plan


Names = list[tuple[str | None, ...]]
Outcome = tuple[str, dict[Any, Binding], Names]


def names_of(value: Any) -> Names:
    """What the axes of the tensors in a value are called."""
    packed = isinstance(value, Array | Pack | tuple | dict)
    return [type_of(x).names for x in flatten(cast("object", value))[0]] if packed else []


def outcome(case: Case, call: Callable[..., object]) -> Outcome:
    """Whether a call is accepted, the sizes of its scope afterwards, and what the axes of the result are called."""
    scope = new_scope("all")
    for dim, size in case.before.items():
        scope[0][dim] = size
    scope[1].append(dict.fromkeys(case.before, OUTSIDE))
    state = (scope[0], scope[1], "running" if case.running else "open")
    token = current_scope.set(None if case.running is None else cast("Any", state))
    try:
        value = call(*case.args)
        return "accepted", bindings_of(scope), names_of(value)
    except (ShapeError, DTypeError):
        return "refused", bindings_of(scope), []
    finally:
        current_scope.reset(token)


class Left(Exception):
    """The quick check left a call to the full one."""


@settings(max_examples=600, deadline=None)
@given(cases())
def test_quick_and_full_check_agree(case: Case) -> None:
    plan = plan_of(case)
    signed = plan._signed()  # pyright: ignore[reportPrivateUsage]
    try:
        check = quick.compiled(signed)
    except quick.Unsupported:
        assume(False)
        return
    full = outcome(case, lambda *args: plan.run(args, {}))
    assert outcome(case, check) == full

    def leave(*_: object) -> object:
        raise Left

    alone = quick.compiled(dataclasses.replace(signed, slow=leave, finish=leave))
    lacking = full[2] != names_of(case.result) and not isinstance(case.result, Array)  # inside of a container
    if full[0] == "accepted" and not lacking:
        assert outcome(case, alone) == full
    else:
        with pytest.raises(Left):
            outcome(case, alone)


# ---- apart from everything of ours: native jaxtyping annotations of NumPy arrays
def native(annotation: Any) -> Any:
    """The annotation that a user of jaxtyping would write."""
    origin: Any = getattr(annotation, "__origin__", annotation)
    args: Arguments = getattr(annotation, "__args__", ())
    kinds: dict[Any, Any] = {
        Tensor: jaxtyping.Float,
        IntTensor: jaxtyping.Integer,
        BoolTensor: jaxtyping.Bool,
        Array: jaxtyping.Shaped,
    }
    if origin in kinds:
        words = {Batch: "Batch", Hidden: "Hidden", Other: "Other", Pixels: "2", I: "I", O: "O", Any: "_"}
        axes = (a for a in args if a != ())
        named = (words.get(a) or ("3" if a == Literal[3] else "*Bs" if a == GROUPS[0] else "...") for a in axes)
        return kinds[origin][np.ndarray, " ".join(named)]
    if origin is tuple:
        return tuple[tuple(map(native, args))]  # type: ignore[misc]  # made of values
    if type(None) in args:
        return native(args[0]) | None
    return annotation


def raw(value: Any) -> Any:
    if isinstance(value, Array):
        return cast("Any", value).numpy()
    parts: Any = value
    return tuple(map(raw, parts)) if isinstance(value, tuple) else value


@settings(max_examples=150, deadline=None)
@given(cases(plain=True))
def test_all_three_accept_what_jaxtyping_and_beartype_do(case: Case) -> None:
    from beartype import BeartypeConf, beartype  # noqa: TID251  the witness
    from beartype.roar import BeartypeCallHintViolation
    from jaxtyping import TypeCheckError

    names = [n for n in case.annotations if n != "return"]
    space: dict[str, Any] = {"result": raw(case.result)}
    exec(f"def f({', '.join(names)}): return result", space)
    f = space["f"]
    f.__annotations__ = {n: native(a) for n, a in case.annotations.items()}
    witness = cast("Any", jaxtyping).jaxtyped(f, typechecker=beartype(conf=BeartypeConf(is_pep484_tower=True)))
    try:
        witness(*map(raw, case.args))
        expected = "accepted"
    except (TypeCheckError, BeartypeCallHintViolation):
        expected = "refused"
    plan = plan_of(case)
    kind = checker.kind
    try:
        for checker.kind in ("full", "reference"):
            assert outcome(case, lambda *args: plan.run(args, {}))[0] == expected
    finally:
        checker.kind = kind
    try:
        check = quick.compiled(plan._signed())  # pyright: ignore[reportPrivateUsage]
    except quick.Unsupported:
        return
    assert outcome(case, check)[0] == expected
