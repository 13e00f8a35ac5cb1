"""`@typed`: what is accepted, what is refused, and whose size an axis has."""

from __future__ import annotations

import functools
from typing import Any, Generic, Literal, NamedTuple, TypeVar, TypeVarTuple, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shapewright.compiler import sizes
from shapewright.compiler.errors import DTypeError, ShapeError
from shapewright.compiler.sizes import Poly, Size, symbol
from shapewright.compiler.types import DType, TensorType
from shapewright.dsl import reference
from shapewright.dsl.annotations import AxisExpr, AxisSpec
from shapewright.dsl.array import make
from shapewright.dsl.check import Item, bind
from shapewright.dsl.dims import Add, D, Dim, IntVar, Mul
from shapewright.dsl.hints import ArrayHint
from shapewright.dsl.pack import Pack, TList, flatten
from shapewright.dsl.scope import Source, axis_scope
from shapewright.dsl.tensor import Array, BoolTensor, IntTensor, Tensor
from shapewright.dsl.typed import check_args, check_result, signature_axes, typed

I = TypeVar("I")
O = TypeVar("O")
B = TypeVar("B")
N = IntVar("N")
M = IntVar("M")
Bs = TypeVarTuple("Bs")


class Batch(Dim): ...


class Pixels(Dim):
    size = 4


class Hidden(Dim): ...


class Out(Dim):
    size = 3


class Dense(Pack, Generic[I, O]):
    w: Tensor[I, O]
    b: Tensor[O]

    @typed
    def __call__(self, x: Tensor[B, I]) -> Tensor[B, O]:
        out: Tensor[B, O] = t(x.shape[0], self.b.shape[0])
        return out


class MLP(Pack):
    first: Dense[Pixels, Hidden]
    second: Dense[Hidden, Out]
    eps: float = 1e-5


class Both(NamedTuple):
    w: Tensor[Pixels, Hidden]
    b: Tensor[Hidden]


def t(*shape: int) -> Any:
    return cast("Any", Tensor(np.zeros(shape, np.float32)))


def i(*shape: int) -> Any:
    return cast("Any", IntTensor(np.zeros(shape, np.int64)))


def arr(*shape: int) -> Any:
    return np.zeros(shape, np.float32)


def mlp(hidden: int = 8) -> MLP:
    return MLP(Dense(t(4, hidden), t(hidden)), Dense(t(hidden, 3), t(3)))


@typed
def loss(p: MLP, x: Tensor[Batch, Pixels], y: IntTensor[Batch]) -> Tensor[()]:
    h = p.first(x)
    p.second(cast("Any", h))
    return Tensor(0.0)


@typed
def dense(x: Tensor[*Bs, I], w: Tensor[I, O], b: Tensor[O] | None = None) -> Tensor[*Bs, O]:
    out: Tensor[*Bs, O] = t(*x.shape[:-1], w.shape[1])
    return out


@typed
def concat(x: Tensor[D[N], I], y: Tensor[D[M], I], grow: int = 0) -> Tensor[Add[N, M], I]:
    out: Tensor[Any, I] = t(x.shape[0] + y.shape[0] + grow, x.shape[1])
    return out


@typed
def flat(x: Tensor[D[N], D[M]], n: int) -> Tensor[Mul[N, M]]:
    out: Tensor[Any] = t(n)
    return out


@typed
def listed(p: TList[Tensor[Pixels, Hidden], Tensor[Hidden]], x: Tensor[Batch, Pixels]) -> Tensor[Batch, Hidden]:
    w, _ = p
    out: Tensor[Batch, Hidden] = t(x.shape[0], w.shape[1])
    return out


@typed
def named(p: Both, q: dict[str, Tensor[Hidden]], blocks: tuple[Tensor[Hidden, Hidden], ...]) -> Tensor[Hidden]:
    return p.b


@typed
def mixed(x: Array[Batch], flag: bool = False, *, rate: float = 0.1, mode: Literal["a", "b"] = "a") -> int:
    return 1


@typed
def same(x: Tensor[Batch, Hidden], y: Tensor[Batch, Hidden]) -> Tensor[Batch, Hidden]:
    return x


# ---- accepted
def test_good_calls() -> None:
    loss(mlp(), t(5, 4), i(5))
    loss(mlp(), x=t(5, 4), y=i(5))
    loss(mlp(), t(0, 4), i(0))
    assert dense(t(2, 3, 4), t(4, 5)).shape == (2, 3, 5)
    assert dense(t(4), t(4, 5), t(5)).shape == (5,)
    assert concat(t(2, 6), t(3, 6)).shape == (5, 6)
    assert flat(t(2, 3), 6).shape == (6,)
    assert listed(TList(t(4, 8), t(8)), t(5, 4)).shape == (5, 8)
    assert named(Both(t(4, 8), t(8)), {"a": t(8)}, (t(8, 8), t(8, 8))).shape == (8,)
    assert named(Both(t(4, 8), t(8)), {}, ()).shape == (8,)
    assert mixed(i(3), True, rate=1, mode="b") == 1
    assert mixed(BoolTensor(np.zeros(3, bool))) == 1


def test_raw_arrays_are_converted() -> None:
    seen: list[object] = []

    @typed
    def f(x: Tensor[Batch, Pixels], y: IntTensor[Batch], p: TList[Tensor[Hidden]], m: Tensor[()]) -> None:
        seen.extend([x, y, p[0], m])

    f(cast("Any", np.zeros((2, 4))), cast("Any", np.zeros(2, np.int32)), TList(arr(3)), cast("Any", np.float32(1)))
    x, y, w, m = cast("list[Any]", seen)
    assert isinstance(x, Tensor)
    assert x.dtype == np.float64
    assert x.names == ("Batch", "Pixels")
    assert isinstance(y, IntTensor)
    assert y.dtype == np.int64
    assert isinstance(w, Tensor)
    assert isinstance(m, Tensor)


def test_a_checked_function_keeps_its_face() -> None:
    assert loss.__name__ == "loss"
    assert loss.__doc__ is None
    assert cast("Any", loss).__wrapped__.__name__ == "loss"


# ---- refused
def refusals() -> list[tuple[Any, type[Exception], str]]:
    p, x, y = mlp(), t(5, 4), i(5)
    w, b = t(4, 8), t(8)
    return [
        (lambda: loss(p, t(5, 7), y), ShapeError, "axis `Pixels` of argument `x` of `loss` is 7, where 4 is wanted"),
        (lambda: loss(p, t(4), y), ShapeError, "argument `x` of `loss` has rank 1, where rank 2 is wanted"),
        (lambda: loss(p, x, i(6)), ShapeError, "axis `Batch` has two sizes: 5 and 6"),
        (
            lambda: loss(p, y, x),
            DTypeError,
            "argument `x` of `loss` is an IntTensor, not a Tensor",
        ),
        (
            lambda: loss(x, cast("Any", p), y),
            DTypeError,
            "argument `p` of `loss` is a Tensor[5, 4], where MLP",
        ),
        (lambda: loss(cast("Any", TList(w, b)), x, y), DTypeError, "is a TList of 2 elements, where MLP is wanted"),
        (lambda: cast("Any", loss)(p, x), ShapeError, "`loss` is called without `y`"),
        (lambda: cast("Any", loss)(p, x, y, y), ShapeError, "`loss` takes 3 positional arguments, 4 were given"),
        (lambda: cast("Any", loss)(p, x, z=y), ShapeError, "`loss` is called without `y`"),
        (lambda: cast("Any", loss)(p, x, y, z=1), ShapeError, "`loss` has no parameter `z`"),
        (lambda: loss(p, cast("Any", "x"), y), DTypeError, "argument `x` of `loss` is a str, not a tensor"),
        (lambda: loss(p, cast("Any", None), y), DTypeError, "argument `x` of `loss` is None, not a tensor"),
        (lambda: loss(p, cast("Any", 3.0), y), DTypeError, "make it a tensor: sw.Tensor(x)"),
        (lambda: loss(p, cast("Any", [[1.0]]), y), DTypeError, "make it a tensor: sw.Tensor(x)"),
        (lambda: loss(p, cast("Any", np.zeros((5, 4), complex)), y), DTypeError, "element type complex128"),
        (lambda: loss(p, x, arr(5)), DTypeError, 'cast it: y.astype("int64")'),
        (lambda: listed(cast("Any", TList(b, w)), x), ShapeError, "`p.0` in a call of `listed` has rank 1"),
        (lambda: listed(cast("Any", TList(w)), x), ShapeError, "`p` of `listed` has 1 element, where 2 are wanted"),
        (lambda: listed(cast("Any", TList(w, b, b)), x), ShapeError, "has 3 elements, where 2 are wanted"),
        (lambda: listed(TList(w, t(9)), x), ShapeError, "axis `Hidden` has two sizes: 8 and 9"),
        (lambda: listed(cast("Any", (w, b)), x), DTypeError, "is a tuple of 2 elements, where TList["),
        (lambda: named(Both(w, t(9)), {}, ()), ShapeError, "axis `Hidden` has two sizes: 8 and 9"),
        (lambda: named(Both(w, b), {"a": t(9)}, ()), ShapeError, "q.a: Tensor[Hidden]"),
        (lambda: named(Both(w, b), {}, (t(8, 8), t(8, 9))), ShapeError, "blocks.1: Tensor[Hidden, Hidden]"),
        (lambda: dense(t(2, 3), t(4, 5)), ShapeError, "axis `I` has two sizes: 3 and 4"),
        (lambda: dense(t(), t(4, 5)), ShapeError, "has rank 0, where rank at least 1 is wanted"),
        (lambda: dense(t(4), t(4, 5), t(6)), ShapeError, "axis `O` has two sizes: 5 and 6"),
        (lambda: mixed(i(3), cast("Any", "yes")), DTypeError, "`flag` of `mixed` is a str, where bool"),
        (
            lambda: mixed(i(3), rate=cast("Any", "x")),
            DTypeError,
            "`rate` of `mixed` is a str, where float",
        ),
        (lambda: mixed(i(3), mode=cast("Any", "c")), DTypeError, "where Literal['a', 'b'] is wanted"),
        (lambda: concat(t(2, 6), t(3, 6), 1), ShapeError, "axis 0 of the result of `concat` is 6, where Add[N, M] = 5"),
        (lambda: flat(t(2, 3), 5), ShapeError, "axis 0 of the result of `flat` is 5, where Mul[N, M] = 6"),
    ]


@pytest.mark.parametrize("at", range(len(refusals())))
def test_bad_calls(at: int) -> None:
    call, error, message = refusals()[at]
    with pytest.raises(error) as caught:
        call()
    text = str(caught.value)
    assert message in text
    assert "--> test_typed.py" in text
    assert isinstance(caught.value, TypeError)


def test_results_are_checked() -> None:
    @typed
    def wrong_size(x: Tensor[Batch]) -> Tensor[Batch]:
        out: Tensor[Batch] = t(x.shape[0] + 1)
        return out

    @typed
    def number(x: Tensor[Batch]) -> Tensor[()]:
        out: Tensor[()] = cast("Any", 1.0)
        return out

    @typed
    def array(x: Tensor[Batch]) -> Tensor[Batch]:
        out: Tensor[Batch] = cast("Any", x.numpy())
        return out

    @typed
    def nothing(x: Tensor[Batch]) -> Tensor[Batch]:
        out: Tensor[Batch] = cast("Any", None)
        return out

    @typed
    def pair(x: Tensor[Batch]) -> tuple[Tensor[()], Tensor[Batch]]:
        return Tensor(0.0), t(9)

    with pytest.raises(ShapeError, match="of the result of `wrong_size` is 4, where 3 is bound"):
        wrong_size(t(3))
    with pytest.raises(DTypeError, match="the result of `number` is a float, not a tensor"):
        number(t(3))
    with pytest.raises(DTypeError, match=r"is a numpy.ndarray, not a tensor"):
        array(t(3))
    with pytest.raises(DTypeError, match="the result of `nothing` is None"):
        nothing(t(3))
    with pytest.raises(ShapeError, match="element 1 of the result of `pair` is 9, where 3 is bound"):
        pair(t(3))


def test_a_cell_is_no_tensor() -> None:
    class Cell:
        value = t(5, 4)

    cell: Any = Cell()
    with pytest.raises(DTypeError, match=r"pass the tensor of `w`: write `cell\.value`"):
        Dense[Any, Any](cell, t(4))
    with pytest.raises(DTypeError, match=r"is a tests\.Cell, not a tensor") as error:
        loss(mlp(), cell, i(6))  # its tensor would not fit
    assert error.value.diagnostic.help is None


# ---- scopes
def test_a_dim_has_one_size_through_nested_calls() -> None:
    @typed
    def inner(x: Tensor[Hidden]) -> None: ...

    @typed
    def outer(x: Tensor[Hidden], y: Tensor[I]) -> None:
        inner(x)
        inner(cast("Any", y))

    outer(t(3), t(3))
    with pytest.raises(ShapeError) as caught:
        outer(t(3), t(4))
    assert "Hidden=3 was bound by `x: Tensor[Hidden]`" in str(caught.value)
    inner(t(3))
    inner(t(4))  # another outermost call


def test_a_type_variable_has_one_size_per_call() -> None:
    @typed
    def twice(x: Tensor[I]) -> None:
        dense(t(2, 7), t(7, 2))
        dense(t(2, 8), t(8, 2))

    twice(t(3))


def test_bindings_of_a_failed_call_are_forgotten() -> None:
    with axis_scope() as dims:
        with pytest.raises(ShapeError):
            same(t(2, 3), t(2, 4))
        assert dims == {}
        same(t(2, 4), t(2, 4))
        assert dims == {Batch: 2, Hidden: 4}
        with pytest.raises(ShapeError, match="two sizes: 4 and 5"):
            same(t(2, 5), t(2, 5))


def test_dims_of_one_name_do_not_collide() -> None:
    def another() -> Any:
        class Batch(Dim): ...

        return Batch

    other: Any = another()

    def f(x: object, y: object) -> None: ...

    f.__annotations__ = {"x": Tensor[Batch], "y": cast("Any", Tensor)[other]}
    typed(f)(t(3), t(4))
    with pytest.raises(ShapeError, match="two sizes"):
        f.__annotations__ = {"x": Tensor[Batch], "y": Tensor[Batch]}
        typed(f)(t(3), t(4))


def test_open_type_variables_of_a_pack_are_its_own() -> None:
    @typed
    def f(blocks: tuple[Dense[Any, Any], ...], d: Dense[I, O], x: Tensor[I]) -> None: ...

    @typed
    def g(a: Dense, b: Dense) -> None: ...  # type: ignore[type-arg]  # pyright: ignore[reportMissingTypeArgument, reportUnknownParameterType]

    two = Dense[Any, Any](t(4, 5), t(5)), Dense[Any, Any](t(6, 7), t(7))
    f(two, cast("Any", two[0]), t(4))
    g(*two)
    with pytest.raises(ShapeError, match="axis `I` has two sizes: 4 and 5"):
        f(two, cast("Any", two[0]), t(5))


def test_a_method_of_a_pack_knows_its_axes() -> None:
    layer = Dense[Pixels, Out](t(4, 3), t(3))
    assert layer(t(5, 4)).shape == (5, 3)
    with pytest.raises(ShapeError) as caught:
        layer(t(5, 6))
    assert "I=4 was bound by `self.w: Tensor[I, O]` (test_typed.py:" in str(caught.value)


# ---- symbolic sizes
def symbolic(*shape: Size) -> Any:
    return make(TensorType(DType.float32, shape), None, cast("Any", object()))


def test_symbolic_sizes() -> None:
    n = symbol("Batch")
    assert str(same(symbolic(n, 3), symbolic(n, 3)).shape) == "(Batch, 3)"
    with axis_scope() as dims:
        same(symbolic(n, 3), symbolic(n, 3))
        assert dims[Batch] == n
    with pytest.raises(ShapeError, match="two sizes: Batch and 2"):
        same(symbolic(n, 3), symbolic(2, 3))

    @typed
    def grow(x: Tensor[D[N], I]) -> Tensor[Add[N, Literal[1]], I]:
        out: Tensor[Add[N, Literal[1]], I] = symbolic(cast("Size", x.shape[0]) + 1, 3)
        return out

    assert str(grow(symbolic(n, 3)).shape) == "(Batch + 1, 3)"


def test_a_symbolic_size_that_must_be_a_number_is_asked_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Poly] = []

    def concretize(p: Poly) -> int:
        asked.append(p)
        return 2

    monkeypatch.setattr(sizes, "concretize", concretize)
    same(symbolic(symbol("Batch"), 3), symbolic(2, 3))
    assert asked == [symbol("Batch")]
    with pytest.raises(ShapeError):
        same(symbolic(symbol("Batch"), 3), symbolic(5, 3))


# ---- modes
def test_modes() -> None:
    @typed
    def outer(x: Tensor[Hidden]) -> None:
        dense(t(2, 3), t(4, 5))

    with axis_scope("off"):
        outer(cast("Any", "anything"))
        assert check_args(outer, ("anything",)) == (("anything",), {})
    with axis_scope("boundary"):
        outer(t(3))
        with pytest.raises(ShapeError):
            outer(t(3, 3))
    with pytest.raises(ShapeError):
        outer(t(3))


# ---- for trainers
def test_check_args() -> None:
    p = mlp()
    args, kwargs = check_args(loss, (p, arr(5, 4)), {"y": np.zeros(5, np.int64)})
    assert kwargs == {}  # by position where a parameter may be
    assert args[0] is p
    assert isinstance(args[1], Tensor)
    assert isinstance(args[2], IntTensor)
    with axis_scope() as dims:
        check_args(loss, (p, arr(5, 4), i(5)))
        assert dims == {Hidden: 8, Batch: 5}
        with pytest.raises(ShapeError, match="two sizes"):
            check_args(loss, (p, arr(6, 4), i(6)))
        check_result(loss, t())
        with pytest.raises(DTypeError, match="the result of `loss` is a float"):
            check_result(loss, 1.0)


def test_check_args_of_any_callable() -> None:
    def plain(x: Tensor[Batch, Pixels], k: object) -> None: ...

    partial = functools.partial(plain, k=1)
    functions: list[Any] = [plain, partial, lambda x, k=0: None]  # pyright: ignore[reportUnknownLambdaType]
    for f in functions:
        (x, *_), _ = check_args(f, (t(2, 4),), {} if f is partial else {"k": 1})
        assert isinstance(x, Tensor)
    with pytest.raises(ShapeError):
        check_args(partial, (t(2, 5),))
    layer = Dense[Any, Any](t(4, 3), t(3))
    assert check_args(layer, (t(5, 4),))[0][0].shape == (5, 4)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    with pytest.raises(ShapeError):
        check_args(layer, (t(5, 5),))


def test_signature_axes() -> None:
    p, x, y = signature_axes(loss)
    assert (p.name, x.name, y.name) == ("p", "x", "y")
    assert p.axes is None
    assert x.axes is not None
    assert [a.key for a in x.axes] == [Batch, Pixels]
    leaves = p.leaf_axes(flatten(mlp())[1])
    expected = [[Pixels, Hidden], [Hidden], [Hidden, Out], [Out]]
    assert [[a.key for a in axes or ()] for axes in leaves] == expected
    ts = signature_axes(listed)[0].leaf_axes(flatten(TList(t(4, 8), t(8)))[1])
    assert [[a.key for a in axes or ()] for axes in ts] == [[Pixels, Hidden], [Hidden]]
    layer = Dense[Any, Any](t(4, 3), t(3))
    assert [q.name for q in signature_axes(layer)] == ["x"]
    assert [q.name for q in signature_axes(lambda a, b: None)] == ["a", "b"]  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]


# ---- the quick check and the reference agree
DIMS = [type("Batch", (Dim,), {}), type("Batch", (Dim,), {}), type("Hidden", (Dim,), {})]
AXES = [
    *(AxisSpec("dim", d.__name__, None, d) for d in DIMS),
    AxisSpec("dim", "Pixels", 2, Pixels),
    AxisSpec("typevar", "I", None, I),
    AxisSpec("typevar", "O", None, O),
    AxisSpec("literal", "3", 3),
    AxisSpec("any", "_"),
    AxisSpec(
        "expr", "Add[I, O]", None, AxisExpr("+", AxisSpec("typevar", "I", None, I), AxisSpec("typevar", "O", None, O))
    ),
    AxisSpec("expr", "Mul[I, 2]", None, AxisExpr("*", AxisSpec("typevar", "I", None, I), AxisSpec("literal", "2", 2))),
]
SIZES: list[Size] = [0, 1, 2, 3, 4, symbol("n"), symbol("n") * 2, symbol("m")]


@st.composite
def items(draw: st.DrawFn) -> list[Item]:
    found: list[Item] = []
    for k in range(draw(st.integers(1, 4))):
        axes = draw(st.lists(st.sampled_from(AXES), max_size=3))
        if draw(st.integers(0, 3)) == 0:
            key = draw(st.sampled_from([None, Bs]))
            axes.insert(draw(st.integers(0, len(axes))), AxisSpec("variadic", "*", None, key))
        plain = all(a.kind != "variadic" for a in axes)
        rank = len(axes) if plain and draw(st.integers(0, 9)) else draw(st.integers(0, 4))
        chosen = draw(st.sampled_from([SIZES, SIZES[2:4], SIZES[3:6]]))
        shape = tuple(draw(st.lists(st.sampled_from(chosen), min_size=rank, max_size=rank)))
        hint = ArrayHint(Tensor, tuple(axes), "", plain)
        source = Source(f"x{k}", "", "f", None, "x")
        found.append(Item(hint, TensorType(DType.float32, shape), source, draw(st.integers(0, 1))))
    return found


@settings(max_examples=400, deadline=None)
@given(items(), st.integers(0, 3))
def test_quick_check_accepts_what_jaxtyping_accepts(found: list[Item], split: int) -> None:
    first, rest = found[:split], found[split:]
    try:
        shared, local = bind(first, {}, {})
    except ShapeError:
        assert not reference.accepts(first, {}, {})
        return
    assert reference.accepts(first, {}, {})
    try:
        bind(rest, shared, local)
        accepted = True
    except ShapeError:
        accepted = False
    assert reference.accepts(rest, shared, local) == accepted


def test_the_first_call_of_a_function_is_judged_by_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> bool:
        return False

    monkeypatch.setattr(reference, "accepts", refuse)

    @typed
    def f(x: Tensor[Batch]) -> None: ...

    with pytest.raises(ShapeError, match="do not fit its annotations"):
        f(t(3))
