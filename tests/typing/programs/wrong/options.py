"""Calls: options that do not exist."""

from __future__ import annotations

import shapewright as sw


class Batch(sw.Dim): ...


class Width(sw.Dim):
    size = 4


def options(x: sw.Tensor[Batch, Width]) -> None:
    sw.Options(backend="slow")  # E: -check
    sw.Options(devices="cpu")  # E: -check
    sw.Options("compiled")  # E: -check
    sw.Options(seed="one")  # E: -check
    sw.gelu(x, "fast")  # E: -check
    sw.softmax(x, "last")  # E: -check
    sw.clip(x, "low")  # E: -check
    sw.mse_loss(x, x, reduction="all")  # E: -check
    x.astype()  # E: -check
    x.to(0)  # E: -check
    x.sum(keepdims="yes")  # E: -check
    sw.layer_norm(x)  # E: -check
    sw.rms_normal(x)  # E: -check
