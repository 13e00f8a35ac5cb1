"""Packs: made, taken apart, put together, printed."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar, cast

import numpy as np
import pytest

from shapewright.compiler.errors import DTypeError, ShapeError
from shapewright.dsl.dims import Dim
from shapewright.dsl.pack import Pack, Spec, TList, cons, flatten, leaf_annotations
from shapewright.dsl.tensor import IntTensor, Tensor

I = TypeVar("I")
O = TypeVar("O")


class In(Dim):
    size = 4


class Hidden(Dim): ...


class Out(Dim):
    size = 3


class Dense(Pack, Generic[I, O]):
    w: Tensor[I, O]
    b: Tensor[O]


class Net(Pack):
    a: Dense[In, Hidden]
    blocks: tuple[Dense[Hidden, Hidden], ...]
    out: Dense[Hidden, Out]
    table: IntTensor[Hidden] | None = None
    eps: float = 1e-5


class Both(NamedTuple):
    w: Tensor[In, Hidden]
    b: Tensor[Hidden]


class Chain(Pack):
    w: Tensor[Hidden]
    rest: Chain | None = None


LooseNet: Any = Net  # wrong calls are the point of some tests
LooseDense: Any = Dense


def arr(*shape: int) -> Any:
    return np.zeros(shape, np.float32)


def ten(*shape: int) -> Any:
    return cast("Any", Tensor(arr(*shape)))


def dense(i: int, o: int) -> Dense[Any, Any]:
    return Dense(arr(i, o), arr(o))


def net(hidden: int = 8, blocks: int = 2) -> Net:
    return Net(dense(4, hidden), tuple(dense(hidden, hidden) for _ in range(blocks)), dense(hidden, 3))


def test_leaves_in_order_of_fields() -> None:
    names = ["a.w", "a.b", "blocks.0.w", "blocks.0.b", "blocks.1.w", "blocks.1.b", "out.w", "out.b"]
    assert list(net().named()) == names
    assert [x.shape for x in net().leaves()] == [(4, 8), (8,), (8, 8), (8,), (8, 8), (8,), (8, 3), (3,)]
    assert all(isinstance(x, Tensor) for x in net().leaves())


def test_fields_by_keyword_and_default() -> None:
    d = Dense(b=arr(8), w=arr(4, 8))
    assert d.w.shape == (4, 8)
    assert net().eps == 1e-5
    assert net().table is None


def test_a_pack_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        cast("Any", net()).eps = 2.0


def test_packs_are_compared_by_identity() -> None:
    p = dense(4, 8)
    assert p == p
    assert p != Dense(p.w, p.b)
    assert {p: 1}[p] == 1


@pytest.mark.parametrize(
    "value",
    [
        TList(ten(2), ten(3)),
        (ten(2), (ten(3), 5)),
        {"w": ten(2), "more": {"b": ten(3)}},
        Both(ten(4, 8), ten(8)),
        TList(),
        ten(2),
        None,
    ],
    ids=lambda v: type(v).__name__,
)
def test_flatten_and_back(value: Any) -> None:
    leaves, spec = flatten(value)
    again = spec.unflatten(leaves)
    assert type(again) is type(value)
    back, same = flatten(again)
    assert all(x is y for x, y in zip(leaves, back, strict=True))
    assert same == spec
    assert hash(same) == hash(spec)


def test_a_pack_put_together_has_the_same_constants() -> None:
    leaves, spec = flatten(net())
    again = cast("Net", spec.unflatten(leaves))
    assert isinstance(again, Net)
    assert again.eps == 1e-5
    assert again.blocks[1].w is leaves[4]


def test_leaves_may_become_anything() -> None:
    spec = flatten(dense(4, 8))[1]
    assert spec.unflatten(["one", "two"]).w == "one"
    with pytest.raises(ShapeError, match="3 leaves for a structure of 2"):
        spec.unflatten([1, 2, 3])


def test_specs_tell_structures_and_constants_apart() -> None:
    def spec(value: object) -> Spec:
        return flatten(value)[1]

    a, b = ten(2), ten(3)
    different = [
        spec(v) for v in ((a, b), TList(a, b), {"0": a, "1": b}, (a, b, 1), (a, b, 1.0), (a, b, True), (a, (b,)))
    ]
    assert len(set(different)) == len(different)
    assert spec((a, 0.5)) == spec((b, 0.5))
    assert spec(net()) != spec(net(blocks=1))
    assert spec(net()) != spec(net().replace(eps=1e-6))


def test_names_of_positional_packs() -> None:
    a = ten(2)
    assert flatten(TList(a, (a, a)))[1].names == ("0", "1.0", "1.1")
    assert flatten({"w": a, "x": Both(a, a)})[1].names == ("w", "x.w", "x.b")
    assert flatten(a)[1].names == ("",)


def test_axes_of_leaves() -> None:
    spec = flatten(net(blocks=1))[1]
    names = [[x.name for x in axes] if axes is not None else None for axes in leaf_annotations(spec)]
    expected = [["In", "Hidden"], ["Hidden"], ["Hidden", "Hidden"], ["Hidden"], ["Hidden", "Out"], ["Out"]]
    assert names == expected
    assert leaf_annotations(flatten((ten(2),))[1]) == (None,)


def test_raw_arrays_become_tensors_with_the_axes_of_the_field() -> None:
    p = Both(arr(4, 8), arr(8))
    assert isinstance(flatten(p)[0][0], Tensor)
    w = net().a.w
    assert w.dtype == np.float32
    n = net().replace(table=np.arange(8, dtype=np.int32))
    assert isinstance(n.table, IntTensor)
    assert n.table.dtype == np.int64
    assert n.table.names == ("Hidden",)


def test_replace() -> None:
    n = net()
    changed = n.replace(eps=1e-3)
    assert changed.eps == 1e-3
    assert changed.a is n.a
    assert n.eps == 1e-5
    with pytest.raises(ShapeError, match="has no field `epsilon`"):
        n.replace(epsilon=1e-3)
    with pytest.raises(ShapeError, match="axis `Hidden` has two sizes: 8 and 9"):
        n.replace(out=dense(9, 3))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: LooseDense(arr(8), arr(4, 8)), ShapeError, "field `w` of `Dense` has rank 1, where rank 2 is wanted"),
        (lambda: LooseDense(arr(4, 8), arr(4)), ShapeError, "axis `O` has two sizes: 8 and 4"),
        (
            lambda: LooseNet(dense(5, 8), (), dense(8, 3)),
            ShapeError,
            "axis `In` of `a.w` in a call of `Net` is 5, where 4",
        ),
        (
            lambda: LooseNet(dense(4, 8), (dense(8, 9),), dense(8, 3)),
            ShapeError,
            "axis `Hidden` has two sizes: 8 and 9",
        ),
        (
            lambda: LooseNet(dense(4, 8), dense(8, 8), dense(8, 3)),
            DTypeError,
            "field `blocks` of `Net` is a pack Dense",
        ),
        (
            lambda: LooseNet(dense(4, 8), (), dense(8, 3), eps="a"),
            DTypeError,
            "field `eps` of `Net` is a str, where float",
        ),
        (
            lambda: LooseNet(dense(4, 8), (), dense(8, 3), table=arr(8)),
            DTypeError,
            "`table` of `Net` is a Tensor, not an IntTensor",
        ),
        (lambda: LooseDense(arr(4, 8)), ShapeError, "`Dense` is made without `b`"),
        (lambda: LooseDense(arr(4, 8), arr(8), arr(8)), ShapeError, "`Dense` has 2 fields, 3 were given"),
        (lambda: LooseDense(arr(4, 8), c=arr(8)), ShapeError, "`Dense` has no field `c`"),
        (lambda: LooseDense(arr(4, 8), "b"), DTypeError, "field `b` of `Dense` is a str, not a tensor"),
        (lambda: LooseDense(np.zeros((4, 8), np.float16), arr(8)), DTypeError, "element type float16 is not supported"),
    ],
)
def test_a_wrong_pack_is_not_made(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        make()
    assert message in str(caught.value)
    assert "test_pack.py" in str(caught.value)


def test_a_class_may_mention_itself() -> None:
    chain = Chain(arr(3), Chain(arr(3)))
    assert list(chain.named()) == ["w", "rest.w"]
    with pytest.raises(ShapeError, match="two sizes"):
        Chain(arr(3), Chain(arr(4)))


def test_classes_of_a_function() -> None:
    class Width(Dim):
        size = 5

    class Local(Pack):
        w: Tensor[Width]

    assert Local(arr(5)).w.shape == (5,)
    with pytest.raises(ShapeError, match="where 5 is wanted"):
        Local(arr(6))


def test_an_annotation_that_names_nothing() -> None:
    class Broken(Pack):
        w: Tensor[Missing]  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore[reportUndefinedVariable, reportUnknownVariableType]

    with pytest.raises(ShapeError, match="mentions `Missing`, which does not exist"):
        Broken(arr(3))


def test_fields_are_inherited() -> None:
    class Scaled(Dense[In, Out]):
        gain: Tensor[()] = Tensor(2.0)

    p = Scaled(arr(4, 3), arr(3))
    assert list(p.named()) == ["w", "b", "gain"]
    assert p.w.names == ("In", "Out")
    with pytest.raises(ShapeError, match="axis `Out` of field `w` of `Scaled` is 5, where 3 is wanted"):
        Scaled(arr(4, 5), arr(5))


def test_a_generic_pack_with_given_axes() -> None:
    d = Dense[In, Out](arr(4, 3), arr(3))
    assert type(d) is Dense
    assert d.w.names == ("In", "Out")
    with pytest.raises(ShapeError, match="axis `In` of field `w` of `Dense` is 5, where 4 is wanted"):
        Dense[In, Out](arr(5, 3), arr(3))
    with pytest.raises(ShapeError, match="`Dense` is made without `b`"):
        cast("Any", Dense[In, Out])(arr(4, 3))
    half = cast("Any", Dense)[In, O]
    assert half[Out] == Dense[In, Out]
    assert half[Out](arr(4, 3), arr(3)).b.names == ("Out",)
    with pytest.raises((TypeError, AttributeError)):
        cast("Any", Net)[In]


def test_a_constructor_of_the_users() -> None:
    class Wide(Pack):
        w: Tensor[Hidden]

        def __init__(self, width: int) -> None:
            if width < 1:
                raise TypeError("no width")
            object.__setattr__(self, "w", arr(width))

    assert Wide(3).w.names == ("Hidden",)
    with pytest.raises(TypeError, match=r"^no width$"):
        Wide(0)
    with pytest.raises(ShapeError, match="`Wide` has 1 field, 2 were given"):
        cast("Any", Wide)(1, 2)


def test_a_list_inside_a_pack() -> None:
    with pytest.raises(DTypeError, match="`more` is a list"):
        flatten({"w": ten(2), "more": [1]})
    with pytest.raises(DTypeError, match="neither a tensor, a pack nor a hashable constant"):
        flatten((set[int](),))
    with pytest.raises(DTypeError, match="string keys"):
        flatten({1: ten(2)})


def test_tlist() -> None:
    a, b = ten(2), ten(3)
    ts = TList(a, b)
    first, second = ts
    assert first is a
    assert ts[1] is second is b
    assert len(ts) == 2
    assert len(TList()) == 0
    assert ts[0:1] == (a,)
    assert ts.unpack() == (a, b)
    assert type(ts.unpack()) is tuple
    more = cons(b, ts)
    assert isinstance(more, TList)
    assert more.unpack() == (b, a, b)


def test_copies_and_pickles() -> None:
    assert copy.copy(TList(1, 2)) == TList(1, 2)
    assert type(copy.deepcopy(TList(1, (2,)))) is TList
    assert pickle.loads(pickle.dumps(TList(1, 2))) == (1, 2)
    n = net()
    assert copy.copy(n).a is n.a


def test_printed() -> None:
    assert repr(TList()) == "TList()"
    text = repr(net(blocks=1).replace(table=np.arange(8)))
    assert text.splitlines()[:4] == [
        "Net(",
        "  a=Dense(",
        "    w=Tensor[I=4, O=8] float32,",
        "    b=Tensor[O=8] float32,",
    ]
    assert "  table=IntTensor[Hidden=8] int64," in text
    assert "  eps=1e-05," in text
    assert repr(TList(ten(2), 3)) == "TList(\n  Tensor[2] float32,\n  3,\n)"


# ---- what a class may declare
def test_a_list_is_refused_where_the_class_is_defined() -> None:
    with pytest.raises(DTypeError, match=r"field `blocks` of `Listed` is a list, and a pack does not change") as caught:

        class Listed(Pack):  # pyright: ignore[reportUnusedClass] - it is refused
            blocks: list[Dense[Hidden, Hidden]]

    d = caught.value.diagnostic
    assert d.help == "declare it as `tuple[Dense[Hidden, Hidden], ...]` (or a sw.TList)"
    assert d.loc is not None and "blocks: list" in d.loc.text
    with pytest.raises(DTypeError, match=r"`tuple\[Tensor\[Out\], ...\]`"):
        type("Made", (Pack,), {"__annotations__": {"b": list[Tensor[Out]]}})


@pytest.mark.parametrize("name", ["leaves", "named", "replace"])
def test_a_field_is_not_called_like_a_method_of_every_pack(name: str) -> None:
    with pytest.raises(ShapeError, match=f"a field cannot be called `{name}`: `Made.{name}\\(\\)` is a method"):
        type("Made", (Pack,), {"__annotations__": {name: Tensor[Out]}})


def test_constants_of_lists_and_methods_are_let_through() -> None:
    class Fine(Pack):
        kinds: ClassVar[list[int]] = [1]
        listed: tuple[Tensor[Out], ...]
        f: Callable[[list[int]], int]

        def leaves(self) -> Any:
            return "mine"

    assert Fine(listed=(), f=len).leaves() == "mine"


def test_a_list_for_a_tuple_says_what_to_write() -> None:
    dense: Any = Dense(Tensor[In, Hidden].zeros(shape=(4, 2)), Tensor[Hidden].zeros(shape=(2,)))
    with pytest.raises(DTypeError, match=r"write `tuple\(...\)` around it"):
        cast("Any", Net)(dense, [], dense.b, {})


def test_a_pack_says_how_it_is_changed() -> None:
    dense: Any = Dense(Tensor[In, Hidden].zeros(shape=(4, 2)), Tensor[Hidden].zeros(shape=(2,)))
    with pytest.raises(FrozenInstanceError, match=r"'b' of a pack.*pack = pack.replace\(b=...\)"):
        dense.b = dense.b
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'b'"):
        del dense.b


class Osc(Pack):
    a: Tensor[()]
    b: Tensor[()]


def test_numbers_for_tensors_say_what_to_write() -> None:
    with pytest.raises(DTypeError, match=r"write `Osc\(a=Tensor\(1.0\), b=Tensor\(2\)\)`"):
        Osc(a=1.0, b=2)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - what is refused
    with pytest.raises(DTypeError, match=r"make a tensor of `b`: write `Tensor\(2.0\)`"):
        Osc(a=Tensor(1.0), b=2.0)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - what is refused
    with pytest.raises(DTypeError, match=r"make a tensor of `a`: write `Tensor\(1\)`"):
        Osc(a=Tensor(1.0), b=Tensor(2.0)).replace(a=1)


def test_scalars_are_printed_with_their_values() -> None:
    assert repr(Osc(Tensor(1.5), Tensor(2.0))) == "Osc(\n  a=Tensor[()](1.5, float32),\n  b=Tensor[()](2., float32),\n)"
