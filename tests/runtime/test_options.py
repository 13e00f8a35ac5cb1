"""`Options`: every bad value is refused with the good ones listed."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import pytest

from shapewright.compiler.errors import DeviceError, OptionError
from shapewright.compiler.types import DType
from shapewright.runtime.cuda import probe
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


def test_cuda_where_it_is_missing_says_what_and_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    lacks = [probe.Missing("an NVIDIA GPU", "see what nvidia-smi says"), probe.Missing("nvdisasm", "", optional=True)]
    monkeypatch.setattr(probe, "missing", lambda: lacks)
    for make in (
        lambda: ScalarTrainer(models.line(), models.line_loss, Options(device="cuda")),
        lambda: check_available(Options(device="cuda", backend="eager")),
    ):
        with pytest.raises(DeviceError, match='device "cuda" is not available on this machine') as error:
            make()
        text = str(error.value)
        assert error.value.code == "SW601" and "test_options.py" in text
        assert "missing: an NVIDIA GPU" in text and "see what nvidia-smi says" in text
        assert 'Options(device="cpu")' in text and "nvdisasm" not in text


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_storage_that_no_target_has_is_refused(dtype: Any) -> None:
    with pytest.raises(OptionError, match="is not available"):
        check_available(Options(dtype=dtype))
