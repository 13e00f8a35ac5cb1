"""More of what trainers promise, by programs of a CUDA device: the tests of the CPU, with other options."""

from __future__ import annotations

from typing import Any

import pytest

from shapewright.runtime.options import Options

from ..runtime.conftest import Make
from ..runtime.test_checkpoint import (
    test_loading_is_all_or_nothing,
    test_the_state_dict_is_a_copy_and_goes_back,
)
from ..runtime.test_jit import (
    test_inside_a_trainer_a_jitted_function_is_called,
    test_keyword_only_arguments_are_static,
)
from ..runtime.test_semantics import (
    test_adam_and_adamw_share_their_moments,
    test_compiled_traces_once_and_the_output_may_be_any_node,
    test_returned_values_do_not_change_later,
    test_scalar_trainer_has_all_methods_on_every_backend,
)
from ..runtime.test_state_trainer import test_the_state_is_saved_and_loaded
from ..runtime.test_trainer import (
    test_an_optimizer_of_the_user,
    test_lower_and_program,
    test_step_many_is_many_steps,
)

__all__ = [
    "test_adam_and_adamw_share_their_moments",
    "test_an_optimizer_of_the_user",
    "test_compiled_traces_once_and_the_output_may_be_any_node",
    "test_inside_a_trainer_a_jitted_function_is_called",
    "test_keyword_only_arguments_are_static",
    "test_loading_is_all_or_nothing",
    "test_lower_and_program",
    "test_returned_values_do_not_change_later",
    "test_scalar_trainer_has_all_methods_on_every_backend",
    "test_step_many_is_many_steps",
    "test_the_state_dict_is_a_copy_and_goes_back",
    "test_the_state_is_saved_and_loaded",
]


def on_the_device(**more: Any) -> Options:
    return Options(device="cuda", **more)


@pytest.fixture
def options() -> Make:
    """Makes `Options` of the device."""
    return on_the_device


@pytest.fixture
def recorded() -> Make:
    """The same, for tests of what records."""
    return on_the_device
