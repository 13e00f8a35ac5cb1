# ruff: noqa: F722, F821, UP037  - axes of jaxtyping annotations are text
"""What the call-time check of a typed function costs: nanoseconds a call beyond the bare function, medians of many runs.

    python benchmarks/typed_calls.py

Rows: three tensors whose axes are type variables, three whose axes are `Dim`s, a pack of four tensors and two inputs.
Columns: an outermost call, a call inside of another typed one, the same with the full check, and with jaxtyping and
beartype on ordinary jaxtyping annotations of NumPy arrays. All are measured in turn in every round.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import timeit
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from beartype import beartype  # noqa: TID251  the peer
from jaxtyping import Float, Integer, jaxtyped

import shapewright as sw
from shapewright.dsl.scope import checker, entered, new_scope
from shapewright.runtime.check import check_source

if __name__ == "__main__":  # as a script: the first entry of the path is this folder, not the one above
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks.report import machine, write_section

I = TypeVar("I")
O = TypeVar("O")
B = TypeVar("B")


class Batch(sw.Dim): ...


class Pixels(sw.Dim):
    size = 64


class Hidden(sw.Dim): ...


class Digits(sw.Dim): ...


class MLP(sw.Pack):
    w1: sw.Tensor[Pixels, Hidden]
    b1: sw.Tensor[Hidden]
    w2: sw.Tensor[Hidden, Digits]
    b2: sw.Tensor[Digits]


def variables(x: sw.Tensor[B, I], w: sw.Tensor[I, O], b: sw.Tensor[O]) -> sw.Tensor[B, I]:
    return x


def dims(x: sw.Tensor[Batch, Pixels], w: sw.Tensor[Pixels, Hidden], b: sw.Tensor[Hidden]) -> sw.Tensor[Batch, Pixels]:
    return x


def pack(p: MLP, x: sw.Tensor[Batch, Pixels], y: sw.IntTensor[Batch]) -> sw.Tensor[Batch, Pixels]:
    return x


A = np.ndarray


@jaxtyped(typechecker=beartype)
def peer(x: Float[A, "B I"], w: Float[A, "I O"], b: Float[A, "O"]) -> Float[A, "B I"]:
    return x


@jaxtyped(typechecker=beartype)
def peer_six(
    w1: Float[A, "64 H"],
    b1: Float[A, "H"],
    w2: Float[A, "H D"],
    b2: Float[A, "D"],
    x: Float[A, "B 64"],
    y: Integer[A, "B"],
) -> Float[A, "B 64"]:
    return x


Call = tuple[str, Callable[..., object], tuple[Any, ...], Callable[..., object], tuple[Any, ...]]


def calls() -> list[Call]:
    """Name, bare function and arguments, the peer's function and arguments."""
    x, w = sw.Tensor[Batch, Pixels].ones(shape=(32, 64)), sw.Tensor[Pixels, Hidden].ones(shape=(64, 16))
    b, y = sw.Tensor[Hidden].ones(shape=(16,)), sw.IntTensor[Batch](np.zeros(32, np.int64))
    p = MLP(w, b, sw.Tensor[Hidden, Digits].ones(shape=(16, 10)), sw.Tensor[Digits].ones(shape=(10,)))
    three, six = (x.numpy(), w.numpy(), b.numpy()), (*[t.numpy() for t in p.leaves()], x.numpy(), y.numpy())
    return [
        ("three tensors, type variables", variables, (x, w, b), peer, three),
        ("three tensors, dims", dims, (x, w, b), peer, three),
        ("a pack of four, two inputs", pack, (p, x, y), peer_six, six),
    ]


@contextmanager
def judged_by(kind: Literal["compiled", "full"]) -> Generator[None]:
    """Typed functions have, or never get, a quick check."""
    before, checker.kind = checker.kind, kind
    try:
        yield
    finally:
        checker.kind = before


def nanoseconds(f: Callable[..., object], args: tuple[Any, ...], count: int) -> float:
    names = {f"a{i}": a for i, a in enumerate(args)}
    return timeit.timeit(f"f({', '.join(names)})", globals={"f": f, **names}, number=count) / count * 1e9


def costs(call: Call, rounds: int, count: int) -> list[float]:
    """Nanoseconds beyond the bare call, by column: medians over rounds in which all take their turn."""
    _, bare, args, other, arrays = call
    quick, full = sw.typed(bare), sw.typed(bare)
    with judged_by("compiled"):
        for _ in range(3):
            quick(*args)
    found: list[list[float]] = [[], [], [], []]
    for _ in range(rounds):
        base = nanoseconds(bare, args, count)
        found[0].append(nanoseconds(quick, args, count) - base)
        with entered(new_scope()):
            found[1].append(nanoseconds(quick, args, count) - base)
        with judged_by("full"):
            found[2].append(nanoseconds(full, args, count // 10) - base)
        found[3].append(nanoseconds(other, arrays, count // 10) - base)
    return [statistics.median(column) for column in found]


def checks(repeats: int) -> list[str]:
    """`shapewright check` on the digits program: seconds of the whole process, and of the shapes in it."""
    file = str(files("shapewright") / "digits.py")
    whole, shapes = list[float](), list[float]()
    for _ in range(repeats):
        start = time.perf_counter()
        result = check_source(file)
        whole.append(time.perf_counter() - start)
        shapes.append(result.shape_time)
    return [f"{statistics.median(whole):.2f} s", f"{statistics.median(shapes) * 1e3:.0f} ms"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=41, help="how often every column is measured (default 41)")
    parser.add_argument("--readme", action="store_true", help="also write the tables into README.md in this folder")
    options = parser.parse_args(arguments)
    lines = [
        "| ns a call, beyond the bare one | outermost | nested | full check | jaxtyping + beartype |",
        "|---|---|---|---|---|",
    ]
    for call in calls():
        lines.append(f"| {call[0]} | {' | '.join(f'{c:.0f}' for c in costs(call, options.rounds, 5000))} |")
    whole, shapes = checks(5)
    lines += ["", "| `shapewright check` | a new process | of which the shapes |", "|---|---|---|"]
    lines.append(f"| digits program | {whole} | {shapes} |")
    table = "\n".join(lines)
    print(table)
    if options.readme:
        write_section("Typed calls", f"{machine()}\n\n{table}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
