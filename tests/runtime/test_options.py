"""`Options`: every bad value is refused with the good ones listed."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import pytest

from shapewright.compiler.errors import DeviceError, OptionError
from shapewright.compiler.types import DType
from shapewright.runtime.options import Options, check_available
from shapewright.runtime.trainer import ScalarTrainer

from . import models

BAD = [
    ("backend", "jit", "'eager', 'compiled'"),
    ("backend", None, "'eager', 'compiled'"),
    ("device", "tpu", "'cpu', 'cuda'"),
    ("dtype", "int32", "None, 'float32', 'float64', 'bfloat16', 'float16'"),
    ("matmul_precision", "low", "'highest', 'high'"),
    ("checks", True, "'off', 'boundary', 'all'"),
    ("deterministic", 1, "True, False"),
    ("fast_math", "no", "True, False"),
    ("debug_nans", None, "True, False"),
    ("autotune", 0, "True, False"),
    ("fail_on_recompile", 2, "True, False"),
    ("seed", -1, "0 <= seed < 2**32"),
    ("seed", 2**32, "0 <= seed < 2**32"),
    ("seed", 1.5, "0 <= seed < 2**32"),
    ("seed", True, "0 <= seed < 2**32"),
]


@pytest.mark.parametrize(("name", "value", "good"), BAD)
def test_bad_value_lists_the_good_ones(name: str, value: object, good: str) -> None:
    with pytest.raises(OptionError, match="cannot be used") as error:
        cast("Any", Options)(**{name: value})
    assert f"good values: {good}" in str(error.value) or good in str(error.value)
    assert "test_options.py" in str(error.value)
    assert isinstance(error.value, ValueError)


def test_defaults_are_good_and_frozen() -> None:
    options = Options()
    assert (options.backend, options.device, options.seed, options.storage) == ("compiled", "cpu", 0, None)
    assert Options(dtype="float64").storage is DType.float64
    with pytest.raises(dataclasses.FrozenInstanceError):
        options.seed = 1  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue] - this is what is tested


def test_cuda_is_refused_by_the_constructor() -> None:
    with pytest.raises(DeviceError, match='device "cuda" is not available') as error:
        ScalarTrainer(models.line(), models.line_loss, Options(device="cuda"))
    assert 'Options(device="cpu")' in str(error.value)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_storage_that_the_cpu_does_not_have_is_refused(dtype: Any) -> None:
    with pytest.raises(OptionError, match="is not available"):
        check_available(Options(dtype=dtype))
