"""Random numbers of a device: raw words, uniform, Bernoulli and dropout masks have the bits of the CPU; normal to 2 ulp."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import shapewright as sw
from shapewright.compiler.autodiff import GraphBuild
from shapewright.compiler.ir.graph import Graph, Node
from shapewright.compiler.ops.opdef import Arr
from shapewright.compiler.ops.table import infer
from shapewright.compiler.sizes import symbol
from shapewright.compiler.types import DType, TensorType
from shapewright.runtime.options import Backend

from ..compiler.harness import interpret, run_compiled
from ..runtime.models import reals
from .harness import run_cuda

KEYS = [(0, 0), (7, 1), (2**32 - 1, 2**31)]
SHAPES: list[tuple[int, ...]] = [(37,), (5, 8), (2, 3, 7), ()]


def drawn(make: Callable[[GraphBuild, Node], list[Node]], key: tuple[int, int]) -> list[tuple[Arr, Arr, Arr]]:
    """Values by the device, by the CPU, and by the references."""
    graph = Graph(infer, "drawn")
    leaf = graph.leaf("key", "key", TensorType(DType.uint32, (2,)))
    x = graph.leaf("input", "x", TensorType(DType.float32, (symbol("Batch"), 9)))
    graph.outputs = [*make(GraphBuild(graph), leaf), GraphBuild(graph).op("dropout", x, leaf, stream=50, p=0.25)]
    rng = np.random.default_rng(1)
    leaves: dict[int, Arr] = {leaf.id: np.array(key, np.uint32), x.id: rng.uniform(0.5, 1, (6, 9)).astype(np.float32)}
    want = interpret(graph, leaves)
    here, there = run_cuda(graph, leaves, steps=2)[0], run_compiled(graph, leaves)[0]
    return [(a, b, want[n.id]) for a, b, n in zip(here, there, graph.outputs, strict=True)]


def exact(b: GraphBuild, key: Node) -> list[Node]:
    """Draws whose every bit is promised."""
    out: list[Node] = []
    for stream, shape in enumerate(SHAPES):
        out += [b.op("random_bits", key, shape=shape, stream=stream, word=word) for word in (0, 1)]
        for dtype in ("float32", "float64"):
            out.append(b.op("uniform", key, shape=shape, stream=10 + stream, low=0.0, high=1.0, dtype=dtype))
        out.append(b.op("bernoulli", key, shape=shape, stream=20 + stream, p=0.3))
    return out


def normal(b: GraphBuild, key: Node) -> list[Node]:
    return [
        b.op("normal", key, shape=shape, stream=stream, mean=0.0, std=1.0, dtype=dtype)
        for stream, shape in enumerate(SHAPES)
        for dtype in ("float32", "float64")
    ]


@pytest.mark.parametrize("key", KEYS)
def test_bits_are_those_of_the_cpu(key: tuple[int, int]) -> None:
    for here, there, reference in drawn(exact, key):
        assert here.dtype == there.dtype == reference.dtype
        assert here.tobytes() == there.tobytes() == reference.tobytes()


def test_normal_numbers_to_two_units() -> None:
    for here, there, _ in drawn(normal, KEYS[1])[:-1]:
        a, b = (np.asarray(x, np.float64) for x in (here, there))
        unit = np.asarray(np.spacing(np.abs(there)), np.float64)
        assert np.all(np.abs(a - b) <= 2 * unit)


def draws(x: Any) -> Any:
    """Everything that the language draws, one after the other."""
    return (
        sw.uniform(x.shape),
        sw.bernoulli(0.5, x.shape),
        sw.dropout(x, 0.5),
        sw.randint(0, 1000, x.shape),
    )


@pytest.mark.parametrize("backend", ["compiled", "eager"])
def test_functions_draw_the_same_on_both_devices(backend: Backend) -> None:
    here: Any = sw.jit(draws, sw.Options(backend=backend, device="cuda", seed=5))
    there: Any = sw.jit(draws, sw.Options(backend="eager", seed=5))
    x = reals(np.linspace(0.5, 1.5, 35, dtype=np.float32).reshape(5, 7))
    calls: list[bytes] = []
    for _ in range(2):
        for a, b in zip(here(x), there(x), strict=True):
            assert a.dtype == b.dtype and a.numpy().tobytes() == b.numpy().tobytes()
            calls.append(a.numpy().tobytes())
    assert len(set(calls)) == len(calls)  # fresh in every draw of every call
