"""A training step from device code, without a device: every kernel's PTX, and the plain products, in the PTX machine."""

from __future__ import annotations

import numpy as np
import pytest

import shapewright as sw
from shapewright import digits

from .ptx_device import OFFLINE, use_ptx

pytestmark = [*OFFLINE, pytest.mark.slow]


def losses(options: sw.Options) -> list[float]:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, 64)).astype(np.float32), rng.integers(0, 10, 5)
    trainer = sw.ScalarTrainer(digits.initial(), digits.loss, options)
    batch = sw.Tensor[digits.Batch, digits.Pixels](x), sw.IntTensor[digits.Batch](y)
    return [float(trainer.adam_step(*batch, lr=1e-2)) for _ in range(2)]


def test_digits_train_as_they_do_in_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    use_ptx(monkeypatch)
    got = losses(sw.Options(device="cuda"))
    np.testing.assert_allclose(got, losses(sw.Options(backend="eager")), rtol=1e-5)
