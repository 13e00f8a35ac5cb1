"""The quick check of typed calls: what it leaves to the full one, and what it must not change."""

from __future__ import annotations

import functools
import gc
import inspect
import os
import subprocess
import sys
import threading
import traceback
import weakref
from typing import Any, Generic, TypeVar, cast

import numpy as np
import pytest

from shapewright.compiler.errors import ShapeError, ShapewrightError
from shapewright.compiler.sizes import symbol
from shapewright.compiler.types import DType, TensorType
from shapewright.dsl import quick
from shapewright.dsl.array import make
from shapewright.dsl.dims import Add, Dim, Mul
from shapewright.dsl.hints import class_hint
from shapewright.dsl.pack import Pack
from shapewright.dsl.scope import checker
from shapewright.dsl.tensor import Array, IntTensor, Tensor
from shapewright.dsl.typed import typed
from tests.dsl.quickened import quickened, t

I = TypeVar("I")
O = TypeVar("O")
AnyTensor: Any = Tensor


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


def generic(origin: Any, args: tuple[Any, ...]) -> Any:
    return origin[args]


@pytest.fixture(autouse=True)
def quick_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are what is tested here, whoever judges the calls of other tests."""
    monkeypatch.setattr(checker, "kind", "compiled")


# ---- calls
def test_parameters_of_every_kind() -> None:
    @typed
    def f(x: Tensor[Batch], /, y: Tensor[Batch] | None = None, *, n: int = 3, z: Tensor[Hidden]) -> tuple[Any, ...]:
        return x, y, n, z

    x, z = t(3), t(4)
    quickened(f, x, z=z)
    assert f(x, z=z) == (x, None, 3, z)
    assert f(x, x, z=z, n=1) == (x, x, 1, z)
    assert f(x, y=x, z=z) == (x, x, 3, z)
    wrong: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
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


def test_the_signature_is_that_of_the_function() -> None:
    @typed
    def f(x: Tensor[Batch], /, y: Tensor[Batch] | None = None, *, n: int = 3) -> int:
        return n

    for _ in range(3):
        assert (inspect.getfullargspec(f).args, inspect.getfullargspec(f).kwonlyargs) == (["x", "y"], ["n"])
        assert inspect.signature(f).parameters["y"].default is None
        f(t(3))


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
        env={k: v for k, v in os.environ.items() if not k.startswith("SHAPEWRIGHT_CHECK")} | environment,
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


# ---- what a generated check must not change
class Turned(Pack, Generic[I, O]):
    w: Tensor[I, O]

    @typed
    def only(self: Turned[Pixels, Hidden], x: Tensor[Pixels]) -> int:
        return 1


def test_an_annotation_of_self_is_checked() -> None:
    good, bad = Turned[Any, Any](t(2, 3)), Turned[Any, Any](t(5, 3))
    f: Any = Turned.only
    for _ in range(4):
        assert f(good, t(2)) == 1
        with pytest.raises(ShapeError):
            f(bad, t(2))


def test_self_by_name_is_a_pack_all_the_same() -> None:
    layer = Dense[Any, Any](t(4, 3), t(3))
    f = vars(Dense)["__call__"]
    for _ in range(4):
        f(self=layer, x=t(2, 4))
        layer(t(2, 4))
    with pytest.raises(ShapeError):
        layer(t(2, 5))
    with pytest.raises(ShapeError):
        f(self=layer, x=t(2, 5))


def test_open_packs_of_arguments_and_of_the_result_are_apart() -> None:
    three: Any = Dense[Any, Any](t(4, 3), t(3))
    five: Any = Dense[Any, Any](t(4, 5), t(5))
    open_: Any = Dense

    def optional(p: Any) -> Any:
        return five

    def many(ps: Any) -> Any:
        return five

    optional.__annotations__ = {"p": open_ | None, "return": open_}
    many.__annotations__ = {"ps": generic(tuple, (open_, ...)), "return": open_}
    f, g = typed(optional), typed(many)
    for _ in range(4):
        assert f(three) is five
        assert f(None) is five
        assert g((three,)) is five
        assert g(()) is five


def test_names_of_classes_are_not_part_of_the_text() -> None:
    class Odd(Pack):
        w: Tensor[Batch]

    Odd.__name__ = "print('executed') or x[float32]"

    @typed
    def f(p: Odd) -> Tensor[Batch]:
        return p.w

    quickened(f, Odd(t(3)))
    assert f(Odd(t(3))).shape == (3,)


def test_wrapped_functions_see_what_was_given() -> None:
    def scaled(f: Any) -> Any:
        @functools.wraps(f)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            kwargs.setdefault("scale", 2.0)
            return f(*args, **kwargs)

        return wrapper

    @typed
    @scaled
    def f(x: Tensor[Batch], scale: float = 1.0) -> float:
        return scale

    assert [f(t(3)) for _ in range(4)] == [2.0] * 4


def test_arguments_that_the_function_changes_are_checked_once() -> None:
    @typed
    def f(d: dict[str, Tensor[Batch]], raw: bool) -> Tensor[Batch] | Tensor[Batch, Batch]:
        cast("Any", d)["n"] = 3
        out: Tensor[Batch] = t(2)
        return out

    for _ in range(4):
        assert f({}, False).shape == (2,)

    @typed
    def g(d: dict[str, Tensor[Batch]], x: Tensor[I]) -> Array[I]:
        cast("Any", d)["n"] = 3
        image: Any = Image
        found: Tensor[I] = image(np.zeros(x.shape, np.float32))
        return found

    class Image(Tensor[I]):
        """A subclass, which the quick check leaves to the full one."""

    for _ in range(4):
        assert g({}, t(2)).shape == (2,)


def test_messages_do_not_depend_on_how_often_a_function_was_called() -> None:
    @typed
    def f(a: Tensor[Batch, Pixels], b: Tensor[Pixels, Hidden]) -> int:
        return 1

    def message() -> str:
        with pytest.raises(ShapeError) as caught:
            f(t(4, 7), b=t(2, 4))
        return str(caught.value)

    first = message()
    quickened(f, t(4, 2), t(2, 3))
    f(t(4, 2), b=t(2, 3))
    assert message() == first


def test_every_check_has_a_text_of_its_own() -> None:
    def fails(x: Tensor[Batch]) -> int:
        raise RuntimeError

    def fails_too(x: Tensor[Batch, I]) -> int:
        raise RuntimeError

    texts: list[str] = []
    for f, x in ((fails, t(2)), (fails_too, t(2, 2))):
        f.__qualname__ = "fails"
        quick_one = typed(f)
        plan: Any = vars(quick_one)["_plan"]
        check = quick.compiled(plan._signed())
        with pytest.raises(RuntimeError) as caught:
            check(x)
        frame = traceback.extract_tb(caught.value.__traceback__)[1]
        texts.append(frame.filename)
        assert frame.line == "value = f(a0)"
    assert texts[0] != texts[1]


def test_classes_are_not_kept() -> None:
    @typed
    def f(self: Any, x: Tensor[Batch]) -> int:
        return 1

    def call() -> weakref.ref[type]:
        class Local:
            """Of this call."""

        for _ in range(3):
            f(Local(), t(2))
        return weakref.ref(Local)

    kept = call()
    gc.collect()
    assert kept() is None
