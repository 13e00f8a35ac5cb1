"""What the mypy plugin computes is what happens when the call runs: the same shapes, the same refusals, the same words.

Calls are drawn with shapes that often do not fit. Each is run on arrays, and evaluated as the plugin does, with all sizes
known and with some of them hidden: then what is refused must be refused when it runs, and a size that comes out must be
the one that it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import shapewright as sw
from shapewright.compiler.errors import ShapewrightError
from shapewright.compiler.sizes import Poly, Size, Symbol, evaluate, symbol, symbols
from shapewright.dsl.array import is_array
from shapewright.dsl.conversion import as_array
from shapewright.runtime.mypy_plugin import evaluate as plugin
from shapewright.runtime.mypy_plugin.evaluate import Argument, Call, Cut, Operand, Refusal, Result
from shapewright.runtime.mypy_plugin.names import FUNCTIONS, KINDS, LINKED, MATMUL, METHODS, OPERATORS

Shape: TypeAlias = "tuple[int, ...]"
Draw: TypeAlias = st.DrawFn
shapes = st.lists(st.integers(1, 4), min_size=0, max_size=4).map(tuple)
some_shapes = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)
axes = st.integers(-4, 4)
SHAPES, TENSOR = "shapewright.dsl.shapes.", "shapewright.dsl.tensor.Tensor."
JOINING = "shapewright.dsl.joining."


def tensor(shape: Shape) -> Operand:
    return Operand("Tensor", shape, (None,) * len(shape))


@st.composite
def similar(draw: Draw, count: int) -> list[Operand]:
    """Tensors whose shapes differ in some axes only, or in their rank."""
    first = draw(some_shapes)
    found = [first]
    for _ in range(count - 1):
        changed = tuple(draw(st.sampled_from([n, n, n, 1, 3])) for n in first)
        found.append(draw(st.sampled_from([changed, changed, changed, changed[1:], (2, *changed)])))
    return [tensor(s) for s in found]


@st.composite
def divided(draw: Draw, shape: Shape) -> tuple[int, ...]:
    """A shape that often has as many elements."""
    parts: list[int] = []
    for n in draw(st.permutations(shape)):
        joined = draw(st.booleans())
        if parts and joined:
            parts[-1] *= n
        else:
            parts.append(n)
    wrong = draw(st.booleans())
    if parts and wrong:
        parts[draw(st.integers(0, len(parts) - 1))] = draw(st.sampled_from([-1, -1, 0, 5]))
    return tuple(parts)


@st.composite
def cuts(draw: Draw) -> Argument:
    """An entry of an index."""
    bounds = st.none() | st.integers(-5, 5)
    cut = Cut(draw(bounds), draw(bounds), draw(st.sampled_from([None, None, 1, 2, -1, 0])))
    return draw(st.sampled_from([cut, cut, draw(st.integers(-4, 4)), None, ...]))


@st.composite
def calls(draw: Draw) -> Call:
    """A call of something that the plugin looks at."""
    shape = draw(shapes)
    x = tensor(shape)
    match draw(st.integers(0, 18)):
        case 0:
            return Call(f"{SHAPES}reshape", (x, draw(divided(shape))))
        case 1:
            return Call(f"{TENSOR}reshape", (x, *draw(divided(shape))))
        case 2:
            return Call(f"{SHAPES}flatten", (x, draw(axes), draw(axes)))
        case 3:
            return Call(f"{SHAPES}squeeze", (x, draw(st.none() | axes)))
        case 4:
            return Call(f"{SHAPES}unsqueeze", (x, draw(axes | st.tuples(axes, axes))))
        case 5:
            wider = tuple(draw(st.sampled_from([n, n, -1, 5])) for n in shape)
            return Call(f"{SHAPES}broadcast_to", (x, draw(st.sampled_from([wider, (2, *wider), wider[1:]]))))
        case 6:
            return Call(f"{SHAPES}permute", (x, tuple(draw(st.permutations(range(len(shape) + draw(st.booleans())))))))
        case 7:
            return Call(f"{SHAPES}repeat", (x, draw(st.integers(1, 3)), draw(axes)))
        case 8 | 9:
            xs = tuple(draw(similar(draw(st.integers(1, 3)))))
            return Call(JOINING + draw(st.sampled_from(["concat", "stack"])), (xs,), (("axis", draw(axes)),))
        case 10:
            sizes = draw(st.integers(0, 4) | st.lists(st.integers(0, 3), max_size=3).map(tuple))
            return Call(f"{JOINING}split", (x, sizes, draw(axes)))
        case 11:
            starts = draw(st.lists(st.integers(-3, 3), max_size=3).map(tuple))
            return Call(f"{JOINING}slice", (x, starts, tuple(s + draw(st.integers(0, 4)) for s in starts)))
        case 12:
            widths = st.tuples(st.integers(-1, 2), st.integers(0, 2))
            return Call(f"{JOINING}pad", (x, draw(st.integers(0, 2) | st.lists(widths, max_size=4).map(tuple))))
        case 13:
            a, b = draw(similar(2))
            spec = draw(
                st.sampled_from(["ij,jk->ik", "ij,ij->", "i,j->ji", "bij,bjk", "...i,i->...", "ij,kj->k", "ii,i"])
            )
            return Call("shapewright.dsl.einsum.einsum", (spec, a, b))
        case 14:
            return Call(draw(st.sampled_from([MATMUL, f"{TENSOR}__matmul__"])), tuple(draw(similar(2))))
        case 15:
            op = draw(st.sampled_from(["add", "sub", "mul", "div", "maximum", "less"]))
            return Call(f"shapewright.dsl.arithmetic.{op}", tuple(draw(similar(2))))
        case 16:
            op = draw(st.sampled_from(["zeros", "ones"]))
            counted = Call("shapewright.dsl.creation.arange", (draw(st.integers(-2, 5)), draw(st.integers(-2, 5))))
            return draw(st.sampled_from([Call(f"shapewright.dsl.creation.{op}", (shape,)), counted]))
        case 17:
            op = draw(st.sampled_from(["sum", "mean", "max", "argmax"]))
            kept = (("keepdims", draw(st.booleans())),)
            return Call(f"shapewright.dsl.reductions.{op}", (x, draw(st.none() | axes)), kept)
        case _:
            key = tuple(draw(st.lists(cuts(), max_size=4)))
            return Call(f"{TENSOR}__getitem__", (x, key))


# ---- what happens when it runs
@dataclass(frozen=True)
class Raised:
    """The message of an error."""

    message: str


def performed(call: Call) -> Any:
    """The shape of the result, a tuple of such, or Raised. TypeError: the function does not take such arguments."""
    function = plugin.function_named(call.function)
    try:
        return shape_of(function(*map(real, call.args), **{k: real(v) for k, v in call.kwargs}))
    except ShapewrightError as error:
        return Raised(": ".join([error.diagnostic.message, *error.diagnostic.details]))


def real(argument: Argument) -> object:
    """The argument with arrays of ones for tensors."""
    match argument:
        case Operand(shape=shape):
            return as_array(np.ones(cast("Shape", shape), np.float32))
        case Cut(start=start, stop=stop, step=step):
            return slice(start, stop, step)
        case tuple():
            return tuple(map(real, argument))
        case _:
            return argument


def shape_of(value: object) -> Any:
    """The shape of a tensor, or those of a tuple."""
    if isinstance(value, tuple):
        return tuple(shape_of(v) for v in cast("tuple[object, ...]", value))
    assert is_array(value)
    return Shown(value.shape)


@dataclass(frozen=True)
class Shown:
    """A shape, told apart from a tuple of shapes."""

    shape: tuple[Size, ...]


def described(result: Result) -> Any:
    return Shown(result.shape) if isinstance(result, Operand) else tuple(map(described, result))


@settings(max_examples=600, deadline=None)
@given(calls())
def test_known_sizes_give_what_happens(call: Call) -> None:
    happens, found = performed(call), plugin.evaluate(call)
    if isinstance(happens, Raised):
        assert found == Refusal(plugin.in_words_of_types(happens.message)), call
    else:
        assert found is not None and not isinstance(found, Refusal), call
        assert described(found) == happens, call


# ---- sizes that are not known
@st.composite
def hidden(draw: Draw, call: Call) -> tuple[Call, Mapping[Symbol, int]]:
    """The call with some sizes as symbols, equal ones by the same (a Dim), or as open sizes (Any)."""
    env: dict[Symbol, int] = {}

    def size(n: Size) -> Size:
        assert isinstance(n, int)
        way = draw(st.sampled_from(["known", "known", "named", "open"]))
        if way == "known" or (
            way == "named" and n == 1
        ):  # in broadcasting a symbol is never 1: the rule of the language
            return n
        made = symbol(f"D{n}", f"D{n}") if way == "named" else plugin.open_size(str(len(env)))
        assert isinstance(made, Poly)
        env[made.terms[0][0][0]] = n  # type: ignore[index]  # a symbol is one term of one atom
        return made

    def argument(a: Argument) -> Argument:
        if isinstance(a, Operand):
            return Operand(a.kind, tuple(map(size, a.shape)), a.names)
        return tuple(map(argument, a)) if isinstance(a, tuple) else a

    return Call(call.function, tuple(map(argument, call.args)), call.kwargs), env


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_hidden_sizes_never_give_anything_wrong(data: st.DataObject) -> None:
    call = data.draw(calls())
    unclear, env = data.draw(hidden(call))
    happens, found = performed(call), plugin.evaluate(unclear)
    if isinstance(found, Refusal):
        assert isinstance(happens, Raised), (unclear, found)
    elif found is not None and not isinstance(happens, Raised):
        assert allows(described(found), happens, env), (unclear, found)


def allows(found: Any, happens: Any, env: Mapping[Symbol, int]) -> bool:
    """Whether shapes are what was found, which says nothing of a size that depends on an open one."""
    if not isinstance(found, Shown):
        return len(found) == len(happens) and all(allows(f, h, env) for f, h in zip(found, happens, strict=True))
    sizes = zip(found.shape, happens.shape, strict=True)
    return len(found.shape) == len(happens.shape) and all(_open(s) or evaluate(s, env) == n for s, n in sizes)


def _open(size: Size) -> bool:
    return any(plugin.is_open(Poly((((s,), 1),))) for s in symbols(size))


# ---- examples
def test_an_open_size_takes_the_size_that_it_must_have() -> None:
    a, b = (Operand("Tensor", (plugin.open_size(k), n), (None, None)) for k, n in (("1", 3), ("2", 5)))
    c = tensor((7, 2))
    found = plugin.evaluate(Call(f"{JOINING}concat", ((a, b, c), 1)))
    assert isinstance(found, Operand)
    assert found.shape == (7, 10)


def test_what_two_unknown_sizes_decide_is_left_open() -> None:
    a, b = (Operand("Tensor", (symbol(k, k), 3), (None, None)) for k in ("N", "M"))
    assert plugin.evaluate(Call(f"{JOINING}concat", ((a, b), 1))) is None
    assert plugin.evaluate(Call("shapewright.dsl.arithmetic.add", (a, tensor((2, 3))))) is None


def test_what_is_wrong_whatever_the_unknown_sizes_are_is_refused() -> None:
    batch, none = symbol("Batch", "Batch"), (None,) * 3
    a, b = Operand("Tensor", (plugin.open_size("1"), 3, 4), none), Operand("Tensor", (2, 3, 5), none)
    found = plugin.evaluate(Call(f"{JOINING}concat", ((a, b), 1)))
    assert isinstance(found, Refusal)
    assert "axis 2 of operand 1 (4) must equal axis 2 of operand 2 (5)" in found.message
    grid, extra = Operand("Tensor", (batch, 8, 8), none), Operand("Tensor", (batch, 3), none[:2])
    found = plugin.evaluate(Call("shapewright.dsl.arithmetic.add", (grid, extra)))
    assert isinstance(found, Refusal)
    assert "axis 2 of operand 1 (8)" in found.message
    assert "axis 1 of operand 2 (3)" in found.message
    maybe = Operand("Tensor", (batch, 8, 3), none)
    assert plugin.evaluate(Call("shapewright.dsl.arithmetic.add", (maybe, extra))) is None  # Batch may be 8


def test_sizes_that_are_never_equal_are_refused_without_numbers() -> None:
    batch, seq = symbol("Batch", "b"), symbol("Seq", "s")
    x = Operand("Tensor", (batch, seq, 32), ("Batch", "Seq", None))
    found = plugin.evaluate(Call(f"{TENSOR}reshape", (x, batch, seq, 4, 16)))
    assert isinstance(found, Refusal)
    assert "32*Batch*Seq elements, the shape [Batch, Seq, 4, 16] has 64*Batch*Seq" in found.message
    assert plugin.evaluate(Call(f"{TENSOR}reshape", (x, seq, 64))) is None  # Batch may be 2
    assert plugin.evaluate(Call(f"{TENSOR}reshape", (x, batch + 1, 64))) is None


def test_labels_go_with_their_axes() -> None:
    x = Operand("IntTensor", (4, 4, 6), ("Rows", "Columns", None))
    found = plugin.evaluate(Call(f"{SHAPES}permute", (x, (2, 1, 0))))
    assert found == Operand("IntTensor", (6, 4, 4), (None, "Columns", "Rows"))
    assert isinstance(found, Operand) and found.names == (None, "Columns", "Rows")


def test_messages_name_types() -> None:
    x = Operand("Tensor", (symbol("Batch", "b"), 6), ("Batch", None))
    found = plugin.evaluate(Call(f"{TENSOR}__getitem__", (x, (0, 6))))
    assert found == Refusal("index 6 is outside axis 1 of size 6")
    found = plugin.evaluate(Call(f"{SHAPES}reshape", (tensor((2, 6)), (3, 5))))
    assert isinstance(found, Refusal)
    assert found.message.startswith("reshape: Tensor[Literal[2], Literal[6]] has 12 elements, the shape [3, 5] has 15")
    scalar = plugin.evaluate(Call(f"{SHAPES}reshape", (tensor(()), (2,))))
    assert isinstance(scalar, Refusal)
    assert scalar.message.startswith("reshape: Tensor[()] has 1 ")


@pytest.mark.parametrize("name", sorted(FUNCTIONS | LINKED))
def test_every_function_that_is_looked_at_exists(name: str) -> None:
    """A function that moves would no longer be looked at."""
    assert plugin.function_named(name).__module__.startswith("shapewright.dsl.")


@pytest.mark.parametrize("name", sorted(METHODS | OPERATORS))
def test_every_method_that_is_looked_at_exists(name: str) -> None:
    """In one of the kinds of tensors at least."""
    classes = [cast("type[object]", plugin.function_named(kind)) for kind in KINDS]
    assert any(name in vars(cls) for cls in classes)


def test_a_mask_is_not_judged() -> None:
    """Its result depends on values."""
    x: sw.Tensor[Any, Any] = sw.Tensor(np.ones((3, 2), np.float32))
    mask = Operand("BoolTensor", (3,), (None,))
    assert plugin.evaluate(Call(f"{TENSOR}__getitem__", (tensor((3, 2)), mask))) is None
    assert sw.index(x, np.array([True, False, True])).shape == (2, 2)
