"""The quick check of a typed call accepts exactly what the full check and, apart from both, jaxtyping and beartype do."""

from __future__ import annotations

import dataclasses
import inspect
import os
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, NamedTuple, TypeVar, TypeVarTuple, Unpack, cast

import jaxtyping
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shapewright.compiler.errors import DTypeError, ShapeError, ShapewrightError
from shapewright.compiler.sizes import symbol
from shapewright.compiler.types import DType, TensorType
from shapewright.dsl import quick
from shapewright.dsl.array import make
from shapewright.dsl.dims import Add, Dim, Mul
from shapewright.dsl.hints import class_hint
from shapewright.dsl.pack import Pack, TList
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


Outcome = tuple[str, dict[Any, Binding]]


def outcome(case: Case, call: Callable[..., object]) -> Outcome:
    """Whether a call is accepted, and the sizes of its scope afterwards."""
    scope = new_scope("all")
    for dim, size in case.before.items():
        scope[0][dim] = size
    scope[1].append(dict.fromkeys(case.before, OUTSIDE))
    state = (scope[0], scope[1], "running" if case.running else "open")
    token = current_scope.set(None if case.running is None else cast("Any", state))
    try:
        value = call(*case.args)
        assert value is case.result
        return "accepted", bindings_of(scope)
    except (ShapeError, DTypeError):
        return "refused", bindings_of(scope)
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
    full, full_scope = outcome(case, lambda *args: plan.run(args, {}))
    assert outcome(case, check) == (full, full_scope)

    def leave(*_: object) -> object:
        raise Left

    alone = quick.compiled(dataclasses.replace(signed, slow=leave, finish=leave))
    if full == "accepted":
        assert outcome(case, alone) == (full, full_scope)
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


# ---- calls
def quickened(f: Any, *args: Any, **kwargs: Any) -> Any:
    """The function with its quick check in place."""
    for _ in range(2):
        f(*args, **kwargs)
    assert f.__code__.co_filename.startswith("<shapewright check of ")
    return f


def test_parameters_of_every_kind() -> None:
    @typed
    def f(x: Tensor[Batch], /, y: Tensor[Batch] | None = None, *, n: int = 3, z: Tensor[Hidden]) -> tuple[Any, ...]:
        return x, y, n, z

    x, z = t(3), t(4)
    quickened(f, x, z=z)
    assert f(x, z=z) == (x, None, 3, z)
    assert f(x, x, z=z, n=1) == (x, x, 1, z)
    assert f(x, y=x, z=z) == (x, x, 3, z)
    wrong: list[tuple[Arguments, dict[str, Any], str]] = [
        ((x, t(4)), {"z": z}, "axis `Batch` has two sizes"),
        ((x,), {}, "is called without `z`"),
        ((), {"z": z}, "is called without `x`"),
        ((x, x, x), {"z": z}, "positional argument"),
        ((x, x), {"y": x, "z": z}, "multiple values"),
        ((x,), {"z": z, "q": 1}, "no parameter `q`"),
        ((x,), {"z": z, "n": "a"}, "`n` of `test_parameters_of_every_kind"),
    ]
    for args, kwargs, message in wrong:
        with pytest.raises(ShapewrightError, match="error"):
            f(*args, **kwargs)
        try:
            f(*args, **kwargs)
        except ShapewrightError as error:
            assert message.split(".")[0].replace("`n` of `test_parameters_of_every_kind", "argument `n`") in str(error)


SEVEN = t(7)


def test_defaults_are_not_checked() -> None:
    def f(x: Tensor[Batch], w: Tensor[Batch] = SEVEN, n: int = cast("Any", None)) -> Any:
        return w

    g = quickened(typed(f), t(3))
    assert g(t(3)) is SEVEN
    with pytest.raises(ShapeError):
        g(t(3), t(7))


def test_methods_of_packs_and_of_other_objects() -> None:
    class Layer:
        @typed
        def __call__(self, x: Tensor[Batch]) -> Tensor[Batch]:
            return x

    small, large = Dense[Any, Any](t(4, 3), t(3)), Dense[Any, Any](t(5, 3), t(3))
    for _ in range(4):
        assert small(t(2, 4)).shape == (2, 3)
        assert large(t(2, 5)).shape == (2, 3)
        assert Layer()(t(2)).shape == (2,)
        with pytest.raises(ShapeError, match="axis `I` has two sizes: 4 and 5"):
            small(t(2, 5))
        with pytest.raises(ShapeError):
            Layer()(t(2, 2))


def test_raw_arrays_are_still_converted() -> None:
    @typed
    def f(x: Tensor[Batch], y: IntTensor[Batch]) -> Tensor[Batch]:
        return x

    quickened(f, t(3), IntTensor([1, 2, 3]))
    assert isinstance(f(cast("Any", np.zeros(3)), cast("Any", np.zeros(3, np.int32))), Tensor)
    with pytest.raises(ShapeError, match="two sizes"):
        f(cast("Any", np.zeros(3)), cast("Any", np.zeros(4, np.int32)))


def test_sizes_that_are_sums_and_products() -> None:
    @typed
    def f(x: Tensor[I], y: Tensor[O], z: Tensor[Add[I, O]]) -> Tensor[Mul[I, O]]:
        out: Tensor[Any] = result
        return out

    result = t(12)
    quickened(f, t(3), t(4), t(7))
    f(t(3), t(4), t(7))
    with pytest.raises(ShapeError, match=r"where Add\[I, O\] = 7 is wanted"):
        f(t(3), t(4), t(8))
    result = t(13)
    with pytest.raises(ShapeError, match=r"where Mul\[I, O\] = 12 is wanted"):
        f(t(3), t(4), t(7))


def test_symbolic_sizes() -> None:
    def symbolic(*shape: Any) -> Any:
        return make(TensorType(DType.float32, shape), None, cast("Any", object()))

    @typed
    def f(x: Tensor[Batch, I], y: Tensor[Batch, I]) -> Tensor[Batch, I]:
        return x

    quickened(f, t(3, 2), t(3, 2))
    n = symbol("Batch")
    assert f(symbolic(n, 3), symbolic(n, 3)).shape == cast("Any", (n, 3))
    with pytest.raises(ShapeError, match="two sizes: Batch and 2"):
        f(symbolic(n, 3), symbolic(2, 3))


def test_modes() -> None:
    @typed
    def inner(x: Tensor[Hidden]) -> int:
        return x.ndim

    @typed
    def outer(x: Tensor[Batch], y: Any) -> int:
        return inner(y)

    quickened(inner, t(2))
    quickened(outer, t(2), t(2))
    bad: Any = t(2, 2)
    for mode in ("off", "boundary"):
        with axis_scope(cast("Any", mode)):
            assert outer(t(2), bad) == 2
    with axis_scope("off"):
        assert outer(bad, bad) == 2
    with axis_scope("boundary"), pytest.raises(ShapeError):
        outer(bad, t(2))
    with pytest.raises(ShapeError):
        outer(t(2), bad)


def test_labels_are_checked_where_a_call_is_outermost() -> None:
    @typed
    def f(x: Tensor[Batch]) -> Tensor[Batch]:
        return x

    @typed
    def outer(x: Any) -> Any:
        return f(x)

    quickened(f, t(3))
    quickened(outer, t(3))
    other = AnyTensor[Hidden](np.zeros(3, np.float32))
    f(AnyTensor[Batch](np.zeros(3, np.float32)))
    outer(other)
    for scoped in (False, True):
        with pytest.raises(ShapeError, match="is `Hidden`, where `Batch` is wanted"):
            if scoped:
                with axis_scope():
                    f(other)
            else:
                f(other)
    with pytest.raises(ShapeError, match="another class of that name"):
        f(AnyTensor[Other](np.zeros(3, np.float32)))


def test_nested_calls_share_sizes_and_say_who_bound_them() -> None:
    @typed
    def inner(x: Tensor[Hidden], y: Tensor[Batch]) -> None: ...

    @typed
    def outer(x: Tensor[Batch], y: Any, z: Any) -> None:
        inner(y, x)
        inner(z, x)

    quickened(inner, t(3), t(2))
    quickened(outer, t(2), t(3), t(3))
    with pytest.raises(ShapeError) as caught:
        outer(t(2), t(3), t(4))
    assert "Hidden=3 was bound by `x: Tensor[Hidden]` (test_quick.py:" in str(caught.value)
    with pytest.raises(ShapeError) as caught:
        outer(t(2), t(3), t(3, 3))
    outer(t(2), t(5), t(5))  # nothing is left of a call that failed


def test_what_a_function_raises_goes_through() -> None:
    @typed
    def f(x: Tensor[Batch], fail: bool) -> Tensor[Batch]:
        if fail:
            raise ValueError("of the function")
        return x

    quickened(f, t(3), False)
    with pytest.raises(ValueError, match="of the function") as caught:
        f(t(3), True)
    lines = traceback.format_exception(caught.value)
    assert any("value = f(a0, a1)" in line for line in lines)
    assert current_scope.get() is None


def test_a_generator_of_annotations_that_never_ends_is_left_to_the_full_check() -> None:
    @typed
    def f(*xs: Tensor[Batch]) -> int:
        return len(xs)

    for _ in range(3):
        assert f(t(3), t(3)) == 2
    with pytest.raises(ShapeError):
        f(t(3), t(4))
    assert not cast("Any", f).__code__.co_filename.startswith("<shapewright")


def test_threads_may_call_while_the_check_is_put_in_place() -> None:
    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    failures: list[BaseException] = []

    def work(f: Any) -> None:
        try:
            for _ in range(30):
                assert f(t(3), t(3, 4)).shape == (3, 4)
        except BaseException as error:
            failures.append(error)

    try:
        for _ in range(20):

            @typed
            def f(x: Tensor[I], y: Tensor[I, O]) -> Tensor[I, O]:
                return y

            threads = [threading.Thread(target=work, args=(f,)) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(switch)
    assert not failures


def test_a_pack_that_contains_its_class() -> None:
    hint = class_hint(Tree)
    assert hint.fields[1][0] == "left"

    @typed
    def f(p: Tree, x: Tensor[Batch]) -> Tensor[Batch]:
        return x

    tree = Tree(t(3), Tree(t(3), None))
    for _ in range(3):
        assert f(tree, t(3)).shape == (3,)
    with pytest.raises(ShapeError):
        f(tree, t(4))


class Tree(Pack):
    w: Tensor[Batch]
    left: Tree | None


# ---- the environment
PROGRAM = """
import numpy as np
import shapewright as sw

class Batch(sw.Dim): ...

@sw.typed
def inner(x: sw.Tensor[Batch]) -> int:
    return x.ndim

@sw.typed
def outer(x: sw.Tensor[Batch], y) -> int:
    return inner(y)

def refused(*args):
    try:
        outer(*args)
    except sw.ShapeError:
        return True
    return False

one, two = sw.Tensor(np.ones(2)), sw.Tensor(np.ones((2, 2)))
for _ in range(3):
    print(refused(one, one), refused(two, one), refused(one, two), outer.__code__.co_filename.startswith("<shapewright"))

@sw.typed
def loss(p: sw.TList[sw.Tensor[Batch]], x: sw.Tensor[Batch]) -> sw.Scalar:
    inner(two)
    return x.sum()

for options in (sw.Options(backend="eager"), sw.Options(backend="eager", checks="all")):
    try:
        sw.ScalarTrainer(sw.TList(one), loss, options).forward(one)
    except sw.ShapeError:
        print("refused")
    else:
        print("accepted")
"""


def lines_with(**environment: str) -> list[str]:
    """What the program prints, or the last line of its error."""
    path = [p for p in sys.path if p]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:] = {path!r}\n{PROGRAM}"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout.splitlines() if done.returncode == 0 else done.stderr.splitlines()[-2:]


def test_environment() -> None:
    both, last = ["refused", "refused"], ["accepted", "refused"]  # options that say "all" come before the variable
    assert lines_with(SHAPEWRIGHT_CHECKS="all") == ["False True True False", *["False True True True"] * 2, *both]
    assert lines_with(SHAPEWRIGHT_CHECKS="boundary") == ["False True False False"] * 3 + last
    assert lines_with(SHAPEWRIGHT_CHECKS="off") == ["False False False False"] * 3 + last
    for checker_ in ("reference", "full"):
        assert lines_with(SHAPEWRIGHT_CHECKER=checker_) == ["False True True False"] * 3 + both
    for variable in ("SHAPEWRIGHT_CHECKS", "SHAPEWRIGHT_CHECKER"):
        message = "\n".join(lines_with(**{variable: "no"}))
        assert f"{variable}='no'" in message
        assert 'help: write "' in message
