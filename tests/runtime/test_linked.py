"""`LinkedSession`: a recorded graph run node by node."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from shapewright.compiler.autodiff import graph_gradients
from shapewright.compiler.errors import CompileError, DTypeError, NumericError, ShapeError
from shapewright.dsl import functions
from shapewright.dsl.pack import TList
from shapewright.dsl.record import record
from shapewright.runtime.linked import LinkedSession
from shapewright.runtime.nans import NanSearch
from shapewright.runtime.params import ParamList
from shapewright.runtime.transforms import value_and_grad

from . import models
from .models import reals


def identity(p: Any) -> Any:
    return p


def log_plus(p: Any, x: Any) -> Any:
    return functions.log(x) + p[0]


def test_values_and_gradients_equal_eager() -> None:
    pack, data = models.mlp(), models.class_data(6)
    recording = record(models.mlp_loss, pack, *data)
    graph = recording.graph
    graph.outputs += graph_gradients(graph, recording.outputs[0], recording.params)
    cells = ParamList.from_tensors(pack).cells
    session = LinkedSession(graph, {n.id: c.host for n, c in zip(recording.params, cells, strict=True)})
    loss, grads = value_and_grad(models.mlp_loss)(pack, *data)
    found = session.run([x.numpy() for x in data])
    for a, b in zip(found, (loss, *grads.leaves()), strict=True):
        models.assert_close(a, b.numpy(), rtol=1e-6, atol=1e-7)


def test_one_graph_runs_every_batch_size() -> None:
    pack = models.line()
    recording = record(models.line_loss, pack, *models.line_data(4))
    storage = {n.id: t.numpy() for n, t in zip(recording.params, pack.leaves(), strict=True)}
    session = LinkedSession(recording.graph, storage)
    for n in (1, 4, 9):
        data = models.line_data(n)
        (loss,) = session.run([x.numpy() for x in data])
        models.assert_close(loss, models.line_loss(pack, *data).numpy(), rtol=1e-6)


def test_updates_are_written_after_everything_was_read() -> None:
    a, b = np.array([1.0]), np.array([2.0])
    recording = record(identity, TList(reals(a), reals(b)))
    left, right = recording.params
    recording.graph.updates = [(left, right), (right, left)]
    LinkedSession(recording.graph, {left.id: a, right.id: b}).run()
    assert (a.tolist(), b.tolist()) == ([2.0], [1.0])


def test_outputs_are_copies() -> None:
    w = np.array([1.0])
    recording = record(identity, TList(reals(w)))
    (out,) = LinkedSession(recording.graph, {recording.params[0].id: w}).run()
    w[:] = 5.0
    assert out.tolist() == [1.0]


def test_what_does_not_fit_is_refused() -> None:
    recording = record(models.line_loss, models.line(), *models.line_data(4))
    w, b = recording.params
    with pytest.raises(ShapeError, match="param 'w' has another shape"):
        LinkedSession(recording.graph, {w.id: np.zeros(9, np.float32)})
    session = LinkedSession(recording.graph)
    x, y = (t.numpy() for t in models.line_data(4))
    with pytest.raises(CompileError, match="leaf 'w'"):
        session.run([x, y])
    session.bind(w, np.zeros(5, np.float32))
    session.bind(b, np.zeros((), np.float32))
    with pytest.raises(ShapeError, match="1 input arrays given, 2 wanted"):
        session.run([x])
    with pytest.raises(ShapeError, match="input 'y' has another shape"):
        session.run([x, y[:3]])
    with pytest.raises(DTypeError, match="input 'x'"):
        session.run([x.astype(np.float64), y])


def test_the_operation_that_made_a_nan_is_named() -> None:
    recording = record(log_plus, TList(reals(1.0)), reals([1.0]))
    storage = {recording.params[0].id: np.asarray(1.0, np.float32)}
    with pytest.raises(NumericError, match=r"`log` at test_linked\.py"):
        LinkedSession(recording.graph, storage).look([np.array([-1.0], np.float32)], nans=NanSearch())
