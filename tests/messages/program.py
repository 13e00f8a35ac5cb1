"""A user's program with one mistake per `case_...` function: what each error says is in golden/."""

from __future__ import annotations

from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

import shapewright as sw

I = TypeVar("I")
O = TypeVar("O")
B = TypeVar("B")
N = sw.IntVar("N")
M = sw.IntVar("M")


class Batch(sw.Dim): ...


class Pixels(sw.Dim):
    size = 64


class Hidden(sw.Dim): ...


class Digits(sw.Dim):
    size = 10


class MLP(sw.Pack):
    w1: sw.Tensor[Pixels, Hidden]
    b1: sw.Tensor[Hidden]
    w2: sw.Tensor[Hidden, Digits]
    eps: float = 1e-5


class Dense(sw.Pack, Generic[I, O]):
    w: sw.Tensor[I, O]
    b: sw.Tensor[O]

    @sw.typed
    def __call__(self, x: sw.Tensor[B, I]) -> sw.Tensor[B, O]:
        return x @ self.w + self.b


class Pair(NamedTuple):
    w: sw.Tensor[Pixels, Hidden]
    b: sw.Tensor[Hidden]


@sw.typed
def logits(p: MLP, x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Digits]:
    return sw.relu(x @ p.w1 + p.b1) @ p.w2


@sw.typed
def loss(p: MLP, x: sw.Tensor[Batch, Pixels], y: sw.IntTensor[Batch]) -> sw.Scalar:
    return sw.cross_entropy(logits(p, x), y)


@sw.typed
def head(x: sw.Tensor[Batch, Hidden], w: sw.Tensor[Hidden, Digits]) -> sw.Tensor[Batch, Digits]:
    return x @ w


@sw.typed
def nested(p: MLP, x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Batch, Digits]:
    h: Any = x @ p.w1
    return head(h[:, :16], p.w2)


@sw.typed
def positional(p: sw.TList[sw.Tensor[Pixels, Hidden], sw.Tensor[Hidden]], x: sw.Tensor[Batch, Pixels]) -> sw.Scalar:
    w, b = p
    return sw.mean(x @ w + b)


@sw.typed
def pair_loss(p: Pair, x: sw.Tensor[Batch, Pixels]) -> sw.Scalar:
    return sw.mean(x @ p.w + p.b)


@sw.typed
def concatenated(x: sw.Tensor[sw.D[N], I], y: sw.Tensor[sw.D[M], I]) -> sw.Tensor[sw.Add[N, M], I]:
    wrong: Any = x
    out: sw.Tensor[sw.Add[N, M], I] = wrong
    return out


@sw.typed
def a_number(p: MLP, x: sw.Tensor[Batch, Pixels]) -> sw.Scalar:
    wrong: Any = 0.5
    out: sw.Scalar = wrong
    return out


@sw.typed
def transposed(x: sw.Tensor[Batch, Pixels]) -> sw.Tensor[Pixels, Batch]:
    wrong: Any = x
    out: sw.Tensor[Pixels, Batch] = wrong
    return out


def zeros(*shape: int) -> Any:
    return np.full(shape, 7311.25, np.float32)  # no message may show an element


def labels(*shape: int) -> Any:
    return np.full(shape, 7311)


P: Any = MLP(zeros(64, 32), zeros(32), zeros(32, 10))
X: Any = sw.Tensor[Batch, Pixels](zeros(5, 64))
Y: Any = sw.IntTensor[Batch](labels(5))


def case_two_sizes_of_an_axis() -> None:
    loss(P, X, sw.IntTensor[Batch](labels(6)))


def case_axis_bound_by_a_parameter() -> None:
    nested(P, X)


def case_argument_by_keyword() -> None:
    loss(
        P,
        y=Y,
        x=zeros(5, 65),
    )


def case_size_fixed_by_a_dim() -> None:
    logits(P, zeros(5, 63))


def case_wrong_rank() -> None:
    logits(P, zeros(64))


def case_swapped_inputs() -> None:
    loss(P, Y, X)


def case_swapped_pack_and_input() -> None:
    logits(X, P)


def case_kind_with_a_cast() -> None:
    loss(P, X, zeros(5))


def case_not_an_array() -> None:
    wrong: Any = "image.png"
    logits(P, wrong)


def case_a_number_for_a_tensor() -> None:
    wrong: Any = 3.0
    logits(P, wrong)


def case_nested_lists() -> None:
    wrong: Any = [[0.0] * 64]
    logits(P, wrong)


def case_parameter_cell() -> None:
    cells = sw.ParamList.from_tensors(P)
    wrong: Any = next(iter(cells))
    head(zeros(5, 32), wrong)


def case_unsupported_element_type() -> None:
    wrong: Any = np.full((5, 64), 7311.25, np.complex64)
    logits(P, wrong)


def case_missing_argument() -> None:
    f: Any = loss
    f(P, X)


def case_too_many_arguments() -> None:
    f: Any = loss
    f(P, X, Y, Y)


def case_unknown_keyword() -> None:
    f: Any = loss
    f(P, X, Y, reduction="sum")


def case_pack_with_a_wrong_field() -> None:
    MLP(zeros(64, 32), zeros(33), zeros(32, 10))


def case_pack_in_wrong_order() -> None:
    MLP(zeros(32), zeros(64, 32), zeros(32, 10))


def case_pack_without_a_field() -> None:
    make: Any = MLP
    make(zeros(64, 32), zeros(32))


def case_pack_with_a_wrong_constant() -> None:
    wrong: Any = "small"
    MLP(zeros(64, 32), zeros(32), zeros(32, 10), eps=wrong)


def case_replace_of_an_unknown_field() -> None:
    P.replace(bias=zeros(32))


def case_tlist_in_wrong_order() -> None:
    wrong: Any = sw.TList(zeros(32), zeros(64, 32))
    positional(wrong, X)


def case_tlist_of_wrong_length() -> None:
    wrong: Any = sw.TList(zeros(64, 32))
    positional(wrong, X)


def case_tuple_for_a_tlist() -> None:
    wrong: Any = (zeros(64, 32), zeros(32))
    positional(wrong, X)


def case_named_tuple_with_a_wrong_field() -> None:
    pair_loss(Pair(zeros(64, 32), zeros(31)), X)


def case_generic_pack_with_given_axes() -> None:
    Dense[Pixels, Digits](zeros(64, 11), zeros(11))


def case_method_of_a_generic_pack() -> None:
    layer: Any = Dense(zeros(64, 10), zeros(10))
    layer(zeros(5, 63))


def case_result_of_wrong_size() -> None:
    transposed(X)


def case_result_that_is_a_number() -> None:
    a_number(P, X)


def case_result_of_wrong_sum() -> None:
    concatenated(zeros(2, 3), zeros(4, 3))


def case_constructor_with_wrong_axes() -> None:
    sw.Tensor[Batch, Pixels](zeros(5, 63))


# ---- trainers, steps and options
def trainer(**more: Any) -> Any:
    return sw.ScalarTrainer(P, loss, sw.Options(backend="eager"), **more)


def case_trainer_with_exchanged_arguments() -> None:
    make: Any = sw.ScalarTrainer
    make(loss, P)


def case_trainer_of_a_class() -> None:
    make: Any = sw.ScalarTrainer
    make(MLP, loss)


def case_trainer_with_a_backend_for_options() -> None:
    make: Any = sw.ScalarTrainer
    make(P, loss, "eager")


def case_trainer_with_the_name_of_an_optimizer() -> None:
    trainer(optimizer="adam")


def case_trainer_with_too_few_flags() -> None:
    trainer(requires_grad=[True])


def case_step_with_other_rows() -> None:
    trainer().step(zeros(5, 64), labels(6), lr=0.1)


def case_step_with_exchanged_inputs() -> None:
    trainer().step(Y, X, lr=0.1)


def case_step_with_too_few_inputs() -> None:
    trainer().step(X, lr=0.1)


def case_step_with_a_text() -> None:
    trainer().step("images.npz", Y, lr=0.1)


def case_step_with_real_labels() -> None:
    trainer().step(zeros(5, 64), zeros(5), lr=0.1)


def case_step_with_a_text_for_the_rate() -> None:
    trainer().step(X, Y, lr="0.1")


def case_step_with_an_array_of_rates() -> None:
    trainer().step(X, Y, lr=zeros(2))


def case_step_many_with_one_array() -> None:
    trainer().step_many(X, lr=0.1)


def case_betas_out_of_range() -> None:
    trainer().adam_step(X, Y, lr=0.1, betas=(0.9, 1.0))


def case_gradients_of_another_structure() -> None:
    trainer().apply_grads((zeros(64, 32), zeros(32)), lr=0.1)


def case_gradients_of_another_shape() -> None:
    trainer().apply_grads(MLP(zeros(64, 16), zeros(16), zeros(16, 10)), lr=0.1)


def case_option_misspelled() -> None:
    wrong: Any = "compield"
    sw.Options(backend=wrong)


def case_option_out_of_range() -> None:
    sw.Options(seed=-1)


def case_options_for_a_jitted_function() -> None:
    jit: Any = sw.jit
    jit(loss, "eager")


def case_loss_that_is_no_scalar() -> None:
    f: Any = logits
    sw.ScalarTrainer(P, f, sw.Options(backend="eager")).forward(X)


def case_batches_of_two_lengths() -> None:
    sw.batches(zeros(5, 64), labels(6), size=2)
