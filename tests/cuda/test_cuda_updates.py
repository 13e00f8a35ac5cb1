"""Updates that are easy to get wrong: what they overwrite is read elsewhere, by other threads, or by one another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pytest

import shapewright as sw
from shapewright.compiler.autodiff import GraphBuild
from shapewright.compiler.ir.build import Build
from shapewright.compiler.ir.graph import Graph
from shapewright.compiler.ops.table import infer
from shapewright.runtime.cuda import device as devices
from shapewright.runtime.cuda.folders import simulated
from shapewright.runtime.cuda.simulated import SimulatedDevice

from ..compiler.harness import Case, interpret
from .harness import run_cuda

V = TypeVar("V")
RNG = np.random.default_rng(0)
CPU, CUDA = sw.Options(), sw.Options(device="cuda")
EAGER, CUDA_EAGER = sw.Options(backend="eager"), sw.Options(backend="eager", device="cuda")
BOTH = pytest.mark.parametrize("options", [CPU, CUDA], ids=["cpu", "cuda"])


class Rows(sw.Dim):
    size = 6


class Columns(sw.Dim):
    size = 200


class Few(sw.Dim):
    size = 12


class Some(sw.Dim):
    size = 24


class Batch(sw.Dim): ...


def normal(*shape: int) -> Any:
    return RNG.standard_normal(shape).astype(np.float32)


def stepped(
    init: Any, loss: Callable[..., Any], xs: Sequence[Any] = (), options: sw.Options = CUDA, **more: Any
) -> dict[str, Any]:
    """The parameters after a step."""
    make: Any = sw.ScalarTrainer
    trainer = make(init, loss, options, **more)
    trainer.step(*xs, lr=0.1)
    found: dict[str, Any] = trainer.state_dict()["params"]
    return found


def check_step(
    init: Any, loss: Callable[..., Any], xs: Sequence[Any] = (), options: sw.Options = CUDA, **more: Any
) -> None:
    """A step gives what the eager one on the host gives."""
    want, got = stepped(init, loss, xs, EAGER, **more), stepped(init, loss, xs, options, **more)
    for name, value in want.items():
        np.testing.assert_allclose(got[name], value, rtol=1e-3, atol=1e-4, err_msg=name)


# ---- a value per row is updated while other threads still read it
class Scaled(sw.Pack):
    w: sw.Tensor[Rows, Columns]
    a: sw.Tensor[Rows]


def scaled() -> Scaled:
    return Scaled(w=sw.Tensor[Rows, Columns](normal(6, 200)), a=sw.Tensor[Rows](normal(6)))


def test_a_row_value_is_loaded_by_all_threads_before_one_overwrites_it() -> None:
    def loss(p: Scaled) -> sw.Scalar:
        s = p.w.sum(axis=1)
        return (p.a * s * s).sum()

    text = next(k for k in sw.ScalarTrainer(scaled(), loss).lower(device="cuda").kernels if "a" in k.writes).source
    load, store = text.find("a_here = a[rows]"), text.find(" a[rows] = ")
    if load >= 0 and " w[rows]" in text:  # else the update of `a` is a kernel of its own
        assert "block_" in text[load:store] or "syncthreads" in text[load:store], text


def test_a_row_value_is_not_overwritten_while_other_blocks_read_it() -> None:
    def loss(p: Scaled, x: Any, y: Any) -> sw.Scalar:
        t = (p.w * p.w).sum(axis=1)
        k = y @ p.a
        total: sw.Scalar = (p.a * t).sum() + (x @ p.w.T).mean() + (k * k).mean()
        return total

    xs = sw.Tensor[Batch, Columns](normal(5, 200)), sw.Tensor[Batch, Rows](normal(5, 6))
    check_step(scaled(), loss, xs)


class Tempered(sw.Pack):
    q: sw.Tensor[Few, Few]
    a: sw.Tensor[Columns]
    s: sw.Scalar


def test_a_scalar_is_not_overwritten_while_other_blocks_read_it() -> None:
    def loss(p: Tempered) -> sw.Scalar:
        scaled = p.a * p.s
        return (p.q * p.q).mean() + (scaled * scaled).mean()

    init = Tempered(q=sw.Tensor[Few, Few](normal(12, 12)), a=sw.Tensor[Columns](normal(200)), s=sw.Scalar(normal() + 3))
    check_step(init, loss, optimizer=sw.optim.SGD(momentum=0.9, clip_norm=100.0))


# ---- a parameter or state is read at another place than where it is overwritten, by one kernel
class Square(sw.Pack):
    w: sw.Tensor[Few, Few]


class Carried(sw.Pack):
    m: sw.Tensor[Few, Few]


@BOTH
def test_a_parameter_that_is_transposed_in_its_own_update(options: sw.Options) -> None:
    def loss(p: Square) -> sw.Scalar:
        return (p.w * p.w.T * p.w.T).sum()

    check_step(Square(w=sw.Tensor[Few, Few](normal(12, 12))), loss, (), options)


NEXT: Mapping[str, Callable[[Any], Any]] = {
    "transposed": lambda m: m.T,
    "reversed": lambda m: m[::-1],
    "plus its first row": lambda m: m + m[0],
}


@BOTH
@pytest.mark.parametrize("name", NEXT)
def test_a_state_that_is_moved_in_place(name: str, options: sw.Options) -> None:
    def loss(p: Square, s: Carried) -> tuple[sw.Scalar, Carried]:
        return (p.w * p.w).sum(), Carried(m=NEXT[name](s.m))

    init, m = Square(w=sw.Tensor[Few, Few](normal(12, 12))), normal(12, 12)
    trainer = sw.StateTrainer(init, Carried(m=sw.Tensor[Few, Few](m)), loss, options)
    trainer.step(lr=0.1)
    np.testing.assert_array_equal(trainer.state.m.numpy(), NEXT[name](m))


# ---- no order of updates is found
class Pair(sw.Pack):
    b: sw.Tensor[Few]
    g: sw.Scalar


class Pairs(sw.Pack):
    one: Pair
    two: Pair


def pair() -> Pair:
    return Pair(b=sw.Tensor[Few](normal(12)), g=sw.Scalar(normal()))


class Two(sw.Pack):
    a: sw.Tensor[Few]
    b: sw.Tensor[Few]


class Matrix(sw.Pack):
    q: sw.Tensor[Few, Few]
    a: sw.Tensor[Few]


@BOTH
def test_scalars_times_the_sums_of_vectors(options: sw.Options) -> None:
    def loss(p: Pairs) -> sw.Scalar:
        return p.one.g * p.one.b.sum() + p.two.g * p.two.b.sum()

    check_step(Pairs(one=pair(), two=pair()), loss, (), options)


@BOTH
def test_states_that_change_places(options: sw.Options) -> None:
    def loss(p: Pair, s: Two) -> tuple[sw.Scalar, Two]:
        return (p.b * p.b).sum(), Two(a=s.b, b=s.a)

    a, b = normal(12), normal(12)
    init, state = pair(), Two(a=sw.Tensor[Few](a), b=sw.Tensor[Few](b))
    trainer = sw.StateTrainer(init, state, loss, options)
    trainer.step(lr=0.1)
    np.testing.assert_array_equal(trainer.state.a.numpy(), b)
    np.testing.assert_array_equal(trainer.state.b.numpy(), a)


@BOTH
def test_logits_that_are_parameters(options: sw.Options) -> None:
    def loss(p: Square, y: Any) -> sw.Scalar:
        return sw.cross_entropy(p.w, y)

    labels = sw.IntTensor[Few](np.arange(12) % 5)
    check_step(Square(w=sw.Tensor[Few, Few](normal(12, 12))), loss, (labels,), options)


@pytest.mark.parametrize("which", ["matrix times vector, clipped", "softmax over rows, scaled"])
def test_an_order_that_the_cpu_finds(which: str) -> None:
    def product(p: Matrix) -> sw.Scalar:
        return (p.q @ p.a).mean()

    def softmax(p: Matrix) -> sw.Scalar:
        total: sw.Scalar = (sw.softmax(p.q, axis=0) * p.a[:, None]).mean()
        return total

    init = Matrix(q=sw.Tensor[Few, Few](normal(12, 12)), a=sw.Tensor[Few](normal(12)))
    if which.startswith("matrix"):
        check_step(init, product, optimizer=sw.optim.SGD(clip_norm=0.5))
    else:
        check_step(init, softmax)


# ---- merged updates
def test_merged_updates_of_small_parameters_with_a_scalar_each() -> None:
    def loss(p: Two, x: Any, y: Any) -> sw.Scalar:
        total: sw.Scalar = x.mean() * p.a.sum() + y.mean() * p.b.sum()
        return total

    xs = sw.Tensor[Batch](normal(5)), sw.Tensor[Batch](normal(5))
    check_step(Two(a=sw.Tensor[Few](normal(12)), b=sw.Tensor[Few](normal(12))), loss, xs)


class Four(sw.Pack):
    a: sw.Tensor[Some]
    b: sw.Tensor[Some]
    c: sw.Tensor[Some]
    d: sw.Tensor[Some]


def four() -> Four:
    return Four(*(sw.Tensor[Some](normal(24)) for _ in range(4)))


def four_inputs() -> tuple[Any, ...]:
    return sw.Tensor[Batch](normal(5)), sw.Tensor[Batch, Some](normal(5, 24)), sw.Tensor[Batch, Some](normal(5, 24))


def test_a_merged_update_comes_before_what_it_reads_is_overwritten() -> None:
    @sw.typed
    def loss(p: Four, x: sw.Tensor[Batch], y: sw.Tensor[Batch, Some], z: sw.Tensor[Batch, Some]) -> sw.Scalar:
        apart = x - x.mean()
        var = (apart * apart).mean()
        first = (p.a * sw.stop_gradient(p.c)).sum() + (p.b * p.d).sum() + (y @ p.a).mean() + (z @ p.b).mean()
        return first + var * p.c.sum() + (sw.stop_gradient(p.b) * var).sum()

    check_step(four(), loss, four_inputs(), requires_grad=[True, True, True, False])


def test_a_gradient_that_two_merged_updates_read() -> None:
    @sw.typed
    def loss(p: Four, x: sw.Tensor[Batch], y: sw.Tensor[Batch, Some], z: sw.Tensor[Batch, Some]) -> sw.Scalar:
        m = x.mean()
        return (y @ (p.a + p.d)).mean() + (z @ (p.b + p.c)).mean() + m * m * p.d.sum() + m * m * p.c.sum()

    check_step(four(), loss, four_inputs())


# ---- folds over a middle axis
def test_folds_of_a_row_value_and_of_its_broadcast_over_one_axis() -> None:
    case = Case(Graph(infer, "folds"))
    b = GraphBuild(case.graph)
    r = b.sum(case.input("x", normal(3, 4, 5)), (2,))
    spread = b.broadcast_to(b.reshape(r, (3, 4, 1)), (3, 4, 5))
    case.graph.outputs = [b.sum(r, (1,)), b.sum(spread, (1,)), r]
    want: Any = interpret(case.graph, case.leaves)
    got: Any = run_cuda(case.graph, case.leaves)[0]
    for node, value in zip(case.graph.outputs, got, strict=True):
        np.testing.assert_allclose(value, want[node.id], rtol=1e-5)


# ---- eager updates overwrite values that are still to be copied
STATES: Mapping[str, Callable[[Any, Any], Two]] = {
    "change places": lambda p, s: Two(a=s.b, b=s.a),
    "keep the parameter": lambda p, s: Two(a=p.b, b=s.b),
}


@pytest.mark.parametrize("name", STATES)
def test_eager_states_on_the_memory_of_others(name: str) -> None:
    def loss(p: Pair, s: Two) -> tuple[sw.Scalar, Two]:
        return (p.b * p.b).sum(), STATES[name](p, s)

    init = pair()
    state = Two(a=sw.Tensor[Few](normal(12)), b=sw.Tensor[Few](normal(12)))
    after: list[Two] = []
    for options in (EAGER, CUDA_EAGER):
        trainer = sw.StateTrainer(init, state, loss, options)
        trainer.step(lr=0.1)
        after.append(trainer.state)
    np.testing.assert_array_equal(after[1].a.numpy(), after[0].a.numpy())
    np.testing.assert_array_equal(after[1].b.numpy(), after[0].b.numpy())


@dataclass(frozen=True, kw_only=True)
class Remembers(sw.Optimizer):
    """Gradient descent that keeps the parameter of the step before."""

    @property
    def slots(self) -> tuple[str, ...]:
        return ("before",)

    def update(self, b: Build[V], p: V, g: V, state: dict[str, V], hyper: dict[str, V]) -> tuple[V, dict[str, V]]:
        return b.sub(p, b.mul(hyper["lr"], g)), {"before": p}

    def hyper_values(self, lr: float, t: int) -> dict[str, float]:
        return {"lr": lr}


@pytest.mark.parametrize("options", [EAGER, CUDA_EAGER], ids=["cpu", "cuda"])
def test_an_optimizer_that_keeps_the_parameter(options: sw.Options) -> None:
    def loss(p: Two) -> sw.Scalar:
        return (p.a * p.b).sum()

    a = normal(12)
    init = Two(a=sw.Tensor[Few](a), b=sw.Tensor[Few](normal(12)))
    trainer = sw.ScalarTrainer(init, loss, options, optimizer=Remembers())
    trainer.step(lr=0.1)
    slots: Any = trainer.state_dict()["optimizers"]["remembers"]["slots"]
    np.testing.assert_array_equal(slots["before"]["a"], a)


# ---- a step that is interrupted
@pytest.mark.skipif(not simulated(), reason="a GPU is not interrupted when told to")
def test_after_an_interrupt_host_and_device_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    def loss(p: Two) -> sw.Scalar:
        return (p.a * p.b).sum()

    trainer = sw.ScalarTrainer(Two(a=sw.Tensor[Few](normal(12)), b=sw.Tensor[Few](normal(12))), loss, CUDA)
    trainer.step(lr=0.1)
    trainer.get_params()

    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(SimulatedDevice, "download", interrupted)
        with pytest.raises(KeyboardInterrupt):
            trainer.step(lr=0.1)
    mirror: Any = trainer.params["a"].mirror
    there = np.empty(12, np.float32)
    devices.device().download(mirror.address, there)
    np.testing.assert_array_equal(trainer.params["a"].value.numpy(), there)
