"""Interpreters: one of your own, the eager one, and recorded graphs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, reveal_type

import numpy as np
from numpy.typing import NDArray

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 3


class Linear(sw.Pack):
    w: sw.Tensor[In, Out]
    b: sw.Tensor[Out]


@sw.typed
def predict(p: Linear, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    return x @ p.w + p.b


@sw.typed
def loss(p: Linear, x: sw.Tensor[Batch, In], y: sw.Tensor[Batch, Out]) -> sw.Scalar:
    return sw.mse_loss(predict(p, x), y)


init = Linear(sw.Tensor[In, Out].normal(std=0.1, key=1), sw.Tensor[Out].zeros())
x = sw.Tensor[Batch, In].normal(key=2, shape=(8, 4))
y = sw.Tensor[Batch, Out].normal(key=3, shape=(8, 3))
eager = sw.Options(backend="eager")


class Counter:
    def __init__(self) -> None:
        self.inner = sw.EagerOps()
        self.count = 0

    def lift(self, x: sw.Array[*tuple[Any, ...]]) -> NDArray[np.generic]:
        return self.inner.lift(x)

    def apply(self, op: str, args: Sequence[NDArray[np.generic]], attrs: Mapping[str, object]) -> NDArray[np.generic]:
        self.count += 1
        return self.inner.apply(op, args, attrs)


def described(ops: sw.Ops[NDArray[np.generic]]) -> str:
    return type(ops).__name__


counter = Counter()
value = sw.run_with(counter, loss, init, x, y)
print(value.shape, counter.count, described(counter))
graph = sw.record(loss, init, x, y)
reveal_type(graph)  # Graph
print(len(graph.outputs), sw.GraphOps)
program = sw.compile(graph, sw.Options())
reveal_type(program)  # Program
reveal_type(program.kernels[0].source)  # str
session = sw.LinkedSession(graph)
print(session.graph is graph)
with sw.EagerSession() as tape:
    refs = tape.use_params(sw.ParamList.from_tensors(init))
    reveal_type(refs)  # Linear
    inputs = tape.use_inputs(x, y)
    reveal_type(inputs)  # tuple[Tensor[Batch, In], Tensor[Batch, Out]]
    dense = tape.backward(loss(refs, *inputs))
    print(tape.grads_of(refs, dense)[0].shape)


def compiled(graph: sw.Graph) -> sw.Program:
    return sw.compile(graph, name="again")


def first(report: sw.Report) -> sw.Kernel:
    return report.program.kernels[0]


print(first(sw.inspect(compiled(graph))).name)
