"""Whole error messages of operations: the user's line, the text of every operand, the same eager and recorded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import shapewright as sw
from shapewright.dsl.record import record


class Batch(sw.Dim): ...


class Hidden(sw.Dim): ...


class Net(sw.Pack):
    w: sw.Tensor[Any, Any]


H = sw.Tensor[Batch, Hidden](np.ones((5, 3), np.float32))
NET = Net(sw.Tensor(np.ones((4, 2), np.float32)))
IDS = sw.IntTensor[Batch]([0, 1, 2, 0, 1])
lib: Any = sw  # hides the types from the checkers, which would refuse these programs


def message(f: Callable[..., object], *args: Any) -> str:
    with pytest.raises(sw.ShapewrightError) as error:
        f(*args)
    return str(error.value)


def operands(f: Callable[..., object], *args: Any) -> list[str]:
    return [line.removeprefix("   | ") for line in message(f, *args).splitlines() if line.startswith("   | ")]


def test_whole_message() -> None:
    def f(p: Any, h: Any) -> Any:
        return h @ p.w

    line = f.__code__.co_firstlineno + 1
    text = message(f, NET, H)
    assert text.splitlines()[1:6] == [
        f"  --> {Path(__file__).name}:{line}:16   return h @ p.w",
        " " * len(f"  --> {Path(__file__).name}:{line}:16   return ") + "~~^~~~~",
        "   | h: Tensor[Batch=5, Hidden=3]",
        "   | p.w: Tensor[4, 2]",
        "   = axis 1 of `h` (Hidden=3) must equal axis 0 of `p.w` (4)",
    ]
    assert text.startswith("error[SW101]: matmul: ")
    assert "help: " not in text  # no transpose fits


def method(h: Any, w: Any) -> Any:
    return h.__add__(w)


def function(h: Any, w: Any) -> Any:
    return lib.add(h, w)


def keywords(h: Any, w: Any) -> Any:
    return sw.linear(h, weight=w, bias=None)


def listed(h: Any, w: Any) -> Any:
    return sw.concat((h[:, None], w))


def in_a_list(h: Any, w: Any) -> Any:
    both = [h, w]
    return sw.concat(both, axis=1)


def reflected(h: Any, w: Any) -> Any:
    return np.ones((2, 2)) + h


def augmented(h: Any, w: Any) -> Any:
    h += w
    return h


def long(h: Any, w: Any) -> Any:
    return h @ (w + w + w + w + w + w + w + w + w + w + w + w)


def mean(h: Any, w: Any) -> Any:
    return sw.mse_loss(
        h,
        w,
    )


CASES = [
    (method, ["h: Tensor[Batch=5, Hidden=3]", "w: Tensor[4, 2]"]),
    (function, ["h: Tensor[Batch=5, Hidden=3]", "w: Tensor[4, 2]"]),
    (keywords, ["h: Tensor[Batch=5, Hidden=3]", "w: Tensor[4, 2]"]),
    (listed, ["h[:, None]: Tensor[Batch=5, 1, Hidden=3]", "w: Tensor[4, 2]"]),
    (in_a_list, ["both[0]: Tensor[Batch=5, Hidden=3]", "both[1]: Tensor[4, 2]"]),
    (reflected, ["np.ones((2, 2)): Tensor[2, 2]", "h: Tensor[Batch=5, Hidden=3]"]),
    (augmented, ["h: Tensor[Batch=5, Hidden=3]", "w: Tensor[4, 2]"]),
    (long, ["h: Tensor[Batch=5, Hidden=3]", "operand 2: Tensor[4, 2]"]),
    (mean, ["h: Tensor[Batch=5, Hidden=3]", "w: Tensor[4, 2]"]),
]


@pytest.mark.parametrize(("f", "want"), CASES, ids=lambda v: getattr(v, "__name__", ""))
def test_operand_texts(f: Callable[..., object], want: list[str]) -> None:
    assert operands(f, H, NET.w) == want


@pytest.mark.parametrize("f", [f for f, _ in CASES], ids=lambda f: f.__name__)
def test_recorded_message_is_the_eager_one(f: Callable[..., object]) -> None:
    def outer(p: Net, h: sw.Tensor[Batch, Hidden]) -> Any:
        return f(h, p.w)

    assert message(record, outer, NET, H) == message(f, H, NET.w)


def test_kinds() -> None:
    def f(h: Any, ids: Any) -> Any:
        return h + ids

    assert operands(f, H, IDS) == ["h: Tensor[Batch=5, Hidden=3] float32", "ids: IntTensor[Batch=5] int64"]

    def g(ids: Any) -> Any:
        return ids * 0.5

    assert operands(g, IDS) == ["ids: IntTensor[Batch=5] int64", "0.5: float"]
    assert 'write `ids.astype("float32") * 0.5`' in message(g, IDS)


def test_errors_found_by_the_surface() -> None:
    def f(h: Any) -> Any:
        return h.sum(axis=7)

    text = message(f, H)
    assert "there is no axis 7" in text
    assert "the axes are from -2 to 1" in text
    assert "   | h: Tensor[Batch=5, Hidden=3]" in text


def test_errors_of_execution_are_located() -> None:
    def f(h: Any, ids: Any) -> Any:
        return lib.take(h, ids + 4, axis=0)

    text = message(f, H, IDS)
    assert "SW3" in text
    assert "ids + 4: IntTensor[Batch=5]" in text
    assert "return lib.take(h, ids + 4, axis=0)" in text


def test_a_list_is_named_by_its_place() -> None:
    text = message(lambda: lib.stack([H, None]))
    assert "no tensor can be made of None" in text


def test_no_source_still_names_the_operands() -> None:
    space: dict[str, Any] = {"__name__": "somewhere"}
    exec("def f(a, b): return a @ b", space)
    assert operands(space["f"], H, NET.w) == ["operand 1: Tensor[Batch=5, Hidden=3]", "operand 2: Tensor[4, 2]"]


def test_values_are_never_shown() -> None:
    secret: Any = lib.Tensor(np.full((1, 3), 123455 + 1.0))
    assert str(123455 + 1) not in message(lambda: secret @ secret)
