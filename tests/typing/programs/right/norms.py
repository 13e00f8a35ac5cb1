"""Normalisation: over rows, batches, groups and instances, with running statistics."""

from __future__ import annotations

from typing import reveal_type

import shapewright as sw


class Batch(sw.Dim): ...


class Channels(sw.Dim):
    size = 4


class Width(sw.Dim): ...


class Model(sw.Dim):
    size = 4


class Stats(sw.Pack):
    mean: sw.Tensor[Channels]
    variance: sw.Tensor[Channels]


@sw.typed
def normed(
    x: sw.Tensor[Batch, Channels, Width], w: sw.Tensor[Channels], b: sw.Tensor[Channels], state: Stats
) -> tuple[sw.Tensor[Batch, Channels, Width], Stats]:
    return sw.batch_norm(x, w, b, state, train=True)


x = sw.Tensor[Batch, Channels, Width].normal(key=1, shape=(3, 4, 5))
row = sw.Tensor[Batch, Model].normal(key=2, shape=(3, 4))
scale = sw.Tensor[Channels].ones()
shift = sw.Tensor[Channels].zeros()
stats = Stats(shift, scale)

reveal_type(sw.layer_norm(row, sw.Tensor[Model].ones(), sw.Tensor[Model].zeros()))  # Tensor[Batch, Model]
reveal_type(sw.rms_norm(row, sw.Tensor[Model].ones()))  # Tensor[Batch, Model]
reveal_type(sw.group_norm(x, 2, scale, shift))  # Tensor[Batch, Channels, Width]
reveal_type(sw.instance_norm(x, scale, shift))  # Tensor[Batch, Channels, Width]
reveal_type(sw.softmax(row))  # Tensor[Batch, Model]
reveal_type(sw.log_softmax(x, axis=1))  # Tensor[Batch, Channels, Width]
y, after = normed(x, scale, shift, stats)
reveal_type(y)  # Tensor[Batch, Channels, Width]
reveal_type(after)  # Stats
reveal_type(after.mean)  # Tensor[Channels]
