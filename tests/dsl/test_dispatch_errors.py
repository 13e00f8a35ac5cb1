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


# ---- operations inside of what the user called
WIDE = lib.Tensor(np.ones((5, 4), np.float32))
BLOCK = lib.Tensor(np.ones((2, 5, 3), np.float32))


def attention(q: Any, k: Any) -> Any:
    return lib.scaled_dot_product_attention(q, k, q)


def masked_attention(q: Any, keep: Any) -> Any:
    return lib.scaled_dot_product_attention(q, q, q, keep)


def divergence(h: Any, w: Any) -> Any:
    return lib.kl_div(h, w)


def soft_targets(h: Any, w: Any) -> Any:
    return lib.cross_entropy(h, w)


def outer(h: Any) -> Any:
    return lib.outer(h, h)


def dot(h: Any) -> Any:
    return lib.dot(h, h.T)


def gather(h: Any, ids: Any) -> Any:
    return lib.gather(h, ids, axis=1)


def permute(h: Any) -> Any:
    return lib.permute(h, (0, 5))


def variance(h: Any) -> Any:
    return lib.var(h, axis=7)


OF_A_CALL: dict[str, tuple[Callable[..., object], tuple[Any, ...], list[str]]] = {
    "scaled_dot_product_attention: 3 does not fit 4": (
        attention,
        (BLOCK, sw.Tensor(np.ones((2, 5, 4), np.float32))),
        ["q: Tensor[2, 5, 3]", "k: Tensor[2, 5, 4]", "q: Tensor[2, 5, 3]"],
    ),
    "scaled_dot_product_attention: 2 and 5 do not broadcast": (
        masked_attention,
        (BLOCK, lib.greater(sw.Tensor(np.ones((2, 5), np.float32)), 0.0)),
        ["q: Tensor[2, 5, 3]"] * 3 + ["keep: BoolTensor[2, 5]"],
    ),
    "kl_div: 4 and Hidden=3 do not broadcast": (
        divergence,
        (H, WIDE),
        ["h: Tensor[Batch=5, Hidden=3]", "w: Tensor[5, 4]"],
    ),
    "cross_entropy: 4 and Hidden=3 do not broadcast": (
        soft_targets,
        (H, WIDE),
        ["h: Tensor[Batch=5, Hidden=3]", "w: Tensor[5, 4]"],
    ),
    "outer takes two vectors": (outer, (H,), ["h: Tensor[Batch=5, Hidden=3]"] * 2),
    "dot takes two vectors": (
        dot,
        (H,),
        ["h: Tensor[Batch=5, Hidden=3]", "h.T: Tensor[Hidden=3, Batch=5]"],
    ),
    "gather: the ranks differ, 2 and 1": (
        gather,
        (H, IDS),
        ["h: Tensor[Batch=5, Hidden=3]", "ids: IntTensor[Batch=5]"],
    ),
    "permute: there is no axis 5": (permute, (H,), ["h: Tensor[Batch=5, Hidden=3]"]),
    "var: there is no axis 7": (variance, (H,), ["h: Tensor[Batch=5, Hidden=3]"]),
}


@pytest.mark.parametrize("said", OF_A_CALL)
def test_an_error_inside_is_told_of_what_was_called(said: str) -> None:
    f, args, wanted = OF_A_CALL[said]
    for run in (f, sw.jit(f)):
        text = message(run, *args)
        assert text.splitlines()[0].partition("]: ")[2] == said
        assert [line.removeprefix("   | ") for line in text.splitlines() if line.startswith("   | ")] == wanted
        assert "operand " not in text


def test_an_index_inside_is_told_of_what_was_called_in_a_compiled_run_too() -> None:
    def f(h: Any, ids: Any) -> Any:
        return lib.nll_loss(h, ids)

    eager, compiled = (message(run, H, sw.IntTensor([0, 1, 2, 0, 9])) for run in (f, sw.jit(f)))
    assert eager == compiled
    assert "nll_loss: 1 of 5 indices lies outside axis 1 of size 3" in eager
    assert "   | ids: IntTensor[5]" in eager


def test_subscripts_come_first_and_count_letters() -> None:
    text = message(lambda: lib.einsum(H, H, "bi,bj->ij"))
    assert "einsum takes a text of subscripts, not a Tensor[Batch=5, Hidden=3]" in text
    assert 'help: the subscripts come first, as in sw.einsum("bi,io->bo", x, w)' in text
    assert 'einsum: "b" has 1 letter, ' in message(lambda: lib.einsum("b,bi->i", H, H))
    assert "has 1 operand, 2 were given" in message(lambda: lib.einsum("bi->i", H, H))
