"""Bad input of every kind, in every backend: an error of the family at the user's line, and a trainer as it was before.

The line that must be named carries a comment `# LINE:` and the name of the case.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

import shapewright as sw

from . import models
from .conftest import Make
from .models import Batch, Features, Line, line_loss, reals

SECRET = 7311.25  # no message may show an element of an array


class Other(sw.Dim): ...


@sw.typed
def vector_loss(p: Line, x: sw.Tensor[Batch, Features], y: sw.Tensor[Batch]) -> Any:
    return x @ p.w - y  # LINE: vector


@sw.typed
def typed_vector_loss(p: Line, x: sw.Tensor[Batch, Features], y: sw.Tensor[Batch]) -> sw.Scalar:
    return cast("sw.Scalar", x @ p.w - y)  # LINE: typed vector


def number_loss(p: Any, x: Any, y: Any) -> Any:
    return 2.5  # LINE: number


@sw.typed
def typed_number_loss(p: Line, x: sw.Tensor[Batch, Features], y: sw.Tensor[Batch]) -> sw.Scalar:
    return cast("sw.Scalar", 2.5)  # LINE: typed number


def untyped_loss(p: Any, x: Any, y: Any) -> Any:
    error = x @ p.w + p.b - y  # LINE: untyped size
    return (error * error).mean()


def branching_loss(p: Any, x: Any, y: Any) -> Any:
    if x.sum() > 0.0:  # LINE: branch
        return (x @ p.w).mean()
    return p.b


def number_of_a_tensor_loss(p: Any, x: Any, y: Any) -> Any:
    return (x @ p.w).mean() * float(y.sum())  # LINE: float


def line_of(mark: str) -> int:
    lines = Path(__file__).read_text().splitlines()
    (found,) = [i for i, line in enumerate(lines, 1) if line.endswith(f"# LINE: {mark}")]
    return found


def data(n: int = 4) -> tuple[Any, Any]:
    x = np.full((n, models.FEATURES), SECRET, np.float32)
    return x, np.full(n, SECRET, np.float32)


X, Y = data()
Case = tuple[Any, Any, type[sw.ShapewrightError], str, str]
# name: loss, inputs, error, what it says, the marked line ("call": where the trainer is called)
CASES: dict[str, Case] = {
    "wrong rank": (line_loss, (X[0], Y), sw.ShapeError, "argument `x` of `line_loss` has rank 1, where rank 2", "call"),
    "wrong size": (line_loss, (X[:, :3], Y), sw.ShapeError, "axis `Features` has two sizes: 5 and 3", "call"),
    "two sizes": (line_loss, (X, Y[:3]), sw.ShapeError, "axis `Batch` has two sizes: 4 and 3", "call"),
    "wrong size, no annotations": (
        untyped_loss,
        (X[:, :3], Y),
        sw.ShapeError,
        r"axis 1 of `x` \(3\) must equal",
        "untyped size",
    ),
    "wrong dtype": (line_loss, (X, Y.astype(int)), sw.DTypeError, "argument `y` .* is an IntTensor, not a Ten", "call"),
    "condition": (line_loss, (X > 0, Y), sw.DTypeError, "argument `x` .* is a BoolTensor, not a Tensor", "call"),
    "unsupported dtype": (line_loss, (X.astype(complex), Y), sw.DTypeError, "complex128 is not supported", "call"),
    "wrong axis name": (
        line_loss,
        (sw.Tensor[Batch, Other](X), Y),
        sw.ShapeError,
        "axis 1 of argument `x` of `line_loss` is `Other`, where `Features` is wanted",
        "call",
    ),
    "axes in another order": (
        line_loss,
        (sw.Tensor[Features, Batch](np.full((5, 5), SECRET)), np.zeros(5)),
        sw.ShapeError,
        r"axis 0 .* is `Features`, where `Batch` is wanted[\s\S]*transpose `x`",
        "call",
    ),
    "too few inputs": (line_loss, (X,), sw.ShapeError, "`line_loss` is called without `y`", "call"),
    "too many inputs": (line_loss, (X, Y, Y), sw.ShapeError, "takes 3 positional arguments, 4 were given", "call"),
    "too few inputs, no annotations": (
        untyped_loss,
        (X,),
        sw.ShapeError,
        "`untyped_loss` is called without `y`",
        "call",
    ),
    "too many inputs, no annotations": (
        untyped_loss,
        (X, Y, Y),
        sw.ShapeError,
        "takes 3 positional arguments, 4",
        "call",
    ),
    "an object": (line_loss, (X, object()), sw.DTypeError, "no tensor can be made of an object", "call"),
    "None": (line_loss, (None, Y), sw.DTypeError, "no tensor can be made of None", "call"),
    "text": (line_loss, (X, "labels"), sw.DTypeError, "no tensor can be made of a str", "call"),
    "an array of objects": (line_loss, (X, np.array([None] * 4)), sw.DTypeError, "ndarray of objects", "call"),
    "uneven lists": (line_loss, ([[1.0, 2.0], [3.0]], Y), sw.DTypeError, "same length at every level", "call"),
    "a function": (line_loss, (X, len), sw.DTypeError, "no tensor can be made of a", "call"),
    "a loss that is no scalar": (vector_loss, (X, Y), sw.ShapeError, "not a scalar", "vector"),
    "a typed loss that is no scalar": (
        typed_vector_loss,
        (X, Y),
        sw.ShapeError,
        "rank 1, where rank 0 is",
        "typed vector",
    ),
    "a loss that is a number": (number_loss, (X, Y), sw.DTypeError, "returned a Python float, not a tensor", "number"),
    "a typed loss that is a number": (
        typed_number_loss,
        (X, Y),
        sw.DTypeError,
        "is a float, not a tensor",
        "typed number",
    ),
}
METHODS = ("forward", "backward", "value_and_grad", "step", "adam_step", "adamw_step", "step_many")


def call(trainer: Any, method: str, inputs: Any, lr: Any = 0.1) -> object:
    if method == "step_many":
        return trainer.step_many([inputs], lr=lr)  # LINE: step_many
    more: dict[str, Any] = {"lr": lr} if method.endswith("step") else {}
    return getattr(trainer, method)(*inputs, **more)  # LINE: call


def made(options: sw.Options, loss: Any, **more: Any) -> Any:
    start = Line(w=reals(np.full(models.FEATURES, 0.5, np.float32)), b=reals(np.float32(0.25)))
    return sw.ScalarTrainer(start, loss, options, **more)


def bits(trainer: Any) -> object:
    """Everything that training changes, as bytes."""

    def plain(value: Any) -> object:
        if isinstance(value, dict):
            return {k: plain(v) for k, v in sorted(cast("dict[str, Any]", value).items())}
        return (str(value.dtype), value.shape, value.tobytes()) if hasattr(value, "tobytes") else value

    return plain(trainer.state_dict())


def refused(error: type[sw.ShapewrightError], text: str, mark: str, what: Callable[[], object]) -> None:
    """`what()` raises `error`, which says `text`, names the marked line of this file, and shows no element."""
    with pytest.raises(error, match=text or None) as caught:
        what()
    message = str(caught.value)
    places = re.findall(r"^  --> ([^\s:]+):(\d+)", message, re.MULTILINE)
    assert places == [("test_bad_input.py", str(line_of(mark)))], message
    assert re.search(r"error\[SW\d{3}\]", message)
    assert "7311" not in message


def still_works(trainer: Any, before: object) -> None:
    """The trainer is as before, bit for bit, and trains on good input as a new one would."""
    assert bits(trainer) == before
    loss = trainer._engine._model.loss
    if loss in (line_loss, untyped_loss):
        good = models.line_data(6)
        twin = made(trainer._options, loss)
        assert float(trainer.step(*good, lr=0.01)) == float(twin.step(*good, lr=0.01))
        assert bits(trainer) == bits(twin)


@pytest.mark.parametrize("case", CASES)
def test_bad_inputs(options: Make, case: str) -> None:
    loss, inputs, error, text, mark = CASES[case]
    trainer = made(options(), loss)
    before = bits(trainer)
    for method in METHODS:
        at = "step_many" if mark == "call" and method == "step_many" else mark
        refused(error, text, at, lambda m=method: call(trainer, m, inputs))  # type: ignore[misc]
    still_works(trainer, before)


@pytest.mark.parametrize("case", [n for n, c in CASES.items() if c[0] is line_loss])
def test_bad_inputs_after_good_ones(options: Make, case: str) -> None:
    """The quick way of a compiled step refuses them too."""
    loss, inputs, error, text, mark = CASES[case]
    trainer = made(options(), loss)
    good = sw.Tensor[Batch, Features](X), sw.Tensor[Batch](Y)
    trainer.step(*good, lr=1e-12)
    trainer.step(X, Y, lr=1e-12)
    before = bits(trainer)
    refused(error, text, mark, lambda: call(trainer, "step", inputs))
    assert bits(trainer) == before
    assert math.isfinite(float(trainer.step(*good, lr=1e-12)))


@pytest.mark.parametrize(
    ("loss", "text", "mark"),
    [
        (branching_loss, "`if`.*has no value while the function is recorded", "branch"),
        (number_of_a_tensor_loss, r"float\(\): .*has no value while", "float"),
    ],
)
def test_a_value_is_needed_while_recording(recorded: Make, loss: Any, text: str, mark: str) -> None:
    trainer = made(recorded(), loss)
    before = bits(trainer)
    for method in METHODS:
        refused(sw.TraceError, text, mark, lambda m=method: call(trainer, m, (X, Y)))  # type: ignore[misc]
    assert bits(trainer) == before
    eager: Any = made(sw.Options(backend="eager"), loss)
    assert math.isfinite(float(eager.forward(X, Y)))  # where values exist, Python may look at them


@pytest.mark.parametrize("lr", [math.nan, math.inf, -0.1, "0.1", None, [0.1], np.full(2, SECRET)], ids=repr)
@pytest.mark.parametrize("method", ["step", "adam_step", "adamw_step"])
def test_bad_learning_rates(options: Make, method: str, lr: Any) -> None:
    trainer = made(options(), line_loss)
    before = bits(trainer)
    refused(sw.OptionError, "lr=.* cannot be used", "call", lambda: call(trainer, method, (X, Y), lr))
    still_works(trainer, before)


@pytest.mark.parametrize(
    "numbers",
    [
        {"betas": (0.9, 1.0)},
        {"betas": (0.9,)},
        {"betas": 0.9},
        {"betas": [0.9, 0.99]},
        {"betas": ("a", 0.9)},
        {"eps": math.nan},
        {"eps": "small"},
        {"weight_decay": "a"},
        {"weight_decay": -1.0},
        {"weight_decay": [1.0]},
    ],
    ids=repr,
)
def test_bad_hyper_parameters(options: Make, numbers: dict[str, Any]) -> None:
    trainer = made(options(), line_loss)
    before = bits(trainer)
    (name,) = numbers
    refused(
        sw.OptionError,
        f"{name}=.* cannot be used",
        "hyper",
        lambda: trainer.adamw_step(X, Y, lr=0.1, **numbers),  # LINE: hyper
    )
    still_works(trainer, before)


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        ([True], "1 flag for 2 parameters"),
        ([True] * 3, "3 flags for 2 parameters"),
        ([], "0 flags for 2 parameters"),
        (5, "requires_grad is an int, not flags"),
        ({"w": True, "b": False}, "requires_grad is a dict, not flags"),
    ],
)
def test_bad_flags(options: Make, flags: Any, text: str) -> None:
    def make() -> object:
        return sw.ScalarTrainer(models.line(), line_loss, options(), requires_grad=flags)  # LINE: flags

    refused(sw.OptionError, text, "flags", make)


MADE: list[tuple[tuple[Any, ...], dict[str, Any], type[sw.ShapewrightError], str]] = [
    ((5, line_loss), {}, sw.DTypeError, "the initial value is an int, not a pack"),
    ((None, line_loss), {}, sw.DTypeError, "the initial value is None, not a pack"),
    ((Line, line_loss), {}, sw.DTypeError, "the initial value is the class Line"),
    ((line_loss, models.line()), {}, sw.DTypeError, "not a function[\\s\\S]*exchange the first two"),
    ((models.line(), 5), {}, sw.DTypeError, "the loss of a trainer is an int, not a function"),
    ((models.line(), line_loss, "eager"), {}, sw.OptionError, "the options are a str, not sw.Options"),
    ((models.line(), line_loss), {"optimizer": "adam"}, sw.OptionError, "the optimizer is a str"),
    ((models.line(), line_loss), {"optimizer": sw.optim.Adam}, sw.OptionError, "the optimizer is the class Adam"),
]


@pytest.mark.parametrize(("args", "more", "error", "text"), MADE, ids=[m[3] for m in MADE])
def test_bad_arguments_of_the_constructor(
    args: tuple[Any, ...], more: dict[str, Any], error: type[sw.ShapewrightError], text: str
) -> None:
    def make() -> object:
        return sw.ScalarTrainer(*args, **more)  # LINE: constructor

    refused(error, text, "constructor", make)


def test_bad_lists_of_batches(options: Make) -> None:
    trainer = made(options(), line_loss)
    before = bits(trainer)
    for batches, text in ((5, "the batches are an int"), ([X], "a batch is"), ([(X, Y), 5], "a batch is an int")):
        refused(
            sw.DTypeError,
            text,
            "batches",
            lambda b=batches: trainer.step_many(b, lr=0.1),  # type: ignore[misc]  # LINE: batches
        )
    good = X / SECRET, Y / SECRET
    for lr in (math.nan, [0.1, math.nan], [0.1], "0.1"):
        with pytest.raises(sw.OptionError):
            trainer.step_many([good, good], lr=lr)
    refused(
        sw.ShapeError,
        "two sizes",
        "second batch",
        lambda: trainer.step_many([good, (X, Y[:3])], lr=0.1),  # LINE: second batch
    )
    still_works(trainer, before)


def test_bad_gradients(options: Make) -> None:
    trainer = made(options(), line_loss)
    before = bits(trainer)
    w, b = models.line().leaves()
    wide = models.line(np.float64)
    bad: list[tuple[Any, type[sw.ShapewrightError], str]] = [
        (5, sw.ShapeError, "another structure"),
        ((w, b), sw.ShapeError, "another structure"),
        (sw.TList(w, b), sw.ShapeError, "another structure"),
        ({"w": w, "b": b}, sw.ShapeError, "another structure"),
        (models.mlp(), sw.ShapeError, "another structure"),
        (wide, sw.DTypeError, "another element type"),
        (Line(w=reals(np.full(4, SECRET, np.float32)), b=reals(np.float32(0.0))), sw.ShapeError, "another shape"),
    ]
    for grads, error, text in bad:
        refused(error, text, "grads", lambda g=grads: trainer.apply_grads(g, lr=0.1))  # type: ignore[misc]  # LINE: grads
    still_works(trainer, before)


def test_functions_that_are_none() -> None:
    for f in (sw.jit, sw.grad, sw.value_and_grad, sw.vjp):
        refused(sw.DTypeError, "is an int, not a function", "no function", lambda f=f: f(5))  # type: ignore[misc]  # LINE: no function
    interpreter: Any = 5
    with pytest.raises(sw.DTypeError, match="not an interpreter"):
        sw.run_with(interpreter, line_loss, models.line(), *models.line_data())
    options: Any = "eager"
    with pytest.raises(sw.OptionError, match=r"not sw\.Options"):
        sw.jit(line_loss, options)


@pytest.mark.parametrize("case", [n for n, c in CASES.items() if c[0] is line_loss])
def test_a_jitted_function_refuses_what_the_function_refuses(options: Make, case: str) -> None:
    _, inputs, error, _, _ = CASES[case]
    f: Any = sw.jit(line_loss, options())
    good = float(f(models.line(), X, Y))
    refused(error, "", "jit", lambda: f(models.line(), *inputs))  # LINE: jit
    assert float(f(models.line(), X, Y)) == good


def test_a_list_of_tensors_is_no_pack_whatever_runs_it(options: Make) -> None:
    def loss(p: Line, xs: list[sw.Tensor[Batch, Features]]) -> sw.Scalar:
        return (xs[0] @ p.w).mean()

    line, x = models.line(), reals(np.ones((2, models.FEATURES), np.float32))
    runs: list[Callable[[], object]] = [
        lambda: sw.jit(loss, options())(line, [x, x]),
        lambda: sw.ScalarTrainer(line, loss, options()).step([x, x], lr=0.1),
        lambda: sw.ScalarTrainer(line, loss, options()).forward([x, x]),
    ]
    for run in runs:
        with pytest.raises(
            sw.DTypeError, match=r"(argument|input) `xs` is a list, and a pack does not change"
        ) as error:
            run()
        assert error.value.diagnostic.help == "write a tuple (or sw.TList)"
