# ruff: noqa: F722, F821, UP037  - axes of jaxtyping annotations are text
"""What the call-time check of a typed function costs: nanoseconds a call beyond the bare function, medians of many runs.

    python benchmarks/typed_calls.py

Rows: three tensors whose axes are type variables, three whose axes are `Dim`s, a pack of four tensors and two inputs.
Columns: an outermost call, a call inside of another typed one, the same with the full check, and with jaxtyping and
beartype on ordinary jaxtyping annotations of NumPy arrays. All are measured in turn in every round.
"""

from __future__ import annotations

import platform
import statistics
import sys
import timeit
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from beartype import beartype  # noqa: TID251  the peer
from jaxtyping import Float, Integer, jaxtyped

import shapewright as sw
from shapewright.dsl.scope import axis_scope, checker, current_scope

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


def nanoseconds(f: Callable[..., object], args: tuple[Any, ...], calls: int) -> float:
    names = {f"a{i}": a for i, a in enumerate(args)}
    return timeit.timeit(f"f({', '.join(names)})", globals={"f": f, **names}, number=calls) / calls * 1e9


def inside(call: Callable[[], float]) -> float:
    with axis_scope():
        sizes, sources, _ = current_scope.get() or ({}, [], "open")
        token = current_scope.set((sizes, sources, "running"))
        try:
            return call()
        finally:
            current_scope.reset(token)


def main() -> None:
    x, w, b = sw.Tensor[Batch, Pixels].ones(shape=(32, 64)), sw.Tensor[Pixels, Hidden].ones(shape=(64, 16)), None
    b = sw.Tensor[Hidden].ones(shape=(16,))
    y = sw.IntTensor[Batch](np.zeros(32, np.int64))
    p = MLP(w, b, sw.Tensor[Hidden, Digits].ones(shape=(16, 10)), sw.Tensor[Digits].ones(shape=(10,)))
    three, six = (x.numpy(), w.numpy(), b.numpy()), (*[t.numpy() for t in p.leaves()], x.numpy(), y.numpy())
    rows: list[tuple[str, Callable[..., object], tuple[Any, ...], Callable[..., object], tuple[Any, ...]]] = [
        ("three tensors, type variables", variables, (x, w, b), peer, three),
        ("three tensors, dims", dims, (x, w, b), peer, three),
        ("a pack of four, two inputs", pack, (p, x, y), peer_six, six),
    ]
    print(
        f"Python {sys.version.split()[0]}, {platform.processor() or platform.machine()}; ns a call beyond the bare one\n"
    )
    print("| | outermost | nested | full check | jaxtyping + beartype |\n|---|---|---|---|---|")
    for name, bare, args, other, arrays in rows:
        checker.kind = "full"
        full = sw.typed(bare)
        full(*args)
        checker.kind = "compiled"
        quick = sw.typed(bare)
        for _ in range(3):
            quick(*args)
        found: dict[str, list[float]] = {}
        for _ in range(41):
            base = nanoseconds(bare, args, 5000)
            found.setdefault("quick", []).append(nanoseconds(quick, args, 5000) - base)
            found.setdefault("nested", []).append(inside(lambda: nanoseconds(quick, args, 5000)) - base)  # noqa: B023  called at once
            checker.kind = "full"
            found.setdefault("full", []).append(nanoseconds(full, args, 300) - base)
            checker.kind = "compiled"
            found.setdefault("peer", []).append(nanoseconds(other, arrays, 300) - base)
        print(f"| {name} | " + " | ".join(f"{statistics.median(v):.0f}" for v in found.values()) + " |")


if __name__ == "__main__":
    main()
