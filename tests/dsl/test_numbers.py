"""Numbers and lists as operands: the element type they take, in every way to run a function, and which do not fit."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

import shapewright
from shapewright import Dim, typed
from shapewright.runtime.check import check_source

sw: Any = shapewright  # hides the types from the checkers: what they see is tested in tests/typing


class Batch(Dim): ...


X = sw.Tensor([1.0, 2.0, 3.0])
TABLE = sw.Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
Y = sw.IntTensor([1, 2])
BIG = 2**63 + 5
ONE_TWO_THREE = [1, 2, 3]
Way = Callable[[Callable[[Any], Any], Any], Any]


def eagerly(f: Callable[[Any], Any], x: Any) -> Any:
    return f(x)


def compiled(f: Callable[[Any], Any], x: Any) -> Any:
    return sw.jit(f)(x)


ways = pytest.mark.parametrize("way", [eagerly, compiled])


def losing(target: object, weight: object) -> Callable[[Any], Any]:
    return lambda x: sw.cross_entropy(x, target, weight)


def checked(tmp_path: Path, expression: str) -> list[str]:
    """What a check without data says of an expression in `x: Tensor[Batch]`."""
    path = tmp_path / "program.py"
    path.write_text(
        "from typing import Any\nimport numpy as np\nimport shapewright as sw\nclass Batch(sw.Dim): ...\n"
        f"@sw.typed\ndef f(x: sw.Tensor[Batch]) -> Any:\n    return {expression}\n"
    )
    return [d.text for d in check_source(path).diagnostics]


# ---- indices
@ways
def test_one_index_is_a_number(way: Way) -> None:
    for one in (1, np.int64(1), np.int32(1)):
        assert way(partial(sw.embedding, one), TABLE).numpy().tolist() == [3.0, 4.0]
        for weight in (None, X):
            found = way(losing(one, weight), X)
            assert found.item() == pytest.approx(sw.cross_entropy(X, sw.IntTensor(1)).item(), rel=1e-6)


@ways
def test_a_number_that_is_no_index(way: Way) -> None:
    for wrong in (0.5, True):
        with pytest.raises(sw.DTypeError, match="embedding needs integer operands"):
            way(partial(sw.embedding, wrong), TABLE)


@pytest.mark.parametrize("call", ["sw.embedding(1, x[:, None])", "sw.cross_entropy(x, np.int64(0))"])
def test_one_index_in_a_check(call: str, tmp_path: Path) -> None:
    assert checked(tmp_path, call) == []


# ---- floating functions
FLOATING: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "sw.log(3)": (lambda t: sw.log(3), np.log(3)),
    "sw.exp([1, 2])": (lambda t: sw.exp([1, 2]), np.exp([1, 2])),
    "sw.softmax([1, 1])": (lambda t: sw.softmax([1, 1]), [0.5, 0.5]),
    "sw.mse_loss(x, [1, 2, 5])": (lambda t: sw.mse_loss(t, [1, 2, 5]), 4 / 3),
    "sw.l1_loss([1, 2], [2, 4])": (lambda t: sw.l1_loss([1, 2], [2, 4]), 1.5),
    "sw.huber_loss(x, [1, 2, 5])": (lambda t: sw.huber_loss(t, [1, 2, 5]), 0.5),
    "sw.bce_loss([1, 0], [1, 0])": (lambda t: sw.bce_loss([1, 0], [1, 0]), 0.0),
    "sw.nll_loss([-1, -2], 1)": (lambda t: sw.nll_loss([-1, -2], 1), 2.0),
    "sw.div(1, 2)": (lambda t: sw.div(1, 2), 0.5),
    "sw.div([1, 2], 0.5)": (lambda t: sw.div([1, 2], 0.5), [2.0, 4.0]),
    "sw.pow(2, 3)": (lambda t: sw.pow(2, 3), 8.0),
    "sw.mean([1, 2])": (lambda t: sw.mean([1, 2]), 1.5),
    "sw.std([1, 3])": (lambda t: sw.std([1, 3]), 1.0),
    "sw.norm([3, 4])": (lambda t: sw.norm([3, 4]), 5.0),
    "sw.ceil(1.5)": (lambda t: sw.ceil(1.5), 2.0),
    "sw.round([1, 2])": (lambda t: sw.round([1, 2]), [1.0, 2.0]),
    "sw.elu([1, 0])": (lambda t: sw.elu([1, 0]), [1.0, 0.0]),
    "sw.leaky_relu([1, -100])": (lambda t: sw.leaky_relu([1, -100]), [1.0, -1.0]),
    "sw.matmul([[1, 2]], [[1], [2]])": (lambda t: sw.matmul([[1, 2]], [[1], [2]]), [[5.0]]),
    "sw.einsum('i,i->', [1, 2], [3, 4])": (lambda t: sw.einsum("i,i->", [1, 2], [3, 4]), 11.0),
    "x + [1, 2, 3]": (lambda t: t + ONE_TWO_THREE, [2.0, 4.0, 6.0]),
    "sw.cross_entropy([[1, 1]], [0], [2, 1])": (lambda t: sw.cross_entropy([[1, 1]], [0], [2, 1]), np.log(2)),
}


@pytest.mark.parametrize("call", FLOATING)
@ways
def test_whole_numbers_given_to_a_floating_function(way: Way, call: str) -> None:
    f, want = FLOATING[call]
    for x in (X, X.astype("float64")):
        found = way(f, x)
        wide = x.dtype == np.float64 and (way is compiled or call.startswith(("x ", "sw.mse_loss", "sw.huber")))
        assert found.dtype == (np.float64 if wide else np.float32)
        np.testing.assert_allclose(found.numpy(), want, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("call", [c for c in FLOATING if "x" not in c.replace("exp", "").replace("max", "")])
def test_whole_numbers_in_a_check(call: str, tmp_path: Path) -> None:
    assert checked(tmp_path, f"x * sw.sum({call})") == []


def test_whole_numbers_stay_where_they_are_taken() -> None:
    assert sw.add([1, 2], 3).dtype == sw.sum([1, 2]).dtype == np.int64
    assert (Y + ONE_TWO_THREE[:2]).dtype == sw.square(3).dtype == sw.where(True, 1, 2).dtype == np.int64
    for given in (Y, np.array([1, 2])):
        with pytest.raises(sw.DTypeError, match="exp needs floating operands"):
            sw.exp(given)
    with pytest.raises(sw.DTypeError, match="exp needs floating operands"):
        sw.exp(True)


# ---- numbers that do not fit
@pytest.mark.parametrize(
    "make",
    [
        lambda: sw.IntTensor(np.array([BIG], np.uint64)),
        lambda: sw.IntTensor([BIG]),
        lambda: sw.IntTensor([2**70, 1]),
        lambda: sw.IntTensor(2**70),
        lambda: sw.IntTensor([2**40], dtype="int32"),
        lambda: sw.IntTensor([-1], dtype="uint32"),
        lambda: Y + np.array([BIG, 1], np.uint64),
        lambda: sw.full((2,), BIG),
        lambda: cast("Any", labelled)(np.array([BIG], np.uint64)),
    ],
)
def test_integers_that_do_not_fit(make: Callable[[], object]) -> None:
    with pytest.raises(sw.DTypeError, match=r"an integer that does not fit u?int(32|64)") as error:
        make()
    assert str(BIG) not in str(error.value)


@typed
def labelled(y: shapewright.IntTensor[Batch]) -> shapewright.IntTensor[Batch]:
    return y


def test_integers_that_fit() -> None:
    assert sw.IntTensor(np.array([2**63 - 1], np.uint64)).tolist() == [2**63 - 1]
    assert sw.IntTensor([2**32 - 1], dtype="uint32").tolist() == [2**32 - 1]
    assert sw.IntTensor(np.array([], np.uint64)).shape == (0,)


TOO_LARGE: dict[str, tuple[Callable[[Any], Any], Any, str]] = {
    "added": (lambda t: t + 2**70, Y, "does not fit int64"),
    "at the left": (lambda t: 2**70 - t, Y, "does not fit int64"),
    "negative": (lambda t: t < -(2**70), Y, "does not fit int64"),
    "of another width": (lambda t: t + 2**40, sw.IntTensor([1], dtype="int32"), "does not fit int32"),
    "no float": (lambda t: t + 10**400, X, "is too large for float32"),
}


@pytest.mark.parametrize("case", TOO_LARGE)
@ways
def test_a_number_that_does_not_fit_the_tensor(way: Way, case: str) -> None:
    f, x, text = TOO_LARGE[case]
    with pytest.raises(sw.DTypeError, match=text) as error:
        way(f, x)
    assert error.value.diagnostic.loc is not None
    assert Path(error.value.diagnostic.loc.file).name == Path(__file__).name
    assert any(line.startswith("t: ") for line in error.value.diagnostic.operands)


# ---- names of element types
def test_the_class_float_is_the_type_of_the_program() -> None:
    assert Y.astype(float).dtype == sw.zeros(2, dtype=float).dtype == np.float32
    f = sw.jit(scaled)
    assert f(X).dtype == np.float32
    assert f(X.astype("float64")).dtype == np.float64
    assert Y.astype("double").dtype == Y.astype(np.dtype("float64")).dtype == np.float64
    assert Y.astype(int).dtype == np.int64
    assert Y.astype(bool).dtype == np.bool_


def scaled(x: Any) -> Any:
    return x * Y[0].astype(float) + sw.ones((), dtype=float)


@pytest.mark.parametrize("name", ["float", None])
def test_no_type_by_a_default_of_numpy(name: object) -> None:
    with pytest.raises(sw.DTypeError, match="is no element type") as error:
        Y.astype(name)
    assert error.value.code == "SW201"
