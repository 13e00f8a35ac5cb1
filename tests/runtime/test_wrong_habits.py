"""Calls as another library has them, or as a first guess is: each error says what to write here."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any, Literal, cast

import numpy as np
import pytest

import shapewright as sw


class Batch(sw.Dim): ...


class Narrow(sw.Dim):
    size = 3


class Line(sw.Pack):
    w: sw.Tensor[Narrow]


@sw.typed
def loss(p: Line, x: sw.Tensor[Batch, Narrow], y: sw.Tensor[Batch]) -> sw.Scalar:
    return sw.mse_loss(x @ p.w, y)


lib = cast("Any", sw)  # most of these mistakes are refused by type checkers, too
X = np.ones((4, 3), np.float32)
Y = np.ones(4, np.float32)
x: Any = lib.Tensor(X)
w: Any = lib.Tensor([1.0, 2.0, 3.0])
ids: Any = lib.IntTensor([0, 1, 2])


def made(options: sw.Options | None = None, **more: Any) -> Any:
    return lib.ScalarTrainer(Line(sw.Tensor[Narrow].ones()), loss, options, **more)


def refused(call: Callable[[], object]) -> sw.ShapewrightError:
    with pytest.raises(sw.ShapewrightError) as caught:
        call()
    return caught.value


def branch() -> None:
    if x > 0:
        raise AssertionError


def between() -> object:
    return (x > 0) and (x < 1)


def assigned() -> None:
    x[0] = 0


HELP: dict[str, tuple[Callable[[], object], str, str]] = {
    "PyTorch's layer_norm": (
        lambda: lib.layer_norm(x, (3,), w, w),
        "layer_norm: eps is a number, not a Tensor[3]",
        "the arguments are sw.layer_norm(x, weight, bias, eps=1e-05)",
    ),
    "PyTorch's rms_norm": (
        lambda: lib.rms_norm(x, (3,), w),
        "rms_norm: eps is a number, not a Tensor[3]",
        "the arguments are sw.rms_norm(x, weight, eps=1e-06)",
    ),
    "the module's group_norm": (
        lambda: lib.group_norm(1, x, w, w),
        "group_norm: groups is an int, not a Tensor[4, 3]",
        "the arguments are sw.group_norm(x, groups, weight, bias, eps=1e-05)",
    ),
    "PyTorch's batch_norm": (
        lambda: lib.batch_norm(x, w, w, w, w),
        "batch_norm: state is a pack of two tensors, not a Tensor[3]",
        "the arguments are sw.batch_norm(x, weight, bias, state, train, momentum=0.1, eps=1e-05)",
    ),
    "PyTorch's gather": (
        lambda: lib.gather(w, 0, ids),
        "gather: axis is an int, not an IntTensor[3]",
        "the order is sw.gather(x, index, axis)",
    ),
    "zeros": (lambda: lib.zeros(3, 6), "zeros: 6 is no element type", "the shape is one tuple: write sw.zeros((3, 6))"),
    "ones": (lambda: lib.ones(3, 6), "ones: 6 is no element type", "the shape is one tuple: write sw.ones((3, 6))"),
    "full": (
        lambda: lib.full(3, 6, 1.5),
        "full: 1.5 is no element type",
        "the shape is one tuple: write sw.full((3, 6), 1.5)",
    ),
    "normal": (
        lambda: lib.normal(3, 6),
        "normal takes one shape by position, 2 arguments were given",
        "the shape is one tuple: write sw.normal((3, 6))",
    ),
    "uniform": (
        lambda: lib.uniform(3, 6, 2),
        "uniform takes one shape by position, 3 arguments were given",
        "the shape is one tuple: write sw.uniform((3, 6, 2))",
    ),
    "if": (
        branch,
        "`if`, `while`, `and`, `or`, `not` or bool() needs a tensor of one element, this is BoolTensor[4, 3]",
        "say for which elements: `sw.all(x)` or `sw.any(x)`, or choose per element with sw.where",
    ),
    "a chain": (
        lambda: 0 < x < 3,
        "`if`, `while`, `and`, `or`, `not` or bool() needs a tensor of one element, this is BoolTensor[4, 3]",
        "a chain of comparisons asks for one truth value: write `(0 < x) & (x < 3)`",
    ),
    "and": (
        between,
        "`if`, `while`, `and`, `or`, `not` or bool() needs a tensor of one element, this is BoolTensor[4, 3]",
        "`and` asks for one truth value: between conditions write `&`",
    ),
    "min": (
        lambda: min(x),
        "`if`, `while`, `and`, `or`, `not` or bool() needs a tensor of one element, this is BoolTensor[3]",
        "Python's min compares whole tensors: write sw.min(x), or sw.minimum(x, y) of two",
    ),
    "bool": (
        lambda: bool(x),
        "`if`, `while`, `and`, `or`, `not` or bool() needs a tensor of one element, this is Tensor[4, 3]",
        "compare it, and reduce the condition: sw.all(x > 0), sw.any(x > 0)",
    ),
    "float": (
        lambda: float(x > 0),
        "float() needs a tensor of one element, this is BoolTensor[4, 3]",
        "reduce it first with sw.all(x) or sw.any(x), or count with .astype",
    ),
    "an assignment": (
        assigned,
        "a Tensor[4, 3] does not change: it has no assignment to elements",
        "make a new one: sw.where(condition, a, b), sw.scatter_add(x, index, updates, axis) or sw.concat",
    ),
    "a tuple of arrays": (
        lambda: lib.batches((X, Y), size=2),
        "batches was given a tuple of 2 elements, where arrays are wanted",
        "pass the arrays one by one: sw.batches(x, y, size=...)",
    ),
    "gpu": (lambda: lib.Options(device="gpu"), "option device='gpu' cannot be used", "did you mean 'cuda'?"),
    "a type of NumPy": (
        lambda: lib.Options(dtype=np.float64),
        "option dtype=<the class float64> cannot be used",
        "did you mean 'float64'?",
    ),
    "a class of optimizers": (
        lambda: made(optimizer=sw.optim.AdamW),
        "the optimizer is the class AdamW, not a sw.Optimizer",
        "write optimizer=sw.optim.AdamW()",
    ),
    "a schedule": (
        lambda: made().step(X, Y, lr=sw.optim.warmup_cosine(1.0, warmup=1, total=9)),
        "lr=<a Schedule> cannot be used",
        "call a schedule with the step: lr=schedule(trainer.steps)",
    ),
    "a value of another shape": (
        lambda: setattr(made().params[0], "value", 1),
        "the value for parameter `w` has another shape",
        "a parameter keeps its shape",
    ),
    "a copy": (
        lambda: copy.deepcopy(made()),
        "a ScalarTrainer cannot be copied or pickled: its programs are loaded into this process",
        "keep `trainer.state_dict()` or `trainer.save(path)`, and load it into a trainer that is made the same way",
    ),
}


@pytest.mark.parametrize("case", HELP)
def test_what_to_write_here(case: str) -> None:
    call, message, told = HELP[case]
    d = refused(call).diagnostic
    assert (d.message, d.help) == (message, told)
    assert d.loc is not None and d.loc.file == __file__


def test_a_trainer_is_not_pickled() -> None:
    assert "trainer.state_dict()" in str(refused(lambda: pickle.dumps(made())))


@sw.typed
def chained(x: sw.Tensor[Batch, Narrow]) -> sw.Tensor[Batch, Narrow]:
    return cast("sw.Tensor[Batch, Narrow]", lib.where(0 < cast("Any", x) < 3, x, x))


@sw.typed
def normed(x: sw.Tensor[Batch, Narrow], w: sw.Tensor[Narrow]) -> sw.Tensor[Batch, Narrow]:
    return cast("sw.Tensor[Batch, Narrow]", lib.layer_norm(x, (3,), w, w))


def test_the_same_while_a_function_is_recorded() -> None:
    chain = refused(lambda: sw.jit(chained)(lib.Tensor(X))).diagnostic
    assert chain.help is not None
    assert chain.help.startswith("a chain of comparisons asks for one truth value: write `(0 < ")
    norm = refused(lambda: lib.jit(normed)(X, w)).diagnostic
    assert norm.message == "layer_norm: eps is a number, not a Tensor[Narrow=3]"
    assert norm.help == HELP["PyTorch's layer_norm"][2]


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_the_axes_of_an_input_have_names(backend: Literal["eager", "compiled"]) -> None:
    trainer = made(sw.Options(backend=backend))
    error = refused(lambda: trainer.step(X.astype(int), Y, lr=0.1))
    assert error.diagnostic.operands == [
        "x: Tensor[Batch, Narrow]   was given IntTensor[Batch=4, Narrow=3] int64",
    ]


def test_a_state_in_front_of_the_loss() -> None:
    def swapped(p: Line, s: Line, x: Any, y: Any) -> Any:
        return s, loss(p, x, y)

    start = Line(sw.Tensor[Narrow].ones())
    error = refused(lambda: lib.StateTrainer(start, start, swapped).step(X, Y, lr=0.1))
    assert error.diagnostic.message == "`swapped` returned a state and a loss, where a loss and a new state are wanted"
    assert error.diagnostic.help == "exchange the two: the loss comes first"


# ---- what is allowed all the same
def test_rounding_and_single_elements() -> None:
    scalar = sw.Scalar(1.25)
    assert (round(scalar, 1), round(scalar), float(scalar > 0)) == (1.2, 1, 1.0)
    assert lib.layer_norm(x, w, w, sw.Tensor(1e-5)).shape == (4, 3)
    assert len(lib.batches((1.0, 2.0, 3.0), size=2)) == 2


def test_schedules_are_printed_as_they_were_made() -> None:
    schedules = [
        sw.optim.warmup_cosine(0.5, warmup=2, total=10),
        sw.optim.step(0.1, every=5),
        sw.optim.one_cycle(1.0, total=10),
    ]
    assert list(map(repr, schedules)) == [
        "warmup_cosine(peak=0.5, warmup=2, total=10, floor=0.0)",
        "step(base=0.1, every=5, factor=0.1)",
        "one_cycle(peak=1.0, total=10, rise=0.3, start=25.0, end=10000.0)",
    ]
    assert [schedules[0](0), schedules[0](2), schedules[1](5)] == pytest.approx([0.0, 0.5, 0.01])


def test_one_of_a_thing() -> None:
    trainer = made(sw.Options(backend="compiled"))
    assert repr(trainer) == "ScalarTrainer(3 parameters in 1 tensor, backend compiled on cpu, 0 steps)"
    trainer.step(X, Y, lr=0.1)
    assert "1 step)" in repr(trainer)
    doubled = cast("Any", sw.jit(lambda a: a * 2.0))  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType] - of any tensor
    doubled(w)
    assert repr(doubled.program) == "<Program <lambda>: 1 kernel, 1 call in 1 phase>"
