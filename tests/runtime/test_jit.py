"""`jit`: signatures, static arguments, one program per kind of argument, nesting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from shapewright.compiler.errors import CompileError, DeviceError, DTypeError, IndexOutOfRange, ShapeError
from shapewright.dsl import creation, lookup
from shapewright.dsl.tensor import IntTensor, Tensor
from shapewright.dsl.typed import typed
from shapewright.runtime.cuda import probe
from shapewright.runtime.jit import Jitted, jit
from shapewright.runtime.options import Options
from shapewright.runtime.programs import COMPILATIONS
from shapewright.runtime.trainer import ScalarTrainer
from shapewright.runtime.transforms import grad, value_and_grad, vjp

from . import models
from .conftest import Make
from .models import Batch, Features, assert_close, ints, reals


@typed
def accuracy(p: models.MLP, x: Tensor[Batch, Features], y: IntTensor[Batch]) -> Tensor[()]:
    return (models.logits(p, x).argmax(-1) == y).astype("float32").mean()


@typed
def scaled(p: models.Line, x: Tensor[Batch, Features], *, factor: float = 2.0) -> Tensor[Batch]:
    return (x @ p.w + p.b) * factor


def test_a_prediction_and_a_metric(options: Make) -> None:
    pack = models.mlp()
    predict, score = jit(models.logits, options()), jit(accuracy, options())
    before = COMPILATIONS.count
    for n in (8, 3, 5):
        x, y = models.class_data(n, seed=n)
        assert_close(predict(pack, x).numpy(), models.logits(pack, x).numpy(), rtol=1e-5, atol=1e-6)
        assert float(score(pack, x, y)) == float(accuracy(pack, x, y))
    assert COMPILATIONS.count - before in (0, 2)
    assert predict(pack, models.class_data(4)[0]).names == ("Batch", "Classes")


def halved(w: Tensor[Features]) -> Tensor[()]:
    return (w * w).sum() * 0.5


def untyped(a: Any, b: Any = 1) -> Any:
    return a * b


def test_what_is_shown_of_it(options: Make) -> None:
    """Types as messages show them; a derivative has its own name and result."""
    fast = jit(scaled, options())
    assert (
        repr(fast)
        == "jit(scaled(p: Line, x: Tensor[Batch, Features], *, factor: float = 2.0) -> Tensor[Batch], 0 programs)"
    )
    assert repr(jit(grad(halved))) == "jit(grad(halved)(w: Tensor[Features]) -> Tensor[Features], 0 programs)"
    both = jit(value_and_grad(models.line_loss))
    assert repr(both).endswith("-> tuple[Tensor[()], Line], 0 programs)")
    assert repr(grad(halved)).startswith("<function grad(halved) at")
    w = Tensor[Features].ones(shape=(models.FEATURES,))
    assert repr(vjp(halved, w)[1]).startswith("<function vjp(halved) at")
    assert repr(jit(untyped)) == "jit(untyped(a, b=1), 0 programs)"
    assert jit(grad(halved))(w).shape == (models.FEATURES,)


def test_keyword_only_arguments_are_static(options: Make) -> None:
    start = models.Line(w=reals(np.ones(models.FEATURES, np.float32)), b=reals(np.float32(0.0)))
    x, _ = models.line_data(3)
    f = jit(scaled, options())
    assert_close(f(start, x).numpy() * 2, f(start, x, factor=4.0).numpy(), rtol=1e-6)
    with pytest.raises(DTypeError, match="`factor`"):
        f(start, x, factor=reals(1.0))
    with pytest.raises(DTypeError, match="`factor`"):
        f(start, x, factor=[1.0])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - refused at call time too
    with pytest.raises(ShapeError, match="`scaled` is called without `x`"):
        f(start)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue] - refused at call time too


def test_any_hashable_constant_is_static(options: Make) -> None:
    def f(x: Any, *, dtype: Any, axis: int | None = None, power: Any = 1.0) -> Any:
        return (x**power).astype(dtype).sum(axis)

    g = jit(f, options())
    x = reals(np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert g(x, dtype=np.float32).dtype == np.float32
    assert g(x, dtype=np.float64, axis=0).tolist() == [4.0, 6.0]
    assert g(x, dtype="float64", axis=1, power=np.float64(2.0)).tolist() == [5.0, 25.0]


def test_packs_in_and_out(options: Make) -> None:
    def f(x: Any, pair: Any) -> Any:
        return {"sum": x + pair[0], "rest": (pair[1], x.sum())}

    out = jit(f, options())(reals([1.0, 2.0]), (reals([3.0, 4.0]), ints([5])))
    assert out["sum"].tolist() == [4.0, 6.0]
    assert out["rest"][0].tolist() == [5]
    assert float(out["rest"][1]) == 3.0


def test_raw_arrays_numbers_and_another_width(options: Make) -> None:
    def f(x: Any, k: Any) -> Any:
        return x * k

    g = jit(f, options())
    assert g(np.array([1.0, 2.0]), 3.0).tolist() == [3.0, 6.0]
    assert g(reals(np.array([1.0, 2.0], np.float32)), np.float64(3.0)).dtype == np.float32


def test_jit_of_grad_and_grad_of_jit(options: Make) -> None:
    pack, data = models.mlp(), models.class_data(6)
    want = grad(models.mlp_loss)(pack, *data)
    for found in (
        jit(grad(models.mlp_loss), options())(pack, *data),
        grad(jit(models.mlp_loss, options()))(pack, *data),
    ):
        assert isinstance(found, models.MLP)
        for a, b in zip(found.leaves(), want.leaves(), strict=True):
            assert_close(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-7)


def test_inside_a_trainer_a_jitted_function_is_called(options: Make) -> None:
    inner = jit(models.logits, options())

    def loss(p: models.MLP, x: Tensor[Batch, Features], y: IntTensor[Batch]) -> Tensor[()]:
        from shapewright.dsl import losses

        return losses.cross_entropy(inner(p, x), y)

    data = models.class_data()
    a = ScalarTrainer(models.mlp(), loss, options())
    b = ScalarTrainer(models.mlp(), models.mlp_loss, options())
    assert float(a.step(*data, lr=0.1)) == float(b.step(*data, lr=0.1))
    assert float(a.forward(*data)) == float(b.forward(*data))


def test_without_arguments(options: Make) -> None:
    assert jit(lambda: reals([1.0, 2.0]) * 2.0, options())().tolist() == [2.0, 4.0]


def test_draws_are_fresh_in_every_call(options: Make) -> None:
    def f(x: Any) -> Any:
        return creation.dropout(x, 0.5)

    x = reals(np.ones(64, np.float32))
    g, h = jit(f, options(seed=3)), jit(f, options(seed=3))
    assert g(x).tolist() != g(x).tolist()
    assert [h(x).tolist(), h(x).tolist()] == [jit(f, Options(backend="eager", seed=3))(x).tolist(), g_second(f, x)]


def g_second(f: Any, x: Any) -> Any:
    again = jit(f, Options(backend="eager", seed=3))
    again(x)
    return again(x).tolist()


def test_bad_indices_are_refused(options: Make) -> None:
    def f(table: Any, ids: Any) -> Any:
        return lookup.embedding(ids, table)

    g = jit(f, options())
    table = reals(np.ones((3, 2), np.float32))
    assert g(table, ints([0, 2])).tolist() == [[1, 1], [1, 1]]
    with pytest.raises(IndexOutOfRange):
        g(table, ints([0, 3]))


def test_recompilations_say_why(recorded: Make) -> None:
    def double(x: Any) -> Any:
        return x * 2.0

    f: Any = jit(double, recorded())
    for n in (2, 3, 2):
        f(reals(np.ones(n)))
    assert f.recompiles == ["double: input 1 (x) was f64[2], is f64[3]"]
    assert "2 programs" in repr(f)
    strict = jit(double, recorded(fail_on_recompile=True))
    strict(reals(np.ones(2)))
    with pytest.raises(CompileError, match=r"was f64\[2\]"):
        strict(reals(np.ones(3)))


def test_program(recorded: Make) -> None:
    f: Any = jit(scaled, recorded())
    assert isinstance(f, Jitted)
    with pytest.raises(CompileError, match="no program has run"):
        _ = f.program
    program = f.lower(models.line(), models.line_data(2)[0])
    f(models.line(), models.line_data(4)[0])
    assert f.program is program


def test_cuda_is_refused_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "missing", lambda: [probe.Missing("an NVIDIA GPU", "see what nvidia-smi says")])
    with pytest.raises(DeviceError, match="missing: an NVIDIA GPU"):
        jit(scaled, Options(device="cuda"))
