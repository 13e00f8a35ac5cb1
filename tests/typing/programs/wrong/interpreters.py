"""Interpreters: objects that are none, functions called with other arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import shapewright as sw


class Batch(sw.Dim): ...


class In(sw.Dim):
    size = 4


class Out(sw.Dim):
    size = 3


class Linear(sw.Pack):
    w: sw.Tensor[In, Out]


class NoLift:
    def apply(self, op: str, args: Sequence[object], attrs: Mapping[str, object]) -> object:
        return op


@sw.typed
def predict(p: Linear, x: sw.Tensor[Batch, In]) -> sw.Tensor[Batch, Out]:
    return x @ p.w


def run(p: Linear, x: sw.Tensor[Batch, In]) -> None:
    sw.run_with(NoLift(), predict, p, x)  # E: -check
    sw.run_with(sw.EagerOps(), predict, x, p)  # E: -check
    sw.record(predict, p)  # E: -check, -pyrefly, -ty
    sw.compile(predict)  # E: -check
    sw.inspect(p)  # E: -check
    sw.LinkedSession(p)  # E: -check
    with sw.EagerSession() as tape:
        tape.use_params(p)  # E: -check
        tape.backward(predict(p, x))  # E: -check
