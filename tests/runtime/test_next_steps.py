"""Mistakes in calling the library that a first user makes, and the next step that each error names."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

import numpy as np
import pytest

import shapewright as sw

I = TypeVar("I")
O = TypeVar("O")
B = TypeVar("B")


class Batch(sw.Dim): ...


class Narrow(sw.Dim):
    size = 3


class Wide(sw.Dim):
    size = 6


class Dense(sw.Pack, Generic[I, O]):
    w: sw.Tensor[I, O]


class Block(sw.Pack):
    up: Dense[Narrow, Wide]
    down: Dense[Wide, Narrow]


class Line(sw.Pack):
    w: sw.Tensor[Narrow]


@sw.typed
def dense(p: Dense[I, O], x: sw.Tensor[B, I]) -> sw.Tensor[B, O]:
    return x @ p.w


@sw.typed
def loss(p: Line, x: sw.Tensor[Batch, Narrow], y: sw.Tensor[Batch]) -> sw.Scalar:
    return sw.mse_loss(x @ p.w, y)


def block() -> Block:
    return Block(
        Dense(sw.Tensor[Narrow, Wide].ones()),
        Dense(sw.Tensor[Wide, Narrow].ones()),
    )


def refused(call: Callable[[], object]) -> sw.ShapewrightError:
    with pytest.raises(sw.ShapewrightError) as caught:
        call()
    return caught.value


def test_a_generic_layer_is_named_as_the_call_has_it() -> None:
    p, x = block(), np.zeros((2, 3), np.float32)
    error = refused(lambda: dense(p.down, x))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  the mistake
    assert error.diagnostic.message == "axis `I` has two sizes: 6 and 3"
    (note, _) = error.diagnostic.notes
    assert note.startswith("I=6 was bound by `p.w: Tensor[I, O]` (")
    assert note.endswith("), with `p.down` for `p`")


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_the_pack_is_the_trainers(backend: Literal["eager", "compiled"]) -> None:
    p, x, y = Line(sw.Tensor[Narrow].ones()), np.ones((4, 3), np.float32), np.ones(4, np.float32)
    trainer: Any = sw.ScalarTrainer(p, loss, optimizer=sw.optim.SGD(), options=sw.Options(backend=backend))
    error = refused(lambda: trainer.step(p, x, y, lr=0.1))
    assert error.diagnostic.help == "the trainer adds the pack: pass `x`, `y` only"
    assert refused(lambda: trainer.step(x, lr=0.1)).diagnostic.help is None


@pytest.mark.parametrize("backend", ["eager", "compiled"])
def test_a_constant_of_a_jitted_function(backend: Literal["eager", "compiled"]) -> None:
    @sw.typed
    def power(x: sw.Tensor[Batch], n: int) -> sw.Tensor[Batch]:
        return x**n

    @sw.typed
    def better(x: sw.Tensor[Batch], *, n: int) -> sw.Tensor[Batch]:
        return x**n

    x, options = np.full(2, 3.0, np.float32), sw.Options(backend=backend)
    error = refused(lambda: sw.jit(power, options)(x, 2))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  an array
    assert error.diagnostic.message == "argument `n` of `power` is an IntTensor[()], where int is wanted"
    assert error.diagnostic.help == (
        "numbers are tensors in a program, and keyword-only parameters are constants: write `*, n: int`"
    )
    function: Any = sw.jit(better, options)
    assert function(x, n=2).tolist() == [9.0, 9.0]


def test_the_wider_of_two_widths_is_converted() -> None:
    p = Line(sw.Tensor[Narrow].ones())
    error = refused(lambda: loss(p, np.ones((4, 3)), np.ones(4)))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  arrays
    assert error.diagnostic.help == 'convert `x`: write `x.astype("float32") @ p.w`'


def test_gradients_of_several_arguments() -> None:
    def product(both: tuple[Any, Any]) -> Any:
        return (both[0] * both[1]).sum()

    argnums: Any = (0, 1)
    error = refused(lambda: sw.grad(product, argnums))
    assert error.diagnostic.help == "one argument has a gradient: put several tensors into a tuple or a pack"
    pair: Any = (sw.Tensor([1.0, 2.0]), sw.Tensor([3.0, 4.0]))
    left, right = sw.grad(product)(pair)
    assert (left.tolist(), right.tolist()) == ([3.0, 4.0], [1.0, 2.0])


def test_a_class_that_was_defined_again() -> None:
    class Line(sw.Pack):
        w: sw.Tensor[Narrow]

    other: Any = Line(sw.Tensor[Narrow].ones())
    x: Any = np.ones((4, 3), np.float32)
    error = refused(lambda: loss(other, x, x[:, 0]))
    assert error.diagnostic.help == "this `Line` is another class of that name: define `loss` again after it"


def test_packs_of_code_that_is_no_module() -> None:
    code = (
        "from __future__ import annotations\nimport shapewright as sw\nclass Batch(sw.Dim): ...\n"
        "class Outer(sw.Pack):\n    w: sw.Tensor[Batch]\n    inner: Inner\n"
        "class Inner(sw.Pack):\n    w: sw.Tensor[Batch]\n"
    )
    space: dict[str, Any] = {}
    exec(code, space)
    w = np.ones(3, np.float32)
    assert space["Outer"](w, space["Inner"](w)).leaves()[0].names == ("Batch",)
    with pytest.raises(sw.ShapeError, match="Batch"):
        space["Outer"](w, space["Inner"](w[:2]))


def command(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "shapewright", *args], capture_output=True, text=True, timeout=120, check=False
    )


def test_what_cannot_be_inspected_or_checked(tmp_path: Path) -> None:
    file = tmp_path / "program.py"
    file.write_text("def f(x, y, n=1, *args, **kwargs): ...\n")
    done = command("inspect", f"{file}:f")
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr
        == f"{file}:f is a function of `x` and `y`: name a trainer, a program, or a function without arguments\n"
    )
    done = command("inspect", f"{tmp_path / 'none.py'}:f")
    assert (done.returncode, done.stderr) == (1, f"there is no file {tmp_path / 'none.py'}\n")
    done = command("check", str(tmp_path / "none.py"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error[SW801]: there is no file {tmp_path / 'none.py'}\nhelp: pass the path of a file\n"
