"""What trainers and functions promise, on a CUDA device: the tests of the CPU, with other options.

They compare with NumPy and with the CPU's eager results. Here are those worth running both ways; those that take the
eager device long, and add little, are in test_cuda_contract_compiled.py.
"""

from __future__ import annotations

from typing import Any

import pytest

from shapewright.runtime.options import Backend, Options

from ..runtime.conftest import Make
from ..runtime.test_constants import (
    test_all_constants_share_parameters_moments_and_steps,
    test_dropout_is_off_where_the_loss_is_told_so,
)
from ..runtime.test_jit import (
    test_a_prediction_and_a_metric,
    test_bad_indices_are_refused,
    test_draws_are_fresh_in_every_call,
    test_jit_of_grad_and_grad_of_jit,
    test_packs_in_and_out,
)
from ..runtime.test_semantics import (
    test_every_parameter_frozen,
    test_gradient_of_a_frozen_parameter_is_zero,
    test_trainable_parameter_the_loss_does_not_reach_has_zeros,
)
from ..runtime.test_semantics_values import (
    test_attention_a_fully_blocked_row_gives_zeros,
    test_batch_axes_broadcast,
    test_batch_norm_and_instance_norm_under_their_right_names,
    test_clamp_gradient_at_the_bounds_is_one,
    test_layer_norm_has_eps_1e_5_and_any_rank,
    test_log_of_a_non_positive_number_is_ieee,
    test_max_and_min_ties_split_as_pytorch,
    test_one_dtype_on_both_sides,
    test_out_of_range_gather_is_an_error_and_nothing_is_written,
    test_randomness_draws_are_never_merged,
    test_softplus_and_bce_are_stable,
)
from ..runtime.test_state_trainer import (
    test_a_failed_step_leaves_the_state,
    test_a_step_writes_the_state_and_other_methods_leave_it,
    test_an_unchanged_and_a_constant_state,
    test_no_gradient_flows_into_the_state,
    test_the_next_step_reads_the_new_state,
)
from ..runtime.test_trainer import (
    test_an_empty_batch_is_what_numpy_says,
    test_double_precision,
    test_forward_backward_value_and_grad,
    test_lookup_by_rows,
    test_parameters_of_several_kinds,
    test_step_many_goes_back_after_a_bad_batch,
)
from ..runtime.test_trainer_errors import (
    test_debug_nans_names_operation_and_line,
    test_without_debug_nans_ieee_holds,
)

__all__ = [
    "test_a_failed_step_leaves_the_state",
    "test_a_prediction_and_a_metric",
    "test_a_step_writes_the_state_and_other_methods_leave_it",
    "test_all_constants_share_parameters_moments_and_steps",
    "test_an_empty_batch_is_what_numpy_says",
    "test_an_unchanged_and_a_constant_state",
    "test_attention_a_fully_blocked_row_gives_zeros",
    "test_bad_indices_are_refused",
    "test_batch_axes_broadcast",
    "test_batch_norm_and_instance_norm_under_their_right_names",
    "test_clamp_gradient_at_the_bounds_is_one",
    "test_debug_nans_names_operation_and_line",
    "test_double_precision",
    "test_draws_are_fresh_in_every_call",
    "test_dropout_is_off_where_the_loss_is_told_so",
    "test_every_parameter_frozen",
    "test_forward_backward_value_and_grad",
    "test_gradient_of_a_frozen_parameter_is_zero",
    "test_jit_of_grad_and_grad_of_jit",
    "test_layer_norm_has_eps_1e_5_and_any_rank",
    "test_log_of_a_non_positive_number_is_ieee",
    "test_lookup_by_rows",
    "test_max_and_min_ties_split_as_pytorch",
    "test_no_gradient_flows_into_the_state",
    "test_one_dtype_on_both_sides",
    "test_out_of_range_gather_is_an_error_and_nothing_is_written",
    "test_packs_in_and_out",
    "test_parameters_of_several_kinds",
    "test_randomness_draws_are_never_merged",
    "test_softplus_and_bce_are_stable",
    "test_step_many_goes_back_after_a_bad_batch",
    "test_the_next_step_reads_the_new_state",
    "test_trainable_parameter_the_loss_does_not_reach_has_zeros",
    "test_without_debug_nans_ieee_holds",
]


@pytest.fixture(params=["compiled", "eager"])
def options(request: pytest.FixtureRequest) -> Make:
    """Makes `Options` for both ways of running on the device."""
    backend: Backend = request.param

    def make(**more: Any) -> Options:
        return Options(backend=backend, device="cuda", **more)

    return make
