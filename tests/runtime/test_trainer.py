"""`ScalarTrainer`: every method, run eagerly, node by node, and compiled."""

from __future__ import annotations

import sys
import tracemalloc
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numpy as np
import pytest

from shapewright.compiler.errors import (
    CompileError,
    IndexOutOfRange,
    OptionError,
    ShapewrightError,
)
from shapewright.compiler.ir.build import Build
from shapewright.dsl import lookup, losses
from shapewright.dsl.pack import Pack, TList
from shapewright.dsl.tensor import IntTensor, Tensor
from shapewright.dsl.typed import typed
from shapewright.runtime.optim import SGD, Adam, AdamW, Optimizer
from shapewright.runtime.options import Options
from shapewright.runtime.params import ParamList
from shapewright.runtime.programs import COMPILATIONS
from shapewright.runtime.trainer import ScalarTrainer
from shapewright.runtime.transforms import value_and_grad

from . import models
from .conftest import Make
from .models import ints, reals

V = TypeVar("V")
Trainer = ScalarTrainer[models.MLP, Tensor[models.Batch, models.Features], IntTensor[models.Batch]]


def make(options: Options, **more: Any) -> Trainer:
    return ScalarTrainer(models.mlp(), models.mlp_loss, options, **more)


def close(a: Pack, b: Pack, rtol: float = 2e-5) -> None:
    for name, x in a.named().items():
        models.assert_close(x.numpy(), b.named()[name].numpy(), rtol=rtol, atol=1e-6, err_msg=name)


def same(a: Pack, b: Pack) -> bool:
    return all(np.array_equal(x.numpy(), y.numpy()) for x, y in zip(a.leaves(), b.leaves(), strict=True))


# ---- methods
def test_forward_backward_value_and_grad(options: Make) -> None:
    trainer, data = make(options()), models.class_data()
    loss, grads = value_and_grad(models.mlp_loss)(models.mlp(), *data)
    assert float(trainer.forward(*data)) == pytest.approx(float(loss), rel=1e-5)
    found = trainer.backward(*data)
    assert isinstance(found, models.MLP)
    close(found, grads)
    value, both = trainer.value_and_grad(*data)
    assert float(value) == pytest.approx(float(loss), rel=1e-5)
    close(both, grads)
    assert trainer.steps == 0


OPTIMIZERS: list[Optimizer] = [
    SGD(),
    SGD(momentum=0.9),
    SGD(momentum=0.9, nesterov=True, weight_decay=0.01),
    Adam(),
    AdamW(weight_decay=0.1),
    Adam(clip_norm=0.05),
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_step_is_the_stand_alone_optimizer_fed_by_backward(options: Make, optimizer: Optimizer) -> None:
    trainer, other = make(options(), optimizer=optimizer), make(options())
    params = ParamList.from_tensors(models.mlp())
    state = optimizer.init(params)
    for seed in range(3):
        data = models.class_data(seed=seed)
        other.params.set_values(params.values())
        loss, grads = other.value_and_grad(*data)
        state = optimizer.step(params, grads, state, lr=0.05)
        assert float(trainer.step(*data, lr=0.05)) == pytest.approx(float(loss), rel=1e-5)
        close(trainer.get_params(), params.values())
    assert trainer.steps == 3


@pytest.mark.parametrize(("method", "optimizer"), [("adam_step", Adam(eps=1e-6)), ("adamw_step", AdamW(eps=1e-6))])
def test_adam_steps(options: Make, method: str, optimizer: Optimizer) -> None:
    trainer, fused = make(options()), make(options(), optimizer=optimizer)
    for seed in range(3):
        data = models.class_data(seed=seed)
        getattr(trainer, method)(*data, lr=0.01, eps=1e-6)
        fused.step(*data, lr=0.01)
    assert same(trainer.get_params(), fused.get_params())


@dataclass(frozen=True, kw_only=True)
class SignMomentum(Optimizer):
    """An optimizer of the user's: moves by the sign of an average of the gradients."""

    decay: float = 0.9

    @property
    def slots(self) -> tuple[str, ...]:
        return ("average",)

    def hyper_values(self, lr: float, t: int) -> dict[str, float]:
        return {"lr": lr, "decay": self.decay}

    def update(self, b: Build[V], p: V, g: V, state: dict[str, V], hyper: dict[str, V]) -> tuple[V, dict[str, V]]:
        average = b.add(b.mul(hyper["decay"], state["average"]), g)
        return b.sub(p, b.mul(hyper["lr"], b.op("sign", average))), {"average": average}


def test_an_optimizer_of_the_user(options: Make) -> None:
    trainer, data = make(options(), optimizer=SignMomentum(decay=0.5)), models.class_data()
    params = ParamList.from_tensors(models.mlp())
    state = SignMomentum(decay=0.5).init(params)
    for _ in range(3):
        grads = trainer.backward(*data)
        trainer.step(*data, lr=0.01)
        state = SignMomentum(decay=0.5).step(params, grads, state, lr=0.01)
    close(trainer.get_params(), params.values())
    assert trainer.state_dict()["optimizers"]["signmomentum"]["t"] == 3


def test_apply_grads_is_the_update_of_step(options: Make) -> None:
    for optimizer in (SGD(), Adam()):
        stepped, applied = make(options(), optimizer=optimizer), make(options(), optimizer=optimizer)
        for seed in range(3):
            data = models.class_data(seed=seed)
            stepped.step(*data, lr=0.05)
            applied.apply_grads(applied.backward(*data), lr=0.05)
        close(stepped.get_params(), applied.get_params(), rtol=1e-5)
        assert applied.steps == 3


def test_step_many_is_many_steps(options: Make) -> None:
    data = [models.class_data(seed=s) for s in range(4)]
    one, many = make(options(), optimizer=Adam()), make(options(), optimizer=Adam())
    rates = [0.1, 0.05, 0.02, 0.01]
    losses_one = [one.step(*xs, lr=lr) for xs, lr in zip(data, rates, strict=True)]
    losses_many = many.step_many(iter(data), lr=rates)
    assert [float(a) for a in losses_one] == [float(b) for b in losses_many]
    assert same(one.get_params(), many.get_params())
    assert many.steps == 4
    one.step_many(data, lr=0.1)
    with pytest.raises(OptionError, match="2 learning rates for 4 batches"):
        one.step_many(data, lr=[0.1, 0.2])


def test_step_many_goes_back_after_a_bad_batch(options: Make) -> None:
    trainer = make(options(), optimizer=Adam())
    trainer.step(*models.class_data(), lr=0.1)
    before = trainer.state_dict()
    x, y = models.class_data(seed=1)
    with pytest.raises(ShapewrightError):
        trainer.step_many([(x, y), (x, ints(np.full(8, 99)))], lr=0.1)
    after = trainer.state_dict()
    assert before["step"] == after["step"] == 1
    assert before["optimizers"]["adam"]["t"] == after["optimizers"]["adam"]["t"] == 1
    assert all(np.array_equal(v, after["params"][k]) for k, v in before["params"].items())


def test_double_precision(options: Make) -> None:
    trainer = make(options(dtype="float64"))
    x, y = models.class_data(dtype=np.float64)
    loss, grads = value_and_grad(models.mlp_loss)(models.mlp(dtype=np.float64), x, y)
    value, found = trainer.value_and_grad(x, y)
    assert value.dtype == np.float64
    assert trainer.params["w1"].dtype == np.float64
    assert float(value) == pytest.approx(float(loss), rel=1e-6)  # the parameters were cast from float32
    close(found, grads)


# ---- inputs
def test_raw_arrays_and_another_width_are_cast_at_the_boundary(options: Make) -> None:
    trainer = make(options())
    x, y = models.class_data()
    want = float(trainer.forward(x, y))
    loose = cast("Any", trainer)
    for _ in range(2):
        assert float(loose.forward(x.numpy(), y.numpy())) == want
        assert float(loose.forward(x.numpy().astype(np.float64), y.numpy().astype(np.int32))) == pytest.approx(want)
        assert float(loose.forward(np.asfortranarray(x.numpy()), y.numpy())) == want
        assert float(loose.forward(np.repeat(x.numpy(), 2, axis=0)[::2], y.tolist())) == want


def test_an_empty_batch_is_what_numpy_says(options: Make) -> None:
    @typed
    def total(p: models.Line, x: Tensor[models.Batch, models.Features]) -> Tensor[()]:
        return (x @ p.w + p.b).sum()

    trainer = ScalarTrainer(models.line(), total, options())
    empty: Tensor[models.Batch, models.Features] = reals(np.zeros((0, models.FEATURES), np.float32))
    assert float(trainer.step(empty, lr=0.1)) == 0.0
    assert float(trainer.forward(reals(np.ones((2, models.FEATURES), np.float32)))) == 0.0


def test_plain_generic_and_untyped_losses(options: Make) -> None:
    x, y = models.line_data()

    def plain(p, x, y):  # type: ignore[no-untyped-def]  # pyright: ignore[reportUnknownParameterType, reportMissingParameterType]
        return ((x @ p.w + p.b - y) ** 2.0).mean()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]

    typed: Any = ScalarTrainer(models.line(), models.line_loss, options())
    loose: Any = ScalarTrainer(models.line(), cast("Any", plain), options())
    assert float(loose.step(x, y, lr=0.1)) == pytest.approx(float(typed.step(x, y, lr=0.1)))
    pack = {"w": reals(np.zeros(models.FEATURES, np.float32)), "b": reals(np.float32(0.0))}

    def keyed_loss(p: Any, x: Any, y: Any) -> Any:
        return losses.mse_loss(x @ p["w"] + p["b"], y)

    keyed: Any = ScalarTrainer(pack, keyed_loss, options())
    keyed.step(x, y, lr=0.1)
    assert set(keyed.get_params()) == {"w", "b"}
    models.assert_close(keyed.get_params()["w"].numpy(), typed.get_params().w.numpy(), rtol=1e-4, atol=1e-6)


def test_a_tlist_of_parameters(options: Make) -> None:
    def loss(p: TList[Tensor[Any], Tensor[()]], x: Tensor[Any, Any], y: Tensor[Any]) -> Tensor[()]:
        w, b = p
        return losses.mse_loss(x @ w + b, y)

    trainer: Any = ScalarTrainer(TList(*models.line().leaves()), cast("Any", loss), options())
    trainer.step(*models.line_data(), lr=0.1)
    assert isinstance(trainer.backward(*models.line_data()), TList)
    assert [c.name for c in trainer.params] == ["0", "1"]


def test_parameters_of_several_kinds(options: Make) -> None:
    """Two widths of floats, integers and conditions, no elements, and a constant."""

    class Mixed(Pack):
        single: Tensor[Any]
        double: Tensor[Any]
        ids: IntTensor[Any]
        empty: Tensor[Any, Any]
        factor: float = 2.0

    def loss(p: Any, x: Any) -> Any:
        take: Any = lookup.take
        picked = take(p.single, p.ids, axis=0) * x
        return picked.sum() * p.factor + (p.double * p.double).sum().astype("float32") + p.empty.sum()

    start = Mixed(
        single=reals(np.ones(4, np.float32)),
        double=reals(np.ones(2)),
        ids=ints([1, 1, 3]),
        empty=reals(np.zeros((0, 3), np.float32)),
    )
    trainer: Any = ScalarTrainer(start, loss, options())
    x = reals(np.ones(3))
    for _ in range(2):
        trainer.adam_step(x, lr=0.5)
    after = trainer.get_params()
    models.assert_close(after.single.numpy(), [1.0, 0.0, 1.0, 0.0], atol=1e-6)
    models.assert_close(after.double.numpy(), [0.0, 0.0], atol=0.1)
    assert after.ids.tolist() == [1, 1, 3]
    grads = trainer.backward(x)
    assert grads.single.tolist() == [0.0, 4.0, 0.0, 2.0]
    assert grads.double.dtype == np.float64
    assert grads.ids.tolist() == [0, 0, 0]
    assert grads.empty.shape == (0, 3)


# ---- programs
def test_one_compilation_serves_every_batch_size(recorded: Make) -> None:
    trainer, reference = make(recorded(fail_on_recompile=True)), make(Options(backend="eager"))
    before = COMPILATIONS.count
    for n in (8, 3, 1, 17, 64, 5, 2, 33, 9, 7):
        data = models.class_data(n, seed=n)
        assert float(trainer.step(*data, lr=0.1)) == pytest.approx(float(reference.step(*data, lr=0.1)), rel=1e-4)
    assert COMPILATIONS.count == before + 1
    assert trainer.recompiles == []
    close(trainer.get_params(), reference.get_params(), rtol=1e-3)


def test_hyper_parameters_are_run_time_numbers(recorded: Make) -> None:
    trainer, data = make(recorded()), models.class_data()
    trainer.adam_step(*data, lr=0.1)
    before = COMPILATIONS.count
    for i in range(5):
        trainer.adam_step(*data, lr=0.1 / (i + 1), betas=(0.8, 0.99), eps=1e-6 * (i + 1))
    assert COMPILATIONS.count == before


def test_a_recompilation_says_why(recorded: Make) -> None:
    def loss(p: TList[Tensor[()]], x: Any) -> Any:
        return (x * p[0]).mean()

    start = TList(reals(1.0))
    trainer: Any = ScalarTrainer(start, cast("Any", loss), recorded())
    for n in (4, 5, 4):
        trainer.forward(reals(np.ones(n, np.float32)))
    assert trainer.recompiles == ["loss.forward: input 1 (x) was f32[4], is f32[5]"]
    strict: Any = ScalarTrainer(start, cast("Any", loss), recorded(fail_on_recompile=True))
    strict.forward(reals(np.ones(4, np.float32)))
    with pytest.raises(CompileError, match=r"was f32\[4\], is f32\[5\]"):
        strict.forward(reals(np.ones(5, np.float32)))
    strict.forward(reals(np.ones(4, np.float32)))


def test_lower_and_program(recorded: Make) -> None:
    trainer, data = make(recorded()), models.class_data()
    with pytest.raises(CompileError, match="no program has run"):
        _ = trainer.program
    program = trainer.lower(*data)
    assert trainer.steps == 0
    trainer.step(*data, lr=0.1)
    assert trainer.program is program
    for method in ("forward", "backward", "value_and_grad", "adam_step", "adamw_step"):
        assert trainer.lower(*data, method=method) is not program
    with pytest.raises(CompileError, match="no program for method 'dance'"):
        trainer.lower(*data, method="dance")


def test_eager_has_no_programs() -> None:
    trainer = make(Options(backend="eager"))
    with pytest.raises(CompileError, match="eager"):
        trainer.lower(*models.class_data())
    with pytest.raises(CompileError, match="eager"):
        _ = trainer.program
    assert trainer.recompiles == []


def test_one_call_into_the_executor_per_step() -> None:
    trainer, data = make(Options()), models.class_data()
    trainer.step(*data, lr=0.1)
    calls: list[str] = []

    def profile(frame: Any, event: str, arg: Any) -> None:
        if event == "call":
            calls.append(frame.f_code.co_qualname)

    sys.setprofile(profile)
    try:
        trainer.step(*data, lr=0.1)
    finally:
        sys.setprofile(None)
    assert calls.count("Executor.run") == 1
    assert not any("typed" in c or "record" in c for c in calls)
    assert len(calls) < 30


def test_a_thousand_steps_do_not_grow_the_process() -> None:
    trainer, data = make(Options()), models.class_data()
    for _ in range(50):
        trainer.step(*data, lr=0.01)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(1000):
        trainer.step(*data, lr=0.01)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 20_000


def test_repr(options: Make) -> None:
    trainer = make(options(), requires_grad=[True, False, True, True])
    trainer.step(*models.class_data(), lr=0.1)
    backend = options().backend
    assert repr(trainer) == f"ScalarTrainer(66 parameters in 4 tensors (1 frozen), backend {backend} on cpu, 1 step)"


def test_lookup_by_rows(options: Make) -> None:
    class Rows(Pack):
        table: Tensor[Any, Any]

    def loss(p: Rows, ids: IntTensor[models.Batch]) -> Tensor[()]:
        return (lookup.embedding(ids, p.table) ** 2.0).sum()

    trainer = ScalarTrainer(Rows(table=reals(np.ones((4, 2), np.float32))), loss, options())
    grads = trainer.backward(IntTensor[models.Batch]([1, 1, 3]))
    assert grads.table.tolist() == [[0, 0], [4, 4], [0, 0], [2, 2]]
    with pytest.raises(IndexOutOfRange):
        trainer.step(IntTensor[models.Batch]([4]), lr=0.1)
