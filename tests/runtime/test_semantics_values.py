"""The rows of the design's decision table that concern values: randomness and arithmetic. One test each, named after the row."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import pytest

import shapewright as sw

from . import models
from .conftest import Make
from .models import Batch, Features, assert_close, ints, reals


def trainer_of(options: sw.Options, loss: Any = models.mlp_loss, **more: Any) -> Any:
    return sw.ScalarTrainer(models.mlp(), loss, options, **more)


# ---- randomness
class Noise(sw.Pack):
    scale: sw.Tensor[()]


def draw_words(p: Noise, x: sw.Tensor[Batch]) -> Any:
    first, second = sw.uniform(x.shape), sw.uniform(x.shape)
    third = sw.bernoulli(0.5, x.shape).astype("float32")
    return ((first + 2.0 * second + 4.0 * third) * x).sum() * p.scale


def noise_of(options: sw.Options, loss: Any = draw_words) -> Any:
    return sw.ScalarTrainer(Noise(scale=reals(np.float32(1.0))), loss, options)


@pytest.mark.parametrize("index", range(4))
def test_randomness_bits_are_equal_everywhere_and_fresh_in_every_step(options: Make, index: int) -> None:
    """One element at a time, so that no order of summation comes in."""
    one = np.zeros(4, np.float32)
    one[index] = 1.0
    x = sw.Tensor[Batch](one)
    runs = [noise_of(options(seed=11)), noise_of(sw.Options(backend="eager", seed=11))]
    losses = [[float(t.step(x, lr=0.0)) for _ in range(4)] for t in runs]
    assert losses[0] == losses[1]
    assert len(set(losses[0])) == 4  # fresh in every step
    assert losses[0] != [float(noise_of(options(seed=12)).step(x, lr=0.0)) for _ in range(4)]


def test_randomness_forward_and_backward_use_the_current_steps_key(options: Make) -> None:
    trainer, data = trainer_of(options(), models.dropout_loss), models.class_data()
    seen: list[float] = []
    for _ in range(3):
        forward = float(trainer.forward(*data))
        assert forward == float(trainer.forward(*data))
        value, _ = trainer.value_and_grad(*data)
        assert_close([float(value), float(trainer.step(*data, lr=0.0))], [forward, forward], rtol=1e-6)
        seen.append(forward)
    assert len(set(seen)) == 3


def test_randomness_dropout_masks_are_equal_in_eager_and_compiled(options: Make) -> None:
    def loss(p: Any, x: Any) -> Any:
        return (sw.dropout(x, 0.5) * p.scale).sum()

    for i in range(8):
        one = np.zeros(8, np.float32)
        one[i] = 1.0
        a, b = noise_of(options(seed=5), loss), noise_of(sw.Options(backend="eager", seed=5), loss)
        assert [float(a.step(reals(one), lr=0.0)) for _ in range(3)] == [
            float(b.step(reals(one), lr=0.0)) for _ in range(3)
        ]


def test_randomness_normal_is_equal_to_two_ulp(options: Make) -> None:
    def loss(p: Any, x: Any) -> Any:
        shape: tuple[int, ...] = x.shape
        return (sw.normal(shape) * x).sum() * p.scale

    for i in range(4):
        one = np.zeros(4, np.float32)
        one[i] = 1.0
        a, b = noise_of(options(seed=5), loss), noise_of(sw.Options(backend="eager", seed=5), loss)
        found, want = (np.float32(float(t.step(reals(one), lr=0.0))) for t in (a, b))
        assert abs(found - want) <= 2 * np.spacing(abs(want))


def test_randomness_draws_are_never_merged(options: Make) -> None:
    def loss(p: Any, x: Any) -> Any:
        shape: tuple[int, ...] = x.shape
        return ((sw.uniform(shape) - sw.uniform(shape)) ** 2.0 * x).sum() * p.scale

    assert float(noise_of(options(), loss).forward(sw.Tensor[Batch](np.ones(8, np.float32)))) > 0.0


# ---- arithmetic
def value_of(f: Any, x: Any, options: sw.Options) -> Any:
    """`f(x)` as an array, by jit."""
    return sw.jit(f, options)(reals(x)).numpy()


def gradient_of(f: Any, x: Any, options: sw.Options) -> Any:
    def total(t: Any) -> Any:
        return f(t).sum()

    gradient: Any = sw.grad(total)
    return sw.jit(gradient, options)(reals(x)).numpy()


def test_log_of_a_non_positive_number_is_ieee(options: Make) -> None:
    found = value_of(sw.log, [0.0, -1.0], options())
    assert found[0] == -math.inf
    assert math.isnan(found[1])


def test_batch_axes_broadcast(options: Make) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 1, 3, 4)).astype(np.float32), rng.normal(size=(5, 4, 2)).astype(np.float32)

    def product(x: Any) -> Any:
        return x @ reals(b)

    assert_close(value_of(product, a, options()), a @ b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("bad", [-1, 4, 2**40])
def test_out_of_range_gather_is_an_error_and_nothing_is_written(options: Make, bad: int) -> None:
    def loss(p: Any, ids: Any) -> Any:
        return sw.embedding(ids, p["table"]).sum()

    trainer: Any = sw.ScalarTrainer({"table": reals(np.ones((4, 2), np.float32))}, loss, options())
    trainer.step(ints([0, 1, 2]), lr=0.5)
    before = trainer.state_dict()["params"]["table"]
    for method in ("forward", "backward", "step", "adam_step"):
        with pytest.raises(sw.IndexOutOfRange) as error:
            getattr(trainer, method)(ints([0, bad, 2]), **({"lr": 0.5} if method.endswith("step") else {}))
        assert "test_semantics_values.py" in str(error.value)
    after = trainer.state_dict()
    assert np.array_equal(before, after["params"]["table"])
    assert after["step"] == 1
    assert float(trainer.step(ints([0, 1, 3]), lr=0.5)) == 4.0


def test_clamp_gradient_at_the_bounds_is_one(options: Make) -> None:
    def clamp(x: Any) -> Any:
        return sw.clip(x, -1.0, 1.0)

    assert gradient_of(clamp, [-2.0, -1.0, 0.0, 1.0, 2.0], options()).tolist() == [0, 1, 1, 1, 0]


def test_max_and_min_ties_split_as_pytorch(options: Make) -> None:
    def pair(x: Any) -> Any:
        functions: Any = sw
        return functions.maximum(x, x * 1.0) + functions.minimum(x * 1.0, 2.0)

    def largest(x: Any) -> Any:
        return x.max(axis=-1)

    assert gradient_of(pair, [2.0, 1.0], options()).tolist() == [1.5, 2.0]
    assert gradient_of(largest, [[1.0, 3.0, 3.0], [2.0, 1.0, 0.0]], options()).tolist() == [[0, 0.5, 0.5], [1, 0, 0]]


def test_softplus_and_bce_are_stable(options: Make) -> None:
    assert value_of(sw.softplus, [-200.0, 0.0, 200.0], options()).tolist() == pytest.approx([0.0, math.log(2.0), 200.0])

    def loss(x: Any) -> Any:
        return sw.bce_with_logits(x, reals([1.0, 0.0, 1.0]), reduction="none")

    assert value_of(loss, [-200.0, 200.0, 200.0], options()).tolist() == pytest.approx([200.0, 200.0, 0.0])
    assert np.all(np.isfinite(gradient_of(loss, [-200.0, 200.0, 200.0], options())))


@pytest.mark.parametrize("shape", [(4,), (2, 4), (2, 3, 4)])
def test_layer_norm_has_eps_1e_5_and_any_rank(options: Make, shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)

    def norm(t: Any) -> Any:
        return sw.layer_norm(t, reals(np.ones(4, np.float32)), reals(np.zeros(4, np.float32)))

    mean, var = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    assert_close(value_of(norm, x, options()), (x - mean) / np.sqrt(var + 1e-5), rtol=1e-4, atol=1e-5)


def test_batch_norm_and_instance_norm_under_their_right_names(options: Make) -> None:
    x = np.random.default_rng(0).normal(size=(3, 2, 5)).astype(np.float32)
    one, zero = reals(np.ones(2, np.float32)), reals(np.zeros(2, np.float32))

    def over_batch(t: Any) -> Any:
        return sw.batch_norm(t, one, zero, (zero, one), True)[0]

    def over_instance(t: Any) -> Any:
        return sw.instance_norm(t, one, zero)

    for f, axes in ((over_batch, (0, 2)), (over_instance, (2,))):
        mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
        assert_close(value_of(f, x, options()), (x - mean) / np.sqrt(var + 1e-5), rtol=1e-4, atol=1e-5)


def test_attention_a_fully_blocked_row_gives_zeros(options: Make) -> None:
    rng = np.random.default_rng(0)
    k, v = (reals(rng.normal(size=(2, 3, 4)).astype(np.float32)) for _ in range(2))
    mask = sw.BoolTensor[Any, Any](np.array([[True, False, True], [False, False, False]]))

    def attend(q: Any) -> Any:
        return sw.scaled_dot_product_attention(q, k, v, mask=mask)

    found = value_of(attend, rng.normal(size=(2, 2, 4)).astype(np.float32), options())
    assert np.all(found[:, 1] == 0.0)
    assert np.all(found[:, 0] != 0.0)


def test_one_dtype_on_both_sides(options: Make) -> None:
    seen: list[str] = []

    @sw.typed
    def loss(p: models.Line, x: sw.Tensor[Batch, Features], y: sw.Tensor[Batch]) -> sw.Scalar:
        error = x @ p.w + p.b - y
        seen.extend([str(x.dtype), str(error.dtype), str(sw.zeros((2,)).dtype)])
        return (error * error).mean()

    x, y = models.line_data(dtype=np.float64)
    single, double = (
        sw.ScalarTrainer(models.line(), loss, options()),
        sw.ScalarTrainer(models.line(), loss, options(dtype="float64")),
    )
    assert single.step(x, y, lr=0.1).dtype == np.float32
    assert set(seen) == {"float32"}
    seen.clear()
    assert double.step(x, y, lr=0.1).dtype == np.float64
    assert set(seen) == {"float64"}


@pytest.mark.parametrize(("dtype", "other"), [(None, np.float64), ("float64", np.float32)])
def test_a_constant_of_another_width_is_refused(dtype: str | None, other: Any, options: Make) -> None:
    scale: Any = cast("Any", sw).Tensor(np.linspace(0, 1, models.FEATURES).astype(other))

    def loss(p: models.Line, x: Any, y: Any, *, fits: bool) -> Any:
        error = (x * (scale.astype(float) if fits else scale)) @ p.w + p.b - y
        return (error * error).mean()

    x, y = models.line_data()
    wanted = {} if dtype is None else {"dtype": dtype}
    trainer: Any = cast("Any", sw.ScalarTrainer)(models.line(), loss, options(**wanted))
    with pytest.raises(sw.DTypeError, match="mul needs operands of one element type") as error:
        trainer.step(x, y, lr=0.1, fits=False)
    assert error.value.code == "SW202"
    assert trainer.step(x, y, lr=0.1, fits=True).dtype == (dtype or "float32")
